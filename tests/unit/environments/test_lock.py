"""Locks: which are kept, for how long, and what happens without an index."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.base.process import Completed
from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice, Status, Trouble
from harness.environments import lock, pip
from harness.environments.interpreters import Interpreter, Seed
from harness.environments.lock import Lock, lock_request, resolve_lock, stored
from harness.environments.uv import Failure

DAY = date(2026, 11, 20)
TEXT = """\
absl-py==1.4.0 \\
    --hash=sha256:aa
tensorflow==2.16.2 ; platform_machine != 'arm64' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
"""
SOLVED = Completed(code=0, stdout=TEXT, stderr="")
UNSATISFIABLE = Completed(
    code=1,
    stdout="",
    stderr="error: No solution found when resolving dependencies\n  cause: Because x>=2 and x<1, no.\n",
)
REFUSED = Completed(code=2, stdout="", stderr="error: Failed to fetch: http://h/\n  cause: Connection refused (os error 111)\n")
KILLED = Completed(code=-9, stdout="", stderr="")
PERMISSION = Completed(code=2, stdout="", stderr="error: failed to open file `/cache/x`: Permission denied (os error 13)\n")
UNKNOWN = Completed(code=2, stdout="", stderr="error: something that nobody has seen yet\n")
BUILD = Completed(code=1, stdout="", stderr="error: Failed to build `x==1`\n  cause: The build backend returned an error\n")


class Index:
    """Answers `uv pip compile`, in turn; the last answer holds from then on."""

    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []
        self.environ: dict[str, str] = {}
        self.preferred = ""

    async def __call__(self, _uv: Path, argv: list[Any], *, env: dict[str, str], **_: Any) -> Completed:
        self.asked.append([str(argument) for argument in argv])
        self.environ = env
        output = Path(argv[argv.index("--output-file") + 1])
        self.preferred = output.read_text()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        output.write_text(answer.stdout)
        return answer


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """Today; tests turn the page by assigning to its first item."""
    page = [DAY]
    monkeypatch.setattr(lock, "today", lambda: page[0])
    return page


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, make: Any, calendar: list[date], tmp_path: Path) -> Any:
    """`ask(index, request, refresh=...)`: one run's question."""

    def one(index: Index, request: EnvironmentRequest, **options: Any) -> Lock | Failure:
        monkeypatch.setattr(lock, "call", index)
        options = {"refresh": False, **options}
        interpreter = options.pop("interpreter", make.interpreter())
        return asyncio.run(resolve_lock(Path("uv"), tmp_path / "locks", lock_request(request), interpreter, **options))

    return one


@pytest.fixture
def as_released(make: Any) -> EnvironmentRequest:
    return make.request()


@pytest.fixture
def today(make: Any) -> EnvironmentRequest:
    return make.request("tf-2_16_2-today", install=InstallPolicy.TODAY)


def test_a_lock_holds_what_uv_resolved(ask: Any, as_released: EnvironmentRequest) -> None:
    found = ask(Index(SOLVED), as_released)
    assert found.path.read_text() == TEXT
    assert found.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert found.packages == (("absl-py", "1.4.0"), ("tensorflow", "2.16.2"))
    assert (found.resolved, found.exclude_newer) == (DAY, date(2024, 7, 19))


def test_uv_is_asked_what_a_user_would_type(ask: Any, as_released: EnvironmentRequest) -> None:
    index = Index(SOLVED)
    ask(index, as_released)
    (argv,) = index.asked
    assert argv[:2] == ["pip", "compile"]
    assert Path(argv[2]).read_text() == "tensorflow==2.16.2\ntensorflow-hub\n"
    assert argv[argv.index("--exclude-newer") + 1] == "2024-07-19"
    assert argv[argv.index("--python") + 1] == "/opt/python/3.11.7/bin/python3"
    assert "--generate-hashes" in argv
    assert "--refresh" not in argv
    assert not {"--emit-index-url", "--emit-find-links"} & set(argv)


def test_today_has_no_date_limit(ask: Any, today: EnvironmentRequest) -> None:
    index = Index(SOLVED)
    assert ask(index, today).exclude_newer is None
    assert "--exclude-newer" not in index.asked[0]


def test_as_released_is_resolved_once_for_ever(ask: Any, calendar: list[date], as_released: EnvironmentRequest) -> None:
    index = Index(SOLVED)
    first = ask(index, as_released)
    calendar[0] += timedelta(days=1000)
    assert ask(index, as_released) == first
    assert len(index.asked) == 1


