"""What goes beside an environment: only what it lacks, once, and never a word that isn't the resolver's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.domain import Companion, Status, Trouble
from harness.environments import companions, lock
from harness.environments.companions import (
    AddedPackages,
    CompanionFolder,
    companion_folder,
    ensure_companion,
    lock_request,
    resolve_companion,
    variable,
    variable_value,
    without,
)
from harness.environments.uv import Failure

OK = Completed(code=0, stdout="", stderr="")
REFUSED = Completed(code=2, stdout="", stderr="error: Failed to fetch: http://h/\n  cause: Connection refused (os error 111)\n")
DISK = Completed(code=2, stdout="", stderr="error: Failed to install: x\n  cause: No space left on device (os error 28)\n")
UNSATISFIABLE = Completed(
    code=1,
    stdout="",
    stderr="error: No solution found when resolving dependencies\n  cause: Because x depends\n         on numpy>=2, no.\n",
)
TEXT = """\
numpy==1.26.4 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
tokenizers==0.15.2 \\
    --hash=sha256:bb
tensorflow==2.16.2 \\
    --hash=sha256:cc
tqdm==4.66.2 ; python_version >= '3.7' \\
    --hash=sha256:dd
transformers==4.39.2 \\
    --hash=sha256:ee
"""
PINS = """\
tokenizers==0.15.2 \\
    --hash=sha256:bb
tqdm==4.66.2 ; python_version >= '3.7' \\
    --hash=sha256:dd
transformers==4.39.2 \\
    --hash=sha256:ee
"""
ADDED = AddedPackages(version="4.39.2", pins=PINS, exclude_newer=date(2024, 7, 19))


class Uv:
    """Stands for `uv pip compile` and `uv pip install --target`."""

    def __init__(self, *, resolved: Completed | None = None, installed: tuple[Completed, ...] = ()) -> None:
        self.resolved = resolved or Completed(code=0, stdout=TEXT, stderr="")
        self.installed = list(installed)
        self.questions: list[list[str]] = []
        self.installs: list[list[str]] = []

    async def compile(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        self.questions.append([str(one) for one in argv])
        Path(after(self.questions[-1], "--output-file")).write_text(self.resolved.stdout)
        return self.resolved

    async def install(self, _uv: Path, argv: list[Any], **_: Any) -> Completed:
        self.installs.append([str(one) for one in argv])
        target = Path(after(self.installs[-1], "--target"))
        assert not target.exists(), "installed over something"
        target.mkdir(parents=True)
        (target / "tqdm.py").touch()
        return self.installed.pop(0) if self.installed else OK


def after(argv: list[str], option: str) -> str:
    return argv[argv.index(option) + 1]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, make: Any, tmp_path: Path) -> Any:
    def one(uv: Uv, environment: Any = None) -> AddedPackages | Failure:
        monkeypatch.setattr(lock, "call", uv.compile)
        environment = environment or make.lock()
        return asyncio.run(
            resolve_companion(Path("uv"), tmp_path / "locks", Companion.TRANSFORMERS, environment, make.interpreter())
        )

    return one


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch, make: Any, tmp_path: Path) -> Any:
    def one(uv: Uv, added: AddedPackages = ADDED) -> Path | Failure:
        monkeypatch.setattr(companions, "call_offline_first", uv.install)
        return asyncio.run(ensure_companion(Path("uv"), tmp_path / "companions", added, make.interpreter(), timeout=60))

    return one


def test_only_what_the_environment_lacks_is_added(make: Any) -> None:
    assert without(TEXT, make.lock()) == PINS
    assert without(TEXT, make.lock(packages=())) == TEXT


def test_nothing_of_the_environment_may_change(ask: Any) -> None:
    uv = Uv()
    assert ask(uv) == ADDED
    (argv,) = uv.questions
    assert Path(argv[2]).read_text() == "transformers\n"
    assert Path(after(argv, "--constraint")).read_text() == "numpy==1.26.4\ntensorflow==2.16.2\n"
    assert after(argv, "--exclude-newer") == "2024-07-19"
    assert after(argv, "--python") == "/opt/python/3.11.7/bin/python3"
    assert {"--generate-hashes", "--only-binary=tokenizers", "--only-binary=safetensors"} <= set(argv)


def test_what_was_found_for_a_day_stays(ask: Any, make: Any) -> None:
    """Otherwise a case's key, made without the index, would stand for two sets of packages."""
    uv = Uv()
    today = make.lock(exclude_newer=None, resolved=date(2026, 11, 20))
    assert ask(uv, today) == ask(uv, today) == replace(ADDED, exclude_newer=None)
    assert len(uv.questions) == 1
    assert "--exclude-newer" not in uv.questions[0]
    ask(uv, replace(today, resolved=date(2026, 11, 21)))
    assert len(uv.questions) == 2


