"""The packages that `python -m venv` leaves in a new venv, for the resolver and the installer of a lock.

pip keeps an installed version that satisfies everything and replaces one that doesn't. So do we: to the resolver a seed is the
preferred version of its package, and one that no package asks for is in the lock all the same. The wheel that the interpreter
carries is offered beside the index, because an index as of an earlier day doesn't have the setuptools of a later interpreter.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.environments.interpreters import Interpreter, Seed

INSTALLER = "pip"
"""The installer isn't under test, and nothing under test reads it. With pip in the lock, every environment of Python 3.12 and
later, where a venv holds nothing but pip, would be measured twice: as pip and as uv make it."""


def seeds_of(interpreter: Interpreter) -> tuple[Seed, ...]:
    """Return the seeds that belong to a lock: all but the installer."""
    return tuple(seed for seed in interpreter.seeds if seed.name != INSTALLER)


def preferences(seeds: Iterable[Seed]) -> str:
    """Return the seeds as requirements, the form of an earlier lock, whose versions uv keeps where they satisfy everything."""
    return "".join(f"{seed.name}=={seed.version}\n" for seed in seeds)


def offered(folders: Iterable[Path]) -> Mapping[str, str]:
    """Return the environment variable that adds these folders of wheels to those that the user gives uv.

    A variable and not an option: an option on the command line would replace the user's variable.
    """
    folders_of_wheels = [os.environ.get("UV_FIND_LINKS", ""), *dict.fromkeys(map(str, folders))]
    return {"UV_FIND_LINKS": ",".join(filter(None, folders_of_wheels))} if len(folders_of_wheels) > 1 else {}


def with_seeds(text: str, seeds: Iterable[Seed]) -> str:
    """Return a lock's text with the seeds that it lacks or keeps, hashed, in alphabetical order."""
    blocks = {_name(block): block for block in _blocks(text)}
    for seed in seeds:
        # uv gives no hash of a wheel in a folder that it had no need to read.
        if seed.name not in blocks or blocks[seed.name].split()[0] == f"{seed.name}=={seed.version}":
            digest = hashlib.sha256(seed.wheel.read_bytes()).hexdigest()
            blocks[seed.name] = f"{seed.name}=={seed.version} \\\n    --hash=sha256:{digest}\n"
    return "".join(block for _, block in sorted(blocks.items()))


def _blocks(text: str) -> Iterator[str]:
    """Split a lock into one text a package: its pin, and the hashes below it."""
    yield from filter(None, re.split(r"(?m)^(?=[A-Za-z0-9])", text))


def _name(block: str) -> str:
    return block.partition("==")[0]
