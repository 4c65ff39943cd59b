"""The pytest plugin of a cell: writes each event as it happens, one JSON line each, to $HUBMATRIX_EVENTS.

    {"event": "started", "case": nodeid, "variant": "...", "output": how much had been printed, "worker": xdist's name or ""}
    {"event": "finished", "case": ..., "variant": ..., "outcome": ..., "seconds": ..., "cpu_seconds": ..., "peak_memory_bytes": ...,
     "message": ..., "evidence": ..., "measured": {name: number} of what it gave to record_property,
     "failure": what hubmatrix_failure describes, or null, "unmet": [prerequisites that do not hold here]}
    {"event": "not_collected", "case": nodeid of the file, "message": ..., "evidence": ...}

It also picks the cases: pytest is given whole files, so that one that can't be imported doesn't keep the others from
running, and $HUBMATRIX_SELECTION says which cases to keep and which variants to leave out. Standard library and pytest
only, Python 3.7 syntax. With pytest-xdist it records in the workers, each line in one write.
"""

from __future__ import annotations

import json
import math
import os
import sys
from numbers import Real
from typing import TYPE_CHECKING, Any, Iterable, Sequence

if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_failure as failures  # its tests
    from harness.incell import hubmatrix_messages as messages
else:
    import hubmatrix_failure as failures
    import hubmatrix_messages as messages

MESSAGE_LIMIT = 2000
EVIDENCE_LIMIT = 20000
OUTPUT_LIMIT = 4000
NUMBERS = 20
NAME_LIMIT = 40
PYTEST = ("_pytest", "pluggy")
UNMET = "hubmatrix_unmet"
"""The property by which cases/conftest.py says that a prerequisite of the case does not hold here."""


def pytest_configure(config: Any) -> None:
    if os.environ.get("HUBMATRIX_EVENTS") and getattr(config.option, "numprocesses", None) is None:
        if hasattr(config, "workerinput"):
            print_to_the_cells_output()
        config.pluginmanager.register(Recorder(os.environ["HUBMATRIX_EVENTS"]), "hubmatrix-recorder")