def test_each_environment_is_a_question_of_its_own(make: Any) -> None:
    locks = (
        make.lock(),
        make.lock(packages=(("numpy", "1.26.3"),)),
        make.lock(exclude_newer=date(2024, 7, 20)),
        make.lock(exclude_newer=None),
        make.lock(exclude_newer=None, resolved=date(2030, 1, 1)),
    )
    assert len({lock_request(Companion.TRANSFORMERS, one) for one in locks}) == len(locks)


def test_a_proof_is_kept_and_told_in_the_resolvers_words(ask: Any) -> None:
    uv = Uv(resolved=UNSATISFIABLE)
    proof = ask(uv)
    assert ask(uv) == proof
    assert ["--refresh" in question for question in uv.questions] == [False, True]
    assert variable_value(proof) == "unsatisfiable: Because x depends on numpy>=2, no."


def test_without_an_index_the_machine_is_to_blame(ask: Any) -> None:
    uv = Uv(resolved=REFUSED)
    assert variable_value(ask(uv)) == "unavailable (network): Failed to fetch: http://h/: Connection refused (os error 111)"
    ask(uv)
    assert len(uv.questions) == 2, "asked again"


def test_installed_once_into_a_folder_of_their_own(get: Any, make: Any, tmp_path: Path) -> None:
    uv = Uv()
    there = CompanionFolder(path=companion_folder(tmp_path / "companions", ADDED, make.interpreter()), version="4.39.2")
    assert get(uv) == get(uv) == there
    assert variable_value(there) == str(there.path)
    (argv,) = uv.installs
    assert argv[:2] == ["pip", "install"]
    assert Path(after(argv, "--requirements")).read_text() == PINS
    assert {"--require-hashes", "--no-deps"} <= set(argv)
    assert after(argv, "--exclude-newer") == "2024-07-19"


def test_environments_that_lack_the_same_share_a_folder(make: Any, tmp_path: Path) -> None:
    here = companion_folder(tmp_path, ADDED, make.interpreter())
    assert companion_folder(tmp_path, replace(ADDED, exclude_newer=None), make.interpreter()) == here
    assert companion_folder(tmp_path, replace(ADDED, pins=TEXT), make.interpreter()) != here
    assert companion_folder(tmp_path, ADDED, make.interpreter("3.11.8")) != here


def test_what_was_cut_off_is_made_anew(get: Any) -> None:
    uv = Uv(installed=(DISK,))
    found = get(uv)
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, Trouble.DISK)
    assert variable_value(found) == "unavailable (disk): Failed to install: x: No space left on device (os error 28)"
    assert (get(uv).path / "tqdm.py").is_file()


def test_what_does_not_install_says_nothing_of_the_software(get: Any) -> None:
    found = get(Uv(installed=(Completed(code=1, stdout="", stderr="error: Failed to build `sacremoses==0.0.43`\n"),)))
    assert variable_value(found) == "unavailable: Failed to build `sacremoses==0.0.43`"


def test_the_variable_of_a_cell() -> None:
    assert variable(Companion.TRANSFORMERS) == "HUBMATRIX_TRANSFORMERS"
