"""Sealed locks: written and read as they are, from a folder or an archive; nothing that isn't a lock gets in."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from harness.base.errors import ResultsError
from harness.environments.lock import SEALED, is_sealed
from harness.results.format import Digests
from harness.run import sealed
from harness.run.sealed import LockedEnvironment, SealedPlan, read_sealed, unpack_locks, write_sealed

NAME = "0123456789abcdef01234567"
LOCK = "numpy==1.26.4 \\\n    --hash=sha256:" + "a" * 64 + " \\\n    --hash=sha256:" + "b" * 64 + "\n"
FILES = {f"{NAME}.json": b"{}", f"{NAME}.txt": LOCK.encode()}


def document(files: dict[str, bytes]) -> SealedPlan:
    return SealedPlan(
        hubmatrix="0.1",
        plan="p",
        digests=Digests(),
        tier="quick",
        planned_cells=3,
        day=date(2026, 11, 20),
        platform="linux-x86_64",
        environments=(LockedEnvironment(id="e", lock="10c", seconds=2.5),),
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )


@pytest.mark.parametrize("name", ["locks", "locks.tar.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    write_sealed(tmp_path / name, document(FILES), FILES)
    locks = read_sealed(tmp_path / name)
    assert (locks.document, locks.files) == (document(FILES), FILES)
    folder = tmp_path / "unpacked"
    unpack_locks(locks, folder)
    unpack_locks(locks, folder)
    assert is_sealed(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != SEALED} == FILES


def test_a_folder_and_an_archive_are_the_same_locks(tmp_path: Path) -> None:
    for name in ("locks", "one.tar.gz", "two.tar.gz"):
        write_sealed(tmp_path / name, document(FILES), FILES)
    assert read_sealed(tmp_path / "locks").sha256 == read_sealed(tmp_path / "one.tar.gz").sha256
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_former_locks_go_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    write_sealed(folder, document(FILES), FILES)
    (folder / "readme.md").write_text("mine")
    write_sealed(folder, document({}), {})
    assert sorted(path.name for path in folder.iterdir()) == [SEALED, "readme.md"]
    assert read_sealed(folder).files == {}


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w") as tar:
        for member, content in members:
            member.size = member.size or len(content)
            tar.addfile(member, io.BytesIO(content.ljust(member.size, b"\0")))
    path.write_bytes(gzip.compress(inside.getvalue()))


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


def _links(path: Path) -> None:
    archive(path, (member(f"{NAME}.txt", tarfile.SYMTYPE, target="/etc/passwd"), b""))


def _outside(path: Path) -> None:
    archive(path, (member(f"../{NAME}.txt"), b"x"))


def _large(path: Path) -> None:
    archive(path, (member(f"{NAME}.txt", size=5 * 2**20), b""))


def _nothing(path: Path) -> None:
    archive(path)


def _cut(path: Path) -> None:
    write_sealed(path, document(FILES), FILES)
    path.write_bytes(path.read_bytes()[:-200])


def _other_bytes(path: Path) -> None:
    write_sealed(path, document(FILES), {**FILES, f"{NAME}.txt": b""})


def _one_less(path: Path) -> None:
    write_sealed(path, document(FILES), {f"{NAME}.json": b"{}"})


def _address(path: Path) -> None:
    files = {f"{NAME}.txt": b"--extra-index-url https://example.invalid\n" + LOCK.encode()}
    write_sealed(path, document(files), files)


def _link_in_lock(path: Path) -> None:
    files = {f"{NAME}.txt": b"numpy @ https://example.invalid/numpy.whl\n"}
    write_sealed(path, document(files), files)


def _name_in_document(path: Path) -> None:
    text = document({"../x.txt": b""}).model_dump_json().encode()
    archive(path, (member(SEALED), text))


def _newer(path: Path) -> None:
    archive(path, (member(SEALED), document({}).model_dump_json().replace('"format":1', '"format":2').encode()))


HINT = "(hint: `hubmatrix lock` makes them)"
AGAIN = "(hint: copy the locks again, or make them again)"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.exists, f"no locks can be read: No such file or directory {HINT}"),
        (lambda path: path.write_bytes(b"x" * 1000), f"no locks can be read: not a gzip file {HINT}"),
        (_links, f"no locks can be read: '{NAME}.txt' is none of its files {HINT}"),
        (_outside, f"no locks can be read: '../{NAME}.txt' is none of its files {HINT}"),
        (_large, f"no locks can be read: {NAME}.txt is beyond what locks of a plan hold {HINT}"),
        (_nothing, f"no locks: plan.json is missing {HINT}"),
        (_cut, None),
        (_other_bytes, f"{NAME}.txt is damaged {AGAIN}"),
        (_one_less, f"{NAME}.txt is missing {AGAIN}"),
        (_address, f"{NAME}.txt holds more than pins and hashes"),
        (_link_in_lock, f"{NAME}.txt holds more than pins and hashes"),
        (_name_in_document, "not the name of a lock: '../x.txt'"),
        (_newer, "not locks of format 1: format: Input should be 1"),
    ],
)
def test_what_are_no_locks(tmp_path: Path, damage: Callable[[Path], None], message: str | None) -> None:
    path = tmp_path / "locks.tar.gz"
    damage(path)
    with pytest.raises(ResultsError) as caught:
        read_sealed(path)
    assert caught.value.exit_code == 4
    text = str(caught.value).replace(str(path), "locks.tar.gz").replace("locks.tar.gz:plan.json", "locks.tar.gz")
    assert text == f"locks.tar.gz: {message}" if message else text.startswith("locks.tar.gz: no locks can be read: ")


def test_a_folder_with_links(tmp_path: Path) -> None:
    write_sealed(tmp_path / "locks", document(FILES), FILES)
    (tmp_path / "locks" / f"{NAME}.txt").unlink()
    (tmp_path / "locks" / f"{NAME}.txt").symlink_to("/etc/passwd")
    with pytest.raises(ResultsError, match="is not a file"):
        read_sealed(tmp_path / "locks")


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sealed(tmp_path / "locks.tar.gz", document(FILES), FILES)
    monkeypatch.setattr(sealed, "MOST_FILES", 1)
    with pytest.raises(ResultsError, match="beyond what locks of a plan hold"):
        read_sealed(tmp_path / "locks.tar.gz")