def test_today_is_resolved_once_a_day(ask: Any, calendar: list[date], today: EnvironmentRequest) -> None:
    newer = Completed(code=0, stdout=TEXT.replace("1.4.0", "1.4.1"), stderr="")
    index = Index(SOLVED, newer)
    assert ask(index, today) == ask(index, today)
    assert len(index.asked) == 1
    calendar[0] += timedelta(days=1)
    found = ask(index, today)
    assert found.resolved == DAY + timedelta(days=1)
    assert dict(found.packages)["absl-py"] == "1.4.1"


def test_a_proof_that_it_cant_be_is_kept(ask: Any, calendar: list[date], as_released: EnvironmentRequest) -> None:
    index = Index(UNSATISFIABLE, UNSATISFIABLE)
    proof = ask(index, as_released)
    assert proof == Failure(
        status=Status.LOCK_FAILED,
        trouble=None,
        message="Because x>=2 and x<1, no.",
        evidence=UNSATISFIABLE.stderr.strip(),
    )
    calendar[0] += timedelta(days=1000)
    assert ask(index, as_released) == proof
    assert ["--refresh" in argv for argv in index.asked] == [False, True]


def test_a_proof_that_an_index_takes_back_was_none(ask: Any, as_released: EnvironmentRequest) -> None:
    """As from a login page, or a page that was cut off."""
    assert isinstance(ask(Index(UNSATISFIABLE, SOLVED), as_released), Lock)


def test_a_proof_of_today_is_kept_for_the_day(ask: Any, calendar: list[date], today: EnvironmentRequest) -> None:
    index = Index(UNSATISFIABLE, UNSATISFIABLE, SOLVED)
    assert ask(index, today) == ask(index, today)
    assert len(index.asked) == 2
    calendar[0] += timedelta(days=1)
    assert isinstance(ask(index, today), Lock)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(REFUSED, Status.UNAVAILABLE, id="network"),
        pytest.param(KILLED, Status.UNAVAILABLE, id="killed"),
        pytest.param(BUILD, Status.INSTALL_FAILED, id="build"),
        pytest.param(replace(REFUSED, code=None), Status.UNAVAILABLE, id="limit"),
        pytest.param(PERMISSION, Status.UNAVAILABLE, id="permission"),
        pytest.param(UNKNOWN, Status.UNAVAILABLE, id="unknown"),
    ],
)
def test_what_proves_nothing_is_asked_again(ask: Any, as_released: EnvironmentRequest, answer: Completed, status: Status) -> None:
    index = Index(*([answer] * (1 if status is Status.UNAVAILABLE else 2)), SOLVED)
    assert ask(index, as_released).status is status
    assert isinstance(ask(index, as_released), Lock)


def test_without_an_index_the_last_lock_of_today_serves(ask: Any, calendar: list[date], today: EnvironmentRequest) -> None:
    index = Index(SOLVED, REFUSED)
    first = ask(index, today)
    calendar[0] += timedelta(days=3)
    assert ask(index, today) == first
    assert len(index.asked) == 2


def test_without_an_index_and_a_lock_the_machine_is_to_blame(ask: Any, today: EnvironmentRequest) -> None:
    found = ask(Index(REFUSED), today)
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, Trouble.NETWORK)


@pytest.mark.parametrize("answer", [PERMISSION, UNKNOWN])
def test_only_without_an_index_does_the_last_lock_serve(
    ask: Any, calendar: list[date], today: EnvironmentRequest, answer: Completed
) -> None:
    index = Index(SOLVED, answer)
    ask(index, today)
    calendar[0] += timedelta(days=1)
    found = ask(index, today)
    assert (found.status, found.trouble) == (Status.UNAVAILABLE, None)


def test_refresh_asks_again(ask: Any, as_released: EnvironmentRequest) -> None:
    index = Index(UNSATISFIABLE, SOLVED)
    ask(index, as_released)
    assert isinstance(ask(index, as_released, refresh=True), Lock)
    assert "--refresh" in index.asked[1]
    assert isinstance(ask(index, as_released), Lock)


def test_a_failed_refresh_replaces_the_lock(ask: Any, as_released: EnvironmentRequest) -> None:
    index = Index(SOLVED, UNSATISFIABLE)
    ask(index, as_released)
    assert ask(index, as_released, refresh=True).status is Status.LOCK_FAILED
    assert ask(index, as_released).status is Status.LOCK_FAILED


