"""What a venv is seeded with, in a lock and before uv."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from harness.environments.interpreters import Seed
from harness.environments.seeds import offered, preferences, seeds_of, with_seeds

PLAIN = "absl-py==1.4.0 \\\n    --hash=sha256:aa\nwheel==0.45 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"


@pytest.fixture
def setuptools(tmp_path: Path) -> Seed:
    wheel = tmp_path / "setuptools-65.5.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    return Seed(name="setuptools", version="65.5.0", wheel=wheel)


def test_pip_is_no_part_of_a_lock(make: Any, setuptools: Seed) -> None:
    pip = Seed(name="pip", version="23.2.1", wheel=Path("/pip.whl"))
    assert seeds_of(make.interpreter(seeds=(pip, setuptools))) == (setuptools,)
    assert seeds_of(make.interpreter(seeds=(pip,))) == ()


def test_seeds_are_what_an_earlier_lock_would_say(setuptools: Seed) -> None:
    assert preferences((setuptools,)) == "setuptools==65.5.0\n"
    assert preferences(()) == ""


def test_wheels_are_offered_beside_those_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    assert offered(()) == {}
    assert offered((Path("/a"), Path("/a"))) == {"UV_FIND_LINKS": "/a"}
    monkeypatch.setenv("UV_FIND_LINKS", "/b,/c")
    assert offered((Path("/a"),)) == {"UV_FIND_LINKS": "/b,/c,/a"}


def test_a_seed_that_nobody_asks_for_is_in_the_lock(setuptools: Seed) -> None:
    added = f"setuptools==65.5.0 \\\n    --hash=sha256:{hashlib.sha256(b'wheel').hexdigest()}\n"
    before, after = PLAIN.split("wheel==")
    assert with_seeds(PLAIN, (setuptools,)) == f"{before}{added}wheel=={after}"


@pytest.mark.parametrize("hashes", ["", " \\\n    --hash=sha256:aa"])
def test_a_seed_that_was_kept_has_the_hash_of_its_wheel(setuptools: Seed, hashes: str) -> None:
    digest = hashlib.sha256(b"wheel").hexdigest()
    expected = f"setuptools==65.5.0 \\\n    --hash=sha256:{digest}\nsix==1.15.0\n"
    assert with_seeds(f"setuptools==65.5.0{hashes}\nsix==1.15.0\n", (setuptools,)) == expected


def test_a_seed_that_was_replaced_is_as_it_was_resolved(setuptools: Seed) -> None:
    text = PLAIN.replace("wheel==0.45", "setuptools==84.2.1")
    assert with_seeds(text, (setuptools,)) == text
    assert with_seeds("", ()) == ""
