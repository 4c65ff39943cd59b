"""Archives: the same bytes each time, and nothing written outside."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from harness.base.errors import ModelError
from harness.models import archives


def tree(folder: Path) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def hostile(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = 4 if member.isfile() else 0
            tar.addfile(member, io.BytesIO(b"data"))
    return path


def test_round_trip(tmp_path: Path) -> None:
    made = tree(tmp_path / "made")
    packed = tmp_path / "model.tar.gz"
    packed.write_bytes(archives.pack(made))
    archives.unpack(packed, tmp_path / "back")
    assert archives.tree_digest(tmp_path / "back") == archives.tree_digest(made)


def test_pack_does_not_depend_on_dates_or_permissions(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    os.utime(two / "saved_model.pb", (1, 1))
    (two / "saved_model.pb").chmod(0o600)
    assert archives.pack(one) == archives.pack(two)


def test_tree_digest_sees_names_and_bytes(tmp_path: Path) -> None:
    one, renamed, changed = (tree(tmp_path / name) for name in ("one", "renamed", "changed"))
    (renamed / "saved_model.pb").rename(renamed / "model.pb")
    (changed / "saved_model.pb").write_bytes(b"other")
    assert len({archives.tree_digest(folder) for folder in (one, renamed, changed)}) == 3


@pytest.mark.parametrize("name", ["../outside", "variables/../../outside", "/outside"])
def test_a_path_outside_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    archive = hostile(tmp_path / "model.tar.gz", tarfile.TarInfo("saved_model.pb"), tarfile.TarInfo(name))
    with pytest.raises(ModelError, match="leads out of the archive"):
        archives.unpack(archive, tmp_path / "room" / "model")
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("variables")
    member.type, member.linkname = kind, "/etc"
    archive = hostile(tmp_path / "model.tar.gz", member)
    with pytest.raises(ModelError, match="'variables' is neither a file nor a folder"):
        archives.unpack(archive, tmp_path / "model")


def test_a_cut_archive_says_so(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(archives.pack(tree(tmp_path / "made"))[:60])
    with pytest.raises(ModelError, match=r"not a readable tar\.gz"):
        archives.unpack(archive, tmp_path / "model")


def folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((tarfile.TarInfo("."),), "a file with the name '.'"),
        ((tarfile.TarInfo("a/.."),), "leads out of the archive"),
        ((tarfile.TarInfo("a"), tarfile.TarInfo("a/b")), "'a' is a file and a folder"),
        ((tarfile.TarInfo("a/b/c"), tarfile.TarInfo("a/b")), "'a/b' is a file and a folder"),
        ((folder("a"), tarfile.TarInfo("./a")), "'a' is a file and a folder"),
        ((tarfile.TarInfo("a"), folder("a/")), "'a' is a file and a folder"),
        ((tarfile.TarInfo("x" * 5000),), "no file can have the name 'xxx"),
        ((tarfile.TarInfo("x/" * 3000 + "x"),), "no file can have the name 'x/x"),
    ],
)
def test_what_no_file_system_takes_is_refused_before_anything_is_written(
    tmp_path: Path, members: tuple[tarfile.TarInfo, ...], message: str
) -> None:
    archive = hostile(tmp_path / "model.tar.gz", tarfile.TarInfo("saved_model.pb"), *members)
    with pytest.raises(ModelError, match=message) as refused:
        archives.unpack(archive, tmp_path / "out")
    assert len(str(refused.value)) < 1000
    assert not (tmp_path / "out").exists()


def test_a_folder_that_names_itself_and_files_in_it_are_a_model(tmp_path: Path) -> None:
    archive = hostile(tmp_path / "model.tar.gz", folder("."), folder("./variables"), tarfile.TarInfo("./variables/index"))
    archives.unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "variables" / "index").is_file()
