"""Which imported sources have no bytecode, and that it is made as Python and pytest make it."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.incell import hubmatrix_bytecode as bytecode
from harness.incell.hubmatrix_bytecode import PLAIN, REWRITER, REWRITTEN


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `imported_here` that was imported without leaving bytecode."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "imported_here.py"
    path.write_text("def test_it():\n    assert 1 == 1\n")
    spec = importlib.util.spec_from_file_location("imported_here", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "imported_here", module)
    return path


def listed(tmp_path: Path, before: set[str]) -> dict[str, list[str]] | None:
    path = tmp_path / "list.json"
    bytecode.write_uncompiled(str(path), before)
    return json.loads(path.read_text()) if path.exists() else None


def test_what_has_no_bytecode_is_listed_once(source: Path, tmp_path: Path) -> None:
    before = set(sys.modules) - {"imported_here"}
    assert listed(tmp_path, before) == {PLAIN: [str(source)], REWRITTEN: []}
    bytecode.compile_all({PLAIN: [str(source)], REWRITTEN: []}, str(tmp_path))
    (tmp_path / "list.json").unlink()
    assert listed(tmp_path, before) is None


def test_modules_of_before_are_left_out(source: Path, tmp_path: Path) -> None:
    assert source.exists()
    assert listed(tmp_path, set(sys.modules)) is None


def test_bytecode_of_a_source_that_was_changed_is_none(source: Path) -> None:
    bytecode.compile_all({PLAIN: [str(source)], REWRITTEN: []}, "")
    compiled = bytecode.bytecode_of(str(source), PLAIN)
    assert bytecode.is_compiled(str(source), compiled)
    source.write_text("changed = True\n")
    assert not bytecode.is_compiled(str(source), compiled)
    assert not bytecode.is_compiled(str(source), str(source.with_name("none.pyc")))
    assert not bytecode.is_compiled(str(source.with_name("none.py")), compiled)


def test_cases_are_compiled_as_pytest_reads_them(source: Path) -> None:
    rewriter = importlib.import_module(REWRITER)
    bytecode.compile_all({PLAIN: [], REWRITTEN: [str(source)]}, "")
    compiled = Path(bytecode.bytecode_of(str(source), REWRITTEN))
    assert compiled.name == f"imported_here{rewriter.PYC_TAIL}"
    assert bytecode.is_compiled(str(source), str(compiled))
    code = rewriter._read_pyc(source, compiled)
    assert code is not None
    assert "@pytest_ar" in code.co_names


def test_a_module_that_pytest_rewrote_is_known_by_its_loader() -> None:
    module = ModuleType("rewritten")
    loader = importlib.import_module(REWRITER).AssertionRewritingHook.__new__(
        importlib.import_module(REWRITER).AssertionRewritingHook
    )
    module.__spec__ = importlib.util.spec_from_file_location("rewritten", "/cases/test_x.py", loader=loader)
    assert bytecode.source_of(module) == (REWRITTEN, "/cases/test_x.py")
    assert bytecode.source_of(ModuleType("without")) == (PLAIN, "")


def test_what_can_not_be_compiled_is_left_out(tmp_path: Path) -> None:
    broken, missing = tmp_path / "broken.py", tmp_path / "missing.py"
    broken.write_text("def (:\n")
    names = [str(broken), str(missing), os.devnull]
    bytecode.compile_all({PLAIN: names, REWRITTEN: names}, "")
    assert not list(tmp_path.rglob("*.pyc"))
