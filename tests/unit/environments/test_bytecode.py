"""Bytecode goes from a venv to the next one with the same package, and to no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.environments.bytecode import keep_compiled, restore

RECORD = "tf/__init__.py,,\ntf/deep/ops.py,,\n../../bin/tool.py,,\ntf-2.0.dist-info/RECORD,,\n"
PACKAGES = (("tf", "2.0"),)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The site-packages of a venv that has imported `tf`."""
    folder = tmp_path / "first"
    files = {"tf/__init__.py": "", "tf/deep/ops.py": "", "tf/__pycache__/__init__.cpython-311.pyc": "one"}
    files |= {"tf/deep/__pycache__/ops.cpython-311.pyc": "two", "other/__pycache__/x.cpython-311.pyc": "not of tf"}
    for name, text in {**files, "tf-2.0.dist-info/RECORD": RECORD}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_kept_once_and_given_to_the_same_package(site: Path, tmp_path: Path, make: Any) -> None:
    store, lock, interpreter = tmp_path / "store", make.lock(packages=PACKAGES), make.interpreter()
    assert keep_compiled(store, site, lock, interpreter) == 2
    assert keep_compiled(store, site, lock, interpreter) == 0
    second = tmp_path / "second"
    assert restore(store, second, lock, interpreter) == 2
    compiled = second / "tf" / "deep" / "__pycache__" / "ops.cpython-311.pyc"
    assert compiled.read_text() == "two"
    assert compiled.samefile(site / "tf" / "deep" / "__pycache__" / "ops.cpython-311.pyc")
    assert not (second / "other").exists()


def test_not_given_to_another_version_or_interpreter(site: Path, tmp_path: Path, make: Any) -> None:
    store = tmp_path / "store"
    keep_compiled(store, site, make.lock(packages=PACKAGES), make.interpreter())
    assert restore(store, tmp_path / "second", make.lock(packages=(("tf", "2.1"),)), make.interpreter()) == 0
    assert restore(store, tmp_path / "third", make.lock(packages=PACKAGES), make.interpreter("3.11.8")) == 0


def test_cut_off_while_keeping_is_not_given(site: Path, tmp_path: Path, make: Any) -> None:
    store, lock, interpreter = tmp_path / "store", make.lock(packages=PACKAGES), make.interpreter()
    keep_compiled(store, site, lock, interpreter)
    (complete,) = store.rglob(".complete")
    complete.unlink()
    assert restore(store, tmp_path / "second", lock, interpreter) == 0
    assert keep_compiled(store, site, lock, interpreter) == 0
    assert restore(store, tmp_path / "second", lock, interpreter) == 2
