"""The whole flow on real TensorFlow: the last one with Keras 2 and one with Keras 3, the smallest set that proves the point."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.results.format import CaseRecord
from harness.results.lines import lines_of
from harness.results.run import Run
from tests.integration.judging import verdicts
from tests.minis.project import newest_run

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
MODELS = "model in (bert-en/3, bert-uncased/1)"
CELLS = "format=h5 or tensorflow=2.15.1 and model=bert-en/3 and device in (tpu-v5e, mirrored-2)"
SELECT = f"tensorflow in (2.15.1, 2.19.1) and install=as-released and keras=default and text=without and {MODELS} and ({CELLS})"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The matrix and the cases of this project in a folder of their own, measured once."""
    root = tmp_path_factory.mktemp("real")
    shutil.copy(ROOT / "matrix.yaml", root)
    shutil.copytree(ROOT / "cases", root / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    hubmatrix(root, "run", "--tier", "full", "--select", SELECT, "--plain")
    return root


@pytest.fixture(scope="module")
def run(project: Path) -> Run:
    return newest_run(project)


@pytest.fixture(scope="module")
def judged(project: Path, run: Run) -> list[tuple[CaseRecord, str]]:
    return verdicts(project, run)


def hubmatrix(root: Path, *arguments: str) -> str:
    argv = [sys.executable, "-m", "harness", *arguments, "--root", str(root)]
    done = subprocess.run(argv, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def outcome(run: Run, version: str, case: str, **uses: str) -> str:
    """Of the case whose id ends so, in the environment of a version."""
    (found,) = {
        record.outcome.value
        for record in run.cases
        if record.case.endswith(case)
        and f"tf-{version.replace('.', '_')}-" in record.environment
        and uses.items() <= record.uses.items()
    }
    return found


def test_every_environment_is_ready_and_exact(run: Run) -> None:
    ready = {record.tensorflow: record for record in run.environments}
    assert {version: record.status.value for version, record in ready.items()} == {"2.15.1": "completed", "2.19.1": "completed"}
    for version, record in ready.items():
        packages = {package.name: package.version for package in record.packages}
        assert version in (packages.get("tensorflow-cpu"), packages.get("tensorflow"))
        assert "pytest" not in packages, "pytest is kept apart from what is tested"


@pytest.mark.parametrize("version", ["2.15.1", "2.19.1"])
def test_what_works_in_both(run: Run, version: str) -> None:
    assert outcome(run, version, "test_hub_load.py::test_callable") == "passed"
    assert outcome(run, version, "test_keras_layer.py::test_frozen") == "passed"
    assert outcome(run, version, "test_encode_tf2.py::test_pooled_values", device="cpu") == "passed"
    assert outcome(run, version, "test_encode_tf2.py::test_pooled_values", device="xla-cpu") == "passed"


def test_programs_for_a_tpu(run: Run, judged: list[tuple[CaseRecord, str]]) -> None:
    """By the real TPU compiler: what fits compiles, what does not is refused in its words, and the program is the right one."""
    assert outcome(run, "2.15.1", "compiling/test_forward.py::test_dict", device="tpu-v5e") == "passed"
    assert outcome(run, "2.15.1", "compiling/test_finetune.py::test_dict", device="tpu-v5e") == "passed"
    told = {record.case.rpartition("/")[2]: record for record in run.cases if record.case.startswith("cases/compiling/")}
    assert told["test_forward.py::test_dict"].measured["code_bytes"] > 10_000
    assert told["test_agreement.py::test_same_program"].measured["drift_same_program"] < 1e-5
    refused = told["test_refused.py::test_too_large"]
    assert [verdict for record, verdict in judged if record == refused] == ["as_declared"]
    assert "exceeds available HBM (15.75G)" in refused.evidence


def test_two_replicas(judged: list[tuple[CaseRecord, str]]) -> None:
    verdicts_of_fit = {verdict for record, verdict in judged if record.case.startswith("cases/distributing/test_fit")}
    assert "passed" in verdicts_of_fit
    assert verdicts_of_fit <= {"passed", "as_declared", "skipped", "not_applicable"}


def test_keras_layer_in_a_functional_model(run: Run) -> None:
    """tf.keras became Keras 3 in TensorFlow 2.16, which doesn't take layers of Keras 2."""
    case = "test_keras_layer.py::test_save_and_reload"
    assert outcome(run, "2.15.1", case, format="h5") == "passed"
    assert outcome(run, "2.19.1", case, format="h5") == "not_applicable"
    (record,) = (record for record in run.cases if record.case.endswith(case) and "2_19_1" in record.environment)
    assert record.unmet == ("hub.KerasLayer is a tf.keras.layers.Layer",)


def test_wrong_ways_fail_as_declared(judged: list[tuple[CaseRecord, str]]) -> None:
    """The judge's bar: a failure is as declared by class and words, and nothing fails otherwise than declared."""
    of_case = {verdict for record, verdict in judged if record.case.endswith("test_keras_layer_without_signature")}
    assert of_case == {"as_declared"}
    assert [(record.environment, record.case, record.message) for record, verdict in judged if verdict == "failed_otherwise"] == []


def test_no_path_of_this_machine_is_published(project: Path) -> None:
    told = "".join(lines_of(newest_run(project))) + (project / "reports" / "site" / "index.html").read_text()
    assert str(project) not in told
    assert str(ROOT) not in told
    assert str(Path.home()) + "/" not in told


def test_a_fresh_interpreter_gives_the_same(project: Path, run: Run) -> None:
    """The fork changes nothing: every outcome of one environment, measured again without it."""
    select = f"{SELECT} and tensorflow=2.15.1 and model=bert-uncased/1"
    hubmatrix(project, "run", "--tier", "full", "--select", select, "--no-zygote", "--rerun", "--no-report", "--plain")
    again = newest_run(project)
    assert outcomes(again) == {key: value for key, value in outcomes(run).items() if key in outcomes(again)}
    assert len(outcomes(again)) > 20


def test_results_say_everything(project: Path) -> None:
    told = json.loads(hubmatrix(project, "results", "--json", "--select", "tensorflow=2.15.1"))
    cell = next(one for one in told["cells"] if one["axes"]["model"] == "bert-uncased/1")
    assert {"axes", "status", "lock", "python", "reused", "cases"} <= cell.keys()
    record = next(one["record"] for one in cell["cases"] if one["record"])
    assert {"outcome", "seconds", "message", "evidence", "recorded", "run"} <= record.keys()


def outcomes(run: Run) -> Mapping[tuple[str, str], str]:
    return {(record.key, record.variant): record.outcome.value for record in run.cases}