def test_each_thing_asked_for_has_a_lock_of_its_own(ask: Any, make: Any, as_released: EnvironmentRequest) -> None:
    requests = (
        as_released,
        replace(as_released, install=InstallPolicy.TODAY),
        replace(as_released, keras=KerasChoice.LEGACY),
        replace(as_released, hub="0.12.0"),
        replace(as_released, release=make.release("2.15.1")),
    )
    paths = {ask(Index(SOLVED), request).path for request in requests}
    paths.add(ask(Index(SOLVED), as_released, interpreter=make.interpreter("3.10.1")).path)
    paths.add(ask(Index(SOLVED), as_released, interpreter=make.interpreter(platform="linux-aarch64")).path)
    assert len(paths) == 7


def test_what_changes_nothing_shares_the_lock(ask: Any, make: Any, as_released: EnvironmentRequest) -> None:
    """The environment's id, the patch of the interpreter and where it is are no part of the question."""
    index = Index(SOLVED)
    first = ask(index, as_released)
    assert ask(index, replace(as_released, id="other"), interpreter=make.interpreter("3.11.9")) == first
    assert len(index.asked) == 1


def test_stored_never_asks(make: Any, ask: Any, calendar: list[date], tmp_path: Path, today: EnvironmentRequest) -> None:
    interpreter = make.interpreter()
    assert stored(tmp_path / "locks", lock_request(today), interpreter) is None
    found = ask(Index(SOLVED), today)
    assert stored(tmp_path / "locks", lock_request(today), interpreter) == found
    calendar[0] += timedelta(days=1)
    assert stored(tmp_path / "locks", lock_request(today), interpreter) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"requirements": [], "later": 1}'])
def test_a_damaged_description_is_no_lock(ask: Any, as_released: EnvironmentRequest, damage: bytes) -> None:
    index = Index(SOLVED)
    found = ask(index, as_released)
    found.path.with_suffix(".json").write_bytes(damage)
    assert ask(index, as_released) == found
    assert len(index.asked) == 2


def test_a_description_without_its_lock_is_no_lock(ask: Any, as_released: EnvironmentRequest) -> None:
    index = Index(SOLVED)
    found = ask(index, as_released)
    found.path.unlink()
    assert ask(index, as_released) == found


def test_constraints_wheels_and_day_are_part_of_the_question(
    monkeypatch: pytest.MonkeyPatch, make: Any, calendar: list[date], tmp_path: Path
) -> None:
    index = Index(SOLVED)
    monkeypatch.setattr(lock, "call", index)
    plain = lock.LockRequest(requirements=("transformers",), exclude_newer=None, daily=False)
    beside = replace(plain, constraints=("numpy==1.26.4", "tensorflow==2.16.2"), wheels=("tokenizers", "regex"), day=DAY)
    later = replace(beside, day=DAY + timedelta(days=1))
    for asked in (plain, beside, replace(beside, constraints=()), replace(beside, wheels=()), later, beside):
        found = asyncio.run(lock.resolve_lock(Path("uv"), tmp_path, asked, make.interpreter(), refresh=False))
        assert isinstance(found, Lock)
    assert len(index.asked) == 5, "each is a question of its own, and what belongs to a day holds for good"
    assert not {"--constraint", "--only-binary=regex"} & set(index.asked[0])
    argv = index.asked[1]
    assert [one for one in argv if one.startswith("--only-binary")] == ["--only-binary=tokenizers", "--only-binary=regex"]
    assert Path(argv[argv.index("--constraint") + 1]).read_text() == "numpy==1.26.4\ntensorflow==2.16.2\n"


def test_a_question_keeps_its_name(ask: Any, as_released: EnvironmentRequest) -> None:
    """Locks that were made before are found again; a rule of resolving that changes is a new name."""
    assert ask(Index(SOLVED), as_released).path.stem == "5b7b059a78635bab9b9fbd21"


def test_overrides_are_part_of_the_question(
    monkeypatch: pytest.MonkeyPatch, make: Any, calendar: list[date], tmp_path: Path
) -> None:
    index = Index(SOLVED)
    monkeypatch.setattr(lock, "call", index)
    plain = lock.LockRequest(requirements=("tensorflow==2.4.4",), exclude_newer=DAY, daily=False)
    overridden = replace(plain, overrides=("tensorflow-estimator==2.6.0",))
    for asked in (plain, overridden, overridden):
        found = asyncio.run(lock.resolve_lock(Path("uv"), tmp_path, asked, make.interpreter(), refresh=False))
        assert isinstance(found, Lock)
    assert ["--override" in argv for argv in index.asked] == [False, True]
    (file,) = tmp_path.glob("*.override")
    assert file.read_text() == "tensorflow-estimator==2.6.0\n"


