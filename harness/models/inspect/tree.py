"""List, digest and copy the files of a model. Never writes where it reads.

Links are followed, as TensorFlow follows them (a cache may be made of links), but not in circles.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.base.errors import HubmatrixError, MachineError, ModelError
from harness.models.archives import LARGEST_BYTES, MOST_FILES, file_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file: its name in the model, with slashes, its path and its size in bytes."""

    name: str
    path: Path
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A model's files, sorted by name. For a model that is one file, `root` is that file."""

    root: Path
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def find(self, name: str) -> File | None:
        return next((file for file in self.files if file.name == name), None)


def read_tree(root: Path) -> Tree:
    """List all files of a folder, or the one file. Raises ModelError for circles, sockets, and too many or too large files."""
    try:
        return _within_limits(Tree(root=root, files=tuple(sorted(_walk(root), key=lambda file: file.name))))
    except OSError as trouble:
        raise unreadable(trouble, root) from trouble


def digest(tree: Tree) -> str:
    """Return the SHA-256 over name and digest of every file, equal to `harness.models.archives.tree_digest` of the same files."""
    try:
        lines = "".join(f"{file_digest(file.path)}  {file.name}\n" for file in tree.files)
    except OSError as trouble:
        raise unreadable(trouble, tree.root) from trouble
    return hashlib.sha256(lines.encode()).hexdigest()


def copy(tree: Tree, target: Path) -> None:
    """Copy the files to `target`, which must not exist. Links are not kept: a case that writes must not reach the originals."""
    try:
        for file in tree.files:
            copied = target / file.name if file.path != tree.root else target
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.path, copied)
    except OSError as trouble:
        raise unreadable(trouble, tree.root) from trouble


def unreadable(trouble: OSError, path: Path) -> HubmatrixError:
    """Return the error for an unreadable file: a ModelError for a broken link or a circle, else this machine's trouble."""
    where = str(trouble.filename or path)
    if trouble.errno in (errno.ELOOP, errno.ENOENT, errno.ENOTDIR):
        return ModelError(
            f"can't be followed: {trouble.strerror}", location=where, hint="a link in the model leads nowhere, or in a circle"
        )
    return MachineError(f"can't be read or copied: {trouble.strerror}", location=where)


def _walk(root: Path) -> Iterator[File]:
    if root.is_file():
        yield File(name=root.name, path=root, size=root.stat().st_size)
        return
    entries = 0
    waiting: list[tuple[Path, str, frozenset[tuple[int, int]]]] = [(root, "", frozenset())]
    while waiting:
        folder, prefix, above = waiting.pop()
        # Only a link back to a folder above is a circle; the same folder linked twice side by side is not.
        status = folder.stat()
        if (status.st_dev, status.st_ino) in above:
            raise ModelError("a folder that holds itself", location=str(folder), hint="remove the link that leads in a circle")
        inside = above | {(status.st_dev, status.st_ino)}
        with os.scandir(folder) as listed:
            children = list(islice(listed, MOST_FILES + 1))  # not to its end: a user may have typed any folder
        entries += len(children)
        if entries > MOST_FILES:
            raise ModelError(f"more than {MOST_FILES} files and folders", location=str(root), hint="give the model's own folder")
        for entry in children:
            mode, name = entry.stat().st_mode, prefix + entry.name
            if stat.S_ISDIR(mode):
                waiting.append((Path(entry.path), f"{name}/", inside))
            elif stat.S_ISREG(mode):
                yield File(name=name, path=Path(entry.path), size=entry.stat().st_size)
            else:
                raise ModelError(
                    "neither a file nor a folder", location=entry.path, hint="a model has no sockets, pipes or devices"
                )


def _within_limits(tree: Tree) -> Tree:
    if tree.size > LARGEST_BYTES:
        largest = max(tree.files, key=lambda file: file.size)
        message = f"{tree.size / 2**30:.1f} GiB, the limit is {LARGEST_BYTES / 2**30:.0f} GiB (each cell works on a copy)"
        raise ModelError(
            message, location=str(tree.root), hint=f"the largest file is {largest.name}, {largest.size / 2**30:.1f} GiB"
        )
    return tree
