"""Files of a venv that are not as they were installed."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from harness.environments.integrity import damaged_files

FILES = {"pack/__init__.py": b"VALUE = 1\n", "pack/lib.so": b"\x7fELF" * 100, "pack/empty.py": b""}


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    rows = []
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}")
    rows += ["pack/__pycache__/__init__.pyc,,", "pack-1.0.dist-info/RECORD,,"]
    (tmp_path / "pack-1.0.dist-info").mkdir()
    (tmp_path / "pack-1.0.dist-info" / "RECORD").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_as_installed(site_packages: Path) -> None:
    assert damaged_files(site_packages) == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [("pack/__init__.py", b"VALUE = 2\n"), ("pack/__init__.py", b"VALUE"), ("pack/lib.so", b"\x7fELF"), ("pack/lib.so", None)],
    ids=["changed", "cut-off", "library-cut-off", "gone"],
)
def test_damaged(site_packages: Path, name: str, content: bytes | None) -> None:
    if content is None:
        (site_packages / name).unlink()
    else:
        (site_packages / name).write_bytes(content)
    assert damaged_files(site_packages) == {"pack": (name,)}
