"""Read the folder cases/, or take what an earlier command read in the very same files."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.base.memo import Memo, code_digest, digest_of
from harness.catalog.files import parse_cases, read_sources
from harness.domain import Case

MEMO = "cases.json"


def read_cases(cases_dir: Path, memo: Memo | None = None) -> tuple[Case, ...]:
    """Read all cases, by file and line. Ids start with the folder's own name: `cases/saving/test_x.py::test_y`.

    Args:
        cases_dir: the folder.
        memo: where what was read is kept; None to read every file.

    Raises:
        SpecError: every file that isn't Python, and every mark that can't be read.
    """
    sources = read_sources(cases_dir)
    if memo is None:
        return parse_cases(sources)
    # Parsing 120 files takes 0.36 s of CPU, which every command would spend. What Python accepts depends on its version.
    names_and_sources = (part for name, source in sources.items() for part in (name, source))
    digest = digest_of(code_digest("catalog", "domain"), sys.version, *names_and_sources)
    if (text := memo.read(MEMO, digest)) is not None:
        try:
            return _adapter().validate_json(text)
        except ValidationError:
            pass  # somebody edited it: read the files
    cases = parse_cases(sources)
    memo.write(MEMO, digest, _adapter().dump_json(cases).decode())
    return cases


@cache
def _adapter() -> TypeAdapter[tuple[Case, ...]]:
    return TypeAdapter(tuple[Case, ...])
