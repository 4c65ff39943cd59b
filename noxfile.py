# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "filelock>=3.16",
#     "h5py>=3.11",
#     "jinja2>=3.1",
#     "lark>=1.2",
#     "markdown-it-py>=3",
#     "nox[uv]>=2025.2.9",
#     "packaging>=24",
#     "pandas>=2.2",
#     "protobuf>=5.26",
#     "psutil>=6",
#     "pydantic>=2.9",
#     "rich>=13.9",
#     "ruamel.yaml>=0.18",
#     "typer>=0.15",
#     "typing-extensions>=4.12",
# ]
# ///
"""The front door. nox makes the environment above once and runs this file in it, so a session is a call of the harness.

    nox -s matrix                                   the quick tier, then the report
    nox -s matrix -- --tier full                    everything after -- goes to `hubmatrix run`
    nox -s "cells(tf-2_16_2-as-released)"           one environment's cells; `nox -l` lists the environments
    nox -s report | models | reproduce | sizes | rehearse | tests | lint | bench

The list above is that of pyproject.toml; tests/unit/test_noxfile.py keeps them equal.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))  # nox runs this file as such, not as a script in its folder

from harness.matrix import load_spec  # noqa: E402
from harness.matrix.plan import expand  # noqa: E402

PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["matrix"]
nox.options.default_venv_backend = "uv"


def hubmatrix(session: nox.Session, *arguments: str) -> None:
    """Run the harness in the environment that nox itself runs in."""
    session.run(sys.executable, "-m", "harness", *arguments, external=True)


@nox.session(venv_backend="none")
def matrix(session: nox.Session) -> None:
    """Measure the quick tier (or the selection after --) and render the report."""
    hubmatrix(session, "run", *session.posargs)


@nox.session(venv_backend="none", default=False)
@nox.parametrize("environment", [nox.param(name, id=name) for name in expand(load_spec(ROOT / "matrix.yaml")).environments])
def cells(session: nox.Session, environment: str) -> None:
    """Build one isolated venv and measure its cells."""
    hubmatrix(session, "run", "--environment", environment, *session.posargs)


@nox.session(venv_backend="none", default=False)
def report(session: nox.Session) -> None:
    """Render the newest run as HTML, Markdown and JSON below reports/site."""
    hubmatrix(session, "report", *session.posargs)


@nox.session(venv_backend="none", default=False)
def models(session: nox.Session) -> None:
    """Rebuild the replicas with their publishers' exporters and verify the committed ones (`-- --write` replaces them)."""
    hubmatrix(session, "models", *session.posargs)


@nox.session(venv_backend="none", default=False)
def reproduce(session: nox.Session) -> None:
    """Run what users reported again and compare; `reports/site/reported.html` is the table."""
    hubmatrix(session, "reproduce", *session.posargs)


@nox.session(venv_backend="none", default=False)
def sizes(session: nox.Session) -> None:
    """Find the largest batch that fits a TPU chip, for models of true size (takes an hour the first time)."""
    hubmatrix(session, "sizes", *session.posargs)


@nox.session(venv_backend="none", default=False)
def rehearse(session: nox.Session) -> None:
    """Measure a plan in shards as on many machines, kill one, tear one, put them together, compare with one machine."""
    session.run(sys.executable, "-m", "bench", "rehearse", *session.posargs, external=True)


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """Run the project's own tests in parallel."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "test"))
    # The cores that this process may use, which may be fewer than the machine has; not every system says.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    # A file is one worker's: some files measure once, in a fixture of the module, for all their tests.
    arguments = session.posargs or ["-n", str(cores), "--dist", "loadfile", "--no-loadscope-reorder"]
    session.run("python", "-m", "pytest", *arguments)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, types, layers, workflows and schema files: ruff, mypy, import-linter, check-jsonschema, zizmor."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
    session.run("check-jsonschema", "--schemafile", "docs/matrix.schema.json", "matrix.yaml")
    session.run(
        "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, Path(".github/workflows").glob("*.yml"))
    )
    session.run("zizmor", "--offline", ".github/workflows")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure how fast hubmatrix is, beside other tools: `nox -s bench -- --help`."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, "bench"))
    session.run("python", "-m", "bench", *session.posargs)
