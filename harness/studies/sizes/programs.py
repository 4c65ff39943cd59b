"""Programs of a model of true size: HLO that TensorFlow lowers in an environment like the matrix's, and stored.

.hubmatrix/sizes/programs/<key>/<operation>-<length>-<batch>.pb     key: the model, the lock, the script that lowers
.hubmatrix/sizes/programs/<key>/facts.json                          weights of the model
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import MachineError, SpecError
from harness.base.process import FOR_CELLS, run_async
from harness.base.workspace import Workspace
from harness.domain import EnvironmentRequest, InstallPolicy, KerasChoice
from harness.environments.uv import Failure
from harness.matrix import Spec
from harness.run.installed import environment_of
from harness.run.keys import Identity
from harness.run.machine import Machine
from harness.run.prepare import NO_GPU, identities
from harness.studies.sizes import export
from harness.studies.sizes.model import Shape, Size

TENSORFLOW = "2.15.1"
"""The last with Keras 2 by default, so that hub.KerasLayer trains in a Keras model as its documentation says."""
LOWER = Path(__file__).with_name("lower.py")
LOWER_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The machine that lowers programs, and the interpreter and lock of TensorFlow's environment on it."""

    machine: Machine
    identity: Identity

    @property
    def workspace(self) -> Workspace:
        return self.machine.workspace

    def python_for(self, minor: str) -> Path | None:
        interpreters = self.machine.interpreters
        return interpreters[minor].path if minor in interpreters else None

    def package(self, name: str) -> str:
        """Return the installed version of a package, empty if the environment doesn't have it."""
        return dict(self.identity.lock.packages).get(name, "")


async def bench_of(machine: Machine, spec: Spec) -> Bench:
    """Lock TensorFlow's environment.

    Raises:
        SpecError: matrix.yaml doesn't list this TensorFlow.
        MachineError: its environment can't be locked here.
    """
    release = next((listed for listed in spec.releases if listed.version == TENSORFLOW), None)
    if release is None:
        raise SpecError(f"axes.tensorflow has no {TENSORFLOW}", location="matrix.yaml", hint="sizes are measured with it")
    request = EnvironmentRequest(
        id="sizes",
        release=release,
        install=InstallPolicy.AS_RELEASED,
        keras=KerasChoice.DEFAULT,
        python=None,
        hub=None,
    )
    answer = (await identities(machine, [request], refresh=False, tell=lambda *_: None))[request.id]
    if isinstance(answer, Failure):
        raise MachineError(f"TensorFlow {TENSORFLOW} can't be locked: {answer.message}")
    return Bench(machine=machine, identity=answer)


def programs_key(bench: Bench, size: Size) -> str:
    """Return a digest of all that determines a model's programs."""
    # The script's text, comments included: any edit of it means lowering every program again.
    facts = [export.model_key(size), bench.identity.lock.sha256, bench.identity.interpreter.label]
    return hashlib.sha256("\n".join([*facts, LOWER.read_text(encoding="utf-8")]).encode()).hexdigest()[:24]


def programs_folder(bench: Bench, size: Size) -> Path:
    return bench.workspace.sizes / "programs" / programs_key(bench, size)


def program_path(bench: Bench, size: Size, shape: Shape) -> Path:
    """Return the file that a program is, or will be, lowered to."""
    return programs_folder(bench, size) / f"{shape.operation.value}-{shape.length}-{shape.batch}.pb"


def count_weights(bench: Bench, size: Size) -> int:
    """Return how many numbers hub.KerasLayer trains, as counted when the programs were lowered."""
    return int(json.loads((programs_folder(bench, size) / "facts.json").read_bytes())["weights"])


async def ensure_lowered(bench: Bench, size: Size, shapes: Sequence[Shape]) -> None:
    """Lower the programs of these shapes that are missing, in one process of TensorFlow. The model must have been exported.

    Raises:
        MachineError: the environment can't be installed, or the process failed.
    """
    target = programs_folder(bench, size)
    missing = [shape for shape in shapes if not program_path(bench, size, shape).is_file()]
    if not missing:
        return
    model = export.model_folder(size, bench.workspace)
    async with environment_of(bench.machine, bench.identity) as environment:
        if isinstance(environment, Failure):
            raise MachineError(f"TensorFlow {TENSORFLOW} can't be installed: {environment.message}")
        target.mkdir(parents=True, exist_ok=True)
        await _lower(environment.python, model, target, missing)


async def _lower(python: Path, model: Path, target: Path, shapes: Sequence[Shape]) -> None:
    with tempfile.TemporaryDirectory(dir=target, prefix=".home-") as home:
        shapes_file = Path(home) / "shapes.json"
        shapes_file.write_text(
            json.dumps([[shape.operation.value, shape.length, shape.batch] for shape in sorted(shapes)]), encoding="utf-8"
        )
        env = {**NO_GPU, "HOME": home, "TMPDIR": home, "TF_CPP_MIN_LOG_LEVEL": "3"}
        argv: list[str | Path] = [python, "-I", LOWER, model, target, shapes_file]
        completed = await run_async(argv, timeout=LOWER_SECONDS, env=env, cwd=Path(home), allowed=FOR_CELLS)
    if not completed.ok:
        how = f"exit code {completed.code}" if completed.code is not None else f"no end after {LOWER_SECONDS:.0f} s"
        last = "\n".join(completed.stderr.strip().splitlines()[-10:])
        raise MachineError(f"TensorFlow did not lower {len(shapes)} programs: {how}\n{last}", location=str(target))
