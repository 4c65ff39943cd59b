"""The known messages: which text has which diagnosis, and what each has to say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.judge.diagnose import DIAGNOSES, Diagnosis, diagnose
from harness.judge.facts import NO_FACTS
from harness.matrix.selector import Context, Facts, compile_selector

ROOT = Path(__file__).parents[4]
NO_NUMPY = "AttributeError: 'Tensor' object has no attribute 'numpy'"


@pytest.mark.parametrize(
    ("message", "tensorflow", "found"),
    [
        (NO_NUMPY, "1.15.5", "no-eager-execution"),
        (NO_NUMPY, "2.0.4", None),
        ("AttributeError: 'SymbolicTensor' object has no attribute 'numpy'", "1.15.5", None),
        ("ModuleNotFoundError: No module named 'pkg_resources'", "2.21.0", "no-pkg-resources"),
        ("TypeError: Descriptors cannot be created directly.\nIf this call", "2.4.4", "protobuf-too-new"),
        ("TypeError: Descriptors cannot not be created directly.", "2.4.4", "protobuf-too-new"),
        ("TypeError: Unable to convert function return value to a Python type! The", "2.8.4", "numpy-too-new"),
        ("AttributeError: module 'x' has no attribute 'register_load_context_function'", "2.20.0", "tf-keras-of-another-minor"),
        ("ValueError: Exception encountered …\n\nA KerasTensor is symbolic: it's", "2.16.2", "keras-3-symbols"),
        ("ValueError: A KerasTensor is symbolic: it's", "2.15.1", None),
        ("ValueError: Only instances of `keras.Layer` can be added to a Sequential model.", "2.19.1", "keras-3-layers"),
        ("ValueError: File format not supported: filepath=model. Keras 3 only", "2.19.1", "keras-3-loads-no-folders"),
        (
            "RuntimeError: Exporting/importing meta graphs is not supported when eager execution is enabled.",
            "2.4.4",
            "hub-module-while-eager",
        ),
        ("FileNotFoundError: Op type not registered 'CaseFoldUTF8' in binary", "2.15.1", "text-ops-missing"),
        ("AssertionError: 1 == 2", "2.15.1", None),
        ("", "2.15.1", None),
    ],
)
def test_which_message_has_which(message: str, tensorflow: str, found: str | None) -> None:
    diagnosis = diagnose(message, under(tensorflow), DIAGNOSES)
    assert (diagnosis.id if diagnosis else None) == found


def under(tensorflow: str) -> Facts:
    return NO_FACTS.also({"tensorflow": tensorflow})


def test_what_is_no_version_is_in_no_range() -> None:
    unlimited = Diagnosis(id="a", says="x", cause="c", do="d", see="s")
    limited = Diagnosis(id="b", says="x", when="tensorflow>=2", cause="c", do="d", see="s")
    assert diagnose("x", under("nightly"), (limited, unlimited)) is unlimited
    assert diagnose("x", under("2.0.4"), (limited, unlimited)) is limited


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
def test_each_says_why_what_to_do_and_where_it_is_shown(diagnosis: Diagnosis) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", diagnosis.id)
    assert compile_selector(diagnosis.when, Context.DECLARATION).text == diagnosis.when
    assert diagnosis.cause.endswith(".")
    assert diagnosis.do
    assert (ROOT / diagnosis.see).is_file()
    assert "|" not in diagnosis.cause + diagnosis.do, "it stands in a table of Markdown"


def test_ids_are_unique() -> None:
    assert len({diagnosis.id for diagnosis in DIAGNOSES}) == len(DIAGNOSES)
