"""Export a replica again with the publisher's exporter, and compare it with the committed one.

Compared: tags, signatures, op kinds, variables (type, shape, digest), the fixed input and outputs within tolerance, size.
The bytes are reported and not judged: with the fixed hash seed the TF2 export repeats byte for byte, but TensorFlow 1.15
writes the maps of `saved_model.pb` in another order each time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.base import process
from harness.base.errors import MachineError, ModelError
from harness.base.files import write_atomically
from harness.models import archives, replicas
from harness.models.manifest import Exporter, ExportRecord, Manifest, ReplicaRecipe
from harness.models.replicas import Replica

SCRIPTS = Path(__file__).parent / "exporters"
SIZE_LIMIT = 300 * 1024
INSTALL_SECONDS = 1800.0
EXPORT_SECONDS = 300.0
# Sets of strings are written in hash order; TensorFlow logs and looks for accelerators that are not needed.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
PythonFor = Callable[[str], Path | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a rebuild. `differences` is empty where the committed replica is confirmed or there was none."""

    model: str
    differences: tuple[str, ...]
    identical: bool
    archive_bytes: int
    written: bool


def rebuild(
    model_id: str, workdir: Path, *, uv: Path, python_for: PythonFor, write: bool = False, folder: Path = replicas.FOLDER
) -> Report:
    """Export in a temporary folder below `workdir` and compare with `folder`; with `write`, replace what is there.

    To add a model, write the fields of `ReplicaRecipe` to its manifest and call this with `write=True`. ModelError where the
    exporter fails or its archive is too large, MachineError where an interpreter is missing or a package can't be installed.
    """
    path = replicas.manifest_path(model_id, folder)
    recipe = recipe_of(path)
    committed = _committed(model_id, folder, may_lack=write)
    workdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workdir, prefix="rebuild-") as name:
        scratch = Path(name)
        python = environment_of(recipe.exporter, scratch / "environment", uv, python_for)
        exported = scratch / "model"
        run_script(python, recipe.exporter.script, exported, scratch / "record.json", *recipe.exporter.arguments)
        record = ExportRecord.model_validate_json((scratch / "record.json").read_bytes())
        differences = tuple(_differences(python, committed, exported, record)) if committed else ()
        archive, tree = archives.pack(exported), archives.tree_digest(exported)
    if len(archive) > SIZE_LIMIT:
        raise ModelError(f"archive has {len(archive)} bytes, the limit is {SIZE_LIMIT}", location=str(path), hint="a smaller width")
    if write:
        _write(path, recipe, record, archive, tree)
    return Report(
        model=model_id,
        differences=differences,
        identical=committed is not None and committed.manifest.tree_sha256 == tree,
        archive_bytes=len(archive),
        written=write,
    )


def _committed(model_id: str, folder: Path, *, may_lack: bool) -> Replica | None:
    try:
        return replicas.find_replica(model_id, folder)
    except ModelError:
        if may_lack:
            return None
        raise


def recipe_of(path: Path) -> ReplicaRecipe:
    """Read the part of a replica's manifest that a person wrote. Raises ModelError if there is none."""
    try:
        data = json.loads(path.read_bytes())
        return ReplicaRecipe.model_validate({name: data[name] for name in ReplicaRecipe.model_fields if name in data})
    except (OSError, ValueError, ValidationError) as error:
        raise ModelError(f"no usable recipe: {error}", location=str(path)) from error


def environment_of(exporter: Exporter, folder: Path, uv: Path, python_for: PythonFor) -> Path:
    """Create an environment with the exporter's requirements and return its interpreter."""
    base = python_for(exporter.python)
    if base is None:
        raise MachineError(f"no Python {exporter.python}", hint=f"install it, e.g. `pyenv install {exporter.python}`")
    python = folder / "bin" / "python"
    dated = [f"--exclude-newer-package={name}={day}" for name, day in exporter.exclude_newer_package.items()]
    excludes = folder.with_name("excludes.txt")
    excludes.write_text("".join(f"{name}\n" for name in exporter.excludes))
    _run([uv, "venv", "--quiet", "--clear", "--python", base, folder], INSTALL_SECONDS, MachineError)
    install: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        f"--exclude-newer={exporter.exclude_newer}",
        f"--excludes={excludes}",
        *dated,
    ]
    _run([*install, *exporter.requirements], INSTALL_SECONDS, MachineError)
    return python


def run_script(python: Path, name: str, *arguments: Path | str, seconds: float = EXPORT_SECONDS) -> None:
    """Run a script of `exporters/` in an exporter's environment. Raises ModelError with its last lines if it fails."""
    # -B: no bytecode of another interpreter beside the scripts.
    _run([python, "-B", SCRIPTS / name, *arguments], seconds, ModelError)


def _run(argv: list[str | Path], seconds: float, error: type[MachineError | ModelError]) -> None:
    completed = process.run_process(argv, timeout=seconds, env=ENVIRONMENT)
    if not completed.ok:
        how = f"exit code {completed.code}" if completed.code is not None else f"stopped after {seconds:.0f} s"
        last = "\n".join(completed.stderr.strip().splitlines()[-15:])
        raise error(f"{how}: {' '.join(map(str, argv))}\n{last}")


def _differences(python: Path, committed: Replica, exported: Path, record: ExportRecord) -> Iterator[str]:
    old = exported.with_name("committed")
    replicas.unpack(committed, old)
    yield from _unlike(_described(python, old), _described(python, exported))
    yield from _drift(committed.manifest, record)


def _described(python: Path, model: Path) -> dict[str, Any]:
    target = model.with_suffix(".description.json")
    run_script(python, "describe.py", model, target)
    return dict(json.loads(target.read_bytes()))


def _unlike(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield each path at which two descriptions differ, with both values."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _unlike(before, after, f"{path}{name}: ")
        elif before != after:
            yield f"{path}{name}: was {before}, is {after}"


def _drift(manifest: Manifest, record: ExportRecord) -> Iterator[str]:
    for name in ("width", "vocab_size", "inputs"):
        if getattr(manifest, name) != getattr(record, name):
            yield f"{name} differs"
            return  # outputs of other inputs or widths can't be compared
    for name, old in manifest.outputs:
        before, after = list(_numbers(old)), list(_numbers(getattr(record.outputs, name, None)))
        if len(before) != len(after):
            yield f"{name} has {len(after)} values, had {len(before)}"
            continue
        worst = max((abs(first - second) for first, second in zip(before, after, strict=True)), default=0.0)
        if worst > manifest.tolerance:
            yield f"{name} differs by {worst:.3g}, the tolerance is {manifest.tolerance:.3g}"


def _numbers(value: Any) -> Iterator[float]:
    """Yield the numbers of nested tuples in order; none for an output that is missing."""
    if isinstance(value, tuple):
        for part in value:
            yield from _numbers(part)
    elif value is not None:
        yield value


def _write(path: Path, recipe: ReplicaRecipe, record: ExportRecord, archive: bytes, tree: str) -> None:
    target = replicas.archive_path(path)
    target.write_bytes(archive)
    manifest = Manifest(**dict(recipe), **dict(record), archive_sha256=archives.file_digest(target), tree_sha256=tree)
    fields = manifest.model_dump(mode="json", exclude_none=True)
    lines = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in fields.items())
    write_atomically(path, "{\n" + ",\n".join(lines) + "\n}\n")
