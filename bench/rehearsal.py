"""`rehearse`: a plan measured in shards as on machines that share nothing, with all that goes wrong there, and put together.

Each shard is a process with a clean folder of its own, which has matrix.yaml, the cases and the locks, and nothing else; all run
one after another, and use the uv cache and the pytest of this machine. One is killed and run again. The files are then handed to a
merge with one twice, one torn, one missing, one of another plan and one that contradicts another one: it must refuse all but the
first, and give what one machine gives that measures the whole plan.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.commands import ROOT, CommandFailed
from harness.base.process import FOR_TOOLS, environment, run_process
from harness.base.workspace import Workspace
from harness.domain import Outcome
from harness.results.format import CaseRecord
from harness.results.lines import lines_of, read_run
from harness.results.run import Run
from harness.results.store import open_store

SELECT = (
    "tensorflow in (2.15.1, 2.19.1) and install=as-released and keras=default and text=without "
    "and model=none and format in (h5, keras) and device=cpu"
)
STEP_SECONDS = 7200.0
REFUSED = 4
VOLATILE = frozenset({"recorded", "reused", "seconds", "cpu_seconds", "run", "cell", "peak_memory_bytes"})
"""Fields that differ between two runs of the same thing: docs/results.md lists them."""
IN_WORDS = frozenset({"message", "evidence", "failure", "measured", "processor"})
"""Fields that hold words or numbers of the software under test, with addresses and times of their own. Of a failure the signature
is compared, of numbers the names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedStep:
    """One step: what was done, what came of it, and whether it is what should."""

    action: str
    outcome: str
    is_right: bool
    seconds: float

    def __str__(self) -> str:
        return f"{'ok' if self.is_right else 'WRONG':<5} {self.seconds:6.1f} s  {self.action}: {self.outcome}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A rehearsal in folders below `base`. `project` has matrix.yaml and the cases; `select` are options of `hubmatrix lock`."""

    project: Path
    base: Path
    shards: int
    select: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[RehearsedStep]:
        """Perform the steps, each when it is asked for."""
        locks = self.base / "locks.tar.gz"
        yield self.step("lock", self.folder("lock"), "lock", "--plain", "--into", locks, *self.select)
        for index in self.indices:
            yield self.step(f"plan {index}/{self.shards}", self.folder("plan"), "plan", *self.part(index), last="err")
        yield self.step("the whole plan, on one machine", self.folder("whole"), *self.run(1, 1))
        self.export("whole")
        killed = self.indices[1 % len(self.indices)]
        for index in self.indices:
            folder = self.folder(f"shard-{index}")
            if index == killed:
                yield self.kill(index, folder)
                self.export(folder.name, f"{folder.name}-killed")
            yield self.step(f"shard {index}/{self.shards}{' again' * (index == killed)}", folder, *self.run(index, self.shards))
            self.export(folder.name)
        yield from self.refusals(killed)
        files = [self.file(f"shard-{index}") for index in self.indices]
        shutil.copy(files[0], self.file("copy-of-shard-1"))
        merged = self.folder("merged")
        yield self.step("merge all, the first one twice", merged, "merge", *files, self.file("copy-of-shard-1"), last="out")
        yield self.step("merge again, in another order", merged, "merge", *reversed(files), last="out", expect="was here already")
        self.export("merged")
        yield self.compare(read_run(self.file("whole")), read_run(self.file("merged")))

    def refusals(self, killed: int) -> Iterator[RehearsedStep]:
        """Perform the merges that have to be refused."""
        files = {index: self.file(f"shard-{index}") for index in self.indices}
        without = [file for index, file in files.items() if index != killed]
        torn = self.file("torn")
        torn.write_bytes(files[killed].read_bytes()[:-100])
        other = self.folder(f"shard-{self.indices[0]}")
        cell = read_run(files[self.indices[0]]).cells[0].id
        yield self.step("another plan, of one cell", other, "run", "--plain", "--no-report", "--cell", cell)
        self.export(other.name, "other-plan")
        changed = self.file("changed")
        changed.write_text("".join(lines_of(_changed(read_run(files[killed])))), encoding="utf-8")
        for name, handed in {
            "without one": without,
            "with the killed one's file": [*without, self.file(f"shard-{killed}-killed")],
            "with a torn one": [*without, torn],
            "with one of another plan": [*files.values(), self.file("other-plan")],
            "with one that contradicts": [*files.values(), changed],
        }.items():
            refusing = self.folder("refusing")
            yield self.step(f"merge {name}", refusing, "merge", *handed, code=REFUSED, last="err")
            if Workspace(root=refusing).results.exists():
                yield RehearsedStep(action="after a refusal", outcome="something was written", is_right=False, seconds=0)

    @property
    def indices(self) -> range:
        return range(1, self.shards + 1)

    def part(self, index: int, count: int | None = None) -> tuple[str | Path, ...]:
        return "--locks", self.base / "locks.tar.gz", "--shard", f"{index}/{count or self.shards}"

    def run(self, index: int, count: int) -> tuple[str | Path, ...]:
        return "run", "--plain", "--no-report", *self.part(index, count)

    def file(self, name: str) -> Path:
        return self.base / f"{name}.jsonl"

    def folder(self, name: str) -> Path:
        """Return a folder as a machine has it that checked the project out; one that is there is left as it is."""
        root = self.base / name
        if root.is_dir():
            return root
        root.mkdir(parents=True)
        shutil.copy(self.project / "matrix.yaml", root)
        shutil.copytree(self.project / "cases", root / "cases", ignore=shutil.ignore_patterns("__pycache__"))
        shared, own = Workspace(root=self.project).toolchains, Workspace(root=root).toolchains
        shared.mkdir(parents=True, exist_ok=True)
        own.parent.mkdir()
        own.symlink_to(shared.resolve())
        return root

    def argv(self, root: Path, arguments: Sequence[str | Path]) -> list[str | Path]:
        return [sys.executable, "-m", "harness", *arguments, "--root", root]

    def step(
        self, action: str, root: Path, *arguments: str | Path, code: int = 0, last: str = "out", expect: str = ""
    ) -> RehearsedStep:
        """Run a command in a folder; the outcome is its last line on standard output, or its first one on standard error."""
        started = time.monotonic()
        completed = run_process(self.argv(root, arguments), timeout=STEP_SECONDS, env=self.environ, cwd=ROOT)
        lines = (completed.stderr if last == "err" or completed.code else completed.stdout).strip().splitlines() or [""]
        text = (lines[0] if last == "err" or completed.code else " ".join(lines[-2:])).replace(f"{self.base}/", "")
        return RehearsedStep(
            action=action,
            outcome=f"exit code {completed.code}: {text}" if completed.code else " ".join(text.split()),
            is_right=completed.code == code and expect in completed.stdout,
            seconds=time.monotonic() - started,
        )

    def kill(self, index: int, root: Path) -> RehearsedStep:
        """Start a shard and kill it when it has measured its first case."""
        started = time.monotonic()
        process = subprocess.Popen(
            self.argv(root, self.run(index, self.shards)),
            env=environment(FOR_TOOLS, self.environ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while process.poll() is None and not _measured(root) and time.monotonic() - started < STEP_SECONDS:
            time.sleep(0.05)
        process.kill()
        code = process.wait()
        cases = _measured(root)
        return RehearsedStep(
            action=f"shard {index}/{self.shards}, killed",
            outcome=f"SIGKILL after {cases} cases" if code == -signal.SIGKILL else f"exit code {code}",
            is_right=code == -signal.SIGKILL and cases > 0,
            seconds=time.monotonic() - started,
        )

    def export(self, folder: str, name: str = "") -> None:
        """Export the newest run of a folder. Raises CommandFailed."""
        argv = self.argv(self.base / folder, ("results", "--export", self.file(name or folder)))
        completed = run_process(argv, timeout=STEP_SECONDS, env=self.environ, cwd=ROOT)
        if not completed.ok:
            raise CommandFailed(f"{folder} has no results: {completed.stderr}")

    def compare(self, whole: Run, merged: Run) -> RehearsedStep:
        """Compare the merged run with that of one machine."""
        different = list(differences(whole, merged))
        words = sum(1 for _ in _other_words(whole, merged))
        facts = f"{len(merged.cells)} cells, {len(merged.cases)} cases in {len(merged.environments)} environments"
        attempts = sum(isinstance(attempt, CaseRecord) for attempt in merged.attempts)
        equal = f"equal: {facts}; {attempts} cases that two shards measured; {words} with other words or numbers"
        return RehearsedStep(
            action="the merged run and that of one machine",
            outcome="; ".join([f"{len(different)} differences", *different[:5]]) if different else equal,
            is_right=not different,
            seconds=0,
        )


def rehearse(rehearsal: Rehearsal, tell: Callable[[str], None]) -> bool:
    """Perform a rehearsal, tell of each step, and return whether all were right. Nothing goes on after one that wasn't."""
    for step in rehearsal.steps():
        tell(str(step))
        if not step.is_right:
            return False
    return True


def differences(whole: Run, merged: Run) -> Iterator[str]:
    """Yield what two runs of one plan disagree about: environments, cells, and what happened to each case under each key."""
    for noun, one_side, other_side in (
        ("environment", _environments(whole), _environments(merged)),
        ("cell", _cells(whole), _cells(merged)),
        ("case", _cases(whole), _cases(merged)),
    ):
        for name in sorted({*one_side, *other_side}):
            if one_side.get(name) != other_side.get(name):
                yield f"{noun} {' '.join(name)}"


def _environments(run: Run) -> Mapping[tuple[str, ...], Any]:
    return {(record.id,): record.model_dump(exclude={*VOLATILE, *IN_WORDS}) for record in run.environments}


def _cells(run: Run) -> Mapping[tuple[str, ...], Any]:
    return {(record.id,): record.model_dump(exclude={*VOLATILE, *IN_WORDS}) for record in run.cells}


def _cases(run: Run) -> Mapping[tuple[str, ...], Any]:
    """Return what happened to each case; which of several environments that are the same measured it is left out."""
    return {
        (record.case, record.variant, record.key): (
            record.model_dump(exclude={*VOLATILE, *IN_WORDS, "environment"}),
            record.failure.signature if record.failure else None,
            sorted(record.measured),
        )
        for record in run.cases
    }


def _other_words(whole: Run, merged: Run) -> Iterator[str]:
    texts = {(record.key, record.variant): record.model_dump(include=set(IN_WORDS)) for record in whole.cases}
    for record in merged.cases:
        if texts.get((record.key, record.variant)) != record.model_dump(include=set(IN_WORDS)):
            yield record.case


def _measured(root: Path) -> int:
    """Return how many cases the newest run of a folder has measured so far."""
    path = Workspace(root=root).results
    if not path.exists():
        return 0
    with open_store(path) as store:
        runs = store.runs()
        return len(store.read(runs[0].name).cases) if runs else 0


def _changed(run: Run) -> Run:
    """Return the run with another outcome of its first case, as somebody may have edited it."""
    first, *rest = run.cases
    outcome = Outcome.SKIPPED if first.outcome is Outcome.PASSED else Outcome.PASSED
    return replace(run, cases=(first.model_copy(update={"outcome": outcome}), *rest))
