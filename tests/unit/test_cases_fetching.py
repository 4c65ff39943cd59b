"""What the cases of cases/fetching know of the files that the Hub server has, by cases/fetching/conftest.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from harness.models import replicas
from harness.models.archives import tree_digest

CONFTEST = Path(__file__).parents[2] / "cases" / "fetching" / "conftest.py"


@pytest.fixture(scope="module")
def conftest() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cases_fetching_conftest", CONFTEST)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_digests_are_those_of_the_replicas(conftest: ModuleType) -> None:
    name = conftest.BERT.rpartition("/")[0]
    versions = {
        version: replica.manifest.tree_sha256
        for replica in replicas.every()
        for path, _, version in [urlsplit(replica.manifest.handle).path.rpartition("/")]
        if path == name
    }
    assert conftest.FILES.items() <= versions.items()
    assert conftest.BERT.rpartition("/")[2] in conftest.FILES
    assert max(versions, key=int) == max(conftest.FILES, key=int)


def test_a_digest_is_made_as_the_manifests_are(conftest: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    for name in ("saved_model.pb", "variables/variables.index", "variables-2"):
        (tmp_path / name).write_text(name)
    before = conftest.digest_of(tmp_path)
    assert before == tree_digest(tmp_path)
    (tmp_path / "variables-2").write_text("other bytes")
    assert conftest.digest_of(tmp_path) != before
