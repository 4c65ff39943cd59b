"""`installers`: compare our locks with what `python -m venv` with its own pip, and `uv venv` with uv, would install.

Nothing of an environment is downloaded where its pip can tell without (22.2 and later: `--dry-run --report`); an older pip has to
install for real. Each tool runs as it comes, in a venv of the lock's interpreter, with the requirements that a user types.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from bench import subject
from bench.commands import output, tell
from harness.base.workspace import Workspace
from harness.domain import EnvironmentRequest
from harness.environments import uv as uv_tool
from harness.environments.seeds import INSTALLER
from harness.matrix.request import is_seeded, requirements
from harness.run.keys import Identity

DRY_RUN_SINCE = Version("22.2")
# A pip of the interpreter's own, asked of PyPI or of the index that the user names; no constraints of this machine's files.
PIP = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_FIND_LINKS": "", "PIP_CONSTRAINT": ""}
UV_LINE = re.compile(r"^ \+ (?P<name>\S+)==(?P<version>\S+)$", re.MULTILINE)

Packages = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One environment: its lock beside what a tool installs, by package. `tool` is `pip 23.2.1` or `uv 0.13.9`."""

    environment: str
    python: str
    tool: str
    seeds: tuple[str, ...]
    locked: Packages
    installed: Packages

    @property
    def differences(self) -> tuple[str, ...]:
        """Return each package that isn't the same: `numpy 2.0.2 (lock 1.26.4)`, `-` for one that isn't there."""
        names = sorted({*self.locked, *self.installed})
        pairs = ((name, self.installed.get(name, "-"), self.locked.get(name, "-")) for name in names)
        return tuple(f"{name} {installed} (lock {locked})" for name, installed, locked in pairs if installed != locked)


def measure(base: Path, select: str) -> tuple[Comparison, ...]:
    """Ask the tool of each environment in turn."""
    comparisons = []
    for request, identity in subject.identify(Workspace(root=base), select):
        work = base / request.id
        ask = _by_pip if is_seeded(request) else _by_uv
        tool, installed = ask(work, request, identity)
        shutil.rmtree(work)
        comparison = Comparison(
            environment=request.id,
            python=identity.interpreter.version,
            tool=tool,
            seeds=identity.lock.seeds,
            locked=dict(identity.lock.packages),
            installed=installed,
        )
        tell(f"{request.id}: {tool}, {len(installed)} packages, {len(comparison.differences)} differ")
        comparisons.append(comparison)
    return tuple(comparisons)


def as_json(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return format 1: versions by package, of lock and tool."""
    listed = [
        {
            "environment": comparison.environment,
            "python": comparison.python,
            "tool": comparison.tool,
            "seeds": list(comparison.seeds),
            "locked": dict(comparison.locked),
            "installed": dict(comparison.installed),
            "differences": list(comparison.differences),
        }
        for comparison in comparisons
    ]
    return {"format": 1, "benchmark": "installers", "environments": listed}


def as_text(comparisons: Sequence[Comparison]) -> str:
    """Return a table with a row for each environment."""
    width = max(len(comparison.environment) for comparison in comparisons) + 2
    lines = [f"{'environment':<{width}}{'python':<9}{'tool':<13}{'seeded with':<21}{'packages':>8}  differ from the lock"]
    for comparison in comparisons:
        row = f"{comparison.environment:<{width}}{comparison.python:<9}{comparison.tool:<13}"
        row += f"{', '.join(comparison.seeds) or '-':<21}{len(comparison.installed):>8}"
        lines.append(f"{row}  {', '.join(comparison.differences) or 'none'}")
    same = sum(not comparison.differences for comparison in comparisons)
    return "\n".join([*lines, f"{same} of {len(comparisons)} the same"])


def _by_pip(work: Path, request: EnvironmentRequest, identity: Identity) -> tuple[str, Packages]:
    work.mkdir()
    output([identity.interpreter.path, "-m", "venv", work / "venv"], cwd=work, env=PIP)
    pip: list[str | Path] = [work / "venv" / "bin" / "python", "-m", "pip"]
    seeded = _listed(pip, work)
    version = seeded[INSTALLER]
    certificates = {"PIP_CERT": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
    if Version(version) >= DRY_RUN_SINCE:
        report = work / "report.json"
        # fast-deps: metadata alone is read from a wheel on the index. It changes how pip reads and not what it resolves.
        argv = [*pip, "install", "--quiet", "--dry-run", "--use-feature=fast-deps", "--report", report]
        output([*argv, *requirements(request)], cwd=work, env=PIP | certificates)
        added = (entry["metadata"] for entry in json.loads(report.read_bytes())["install"])
        installed = seeded | {canonicalize_name(package["name"]): str(package["version"]) for package in added}
    else:
        output([*pip, "install", "--quiet", *requirements(request)], cwd=work, env=PIP | certificates)
        installed = _listed(pip, work)
    del installed[INSTALLER]
    return f"pip {version}", installed


def _listed(pip: Sequence[str | Path], work: Path) -> dict[str, str]:
    """Return the packages that a venv has, with their versions."""
    packages = json.loads(output([*pip, "list", "--format", "json"], cwd=work, env=PIP))
    return {canonicalize_name(package["name"]): package["version"] for package in packages}


def _by_uv(work: Path, request: EnvironmentRequest, identity: Identity) -> tuple[str, Packages]:
    uv = uv_tool.find_uv()
    work.mkdir()
    output([uv, "venv", "--quiet", "--no-project", "--python", identity.interpreter.path, work / "venv"], cwd=work)
    # Its plan is on standard error, where `output` doesn't look: shown on standard output it costs a shell.
    argv = [uv, "pip", "install", "--dry-run", "--color=never", "--no-progress", "--python", work / "venv", *requirements(request)]
    plan = output(["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", *argv], cwd=work)
    version = output([uv, "--version"], cwd=work).split()[1]
    return f"uv {version}", {match["name"]: match["version"] for match in UV_LINE.finditer(plan)}
