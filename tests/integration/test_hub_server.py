"""The local Hub server in a run: cells reach it, records don't say where it was, only cases that ask for it depend on it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.domain import Outcome
from harness.models import replicas
from harness.services.hub_server import server
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]
ROOT = Path(__file__).parents[2]
CONFTEST = """
    import os
    import pytest

    @pytest.fixture
    def hub_server():
        return os.environ["HUBMATRIX_HUB_SERVER"]
"""
CASES = {
    "conftest.py": CONFTEST,
    "test_x.py": """
        import os
        import urllib.request

        def test_download(hub_server):
            address = hub_server + "/tensorflow/bert_en_uncased_L-12_H-768_A-12/3?tf-hub-format=compressed"
            assert urllib.request.urlopen(address, timeout=5).read(2) == bytes([0x1F, 0x8B])

        def test_message(hub_server):
            raise OSError(hub_server + "/x is no module")

        def test_without():
            assert "HUBMATRIX_HUB_SERVER" in os.environ
    """,
}


def test_cells_reach_it_and_nobody_reads_where_it_was(mini: Make) -> None:
    project = mini(CASES)
    run = project.run()
    assert outcomes(run) == {"test_download": "passed", "test_message": "failed", "test_without": "passed"}
    (failed,) = (record for record in run.cases if record.outcome is Outcome.FAILED)
    assert failed.message == "OSError: $HUB/x is no module"
    assert not re.search(r"127\.0\.0\.1:\d", str(run))


def test_its_port_is_in_no_key(mini: Make) -> None:
    project = mini(CASES)
    first = project.run()
    again = project.run("--rerun")
    assert {record.key for record in first.cases} == {record.key for record in again.cases}
    assert not any(record.reused for record in again.cases)
    assert all(record.reused for record in project.run().cases)


def test_serve_serves_until_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "harness", "serve", "--json", "--log", "--model", "bert-uncased/1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            (handle,) = told["models"].values()
            assert handle == f"{told['address']}/google/bert_uncased_L-12_H-768_A-12/1"
            assert "truncated" in told["faults"]
            with urllib.request.urlopen(f"{handle}?tf-hub-format=compressed", timeout=5) as response:
                size = len(response.read())
        finally:
            process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert [json.loads(line)["sent"] for line in log.splitlines()] == [size]


@pytest.mark.parametrize("arguments", [("--host", "0.0.0.0"), ("--model", "no/1")])
def test_serve_refuses(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "harness", "serve", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (2, 5)
    assert done.stderr.startswith("error: ")


def test_published_models_come_from_a_server_and_are_measured_apart(mini: Make) -> None:
    """Whole flow: fetched once, measured under keys of their own, measured again from what was kept when the server is gone."""
    conftest = "import os\nimport pytest\n\n@pytest.fixture\ndef model():\n    return os.environ['HUBMATRIX_MODEL']\n"
    case = """
        import json
        import os
        import pathlib

        def test_it(model):
            told = json.loads(pathlib.Path(model).read_text())
            assert (told["outputs"] == {}) == ("published" in model)
            assert [path.name for path in pathlib.Path(os.environ["TFHUB_CACHE_DIR"]).glob("*/saved_model.pb")]
    """
    project = mini({"conftest.py": conftest, "test_x.py": case})
    replica = project.run()
    with server.serving(server.archives_of(replicas.every())) as running:
        arguments = ("--models", "published", "--hub-url", running.address)
        published = project.run(*arguments)
    assert outcomes(replica) == outcomes(published) == {"test_it": "passed"}
    assert (replica.header.models, published.header.models) == ("replicas", f"published, from {running.address}")
    assert not {record.key for record in replica.cases} & {record.key for record in published.cases}
    assert [record.reused for record in project.run(*arguments).cases] == [True]
    assert [record.reused for record in project.run().cases] == [True]


@pytest.mark.parametrize(
    ("fault", "code", "trouble"), [("", 6, "network"), ("/fault/hangup", 6, "network"), ("/fault/404", 5, "model")]
)
def test_published_models_that_cannot_be_had_are_unavailable(mini: Make, fault: str, code: int, trouble: str) -> None:
    """No venv is made for them; the report draws them as such; the command says so and does not end well."""
    project = mini({"test_x.py": "def test_it(model): pass\n"})
    with server.serving(server.archives_of(replicas.every())) as running:
        address = running.address + fault if fault else "http://127.0.0.1:9"
        ended = project.command("run", "--plain", "--models", "published", "--hub-url", address)
    assert ended.code == code
    assert ended.stderr.rstrip().rpartition("\n")[2].startswith("error: no model is available: https://tfhub.dev/")
    (cell,) = project.newest().cells
    assert (cell.status.value, cell.trouble.value if cell.trouble else None) == ("unavailable", trouble)
    assert not (project.root / ".hubmatrix" / "venvs").is_dir() or not list((project.root / ".hubmatrix" / "venvs").glob("*/bin"))
    assert "▨" in (project.root / "reports" / "site" / "report.md").read_text()
