"""Keys change when, and only when, something that can change an outcome does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Axis, Case, Companion, Device, Limits, SaveFormat, Service
from harness.environments import companions
from harness.run import keys
from harness.run.keys import Identity, case_key, digest, uses_of

USES = {"model": "bert-en/3"}


@pytest.fixture
def identity(make: Any) -> Identity:
    return make.identity()


@pytest.fixture
def case(make: Any) -> Case:
    return make.case(uses=frozenset({Axis.MODEL}))


@pytest.fixture
def limits(make: Any) -> Limits:
    return make.limits()


def test_an_environments_key_changes_with_all_that_it_is_made_of(identity: Identity, make: Any) -> None:
    others = (
        replace(identity, lock=make.lock(sha256="f" * 64)),
        replace(identity, interpreter=make.interpreter("3.11.8")),
        replace(identity, interpreter=make.interpreter("3.7.17")),
        replace(identity, interpreter=make.interpreter(platform="linux-aarch64")),
        replace(identity, settings=(*identity.settings, ("TF_USE_LEGACY_KERAS", "1"))),
        replace(identity, settings=(("CUDA_VISIBLE_DEVICES", "0"),)),
        replace(identity, settings=()),
    )
    assert len({one.key for one in (identity, *others)}) == 1 + len(others)


def test_an_environments_key_ignores_where_and_when(identity: Identity, make: Any) -> None:
    moved = make.lock(path=Path("/moved.txt"), resolved=date(2030, 1, 1), exclude_newer=None, packages=())
    assert replace(identity, lock=moved).key == identity.key
    assert replace(identity, interpreter=make.interpreter(path=Path("/moved/python3"))).key == identity.key


def test_an_environments_key_changes_with_pytest(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity.key
    monkeypatch.setattr(keys, "pins", lambda _minor: ("pytest==9.0.0",))
    assert identity.key != before


def test_an_environments_key_changes_with_the_code_in_the_cell(
    identity: Identity, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Any file, by name and content; what Python caches beside it doesn't count."""
    monkeypatch.setattr(keys, "INCELL", tmp_path)
    seen = []

    def look() -> None:
        keys.incell_digest.cache_clear()
        seen.append(identity.key)

    look()
    (tmp_path / "cell.py").write_text("1")
    look()
    (tmp_path / "cell.py").write_text("2")
    look()
    (tmp_path / "cell.py").rename(tmp_path / "renamed.py")
    look()
    (tmp_path / "pytest.ini").write_text("[pytest]")
    look()
    assert len(set(seen)) == 5
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "cell.pyc").write_text("")
    for name in keys.NOT_IN_KEYS:
        (tmp_path / name).write_text("decides no outcome")
    look()
    assert seen[-1] == seen[-2]
    keys.incell_digest.cache_clear()


def test_a_cases_key_changes_with_all_that_bears_on_it(identity: Identity, case: Case, limits: Limits, make: Any) -> None:
    known = {"identity": identity, "case": case, "uses": USES, "model_digest": "m", "limits": limits}
    others: tuple[dict[str, Any], ...] = (
        {"identity": replace(identity, settings=())},
        {"identity": replace(identity, lock=make.lock(sha256="f" * 64))},
        {"case": replace(case, id="cases/test_b.py::test_a")},
        {"case": replace(case, digest="d2")},
        {"uses": {"model": "bert-uncased/1"}},
        {"uses": {**USES, "format": "h5"}},
        {"model_digest": "n"},
        {"limits": make.limits(case_seconds=61.0)},
        {"limits": make.limits(memory_bytes=1)},
    )
    assert len({case_key(**(known | other)) for other in ({}, *others)}) == 1 + len(others)


def test_a_cases_key_ignores_what_can_change_nothing(identity: Identity, case: Case, limits: Limits, make: Any) -> None:
    before = case_key(identity, case, {"a": "1", "b": "2"}, "m", limits)
    assert case_key(identity, replace(case, title="another title"), {"b": "2", "a": "1"}, "m", limits) == before
    slower = make.limits(import_seconds=1.0, install_seconds=1.0, free_disk_bytes=1)
    assert case_key(identity, case, {"a": "1", "b": "2"}, "m", slower) == before


def test_only_cases_that_use_a_model_depend_on_its_files(identity: Identity, limits: Limits, make: Any) -> None:
    plain = make.case(uses=frozenset())
    assert case_key(identity, plain, {}, "m", limits) == case_key(identity, plain, {}, "n", limits)


