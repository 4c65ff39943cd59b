"""Published models, fetched from a server on this machine: what is kept, what cases are told, what is said of the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.base.errors import MachineError, ModelError
from harness.base.workspace import Workspace
from harness.domain import Model, Trouble
from harness.models import replicas
from harness.models.address import ServerAddress
from harness.models.handles import cache_name
from harness.models.published import PublishedModels, fetch, no_model_error
from harness.models.source import Replicas
from harness.services.hub_server import server

BERT, TF1, TEXT = (replicas.find_replica(name).model for name in ("bert-en/3", "bert-uncased/1", "preprocess/3"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server.serving(server.archives_of(replicas.every())) as running:
        yield running.address


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path)


def had(place: Workspace, address: str, *models: Model) -> PublishedModels:
    return fetch({model.id: model for model in models}, place, ServerAddress(url=address), lambda _text: None)


def trouble(place: Workspace, address: str) -> tuple[Trouble, str]:
    found = had(place, address, BERT)
    assert found.fetched == {}
    (one,) = found.lacking([BERT.id]).values()
    prefix = f"{BERT.handle} from {address}: "
    assert one.message.startswith(prefix)
    return one.trouble, one.message.removeprefix(prefix)


def test_cases_are_told_the_handle_and_shapes_but_no_values(place: Workspace, address: str) -> None:
    told = json.loads(had(place, address, BERT).manifest(BERT.id).read_text())
    assert (told["handle"], told["hub_format"], told["interface"]) == (BERT.handle, "saved_model_2", "dict")
    assert told["width"] == replicas.find_replica(BERT.id).manifest.width
    assert told["outputs"] == {}
    assert set(told["inputs"]) == {"input_word_ids", "input_mask", "input_type_ids"}


def test_a_cell_finds_it_under_the_published_handle(place: Workspace, address: str) -> None:
    had(place, address, TF1).bring(TF1.id, place.root / "cell")
    assert (place.root / "cell" / "hub" / cache_name(TF1.handle) / "saved_model.pb").is_file()


def test_what_a_cell_deletes_is_there_for_the_next(place: Workspace, address: str) -> None:
    supply = had(place, address, TF1)
    for name in ("one", "two"):
        supply.bring(TF1.id, place.root / name)
        (place.root / name / "hub" / cache_name(TF1.handle) / "saved_model.pb").unlink()


def test_preprocessing_comes_with_its_encoder(place: Workspace, address: str) -> None:
    supply = had(place, address, TEXT)
    encoder = replicas.find_replica(TEXT.id).manifest.encoder
    assert encoder
    told = json.loads(supply.manifest(TEXT.id).read_text())
    assert told["encoder"] == encoder
    assert supply.manifest(TEXT.id).with_name(f"{encoder.replace('/', '-')}.json").is_file()
    supply.bring(TEXT.id, place.root / "cell")
    assert len(list((place.root / "cell" / "hub").iterdir())) == 2


def test_it_is_asked_for_once(place: Workspace, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = had(place, address, BERT)
    monkeypatch.setattr("harness.models.fetch._download", None)
    assert had(place, address, BERT).digests([BERT.id]) == first.digests([BERT.id])


def test_the_same_files_have_another_digest_than_as_a_replica(place: Workspace, address: str) -> None:
    assert had(place, address, BERT).digests([BERT.id]) != Replicas().digests([BERT.id])


@pytest.mark.parametrize("status", ["401", "403", "404", "410"])
def test_a_server_that_has_it_not_speaks_of_the_model(place: Workspace, address: str, status: str) -> None:
    found, words = trouble(place, f"{address}/fault/{status}")
    assert found is Trouble.MODEL
    assert words.startswith(f"the server answers {status} ")


def test_a_page_in_place_of_an_archive_speaks_of_the_model(place: Workspace, address: str) -> None:
    """What an address answers whose model moved to another server."""
    found, words = trouble(place, f"{address}/fault/html")
    assert found is Trouble.MODEL
    assert words.startswith("the answer isn't an archive: it begins with b'<!doctype html>")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("429", "the server answers 429 Too Many Requests"),
        ("503", "the server answers 503 Service Unavailable"),
        ("hangup", "can't be reached: cut off after "),
        ("reset", "can't be reached: [Errno 104] Connection reset by peer"),
        ("truncated", "not a readable tar.gz: "),
        ("corrupt", "not a readable tar.gz: "),
        ("cut", "not a readable tar.gz: it is cut off: the mark at the end of a tar is missing"),
        ("traversal", "'../../outside.txt' leads out of the archive"),
    ],
)
def test_a_way_that_is_broken_speaks_of_the_network(place: Workspace, address: str, fault: str, words: str) -> None:
    found, said = trouble(place, f"{address}/fault/{fault}")
    assert found is Trouble.NETWORK
    assert said.startswith(words)
    assert str(place.root) not in said


def test_a_server_that_is_not_there(place: Workspace) -> None:
    found, said = trouble(place, "http://127.0.0.1:9")
    assert (found, said) == (Trouble.NETWORK, "can't be reached: [Errno 111] Connection refused")


def test_an_archive_of_something_else_is_not_kept(place: Workspace, address: str) -> None:
    found, _ = trouble(place, f"{address}/fault/no-model")
    assert found is Trouble.MODEL
    assert [path for path in place.published.rglob("*") if path.is_file()] == []


def test_a_run_without_any_model_ends_with_an_error(place: Workspace, address: str) -> None:
    models = {BERT.id: BERT, TF1.id: TF1}
    assert no_model_error(fetch(models, place, ServerAddress(url=address), lambda _text: None), models) is None
    gone = no_model_error(fetch(models, place, ServerAddress(url=f"{address}/fault/404"), lambda _text: None), models)
    assert type(gone) is ModelError
    lost = no_model_error(fetch(models, place, ServerAddress(url="http://127.0.0.1:9"), lambda _text: None), models)
    assert type(lost) is MachineError


def test_what_goes_on_is_told(place: Workspace, address: str) -> None:
    told: list[str] = []
    fetch({BERT.id: BERT}, place, ServerAddress(url=f"{address}/fault/404"), told.append)
    assert told == [
        f"bert-en/3: fetching {BERT.handle} from {address}/fault/404",
        f"bert-en/3: unavailable (model): {BERT.handle} from {address}/fault/404: the server answers 404 Not Found",
    ]
