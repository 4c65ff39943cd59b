"""`hubmatrix lock`: all that a run installs, once; what was not locked is told, and trouble of the machine gives no locks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import MachineError, SpecError
from harness.base.workspace import Workspace
from harness.commands.lock import LockSummary, lock_plan
from harness.commands.plan import build_selection, make_run_plan
from harness.commands.shards import take_locked_part, take_part
from harness.domain import Companion, Status, Trouble
from harness.environments import lock
from harness.environments.interpreters import Interpreter
from harness.environments.lock import Lock, LockRequest, lock_request
from harness.environments.uv import Failure
from harness.matrix.selection import Selection
from harness.run.sealed import SealedLocks, read_sealed
from harness.run.shards import Shard

TEXT = "tensorflow==2.16.2 \\\n    --hash=sha256:" + "a" * 64 + "\n"
PROOF = Failure(status=Status.LOCK_FAILED, trouble=None, message="no such package", evidence="no such package")
NO_NETWORK = Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="the index can't be reached", evidence="")
Answer = Callable[[LockRequest, Interpreter], Failure | None]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A resolver that answers with the same packages, or as `resolver["answer"]` says; it lists what it was asked."""
    state: dict[str, Any] = {"asked": [], "answer": lambda _request, _interpreter: None, "day": date(2026, 11, 20)}

    async def resolve(_uv: Path, folder: Path, request: LockRequest, interpreter: Interpreter, *, refresh: bool) -> Lock | Failure:
        if lock.is_sealed(folder):
            raise AssertionError("nothing is resolved beside sealed locks")
        state["asked"].append((request.requirements, interpreter.minor))
        stem = folder / lock.name_of(request, interpreter)
        folder.mkdir(parents=True, exist_ok=True)
        failure = state["answer"](request, interpreter)
        meta = lock._meta(request, interpreter).model_copy(update={"resolved": state["day"]})
        if isinstance(failure, Failure):
            if failure.status is Status.LOCK_FAILED:
                meta = meta.model_copy(update={"failed": failure.message, "evidence": failure.evidence})
                stem.with_suffix(".json").write_text(meta.model_dump_json())
            return failure
        stem.with_suffix(".json").write_text(meta.model_dump_json())
        stem.with_suffix(".txt").write_text(TEXT)
        found = lock._read(stem, fresh_only=False)
        assert isinstance(found, Lock)
        return found

    monkeypatch.setattr(lock, "resolve_lock", resolve)
    monkeypatch.setattr(lock, "today", lambda: date(2026, 11, 20))
    monkeypatch.setattr("sysconfig.get_platform", lambda: "linux-x86_64")
    return state


def locked(project: Workspace, make: Any, path: Path, selection: Selection | None = None, **pythons: str) -> LockSummary:
    chosen = selection or build_selection("full")
    interpreters = {minor: make.interpreter(f"{minor}.7") for minor in ("3.10", "3.11", "3.12")}
    machine = make.machine(project.root, interpreters=interpreters)
    return lock_plan(machine, make_run_plan(project, chosen), chosen, path, refresh=False, tell=lambda _name, _stage: None)


