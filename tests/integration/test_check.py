"""hubmatrix check with real TensorFlow 2.15.1 on what users have: TensorFlow's, Keras' and Hub's models, whole and broken."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.models import archives, replicas

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
MAKE = """
import sys
import tensorflow as tf

class Scale(tf.Module):
    def __init__(self):
        self.weights = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x @ self.weights}

scale = Scale()
tf.saved_model.save(scale, sys.argv[1] + "/scale", signatures=scale.__call__)

class Mean(tf.Module):
    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def __call__(self, ids):
        return {"mean": tf.reduce_mean(tf.cast(ids, tf.float32), axis=1)}

mean = Mean()
tf.saved_model.save(mean, sys.argv[1] + "/ragged", signatures=mean.__call__)

class Noise(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x + tf.random.normal([3])}

noise = Noise()
tf.saved_model.save(noise, sys.argv[1] + "/random", signatures=noise.__call__)
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    features = tf.compat.v1.sparse_placeholder(tf.float32, [None, 10], name="features")
    weights = tf.compat.v1.get_variable("weights", [10, 2])
    scores = tf.sparse.sparse_dense_matmul(features, weights)
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.saved_model.simple_save(session, sys.argv[1] + "/sparse", {"features": features}, {"scores": scores})

layers = [tf.keras.layers.Embedding(20, 8), tf.keras.layers.Flatten(), tf.keras.layers.Dense(2)]
words = tf.keras.Sequential([tf.keras.Input([4], dtype="int32", name="ids"), *layers])
words.save(sys.argv[1] + "/words.keras")
words.save(sys.argv[1] + "/words.h5")
words.save(sys.argv[1] + "/words")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The matrix and the cases of this project in a folder of their own."""
    root = tmp_path_factory.mktemp("check")
    shutil.copy(ROOT / "matrix.yaml", root)
    shutil.copytree(ROOT / "cases", root / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(scope="module")
def models(project: Path) -> Path:
    """Replicas' folders, and models that TensorFlow 2.15.1 wrote; it is there after the first check."""
    folder = project / "models"
    for name in ("bert-en/3", "bert-uncased/1"):
        replicas.unpack(replicas.find_replica(name), folder / name.replace("/", "-"))
    check(project, folder / "bert-uncased-1")
    (python,) = (project / ".hubmatrix" / "venvs").glob("*/bin/python")
    environ = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([python, "-c", MAKE, str(folder)], env=environ, check=True, capture_output=True, timeout=300)
    shutil.copytree(folder / "scale", folder / "broken")
    shutil.rmtree(folder / "broken" / "variables")
    return folder


