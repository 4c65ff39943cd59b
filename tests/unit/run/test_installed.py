"""What is installed for a group, and that what goes beside an environment is installed only where it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.domain import Companion, Status, Trouble
from harness.environments.companions import AddedPackages, CompanionFolder
from harness.environments.uv import Failure
from harness.environments.venv import Venv
from harness.run import installed
from harness.run.assign import assign, without_known
from harness.run.groups import EnvironmentGroup
from harness.run.installed import Installed, beside


class Beside:
    """Stands for `harness.environments.companions`: what it was asked for, and what it gives."""

    def __init__(self, resolved: AddedPackages | Failure, made: CompanionFolder | Failure) -> None:
        self.resolved, self.made = resolved, made
        self.asked: list[str] = []

    async def resolve_companion(self, _uv: Path, _locks: Path, companion: Companion, *_: Any) -> AddedPackages | Failure:
        self.asked.append(f"resolve {companion.value}")
        return self.resolved

    async def ensure_companion(
        self, _uv: Path, _folder: Path, added: AddedPackages, *_: Any, timeout: float
    ) -> CompanionFolder | Failure:
        self.asked.append(f"install {added.pins} within {timeout:.0f} s")
        return self.made


ADDED = AddedPackages(version="4.39.2", pins="transformers==4.39.2", exclude_newer=None)
BESIDE = CompanionFolder(path=Path("/beside"), version="4.39.2")
PROOF = Failure(status=Status.LOCK_FAILED, trouble=None, message="Because x, no.", evidence="")
OFFLINE = Failure(status=Status.UNAVAILABLE, trouble=Trouble.NETWORK, message="Connection refused", evidence="")


@pytest.fixture
def install(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`install(beside, asking=...)`: what the cells of a group are told that has one case; `asking`: it asks for transformers."""

    def one(index: Beside, *, asking: bool = True, known: Any = ()) -> Mapping[str, str]:
        monkeypatch.setattr(installed.companions, "resolve_companion", index.resolve_companion)
        monkeypatch.setattr(installed.companions, "ensure_companion", index.ensure_companion)
        case = make.case(companions=frozenset({Companion.TRANSFORMERS}) if asking else frozenset())
        listed = assign([make.cell()], [case], {"bert-en/3": make.model()}, lambda *_: "key")
        group = EnvironmentGroup(identity=make.identity(), requests=(make.request(),), jobs=without_known(listed, known))
        with ExitStack() as stack:
            there = asyncio.run(beside(make.machine(tmp_path), group, stack))
        return Installed(environment=Venv(path=tmp_path / "venv"), tools=tmp_path / "tools", beside=there).environ

    return one


def test_companions_are_installed_beside_and_told_to_the_cells(install: Any) -> None:
    beside = Beside(ADDED, BESIDE)
    assert install(beside) == {"HUBMATRIX_TRANSFORMERS": "/beside"}
    assert beside.asked == ["resolve transformers", "install transformers==4.39.2 within 600 s"]


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        (Beside(PROOF, OFFLINE), "unsatisfiable: Because x, no."),
        (Beside(OFFLINE, PROOF), "unavailable (network): Connection refused"),
        (Beside(ADDED, OFFLINE), "unavailable (network): Connection refused"),
    ],
    ids=["proof", "index", "install"],
)
def test_a_companion_that_can_not_be_had_refuses_no_group(install: Any, beside: Beside, told: str) -> None:
    assert install(beside) == {"HUBMATRIX_TRANSFORMERS": told}


def test_nothing_is_installed_beside_for_cases_that_do_not_ask_or_are_known(install: Any) -> None:
    beside = Beside(ADDED, BESIDE)
    assert install(beside, asking=False) == {}
    assert install(beside, known={"key"}) == {}
    assert beside.asked == []
