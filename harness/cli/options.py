"""Options that several commands take, and their default values."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from harness.domain import HOSTS, Device, InstallPolicy, KerasChoice

Tier = Annotated[str | None, typer.Option("--tier", help="A named slice of the matrix: quick (default), full.")]
Select = Annotated[
    str,
    typer.Option(
        "--select",
        help="Only these cells: an expression over the axes, e.g. 'tensorflow>=2.16 and keras=legacy and format in (h5, keras)'. "
        "Versions compare as versions; = means 'starts with' (tensorflow=2.16 is 2.16.2).",
    ),
]
SelectCheck = Annotated[
    str,
    typer.Option(
        "--select",
        help="Only these cells, e.g. 'tensorflow>=2.16 and install=today'. Of an axis that it names, it alone decides, over all "
        "values of the matrix; --tensorflow, --install, --keras and --device stand for the others.",
    ),
]
SelectResults = Annotated[
    str,
    typer.Option(
        "--select",
        help="Only these cells, and of their cases only these: the same, and also over what was installed and what happened, "
        "e.g. 'outcome=failed and package(keras)>=3'. Names are in docs/selectors.md.",
    ),
]
SelectReported = Annotated[
    str,
    typer.Option(
        "--select",
        help="Only these reports: an expression over id, category, cannot, verdict and tensorflow, "
        "e.g. 'category=keras3 and tensorflow>=2.16'.",
    ),
]
Environments = Annotated[list[str], typer.Option("--environment", help="Only the cells of this environment; repeatable.")]
Cells = Annotated[list[str], typer.Option("--cell", help="Only this cell; repeatable. Ids are in the report.")]
ShardText = Annotated[
    str,
    typer.Option(
        "--shard",
        help="Only part i of n of the plan, as i/n; the same part on every machine (docs/shards.md). auto, or auto/n: by the "
        "variables of a Kubernetes indexed job, a Slurm array, Buildkite or GitLab.",
    ),
]
Locks = Annotated[
    Path | None,
    typer.Option("--locks", help="Take the selection and the locks of `hubmatrix lock` (a folder or archive); resolve nothing."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Root = Annotated[Path, typer.Option("--root", help="The project: the folder of matrix.yaml and cases/.", envvar="HUBMATRIX_ROOT")]
NoFence = Annotated[
    bool,
    typer.Option(
        "--no-fence",
        help="Don't close files, network and other processes to what is run. Only for software and models that you trust.",
        envvar="HUBMATRIX_NO_FENCE",
    ),
]
RunSource = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="A run of `hubmatrix results --runs`, an exported file, or `baseline`; the newest run if not given, "
        "or the baseline where there is none yet.",
    ),
]
CURRENT_FOLDER = Path()


class ModelChoice(str, Enum):
    """The source of the models of the matrix."""

    REPLICAS = "replicas"
    PUBLISHED = "published"


NO_NAMES: list[str] = []
NO_LENGTHS: list[int] = []
AS_RELEASED = [InstallPolicy.AS_RELEASED]
DEFAULT_KERAS = [KerasChoice.DEFAULT]
EVERY_DEVICE = sorted(HOSTS, key=list(Device).index)
