"""Bytecode of what fenced processes import: they say what has none, and a process that runs no foreign code compiles it.

    python -I -S hubmatrix_bytecode.py PYTEST_FOLDER < {"plain": [paths], "rewritten": [paths]}

The fence keeps processes from writing bytecode for each other. Without it every zygote would compile TensorFlow anew, and every
cell what the zygote did not import: 400 modules of tf_keras behind tensorflow_text, and the cases, in which pytest rewrites what
they assert.

This file is in no key (harness/run/keys.py), since it decides no outcome. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import py_compile
import sys
from types import ModuleType
from typing import Any, Collection, Mapping, Sequence

PLAIN, REWRITTEN = "plain", "rewritten"
REWRITER = "_pytest.assertion.rewrite"
LIMIT = 5000
"""Modules of one process; TensorFlow has 2,500."""


def write_uncompiled(path: str, before: Collection[str]) -> None:
    """Write to a file which sources this process imported that have no bytecode; modules of the names `before` are left out."""
    sources: dict[str, list[str]] = {PLAIN: [], REWRITTEN: []}
    for module in [module for name, module in list(sys.modules.items()) if name not in before][:LIMIT]:
        kind, source = source_of(module)
        if source.endswith(".py") and not is_compiled(source, bytecode_of(source, kind)):
            sources[kind].append(source)
    if any(sources.values()):
        with open(path, "w") as file:
            json.dump(sources, file)


def source_of(module: ModuleType) -> tuple[str, str]:
    """Return whether pytest rewrote a module, and its file; "" where it has none."""
    spec: Any = getattr(module, "__spec__", None)
    rewritten = type(getattr(spec, "loader", None)).__module__ == REWRITER
    return REWRITTEN if rewritten else PLAIN, str(getattr(spec, "origin", None) or "")


def bytecode_of(source: str, kind: str) -> str:
    """Return the file that bytecode goes to: pytest has names of its own, with its version in them."""
    plain = importlib.util.cache_from_source(source)
    if kind == PLAIN:
        return plain
    return os.path.join(os.path.dirname(plain), os.path.basename(source)[: -len(".py")] + sys.modules[REWRITER].PYC_TAIL)


def is_compiled(source: str, bytecode: str) -> bool:
    """Return whether a file is the bytecode of its source as it is now, by time and size of the source in its header."""
    try:
        with open(bytecode, "rb") as file:
            header = file.read(16)
        status = os.stat(source)
    except OSError:
        return False
    written = int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF
    by_hash = int.from_bytes(header[4:8], "little") != 0
    return by_hash or (int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little")) == written


def compile_all(sources: Mapping[str, Sequence[str]], toolchain: str) -> None:
    """Compile what has no bytecode yet. One that can't be compiled is left out: its import says why, in every cell."""
    sys.path.append(toolchain)
    for source in sources[PLAIN]:
        try:
            py_compile.compile(source, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
        except (OSError, ValueError, py_compile.PyCompileError):
            continue
    for source in sources[REWRITTEN]:
        rewrite(source)


def rewrite(source: str) -> None:
    """Compile a file of cases by pytest's own functions. They are not public: where they changed, each cell compiles anew."""
    try:
        from pathlib import Path

        rewriter: Any = importlib.import_module(REWRITER)
        path = Path(bytecode_of(source, REWRITTEN))
        os.makedirs(path.parent, exist_ok=True)
        stat, code = rewriter._rewrite_test(Path(source), None)
        rewriter._write_pyc(None, code, stat, path)
    except Exception:
        return


if __name__ == "__main__":
    compile_all(json.load(sys.stdin), sys.argv[1])
