"""What the server says, request by request, without a socket."""

from __future__ import annotations

import gzip

import pytest

from harness.services.hub_server import answers
from harness.services.hub_server.answers import BROKEN, FAULTS, ConnectionEnd, HubArchives, HubResponse, respond

BERT = "/tensorflow/bert/3"
COMPRESSED = "?tf-hub-format=compressed"
ARCHIVE = gzip.compress(bytes(range(256)) * 4 * 40, mtime=0)
SHELF = HubArchives(
    by_path={BERT: ARCHIVE, "/tensorflow/bert/4": b"four", "/tensorflow/bert/10": b"ten", "/google/albert/1": b"albert"}
)


def body(said: HubResponse) -> bytes:
    return b"".join(said.body())


def ask(target: str) -> HubResponse:
    return respond(SHELF, target)


def location(said: HubResponse) -> str:
    return dict(said.headers)["Location"]


def test_compressed_is_the_archive() -> None:
    said = ask(BERT + COMPRESSED)
    assert (said.status, said.length, body(said), said.end) == (200, len(ARCHIVE), ARCHIVE, ConnectionEnd.CLOSED)


def test_uncompressed_is_a_place_and_no_location() -> None:
    """With a Location header urllib would go there; without one hub reads the body."""
    said = ask(f"{BERT}?tf-hub-format=uncompressed")
    assert (said.status, body(said)) == (303, b"gs://tfhub-modules/tensorflow/bert/3/uncompressed")
    assert "Location" not in dict(said.headers)


def test_without_a_format_it_is_a_page() -> None:
    said = ask(BERT)
    assert said.status == 200
    assert body(said).startswith(b"<!doctype html>")


def test_no_version_is_the_newest_by_number() -> None:
    assert body(ask("/tensorflow/bert" + COMPRESSED)) == b"ten"
    assert body(ask("/tensorflow/bert/" + COMPRESSED)) == b"ten"


@pytest.mark.parametrize(
    "target", ["/tensorflow/bert/5", "/tensorflow", "/nobody/nothing", "/fault/html2" + BERT, "/fault/slow/x/1"]
)
def test_what_is_not_there_is_404(target: str) -> None:
    assert ask(target + COMPRESSED).status == 404


def test_an_archive_has_an_address_too() -> None:
    assert body(ask(f"{BERT}.tar.gz")) == body(ask(f"{BERT}.tar.gz{COMPRESSED}")) == ARCHIVE
    assert ask("/tensorflow/bert/5.tar.gz").status == 404


def test_an_unknown_format_is_400() -> None:
    assert ask(f"{BERT}?tf-hub-format=zip").status == 400


def test_what_was_asked_is_text_not_markup() -> None:
    assert b"<script>" not in body(ask("/<script>"))


@pytest.mark.parametrize("status", ["403", "404", "410", "429", "500", "503", "599"])
def test_statuses(status: str) -> None:
    said = ask(f"/fault/{status}{BERT}{COMPRESSED}")
    assert said.status == int(status)
    assert ("Retry-After" in dict(said.headers)) == (status in ("429", "503"))


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_redirects_keep_the_query_and_lead_to_the_model(status: str) -> None:
    said = ask(f"/fault/{status}{BERT}{COMPRESSED}")
    assert said.status == int(status)
    assert body(ask(location(said))) == ARCHIVE


def test_hops_end_at_the_model() -> None:
    target, hops = f"/fault/hops-3{BERT}{COMPRESSED}", 0
    while (said := ask(target)).status == 302:
        target, hops = location(said), hops + 1
    assert (hops, body(said)) == (3, ARCHIVE)


def test_a_loop_leads_to_itself() -> None:
    target = f"/fault/loop{BERT}{COMPRESSED}"
    assert location(ask(target)) == target


def test_the_catalog_is_a_page_at_the_end_of_a_redirect() -> None:
    said = ask(location(ask(f"/fault/catalog{BERT}{COMPRESSED}")))
    assert (said.status, dict(said.headers)["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_silence_has_no_status() -> None:
    said = ask(f"/fault/silent{BERT}{COMPRESSED}")
    assert (said.status, said.end) == (None, ConnectionEnd.LEFT_OPEN)


@pytest.mark.parametrize(
    ("name", "end"), [("hangup", ConnectionEnd.CLOSED), ("reset", ConnectionEnd.RESET), ("stall", ConnectionEnd.LEFT_OPEN)]
)
def test_half_of_what_was_promised(name: str, end: ConnectionEnd) -> None:
    said = ask(f"/fault/{name}{BERT}{COMPRESSED}")
    assert (said.status, said.length, len(body(said)), said.end) == (200, len(ARCHIVE), len(ARCHIVE) // 2, end)


def test_truncated_tells_its_own_length() -> None:
    said = ask(f"/fault/truncated{BERT}{COMPRESSED}")
    assert (said.length, body(said)) == (len(ARCHIVE) // 2, ARCHIVE[: len(ARCHIVE) // 2])


def test_slow_is_whole_and_takes_its_time() -> None:
    said = ask(f"/fault/slow{BERT}{COMPRESSED}")
    parts = list(said.body())
    assert b"".join(parts) == ARCHIVE
    assert 1.0 < len(parts) * said.pause <= 3.0


def test_huge_promises_no_length() -> None:
    assert ask(f"/fault/huge{BERT}{COMPRESSED}").length is None


def test_local_is_a_place_that_is_not_a_bucket() -> None:
    assert body(ask(f"/fault/local{BERT}?tf-hub-format=uncompressed")).startswith(b"file://")
    assert body(ask(f"/fault/local{BERT}{COMPRESSED}")) == ARCHIVE


def test_a_page_is_a_page_also_under_a_fault() -> None:
    """A browser that follows the handle of a broken archive sees the model's page."""
    assert body(ask(f"/fault/corrupt{BERT}")).startswith(b"<!doctype html>")


def test_every_fault_that_is_listed_is_one_and_the_other_way_round() -> None:
    single = {name for name in FAULTS if " " not in name and name != "hops-N"}
    assert single == {*answers.ANYWHERE, *BROKEN, "local"}
    assert FAULTS["301 302 303 307 308"]
    assert " ".join(answers.REDIRECTS) in FAULTS


def test_the_root_lists_models_and_faults() -> None:
    shown = body(ask("/")).decode()
    assert all(path in shown for path in SHELF.by_path)
    assert all(name in shown for name in FAULTS)
