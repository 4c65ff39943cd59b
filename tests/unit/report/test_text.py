"""Text that no page can show: terminal codes, reordering marks, lone surrogates, endless lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.text import EVIDENCE_LIMIT, first_line, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("a\x00b\x07", "a<U+0000>b<U+0007>"),
        ("abc\u202edcba", "abc<U+202E>dcba"),
        ("lone \ud83d", "lone <U+D83D>"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("<b>&amp;", "<b>&amp;"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_long_text_keeps_its_beginning_and_more_of_its_end() -> None:
    shown = plain("a" * 100_000 + "b" * 100_000)
    assert shown.startswith("a" * 5_000 + "\n… 180,000 characters left out …\nb")
    assert len(shown) < EVIDENCE_LIMIT + 50


@given(st.text(alphabet=st.characters(), max_size=200))
def test_plain_is_stable_and_can_be_written(text: str) -> None:
    shown = plain(text)
    shown.encode()
    assert "\x1b" not in shown
    assert plain(shown) == shown


KERAS = "ValueError: Exception encountered when calling layer 'keras_layer_2' (type KerasLayer)."


LAYER = "Exception encountered when calling layer 'keras_layer' (type KerasLayer)."
SHAPES = "data.shape = [2,4] does not start with segment_ids.shape = [1]"
TABLE = "FailedPreconditionError: Table not initialized."
GRAPH = (
    "tensorflow.python.framework.errors_impl.InvalidArgumentError: Graph execution error:\n\n"
    "Detected at node RaggedReduceMean defined at (most recent call last):\n<stack traces unavailable>\n"
    f"{SHAPES}\n\t [[{{{{node RaggedReduceMean}}}}]] [Op:__inference_signature_wrapper___call___217]"
)
"""As TensorFlow 2.15.1 says it."""
USER_CODE = """TypeError: in user code:

    File "x.py", line 3, in f  *
        return layer(x)

    ValueError: Input 0 is of a wrong shape
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n\n  one \ntwo", "one"),
        ("", ""),
        ("x" * 5_000, "x" * 1_000),
        (f"{KERAS}\n\nA KerasTensor is symbolic\nCall arguments", "A KerasTensor is symbolic"),
        (KERAS, KERAS),
        (GRAPH, "InvalidArgumentError: data.shape = [2,4] does not start with segment_ids.shape = [1]"),
        (f"errors_impl.InvalidArgumentError: {LAYER}\n\n{GRAPH.partition(': ')[2]}", "InvalidArgumentError: " + SHAPES),
        ("a.FailedPreconditionError: Graph execution error:\n\nTable not initialized.\n\t [[{{node x}}]]", TABLE),
        ("Graph execution error:", "Graph execution error:"),
        (USER_CODE, "ValueError: Input 0 is of a wrong shape"),
    ],
)
def test_first_line(text: str, line: str) -> None:
    assert first_line(text) == line
