"""From what a user typed to files: paths, archives, handles, and servers that fail in every way."""

from __future__ import annotations

import http.server
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.base.errors import HubmatrixError, MachineError, ModelError
from harness.models import archives, fetch, replicas
from harness.models.address import ServerAddress, read_server
from harness.models.fetch import locate

HANDLE = "https://tfhub.dev/me/model/1"
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server on this machine that gives one answer: status, body, and what it says of its length."""
    servers = []

    def start(status: int, body: bytes = b"", length: int | None = None) -> str:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                users.append(self.headers["Authorization"])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/mirror"

    asked: list[str] = []
    users: list[str | None] = []
    start.users = users  # type: ignore[attr-defined]
    start.asked = asked  # type: ignore[attr-defined]
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def archive(path: Path, folder: str = "") -> Path:
    made = path.parent / "packed"
    (made / folder).mkdir(parents=True)
    (made / folder / "saved_model.pb").write_bytes(b"graph")
    path.write_bytes(archives.pack(made))
    return path


def test_a_path_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    found = locate(str(tmp_path / "mine"), tmp_path / "state", None)
    assert (found.name, found.path, found.handle) == ("mine", tmp_path / "mine", None)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("folder", ["", "my_model/"])
def test_an_archive(folder: str, tmp_path: Path) -> None:
    found = locate(str(archive(tmp_path / "my_model.tar.gz", folder)), tmp_path / "state", None)
    assert found.name == "my_model"
    assert (found.path / "saved_model.pb").read_bytes() == b"graph"
    assert found.path.is_relative_to(tmp_path / "state")


def test_a_handle_of_a_replica(tmp_path: Path) -> None:
    replica = replicas.find_replica("bert-en/3")
    found = locate(replica.manifest.handle, tmp_path / "state", None)
    assert found.handle == replica.manifest.handle
    assert archives.tree_digest(found.path) == replica.manifest.tree_sha256


def test_a_handle_from_a_server(serve: Serve, tmp_path: Path) -> None:
    body = archive(tmp_path / "model.tar.gz").read_bytes()
    found = locate(HANDLE, tmp_path / "state", ServerAddress(url=serve(200, body)))
    assert serve.asked == ["/mirror/me/model/1?tf-hub-format=compressed"]  # type: ignore[attr-defined]
    assert (found.name, found.handle) == ("model/1", HANDLE)
    assert (found.path / "saved_model.pb").read_bytes() == b"graph"


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        ((404,), ModelError, "the server answers 404 Not Found (hint: is the handle, with its version,"),
        ((403,), ModelError, "the server answers 403 Forbidden (hint: this model asks for a sign-in"),
        ((500,), MachineError, "the server answers 500 Internal Server Error"),
        ((200, b"<html>sign in</html>"), ModelError, "the answer isn't an archive: it begins with b'<html>sign in</html>'"),
        ((200, b""), ModelError, "the answer isn't an archive: it begins with b''"),
        ((200, b"\x1f\x8bgarbage"), ModelError, "not a readable tar.gz: "),
        ((200, b"\x1f\x8b", 5000), MachineError, "can't be reached: cut off after 2 of 5000 bytes"),
    ],
)
def test_servers_that_fail(answer: tuple[object, ...], kind: type[HubmatrixError], told: str, serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(kind, match=r"tf-hub-format=compressed: |tar\.gz: ") as caught:
        locate(HANDLE, tmp_path / "state", ServerAddress(url=serve(*answer)))
    assert told in str(caught.value)
    assert [*(tmp_path / "state").iterdir()] == []


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        locate(HANDLE, tmp_path / "state", ServerAddress(url="http://127.0.0.1:1"))
    assert str(caught.value) == (
        "http://127.0.0.1:1/me/model/1?tf-hub-format=compressed: can't be reached: [Errno 111] Connection refused "
        "(hint: no network? give a path, or another server with --hub-url)"
    )
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped"])
def test_an_archive_that_leads_outside(name: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(ModelError, match="leads out of the archive"):
        locate(str(tmp_path / "evil.tar.gz"), tmp_path / "state", None)
    assert {path.name for path in tmp_path.rglob("*")} == {"evil.tar.gz", "state"}


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left alone after the headers that promise too much; nothing of it is written."""
    monkeypatch.setattr(archives, "LARGEST_BYTES", 2**20)
    (tmp_path / "big").write_bytes(bytes(2**22))
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "big", "saved_model.pb")
    with pytest.raises(ModelError, match="unpacks to more than 0 GiB or 10000 files"):
        locate(str(tmp_path / "bomb.tar.gz"), tmp_path / "state", None)
    assert [*(tmp_path / "state").iterdir()] == []


def test_a_download_that_never_ends(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "LARGEST_BYTES", 100)
    with pytest.raises(ModelError, match="more than 0 GiB"):
        locate(HANDLE, tmp_path / "state", ServerAddress(url=serve(200, b"\x1f\x8b" + bytes(1000))))
    monkeypatch.setattr(fetch, "DOWNLOAD_SECONDS", -1)
    with pytest.raises(MachineError, match="not done after"):
        locate(HANDLE, tmp_path / "state", ServerAddress(url=serve(200, b"\x1f\x8b")))


def test_a_user_is_let_in_and_named_nowhere(serve: Serve, tmp_path: Path) -> None:
    body = archive(tmp_path / "answer.tar.gz").read_bytes()
    address = serve(200, body)
    located = locate(HANDLE, tmp_path / "state", read_server(address.replace("http://", "http://user:hunter2@")))
    typed = locate(f"{address}/own/1".replace("http://", "http://user:hunter2@"), tmp_path / "state", None)
    assert serve.users == ["Basic dXNlcjpodW50ZXIy"] * 2  # type: ignore[attr-defined]
    assert (located.origin, typed.handle) == (f"fetched from {address}/me/model/1?tf-hub-format=compressed", f"{address}/own/1")
    assert "hunter2" not in f"{located}{typed}{list((tmp_path / 'state').rglob('*'))}"


def test_a_users_password_is_in_no_message(serve: Serve, tmp_path: Path) -> None:
    server = read_server(serve(403).replace("http://", "http://user:hunter2@"))
    with pytest.raises(ModelError, match="403") as refused:
        locate(HANDLE, tmp_path / "state", server)
    assert "hunter2" not in f"{refused.value}{refused.value.problems}{server!r}"


def test_a_handle_that_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an address"):
        locate("http://user:hunter2@[::1/model/1", tmp_path, None)