def check(root: Path, model: Path | str, *options: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", "harness", "check", str(model), "--tensorflow", "2.15", "--json", "--root", str(root), *options]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def outcomes(found: dict[str, Any]) -> dict[str, set[str]]:
    """The outcomes of each case, by its name without folder."""
    told: dict[str, set[str]] = {}
    for cell in found["cells"]:
        for case in cell["cases"]:
            told.setdefault(case["case"].rpartition("/")[2], set()).add(case["outcome"])
    return told


def test_a_saved_model(project: Path, models: Path) -> None:
    before = archives.tree_digest(models / "scale")
    found = check(project, models / "scale", "--report", str(project / "page"))
    assert {cell["status"] for cell in found["cells"]} == {"completed"}
    told = outcomes(found)
    others = {name: ends for name, ends in told.items() if ends != {"passed"}}
    assert others == {"test_load.py::test_tfsm_layer": {"not_applicable"}}
    assert len(told) == 11
    assert (project / "page" / "index.html").is_file()
    assert archives.tree_digest(models / "scale") == before


def test_nothing_is_measured_twice(project: Path, models: Path) -> None:
    first, again = (check(project, models / "scale") for _ in range(2))
    assert all(cell["reused"] for cell in again["cells"])
    assert outcomes(first) == outcomes(again)


def test_missing_variables_are_a_result(project: Path, models: Path) -> None:
    found = check(project, models / "broken", "--device", "cpu")
    assert found["model"]["notes"][0] == "variables/variables.index is missing, and the graph has variables"
    assert {cell["status"] for cell in found["cells"]} == {"completed"}
    told = outcomes(found)
    assert told["test_load.py::test_hub_load"] == {"failed"}
    assert set.union(*told.values()) <= {"failed", "skipped", "not_applicable"}
    assert [path.name for path in (models / "broken").rglob("*") if path.is_dir()] == ["assets"]


@pytest.mark.parametrize("name", ["words.keras", "words.h5"])
def test_keras_files(name: str, project: Path, models: Path) -> None:
    before = archives.file_digest(models / name)
    told = outcomes(check(project, models / name))
    assert told == {f"test_keras.py::test_{case}": {"passed"} for case in ("load_model", "call", "gradients", "save_and_reload")}
    assert archives.file_digest(models / name) == before


def test_a_ragged_signature(project: Path, models: Path) -> None:
    """Row splits fit their values: whatever can be tried works."""
    ends = outcomes(check(project, models / "ragged", "--device", "cpu"))
    not_tried = {"test_load.py::test_tfsm_layer": {"not_applicable"}, "test_train.py::test_gradients": {"skipped"}}
    assert ends == {name: not_tried.get(name, {"passed"}) for name in ends}
    assert len(ends) == 11


def test_a_sparse_placeholder_of_tensorflow_1(project: Path, models: Path) -> None:
    """It is called, eagerly and in a session. That TensorFlow can't save it again is TensorFlow's own failure."""
    ends = outcomes(check(project, models / "sparse", "--device", "cpu"))
    for name in ("test_call.py::test_signature", "test_load.py::test_keras_layer_signature", "test_load.py::test_in_a_session"):
        assert ends[name] == {"passed"}
    assert ends["test_call.py::test_object"] == {"skipped"}
    assert ends["test_save.py::test_save_and_reload"] == {"failed"}


def test_a_model_that_draws_random_numbers(project: Path, models: Path) -> None:
    """Its values are not compared, and nothing fails for it."""
    result = check(project, models / "random", "--device", "cpu")
    assert result["model"]["notes"] == ["serving_default draws random numbers (RandomStandardNormal): its values can't be compared"]
    ends = outcomes(result)
    assert ends["test_call.py::test_signature"] == {"passed"}
    assert ends["test_call.py::test_signature_twice"] == ends["test_save.py::test_save_and_reload"] == {"skipped"}
    assert set.union(*ends.values()) == {"passed", "skipped", "not_applicable"}


def test_a_saved_model_of_keras(project: Path, models: Path) -> None:
    told = outcomes(check(project, models / "words", "--device", "cpu"))
    assert told["test_keras.py::test_load_model"] == {"passed"}
    assert told["test_load.py::test_hub_load"] == {"passed"}


def test_a_tf1_module(project: Path, models: Path) -> None:
    before = archives.tree_digest(models / "bert-uncased-1")
    told = outcomes(check(project, models / "bert-uncased-1", "--device", "cpu"))
    assert told["test_call.py::test_signature"] == {"passed"}
    assert told["test_load.py::test_in_a_session"] == {"passed"}
    assert told["test_load.py::test_keras_layer"] == {"skipped"}
    assert archives.tree_digest(models / "bert-uncased-1") == before


def test_an_encoder(project: Path, models: Path) -> None:
    """A folder with a known interface: the cases for published encoders run on it, and those that need its values are skipped."""
    told = outcomes(check(project, models / "bert-en-3", "--device", "cpu"))
    assert told["test_call.py::test_object"] == {"passed"}
    assert told["test_encode_tf2.py::test_pooled_values"] == {"skipped"}
    assert told["test_train.py::test_gradients"] == {"passed"}
    # Keras wrote this folder in TensorFlow 2.5, and can't read what it wrote of the root object: KeyError: 'name'.
    assert told["test_keras.py::test_load_model"] == {"failed"}