def test_a_pre_release_is_never_taken_unasked(ask: Any, as_released: EnvironmentRequest) -> None:
    index = Index(SOLVED)
    ask(index, as_released)
    assert [argument for argument in index.asked[0] if argument.startswith("--prerelease")] == [
        "--prerelease-package=tensorflow=explicit",
        "--prerelease-package=tensorflow-hub=explicit",
    ]


@pytest.fixture
def seeded(make: Any, tmp_path: Path) -> Interpreter:
    """An interpreter whose venvs hold pip and setuptools."""
    wheel = tmp_path / "bundled" / "setuptools-65.5.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"wheel")
    seeds = (("pip", "23.2.1"), ("setuptools", "65.5.0"))
    return make.interpreter(seeds=tuple(Seed(name=name, version=version, wheel=wheel) for name, version in seeds))


def test_what_the_venv_brings_is_preferred_offered_and_in_the_lock(
    ask: Any, as_released: EnvironmentRequest, seeded: Interpreter
) -> None:
    index = Index(SOLVED)
    seeded_lock = ask(index, as_released, interpreter=seeded)
    assert index.preferred == "setuptools==65.5.0\n"
    assert index.environ == {"UV_FIND_LINKS": str(seeded.seeds[0].wheel.parent)}
    assert seeded_lock.seeds == ("setuptools==65.5.0",)
    assert ("setuptools", "65.5.0") in seeded_lock.packages
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert f"setuptools==65.5.0 \\\n    --hash=sha256:{digest}\n" in seeded_lock.path.read_text()


def test_an_empty_venv_prefers_nothing(ask: Any, as_released: EnvironmentRequest, seeded: Interpreter) -> None:
    index = Index(SOLVED)
    unseeded = ask(index, replace(as_released, install=InstallPolicy.TODAY_UV), interpreter=seeded)
    assert (index.preferred, index.environ, unseeded.seeds, unseeded.path.read_text()) == ("", {}, (), TEXT)


def test_today_is_what_pip_chooses(
    ask: Any, today: EnvironmentRequest, seeded: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv knows the hashes; where its own solution is another one, it is asked for those of pip's."""
    chosen = {"absl-py": "1.0.0", "tensorflow": "2.16.2"}

    async def choices(_folder: Path, interpreter: Interpreter, requirements: tuple[str, ...], **_: Any) -> dict[str, str]:
        assert (interpreter, requirements) == (seeded, ("tensorflow==2.16.2", "tensorflow-hub"))
        return chosen

    monkeypatch.setattr(pip, "choices", choices)
    index = Index(SOLVED, Completed(code=0, stdout=TEXT.replace("1.4.0", "1.0.0"), stderr=""))
    assert ("absl-py", "1.0.0") in ask(index, today, interpreter=seeded).packages
    assert "--no-deps" in index.asked[1]
    assert Path(index.asked[1][2]).read_text() == "absl-py==1.0.0\ntensorflow==2.16.2\n"


def test_where_uv_and_pip_agree_uv_is_asked_once(
    ask: Any, today: EnvironmentRequest, seeded: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def choices(*_: Any, **__: Any) -> dict[str, str]:
        return {"absl-py": "1.4.0", "tensorflow": "2.16.2"}

    monkeypatch.setattr(pip, "choices", choices)
    index = Index(SOLVED)
    ask(index, today, interpreter=seeded)
    assert len(index.asked) == 1


def test_pip_that_can_not_tell_leaves_no_lock(
    ask: Any, today: EnvironmentRequest, seeded: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Failure(status=Status.UNAVAILABLE, trouble=None, message="pip: no", evidence="no")

    async def choices(*_: Any, **__: Any) -> Failure:
        return trouble

    monkeypatch.setattr(pip, "choices", choices)
    assert ask(Index(SOLVED), today, interpreter=seeded) == trouble


def test_pip_is_not_asked_for_an_earlier_day(ask: Any, as_released: EnvironmentRequest, seeded: Interpreter) -> None:
    """It would start a process, which no unit test may."""
    assert isinstance(ask(Index(SOLVED), as_released, interpreter=seeded), Lock)


def test_offline_nothing_is_resolved_from_a_cache(
    ask: Any, calendar: list[date], today: EnvironmentRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    index = Index(SOLVED)
    refusal = ask(index, today)
    assert (refusal.status, refusal.trouble, index.asked) == (Status.UNAVAILABLE, Trouble.NETWORK, [])
    monkeypatch.delenv("UV_OFFLINE")
    locked = ask(index, today)
    monkeypatch.setenv("UV_OFFLINE", "1")
    calendar[0] += timedelta(days=1)
    assert ask(index, today) == locked
    assert len(index.asked) == 1
