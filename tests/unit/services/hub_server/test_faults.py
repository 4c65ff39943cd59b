"""Broken archives are broken in exactly the way they promise."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from itertools import islice

import pytest

from harness.services.hub_server import faults

FILES = {"assets/vocab.txt": b"[PAD]\n" * 100, "saved_model.pb": b"graph" * 500, "variables/variables.index": b"index"}


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def read(archive: bytes) -> dict[str, bytes]:
    """As the hub library reads: one member after the other, from a stream."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r|*") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() else None
            found[member.name] = file.read() if file else b""
    return found


def test_truncated_is_the_first_half() -> None:
    archive = packed()
    half = faults.truncated(archive)
    assert archive.startswith(half)
    assert len(half) == len(archive) // 2
    with pytest.raises(tarfile.ReadError):
        read(half)


def test_published_has_members_for_folders_and_the_graph_before_the_weights() -> None:
    made = read(faults.published(packed()))
    assert list(made) == [".", "./assets", "./variables", "./saved_model.pb", "./assets/vocab.txt", "./variables/variables.index"]
    assert {name[2:]: data for name, data in made.items() if data} == FILES


def test_without_folders_there_are_files_alone() -> None:
    made = read(faults.without_folders(faults.published(packed())))
    assert {name[2:]: data for name, data in made.items()} == FILES


def test_cut_between_files_reads_well_and_lacks_the_last_file() -> None:
    whole = read(faults.published(packed()))
    assert read(faults.cut_between_files(faults.published(packed()))) == dict(list(whole.items())[:-1])


def test_corrupt_differs_in_sixteen_bytes() -> None:
    archive = packed()
    made = faults.corrupt(archive)
    assert len(made) == len(archive)
    assert sum(one != other for one, other in zip(made, archive, strict=True)) == 16


def test_a_member_comes_first_and_the_model_after_it() -> None:
    assert list(read(faults.with_member(packed(), "../../outside.txt"))) == ["../../outside.txt", *FILES]


def test_an_absolute_member_brings_its_folder() -> None:
    assert list(read(faults.with_member(packed(), "/tmp/outside.txt")))[:2] == ["/tmp", "/tmp/outside.txt"]


def test_a_link_brings_a_file_below_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(faults.with_member(packed(), "out", kind=tarfile.SYMTYPE, link="../.."))) as tar:
        assert [(member.name, member.linkname) for member in tar][1:3] == [("out", "../.."), ("out/outside.txt", "")]
    with tarfile.open(fileobj=io.BytesIO(faults.with_member(packed(), "out", kind=tarfile.LNKTYPE, link="../x"))) as tar:
        assert [(member.name, member.linkname) for member in tar][1] == ("out", "../x")


def test_an_archive_without_a_model() -> None:
    assert list(read(faults.without_model())) == ["README.md"]


def test_sparse_is_small_and_says_10_gib() -> None:
    made = faults.sparse()
    assert len(made) < 300
    with tarfile.open(fileobj=io.BytesIO(made), mode="r|*") as tar:
        member = tar.next()
        assert member is not None
        assert (member.name, member.size, member.isfile()) == ("saved_model.pb", 10 * 2**30, True)
        file = tar.extractfile(member)
        assert file is not None
        assert file.read(2**20) == bytes(2**20)


def test_huge_comes_in_small_parts_and_unpacks_to_zeros() -> None:
    parts = list(islice(faults.huge(), 4))
    assert max(map(len, parts)) < 2**20
    plain = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(b"".join(parts))
    assert tarfile.TarInfo.frombuf(plain[:512], "utf-8", "strict").size == 10 * 2**30
    assert plain[512:] == bytes(3 * 2**24)


def test_huge_is_a_whole_gzip(monkeypatch: pytest.MonkeyPatch) -> None:
    """In small, with its checksum: gzip refuses a wrong one."""
    monkeypatch.setattr(faults, "HUGE_BYTES", 2**25)
    assert {name: len(data) for name, data in read(b"".join(faults.huge())).items()} == {"saved_model.pb": 2**25}
    assert len(gzip.decompress(b"".join(faults.huge()))) == 512 + 2**25 + 1024
