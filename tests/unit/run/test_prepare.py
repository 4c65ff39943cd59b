"""From requests to identities."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Accelerator, KerasChoice, Status, Trouble
from harness.environments import lock
from harness.environments.uv import Failure
from harness.run import prepare
from harness.run.keys import Identity
from harness.run.watcher import Stage

PROOF = Failure(status=Status.LOCK_FAILED, trouble=None, message="Because no.", evidence="")


def test_no_interpreter_says_what_is_wanted_and_what_is_here(make: Any) -> None:
    request = make.request(release=make.release("2.0.4", pythons=("3.6", "3.7")))
    here = {"3.9": make.interpreter("3.9.18"), "3.11": make.interpreter("3.11.7")}
    found = prepare.no_interpreter(prepare.recipe_of(request), here)
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, Trouble.INTERPRETER)
    assert found.message == "no CPython 3.7 or 3.6 on this machine"
    assert found.evidence == (
        "no CPython 3.7 or 3.6 on this machine; found: 3.11.7, 3.9.18\n`uv python install 3.7` or pyenv provide one"
    )


def test_no_pinned_interpreter(make: Any) -> None:
    found = prepare.no_interpreter(prepare.recipe_of(make.request(python="3.9")), {})
    assert found.message == "no CPython 3.9 on this machine"
    assert found.evidence == "no CPython 3.9 on this machine; found: none\n`uv python install 3.9` or pyenv provide one"


def test_cells_run_on_the_cpu_and_with_what_was_asked_for(make: Any) -> None:
    asked = prepare.recipe_of(make.request(keras=KerasChoice.LEGACY))
    assert dict(asked.settings) == {"CUDA_VISIBLE_DEVICES": "-1", "TF_USE_LEGACY_KERAS": "1"}


def test_cells_of_a_gpu_see_those_that_the_user_leaves_them(make: Any) -> None:
    asked = prepare.recipe_of(make.request(accelerator=Accelerator.GPU))
    assert dict(asked.settings) == {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch, make: Any) -> list[str]:
    """Locks by request id: `known` is stored, `proof` can't be locked, everything else is resolved. Gives what was resolved."""
    asked: list[str] = []

    async def resolve(uv: Path, folder: Path, request: Any, interpreter: Any, *, refresh: bool) -> Any:
        await asyncio.sleep(0)
        asked.append(request)
        return PROOF if request == "proof" else make.lock(sha256=request)

    monkeypatch.setattr(lock, "lock_request", lambda request: request.id)
    monkeypatch.setattr(lock, "resolve_lock", resolve)
    monkeypatch.setattr(lock, "stored", lambda _folder, request, _one: make.lock(sha256="known") if request == "known" else None)
    return asked


def ask(make: Any, *requests: Any, refresh: bool = False, **machine_: Any) -> tuple[dict[str, Any], list[tuple[str, Stage]]]:
    told: list[tuple[str, Stage]] = []
    machine = make.machine(Path("project"), **machine_)
    answer = prepare.identities(machine, requests, refresh=refresh, tell=lambda name, stage: told.append((name, stage)))
    return dict(asyncio.run(answer)), told


def test_every_request_has_an_identity_or_a_failure(make: Any, locked: list[str]) -> None:
    old = make.release("2.0.4", pythons=("3.6", "3.7"))
    requests = (make.request("known"), make.request("new"), make.request("proof"), make.request("old", release=old))
    found, told = ask(make, *requests)
    assert list(found) == ["known", "new", "proof", "old"]
    assert [one.lock.sha256 for one in found.values() if isinstance(one, Identity)] == ["known", "new"]
    assert found["proof"] == PROOF
    assert found["old"].trouble is Trouble.INTERPRETER
    assert sorted(locked) == ["new", "proof"]
    assert sorted(told) == [("new", Stage.LOCKED), ("new", Stage.LOCKING), ("proof", Stage.LOCKED), ("proof", Stage.LOCKING)]


def test_refresh_resolves_what_is_stored_too(make: Any, locked: list[str]) -> None:
    ask(make, make.request("known"), refresh=True)
    assert locked == ["known"]


def test_what_is_stored_asks_nobody(make: Any, locked: list[str]) -> None:
    here = {"3.11": make.interpreter()}
    known = prepare.stored_identity(Path("locks"), make.request("known"), here)
    assert isinstance(known, Identity)
    assert prepare.stored_identity(Path("locks"), make.request("new"), here) is None
    assert isinstance(prepare.stored_identity(Path("locks"), make.request("known"), {}), Failure)
    assert locked == []


@pytest.fixture
def only_for(monkeypatch: pytest.MonkeyPatch, make: Any) -> Any:
    """`only_for("3.10", stored=True)`: that Python alone has all packages; gives the minors that were asked for."""

    def locks(minor: str, other: Failure = PROOF, *, stored: bool = False) -> list[str]:
        asked: list[str] = []

        def answer(interpreter: Any) -> Any:
            return make.lock(sha256=minor) if interpreter.minor == minor else other

        async def resolve(_uv: Path, _folder: Path, _request: Any, interpreter: Any, *, refresh: bool) -> Any:
            asked.append(interpreter.minor)
            return answer(interpreter)

        monkeypatch.setattr(lock, "resolve_lock", resolve)
        monkeypatch.setattr(lock, "stored", lambda _folder, _request, interpreter: answer(interpreter) if stored else None)
        return asked

    return locks


@pytest.fixture
def three(make: Any) -> dict[str, Any]:
    return {minor: make.interpreter(f"{minor}.1") for minor in ("3.9", "3.10", "3.11")}


def test_the_newest_interpreter_with_all_packages_is_taken(make: Any, only_for: Any, three: Any) -> None:
    asked = only_for("3.10")
    (identity,) = ask(make, make.request(release=make.release(pythons=("3.9", "3.10", "3.11"))), interpreters=three)[0].values()
    assert identity.interpreter.minor == "3.10"
    assert asked == ["3.11", "3.10"]


def test_where_none_has_them_the_newest_says_so(make: Any, only_for: Any, three: Any) -> None:
    asked = only_for("3.99")
    (refusal,) = ask(make, make.request(release=make.release(pythons=("3.9", "3.10", "3.11"))), interpreters=three)[0].values()
    assert (refusal, asked) == (PROOF, ["3.11", "3.10", "3.9"])


def test_a_pin_is_not_left(make: Any, only_for: Any, three: Any) -> None:
    only_for("3.10")
    request = make.request(python="3.11", release=make.release(pythons=("3.9", "3.10", "3.11")))
    assert list(ask(make, request, interpreters=three)[0].values()) == [PROOF]


def test_trouble_of_the_machine_is_no_reason_to_take_another(make: Any, only_for: Any, three: Any) -> None:
    trouble = Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="no", evidence="")
    asked = only_for("3.10", trouble)
    (refusal,) = ask(make, make.request(release=make.release(pythons=("3.9", "3.10", "3.11"))), interpreters=three)[0].values()
    assert (refusal, asked) == (trouble, ["3.11"])


def test_the_same_interpreter_without_the_index(make: Any, only_for: Any, three: Any) -> None:
    request = make.request(release=make.release(pythons=("3.9", "3.10", "3.11")))
    only_for("3.10", stored=True)
    identity = prepare.stored_identity(Path("locks"), request, three)
    assert isinstance(identity, Identity)
    assert identity.interpreter.minor == "3.10"
    only_for("3.10")
    assert prepare.stored_identity(Path("locks"), request, three) is None
