"""On CI nothing is skipped: HUBMATRIX_CI=1 makes a test fail that lacks a browser, an interpreter or a package.

What no installation brings stays a skip: a reason that begins with `not permitted` is about the user's rights.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

ON_CI = os.environ.get("HUBMATRIX_CI") == "1"


def pytest_configure() -> None:
    """Hear SIGINT, also where a shell started the tests in the background of a script, with SIGINT ignored.

    What is ignored is inherited by every process, so a server that a test ends by Ctrl-C would serve for ever.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        if not reason.removeprefix("Skipped: ").startswith("not permitted"):
            report.outcome = "failed"
            report.longrepr = f"{reason}; with HUBMATRIX_CI=1 that is a failure"
    return report
