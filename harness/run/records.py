"""Make records of what happened, with every path of this machine taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from types import MappingProxyType

from harness.base.processor import processor_level
from harness.domain import Companion, EnvironmentRequest, Status, installation
from harness.environments.uv import Failure as Failed
from harness.incell.hubmatrix_failure import describe_text
from harness.matrix.request import exclude_newer, requirements, settings
from harness.results.format import CaseRecord, CellRecord, EnvironmentRecord, FailureRecord, Package
from harness.run.assign import CellEnd, CellJob
from harness.run.attempts import Finished
from harness.run.groups import cell_key
from harness.run.keys import Identity

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HANDLE = re.compile(r"\b[0-9a-f]{40}\b(?:\.[0-9a-f]{32}\.tmp\b)?")
MESSAGE_LIMIT = 1000
EVIDENCE_LIMIT = 20_000


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def scrub(text: str, roots: Mapping[str, str]) -> str:
    """Return the text without colours, with a name for each known path (`roots`, by path), cut in the middle if it is too long."""
    text = ANSI.sub("", text).encode("utf-8", "replace").decode()  # a lone surrogate can't be written
    # Longest first: the venv lies below the workspace, which lies below the home folder.
    for path, name in sorted(roots.items(), key=lambda item: -len(item[0])):
        if path != "/":  # HOME of a user without one
            text = re.sub(rf"{re.escape(path)}(?![\w-]|\.\w)", name, text)
    if len(text) <= EVIDENCE_LIMIT:
        return text
    half = EVIDENCE_LIMIT // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def without_handles(text: str) -> str:
    """Replace the names of folders in a Hub cache by `$HANDLE`.

    They are digests of handles, and a handle at a local service has the service's port in it, which differs from run to run.
    """
    return HANDLE.sub("$HANDLE", text)


def environment_record(
    request: EnvironmentRequest,
    identity: Identity | None,
    trouble: Failed | None,
    roots: Mapping[str, str],
    seconds: float,
) -> EnvironmentRecord:
    """Return the record of an environment that TensorFlow imports in, or of the `trouble` that kept it from that."""
    limit = exclude_newer(request)
    return EnvironmentRecord(
        id=request.id,
        key=identity.key if identity else None,
        tensorflow=request.release.version,
        **installation(request).as_arguments(),
        requirements=requirements(request),
        exclude_newer=limit.isoformat() if limit else None,
        settings=dict(settings(request)),
        python=identity.interpreter.version if identity else None,
        locked_on=identity.lock.resolved.isoformat() if identity else None,
        lock=identity.lock.sha256 if identity else None,
        packages=_packages(identity.lock.packages) if identity else (),
        seeds=_packages(pin.partition("==")[::2] for pin in identity.lock.seeds) if identity else (),
        second_opinion_on=request.second_opinion_on,
        status=trouble.status if trouble else Status.COMPLETED,
        trouble=trouble.trouble if trouble else None,
        message=scrub(trouble.message, roots)[:MESSAGE_LIMIT] if trouble else "",
        evidence=scrub(trouble.evidence, roots) if trouble else "",
        failure=_of_the_environment(trouble, roots) if trouble and trouble.status is not Status.UNAVAILABLE else None,
        seconds=round(seconds, 3),
        recorded=now(),
    )


def _packages(pins: Iterable[tuple[str, str]]) -> tuple[Package, ...]:
    return tuple(Package(name=name, version=version) for name, version in pins)


def case_record(
    finished: Finished, job: CellJob, run: str, roots: Mapping[str, str], beside: Mapping[Companion, str] = MappingProxyType({})
) -> CaseRecord:
    """Return the record of a case.

    `beside` has the versions of all companions in its cell; the record names those that the case asked for.
    """
    hide = without_handles if finished.keyed.case.services else str
    return CaseRecord(
        key=finished.keyed.key,
        case=finished.keyed.case.id,
        variant=finished.variant,
        environment=job.cell.environment,
        cell=job.cell.id,
        uses=dict(finished.keyed.uses),
        outcome=finished.outcome,
        seconds=finished.seconds,
        cpu_seconds=finished.cpu_seconds,
        message=hide(scrub(finished.message, roots))[:MESSAGE_LIMIT],
        evidence=hide(scrub(finished.evidence, roots)),
        measured=dict(finished.measured),
        failure=_scrubbed(finished.failure, roots, hide),
        unmet=finished.unmet,
        peak_memory_bytes=finished.peak_memory_bytes,
        processor=processor_level() if finished.measured else "",
        beside=tuple(
            Package(name=companion.value, version=version)
            for companion, version in beside.items()
            if companion in finished.keyed.case.companions
        ),
        recorded=now(),
        run=run,
    )


def _scrubbed(failure: FailureRecord | None, roots: Mapping[str, str], hide: Callable[[str], str]) -> FailureRecord | None:
    """Return the failure without this machine's paths. Its signature was made of masked words and stays."""
    if failure is None:
        return None
    message, cause = (hide(scrub(text, roots)) for text in (failure.message, failure.cause.message))
    return failure.model_copy(update={"message": message, "cause": failure.cause.model_copy(update={"message": cause})})


def _of_the_environment(trouble: Failed, roots: Mapping[str, str]) -> FailureRecord:
    return FailureRecord.model_validate(describe_text(trouble.status.value, scrub(trouble.message, roots)))


def cell_record(job: CellJob, end: CellEnd, roots: Mapping[str, str], *, reused: bool) -> CellRecord:
    return CellRecord(
        id=job.cell.id,
        key=cell_key(job.refs),
        axes=job.cell.axes,
        environment=job.cell.environment,
        status=end.status,
        trouble=end.trouble,
        message=scrub(end.message, roots)[:MESSAGE_LIMIT],
        evidence=scrub(end.evidence, roots),
        cases=job.refs,
        recorded=now(),
        reused=reused,
    )