def test_only_cases_that_ask_for_a_service_depend_on_it(
    identity: Identity, case: Case, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = replace(case, services=frozenset({Service.HUB_SERVER}))

    def seen() -> tuple[str, str]:
        return case_key(identity, case, USES, "m", limits), case_key(identity, served, USES, "m", limits)

    monkeypatch.setattr(keys, "digest_of", lambda _service: "one")
    plain, before = seen()
    monkeypatch.setattr(keys, "digest_of", lambda _service: "other")
    assert seen()[0] == plain
    assert len({plain, before, seen()[1]}) == 3


def test_only_cases_that_ask_for_a_companion_depend_on_what_decides_it(
    identity: Identity, case: Case, limits: Limits, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The date of the environment; the day of its lock where there is none; the rules by which it is resolved."""
    asking = replace(case, companions=frozenset({Companion.TRANSFORMERS}))

    def of(one: Case, **lock: Any) -> str:
        return case_key(replace(identity, lock=make.lock(**lock)), one, USES, "m", limits)

    days = (
        {},
        {"exclude_newer": date(2024, 7, 20)},
        {"exclude_newer": None},
        {"exclude_newer": None, "resolved": date(2030, 1, 1)},
    )
    before = [of(asking, **day) for day in days]
    assert len({of(case), *before}) == 1 + len(days)
    assert {of(case, **day) for day in days} == {of(case)}
    assert of(asking, resolved=date(2030, 1, 1)) == before[0], "with a date, the day of the lock changes nothing"
    monkeypatch.setattr(companions, "WHEELS", ())
    assert of(asking) not in before


def test_a_key_is_the_digest_of_canonical_json(identity: Identity, case: Case, limits: Limits) -> None:
    """It is put together from parts that are written once; the whole has to come out as if it were written at once."""
    asking = replace(
        case,
        id='cases/test "ä".py::test_a',
        services=frozenset({Service.HUB_SERVER, Service.TPU_COMPILER}),
        companions=frozenset({Companion.TRANSFORMERS}),
    )
    key = keys.case_keys(identity, limits)
    for subject in (case, asking, replace(asking, id="plain", uses=frozenset())):
        for uses in (USES, {}, {"device": "cpu", "format": "h5"}):
            facts: dict[str, object] = {
                "environment": identity.key,
                "case": subject.id,
                "sources": subject.digest,
                "uses": uses,
                "model": "m" if Axis.MODEL in subject.uses else None,
                "limits": [limits.case_seconds, limits.memory_bytes],
            }
            if subject.services:
                facts["services"] = {service.value: keys.digest_of(service) for service in subject.services}
                request = companions.lock_request(Companion.TRANSFORMERS, identity.lock)
                requested = [request.requirements, request.wheels, str(request.exclude_newer), str(request.day)]
                facts["companions"] = {Companion.TRANSFORMERS.value: requested}
            assert key(subject, uses, "m") == digest(facts)


def test_the_keys_of_other_cases_stay(identity: Identity, case: Case, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded results are found by them: a new kind of thing to ask for costs nobody a measurement."""
    monkeypatch.setattr(keys, "incell_digest", lambda: "incell")
    monkeypatch.setattr(keys, "pins", lambda _minor: ("pytest",))
    assert case_key(identity, case, USES, "m", limits) == "a37df623f5aafada03042a9a8b746227d7ed919a92e171a36b420017a53a7f7a"


def test_uses_are_the_cells_values_on_the_axes_of_the_case(make: Any) -> None:
    cell = make.cell(format=SaveFormat.KERAS, device=Device.XLA_CPU, python="3.9")
    case = make.case(uses=frozenset({Axis.MODEL, Axis.FORMAT, Axis.DEVICE, Axis.PYTHON, Axis.HUB}))
    assert uses_of(case, cell) == {"model": "bert-en/3", "format": "keras", "device": "xla-cpu", "python": "3.9"}
    assert uses_of(make.case(uses=frozenset()), cell) == {}


def test_digests_are_stable() -> None:
    """The text of a key is a promise: a recorded result is found by it."""
    assert digest({"b": [1, None, "é"], "a": True}) == digest({"a": True, "b": (1, None, "é")})
    assert digest([]) == "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
