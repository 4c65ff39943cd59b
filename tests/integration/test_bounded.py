"""A model from elsewhere is read in a process of its own: whatever is in it, the end is an error, within limits."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest

from harness.base.errors import ModelError
from harness.incell import hubmatrix_fence
from harness.models import replicas
from harness.models.inspect import bounded, inspect
from harness.models.inspect.bounded import inspect_bounded


def model(folder: Path, graph: bytes) -> Path:
    (folder / "saved_model.pb").write_bytes(graph)
    return folder


@pytest.mark.parametrize("replica", replicas.every(), ids=lambda replica: replica.manifest.id)
def test_what_comes_out_is_what_the_files_say(tmp_path: Path, replica: replicas.Replica) -> None:
    replicas.unpack(replica, tmp_path)
    assert inspect_bounded(tmp_path) == inspect(tmp_path)


def test_a_graph_that_takes_all_memory_is_an_error_within_moments(tmp_path: Path) -> None:
    """40 MB of empty graphs took 10 GiB, and ended the command by a segmentation fault."""
    started = time.monotonic()
    with pytest.raises(ModelError):
        inspect_bounded(model(tmp_path, b"\x12\0" * (20 * 2**20)))
    assert time.monotonic() - started < 100


def test_an_error_keeps_its_location_and_hint(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as own:
        inspect(tmp_path / "none")
    with pytest.raises(ModelError) as bounds:
        inspect_bounded(tmp_path / "none")
    assert bounds.value.problems == own.value.problems


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os; os.abort()", "the process that read it was ended by SIGABRT"),
        ("import os; os._exit(3)", "the process that read it ended with exit code 3"),
        ("pass", "reading it gave no result"),
        ("import sys; open(sys.argv[3], 'wb').write(b'rubbish')", "reading it gave no result"),
    ],
)
def test_a_parser_that_dies_is_the_models_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, message: str) -> None:
    monkeypatch.setattr(bounded, "START", code)
    with pytest.raises(ModelError, match=message):
        inspect_bounded(tmp_path)


def test_a_result_that_would_run_something_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harmed",)

    written = f"import sys; open(sys.argv[3], 'wb').write({pickle.dumps(Harm())!r})"
    monkeypatch.setattr(bounded, "START", written)
    with pytest.raises(ModelError, match="is not part of a result"):
        inspect_bounded(tmp_path)
    assert not (tmp_path / "harmed").exists()


@pytest.mark.skipif(not hubmatrix_fence.level(), reason="not permitted: this kernel has no Landlock of level 2 or later")
def test_a_parser_that_was_taken_over_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    confined = bounded.START.replace("main(", "from harness.models.inspect import child; child.confine(")
    monkeypatch.setattr(bounded, "START", f"{confined}\nopen({str(tmp_path / 'written')!r}, 'w')")
    with pytest.raises(ModelError, match="exit code 1"):
        inspect_bounded(tmp_path)
    assert not (tmp_path / "written").exists()
