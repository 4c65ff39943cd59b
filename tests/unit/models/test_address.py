"""What lets a user in is taken out of an address where it is read."""

from __future__ import annotations

import pytest

from harness.base.errors import ModelError, SpecError
from harness.models.address import read_handle, read_server


@pytest.mark.parametrize(
    ("typed", "url", "authorization"),
    [
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700", ""),
        ("https://user:p%40ss@hub.example/a/b", "https://hub.example/a/b", "Basic dXNlcjpwQHNz"),
        ("https://token@hub.example", "https://hub.example", "Basic dG9rZW46"),
        ("http://user:a@b@[::1]:80/x?y#z", "http://[::1]:80/x?y#z", "Basic dXNlcjphQGI="),
    ],
)
def test_a_user_is_kept_apart(typed: str, url: str, authorization: str) -> None:
    server = read_server(typed)
    assert (server.url, server.authorization) == (url, authorization)
    assert "Basic" not in repr(server)


@pytest.mark.parametrize(
    "typed", ["localhost:8700", "user:hunter2@host", "http://user:hunter2@[::1", "http://user:hunter2@host:port"]
)
def test_no_address(typed: str) -> None:
    with pytest.raises(SpecError, match="isn't the address of a server") as refused:
        read_server(typed)
    assert "hunter2" not in str(refused.value)


def test_no_handle() -> None:
    with pytest.raises(ModelError, match="not an address") as refused:
        read_handle("http://user:hunter2@[::1")
    assert "hunter2" not in str(refused.value)
