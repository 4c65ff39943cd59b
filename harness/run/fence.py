"""The fence around foreign code, as the driver asks for it: what the project and a run's services add to what is open.

How the kernel keeps it is in `harness/incell/hubmatrix_fence.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.base.workspace import Workspace
from harness.incell.hubmatrix_fence import level
from harness.incell.hubmatrix_messages import Fence
from harness.models import replicas
from harness.run.keys import INCELL

OFF = "off"
"""What the header of a run says where a user wanted no fence."""
SERVICE = re.compile(r"(?:http://)?127\.0\.0\.1:(\d+)")


def fence_here(*, asked_for: bool) -> str:
    """Return the fence that the kernel puts up, "landlock-7" for Landlock's level 7; "" for none, OFF if not asked for."""
    if not asked_for:
        return OFF
    return f"landlock-{abi}" if (abi := level()) else ""


def why_none(fence: str) -> str:
    """Return what a run tells once of a fence that is not up; "" where it is."""
    if is_up(fence):
        return ""
    reason = "as asked for" if fence == OFF else "this kernel has no Landlock of level 2 (Linux 5.19) or later"
    return f"no fence ({reason}): what is run can read and change whatever you can"


def is_up(fence: str) -> bool:
    """Return whether what `fence_here` returned is a fence."""
    return fence not in ("", OFF)


def fence_of(fence: str, workspace: Workspace, environs: Iterable[Mapping[str, str]], *, connects: bool = False) -> Fence | None:
    """Return what processes with these variables may use in a project, None without a fence. `connects`: with any server."""
    if not is_up(fence):
        return None
    values = {value for environ in environs for name, value in environ.items() if name.startswith("HUBMATRIX_")}
    paths = [INCELL, replicas.FOLDER, workspace.cases, workspace.toolchains, workspace.companions, workspace.published]
    # The model's manifest, companions, what programs gave that the TPU compiler ran.
    paths += [Path(value) for value in values if value.startswith("/")]
    ports = {int(address[1]) for value in values if (address := SERVICE.fullmatch(value))}
    return Fence(readable=sorted(str(path.absolute()) for path in paths), ports=None if connects else sorted(ports))
