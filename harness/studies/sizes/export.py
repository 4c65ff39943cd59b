"""Models of true size with random weights, made on demand by the exporter that made the replicas, and kept.

    .hubmatrix/sizes/models/<digest of the exporter and the size>/model/

Never shipped: BERT-base has 440 MB. Measured on two cores: 40 s for a small BERT, and 11 s for the exporter's environment.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from harness.base.files import make_once
from harness.base.workspace import Workspace
from harness.models import replicas
from harness.models.rebuild import SCRIPTS, PythonFor, environment_of, recipe_of, run_script
from harness.studies.sizes.model import Size

LIKE = "small-bert/2"
"""The replica whose exporter makes these models: the Model Garden's of 2.5, on TensorFlow 2.5.1."""
SCRIPT = "true_size.py"
SOURCES = (SCRIPT, "bert_dict.py", "fixture.py")
EXPORT_SECONDS = 1200.0


def model_key(size: Size) -> str:
    """Return a digest of all that determines the exported model."""
    exporter = recipe_of(replicas.manifest_path(LIKE)).exporter
    sources = [hashlib.sha256((SCRIPTS / name).read_bytes()).hexdigest() for name in SOURCES]
    facts = [exporter.model_dump_json(), *sources, *_arguments(size)]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:24]


def model_folder(size: Size, workspace: Workspace) -> Path:
    """Return the folder that the model is, or will be, exported to."""
    return workspace.sizes / "models" / model_key(size) / "model"


def ensure_model(size: Size, workspace: Workspace, uv: Path, python_for: PythonFor) -> Path:
    """Return the model's folder, exporting the model first if need be.

    Raises:
        ModelError: the exporter fails.
        MachineError: an interpreter is missing, or a package can't be installed.
    """
    target = model_folder(size, workspace)
    make_once(target.parent, lambda inside: _export(size, inside / target.name, workspace.work, uv, python_for))
    return target


def _export(size: Size, target: Path, work: Path, uv: Path, python_for: PythonFor) -> None:
    exporter = recipe_of(replicas.manifest_path(LIKE)).exporter
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix="export-") as name:
        python = environment_of(exporter, Path(name) / "environment", uv, python_for)
        run_script(python, SCRIPT, target, *_arguments(size), seconds=EXPORT_SECONDS)


def _arguments(size: Size) -> tuple[str, ...]:
    return tuple(map(str, (size.policy, size.layers, size.width, size.heads, size.vocabulary, size.positions)))
