"""What runs on other interpreters imports only what is there: incell the standard library, cases what users import, the
compiler's worker what is pinned for it."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from harness.domain import Companion

ROOT = Path(__file__).parents[2]
INCELL = sorted((ROOT / "harness" / "incell").glob("*.py"))
CASES = sorted(path for path in (ROOT / "cases").rglob("*.py") if path.parent.name != "reported")
REPORTED = sorted((ROOT / "cases" / "reported").glob("*.py"))
WORKER = ROOT / "harness" / "services" / "tpu_compiler" / "worker.py"
COMPANIONS = {companion.value for companion in Companion}
# h5py comes with every TensorFlow: Keras' files are HDF5.
TESTED = {"h5py", "keras", "numpy", "pytest", "tensorflow", "tensorflow_hub", "tensorflow_text", "tf_keras"} | COMPANIONS


def imported(path: Path) -> set[str]:
    """Return the top-level names of every import, those inside functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                found |= {name.name.partition(".")[0] for name in names}
            case ast.ImportFrom(module=module, level=level):
                found.add("." * level if level else str(module).partition(".")[0])
            case _:
                pass
    return found


def test_there_is_something_to_look_at() -> None:
    assert INCELL
    assert CASES


@pytest.mark.parametrize("path", INCELL, ids=lambda path: path.name)
def test_incell_is_standard_library_and_pytest(path: Path) -> None:
    """What the driver or a test imports too imports its neighbours by their full names there."""
    neighbours = {other.stem for other in INCELL}
    text = path.read_text(encoding="utf-8")
    outside = re.sub(r"^if TYPE_CHECKING or __package__:\n(    from harness\.incell\b.*\n)+else:\n", "", text, flags=re.MULTILINE)
    assert "from harness" not in outside
    assert imported(path) - sys.stdlib_module_names - neighbours <= {"pytest", "harness"}


def test_the_compilers_worker_imports_what_its_environment_has() -> None:
    assert imported(WORKER) - sys.stdlib_module_names == {"flow", "jax", "jaxlib", "numpy"}
    assert imported(WORKER.with_name("flow.py")) - sys.stdlib_module_names == {"jaxlib"}


@pytest.mark.parametrize("path", REPORTED, ids=lambda path: path.name)
def test_scripts_of_reports_stand_alone(path: Path) -> None:
    """A user could run each as it is: nothing of the harness, of pytest or of its neighbours."""
    neighbours = {other.stem for other in REPORTED}
    assert not imported(path) & ({"harness", "cases", "pytest", "."} | neighbours)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_cases_import_what_users_import(path: Path) -> None:
    assert imported(path) - sys.stdlib_module_names <= TESTED