def test_a_plan_is_locked_with_its_second_opinions(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    summary = locked(project, make, tmp_path / "locks.tar.gz")
    assert summary.as_text() == f"6 of 6 environments locked on 2026-11-20, for 12 cells\nlocks    {tmp_path / 'locks.tar.gz'}"
    # 2.15.1 on 3.11, and on 3.10 as a second opinion; 2.16.2 on 3.12 and on 3.11.
    assert {minor for requirements, minor in resolver["asked"] if "2.15.1" in requirements[0]} == {"3.11", "3.10"}
    assert {minor for requirements, minor in resolver["asked"] if "2.16.2" in requirements[0]} == {"3.12", "3.11"}
    document = read_sealed(tmp_path / "locks.tar.gz").document
    planned = make_run_plan(project, build_selection("full")).plan.environments
    assert [environment.id for environment in document.environments] == list(planned)
    assert all(environment.lock and environment.python and environment.seconds > 0 for environment in document.environments)
    assert summary.as_json()["failed"] == {}


def test_companions_are_locked_too(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    (project.cases / "conftest.py").write_text(
        (project.cases / "conftest.py").read_text() + "\n\n@pytest.fixture\ndef transformers():\n    pass\n"
    )
    (project.cases / "test_beside.py").write_text('def test_beside(model, transformers):\n    """It does."""\n')
    locked(project, make, tmp_path / "locks", build_selection("quick"))
    assert [requirements for requirements, _ in resolver["asked"]].count((Companion.TRANSFORMERS.value,)) == 4


def test_a_proof_is_an_answer(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    resolver["answer"] = lambda request, _interpreter: PROOF if "2.15.1" in request.requirements[0] else None
    summary = locked(project, make, tmp_path / "locks", build_selection("quick"))
    assert summary.as_text().splitlines()[:2] == [
        "tf-2_15_1-as-released: no lock: no such package",
        "1 of 2 environments locked on 2026-11-20, for 4 cells",
    ]
    proofs = [
        json.loads(content)["failed"] for name, content in read_sealed(tmp_path / "locks").files.items() if name.endswith("json")
    ]
    # Of both interpreters: a run asks about the older one where the newer has no such package.
    assert proofs.count("no such package") == 2


def test_trouble_of_the_machine_gives_no_locks(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    resolver["answer"] = lambda request, _interpreter: NO_NETWORK if "2.15.1" in request.requirements[0] else None
    with pytest.raises(MachineError) as caught:
        locked(project, make, tmp_path / "locks", build_selection("quick"))
    hint = "(hint: run the same command again: what was locked is kept)"
    assert str(caught.value) == f"tf-2_15_1-as-released: the index can't be reached {hint}"
    assert not (tmp_path / "locks").exists()


def test_todays_lock_of_yesterday(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    """What a run takes where the index can't be reached is nothing to give to others as today's."""
    resolver["day"] = date(2026, 11, 19)
    with pytest.raises(MachineError) as caught:
        locked(project, make, tmp_path / "locks", build_selection("full", "install=today and keras=default"))
    assert "tf-2_16_2-today: the index can't be reached: the last lock is of 2026-11-19" in str(caught.value)


def test_no_interpreter(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    chosen = build_selection("quick")
    machine = make.machine(project.root, interpreters={"3.12": make.interpreter("3.12.1")})
    run_plan = make_run_plan(project, chosen)
    summary = lock_plan(machine, run_plan, chosen, tmp_path / "locks", refresh=False, tell=lambda _name, _stage: None)
    assert [environment.failed for environment in summary.failed] == ["no CPython 3.11 or 3.10 on this machine"]


def test_a_folder_of_somebody_else(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("")
    with pytest.raises(SpecError) as caught:
        locked(project, make, tmp_path / "other")
    assert str(caught.value) == "--into: the folder holds something else than locks (hint: name a new one, or a file ….tar.gz)"


@pytest.fixture
def locks(project: Workspace, make: Any, resolver: dict[str, Any], tmp_path: Path) -> SealedLocks:
    locked(project, make, tmp_path / "locks")
    resolver["asked"].clear()
    return read_sealed(tmp_path / "locks")


def test_a_run_takes_them(project: Workspace, make: Any, locks: SealedLocks) -> None:
    part = take_locked_part(project, locks, None, Shard(index=1, count=1))
    assert (part.selection, part.header.locks) == (build_selection("full"), locks.sha256)
    assert part.header.plan != take_part(project, build_selection("full"), Shard(index=1, count=1)).header.plan
    request = lock_request(part.run_plan.plan.environments["tf-2_16_2-today"])
    interpreter = make.interpreter("3.12.7")
    taken = lock.stored(part.workspace.locks, request, interpreter)
    assert isinstance(taken, Lock)
    assert taken.path.is_relative_to(project.locks)
    missing = lock.stored(part.workspace.locks, replace(request, requirements=("other",)), interpreter)
    assert isinstance(missing, Failure)
    assert (missing.status, missing.trouble) == (Status.UNAVAILABLE, Trouble.INTERPRETER)
    assert missing.message == "no lock was made for other on cpython-3.12.7-linux-x86_64"


def test_they_hold_on_any_day(project: Workspace, make: Any, locks: SealedLocks, monkeypatch: pytest.MonkeyPatch) -> None:
    part = take_locked_part(project, locks, None, Shard(index=1, count=1))
    monkeypatch.setattr(lock, "today", lambda: date(2026, 11, 20) + timedelta(days=30))
    request = lock_request(part.run_plan.plan.environments["tf-2_16_2-today"])
    taken = lock.stored(part.workspace.locks, request, make.interpreter("3.12.7"))
    assert isinstance(taken, Lock)
    assert taken.resolved == date(2026, 11, 20)


def test_shards_are_by_what_was_measured_where_it_was_locked(project: Workspace, locks: SealedLocks) -> None:
    """All environments have the same lock text here, and those of one Python stay together."""
    parts = [take_locked_part(project, locks, None, Shard(index=index, count=2)) for index in (1, 2)]
    cells = [cell.id for part in parts for cell in part.run_plan.plan.cells]
    assert len(cells) == len(set(cells)) == 12
    assert {part.header.plan for part in parts} == {parts[0].header.plan}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"hubmatrix": "9.9"},
            SpecError,
            "these locks were made by hubmatrix 9.9; this is {version} (hint: use the same version everywhere, or lock again)",
        ),
        (
            {"digests": {"spec": "0", "incell": "1"}},
            SpecError,
            "these locks were made with another version of matrix.yaml and the code that runs in cells "
            "(hint: check out the commit that they were made from, or lock again)",
        ),
        (
            {"platform": "linux-aarch64"},
            MachineError,
            "these locks are for linux-aarch64, and this machine is linux-x86_64 (hint: lock on a machine like this one)",
        ),
        ({"plan": "other"}, SpecError, "these locks name a plan that isn't the one of their selection (hint: lock again)"),
    ],
)
def test_locks_of_another_checkout(
    project: Workspace, locks: SealedLocks, change: Mapping[str, Any], error: type[Exception], message: str
) -> None:
    from harness import __version__

    values = {name: value for name, value in change.items() if name != "digests"}
    if "digests" in change:
        values["digests"] = locks.document.digests.model_copy(update=change["digests"])
    other = replace(locks, document=locks.document.model_copy(update=values))
    with pytest.raises(error) as caught:
        take_locked_part(project, other, None, Shard(index=1, count=1))
    assert str(caught.value) == f"--locks: {message.format(version=__version__)}"


def test_another_selection(project: Workspace, locks: SealedLocks) -> None:
    take_locked_part(project, locks, build_selection("full"), Shard(index=1, count=1))
    with pytest.raises(SpecError) as caught:
        take_locked_part(project, locks, build_selection("quick", "format=h5"), Shard(index=1, count=1))
    assert str(caught.value) == (
        "--locks: these locks are for --tier full, and not for --tier quick format=h5 "
        "(hint: leave the selection out: the locks have it)"
    )