def print_to_the_cells_output() -> None:
    """Send this worker's output where the cell's goes: pytest-xdist starts its workers with stdout and stderr on /dev/null."""
    written = os.open(os.environ["HUBMATRIX_OUTPUT"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(written)


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    if not os.environ.get("HUBMATRIX_SELECTION"):
        return
    with open(os.environ["HUBMATRIX_SELECTION"]) as file:
        selection = json.load(file)
    cases, skipped = set(selection["cases"]), set(selection["skip"])
    chosen = [item for item in items if split(item.nodeid)["case"] in cases or item.nodeid in cases]  # a case, or one variant
    selected = [item for item in chosen if item.nodeid not in skipped]
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = selected


class Recorder:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._reports: list[Any] = []
        self._output_start = 0
        self._cpu_start = 0.0
        self._peak_is_its_own = False
        self._failures: dict[str, Any] = {}

    def _write(self, **event: Any) -> None:
        os.write(self._file, json.dumps(event).encode("utf-8") + b"\n")

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            message, evidence = explain(report)
            self._write(event=messages.EventKind.NOT_COLLECTED, case=report.nodeid, message=message, evidence=evidence)

    def pytest_runtest_protocol(self, item: Any) -> None:
        self._reports = []
        self._output_start = output_size()
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        self._failures = {}
        self._peak_is_its_own = reset_peak_memory()
        self._cpu_start = cpu_seconds()
        self._write(event=messages.EventKind.STARTED, worker=worker, output=self._output_start, **split(item.nodeid))

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Keep what failed, whole, before pytest makes its report, which it does from what is left of the traceback."""
        if call.excinfo is not None:
            self._failures[call.when] = failures.describe(call.excinfo.value, str(item.config.rootdir))
            call.excinfo.traceback = from_the_case_on(call.excinfo.traceback)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._reports.append(report)
        if report.when != "teardown":
            return
        decisive = choose(self._reports)
        unmet = [str(value) for name, value in report.user_properties if name == UNMET]
        outcome = "not_applicable" if unmet and decisive.skipped else outcome_of(decisive)
        message, evidence = explain(decisive)
        failed = outcome in ("failed", "error")
        if failed:
            evidence = with_output(evidence, self._output_start)
        self._write(
            event=messages.EventKind.FINISHED,
            worker=os.environ.get("PYTEST_XDIST_WORKER", ""),
            outcome=outcome,
            seconds=round(sum(phase.duration for phase in self._reports), 4),
            cpu_seconds=round(cpu_seconds() - self._cpu_start, 4),
            peak_memory_bytes=peak_memory_bytes() if self._peak_is_its_own else None,
            message=message,
            evidence=evidence,
            measured=measured(report.user_properties),
            failure=self._failures.get(decisive.when) if failed else None,
            unmet=unmet if outcome == "not_applicable" else [],
            **split(report.nodeid),
        )


def split(nodeid: str) -> dict[str, str]:
    """Split a test's id into its case and its variant, which pytest writes in brackets at the end."""
    case, bracket, variant = nodeid.partition("[")
    return {"case": case, "variant": variant[:-1] if bracket else ""}


def choose(reports: Sequence[Any]) -> Any:
    """Return the report that decides: the first failure, else the call, else the setup (skipped)."""
    for report in reports:
        if report.failed:
            return report
    for report in reports:
        if report.when == "call" or report.skipped:
            return report
    return reports[0]


def outcome_of(report: Any) -> str:
    """Return what happened, not what it means: a failure is a failure, whatever the case declares."""
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return "skipped" if report.skipped else "passed"


def explain(report: Any) -> tuple[str, str]:
    """Return one line in the software's own words, and the traceback."""
    representation = report.longrepr
    if representation is None:
        return ("", "")
    if isinstance(representation, tuple):  # (file, line, reason) of a skip
        return (str(representation[2])[:MESSAGE_LIMIT], "")
    crash = getattr(representation, "reprcrash", None)
    text = str(representation)
    message = crash.message if crash is not None else last_line(text)
    return (message[:MESSAGE_LIMIT], clip(text, EVIDENCE_LIMIT))


def from_the_case_on(traceback: Any) -> Any:
    """Return the traceback without the frames of pytest that called the case or its fixture."""
    names = [str(entry.frame.f_globals.get("__name__", "")).partition(".")[0] for entry in traceback]
    first = next((index for index, name in enumerate(names) if name not in PYTEST), 0)
    return traceback[first:]


def reset_peak_memory() -> bool:
    """Let the kernel count the peak of this process anew, so that each case has its own; return whether it does (Linux 4.0)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def peak_memory_bytes() -> int | None:
    """Return the most memory that was resident since the last reset; None where the kernel does not say."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def cpu_seconds() -> float:
    """Return user and system seconds of this process, all its threads, and its children that ended."""
    return sum(os.times()[:4])


def measured(properties: Iterable[tuple[str, Any]]) -> dict[str, float]:
    """Return the finite numbers among the properties of a case: of the first NUMBERS names, the last number of each.

    pytest's properties may hold anything: the rest is left out, and so is NaN, since a case that gets one has to fail.
    """
    numbers: dict[str, float] = {}
    for name, value in properties:
        number = as_number(value)
        name = str(name)[:NAME_LIMIT]
        if number is not None and (name in numbers or len(numbers) < NUMBERS):
            numbers[name] = number
    return numbers


def as_number(value: Any) -> float | None:
    """Return a real number, numpy's scalars included, as a float; None for all else, for NaN, infinity and what overflows."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def clip(text: str, limit: int) -> str:
    """Keep both ends of a long text: the call that failed is at one, the cause at the other."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def output_size() -> int:
    sys.stdout.flush()
    try:
        return os.stat(os.environ["HUBMATRIX_OUTPUT"]).st_size
    except (KeyError, OSError):
        return 0


def with_output(evidence: str, start: int) -> str:
    """Return the traceback, and below it what the case printed."""
    path = os.environ.get("HUBMATRIX_OUTPUT", "")
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        with open(path, "rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - OUTPUT_LIMIT))
            printed = file.read().decode("utf-8", "replace").strip()
    except OSError:
        return evidence
    return evidence + "\n\n--- output ---\n" + printed if printed else evidence
