"""What is kept of an exception: its class, words, innermost cause and place. The exceptions are raised for real."""

from __future__ import annotations

from types import ModuleType

import pytest

from harness.incell import hubmatrix_failure as failures


def raised(function: object, *arguments: object) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        function(*arguments)  # type: ignore[operator]
    return caught.value


def third_party(path: str, source: str) -> ModuleType:
    module = ModuleType("third")
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def test_class_bases_and_words() -> None:
    described = failures.describe(raised(lambda: {}["x"]))
    assert described["kinds"] == ["builtins.KeyError", "builtins.LookupError", "builtins.Exception"]
    assert described["message"] == "'x'"
    assert described["cause"] == {"kinds": described["kinds"], "message": "'x'"}


def test_the_cause_that_is_named_is_the_cause() -> None:
    def outer() -> None:
        try:
            int("three")
        except ValueError as error:
            raise RuntimeError("can't read the file") from error

    described = failures.describe(raised(outer))
    assert described["kinds"][0] == "builtins.RuntimeError"
    assert described["cause"]["kinds"][0] == "builtins.ValueError"
    assert described["cause"]["message"] == "invalid literal for int() with base 10: 'three'"


def test_a_failure_of_the_second_way_is_no_wrapper_of_the_first() -> None:
    def outer() -> None:
        try:
            {}["weights"]
        except KeyError:
            raise ValueError("unknown layer 'Attention'")  # noqa: B904

    assert failures.describe(raised(outer))["cause"]["message"] == "unknown layer 'Attention'"


def test_one_that_repeats_the_words_is() -> None:
    def outer() -> None:
        try:
            raise TypeError("expected a tensor of ids")
        except TypeError as error:
            raise ValueError(f"while calling the layer: {error}")  # noqa: B904

    assert failures.describe(raised(outer))["cause"]["kinds"][0] == "builtins.TypeError"


def test_the_frame_is_the_innermost_of_a_package_that_passes_nothing_on() -> None:
    inner = third_party("/venv/lib/python3.9/site-packages/keras/src/layers/layer.py", "def call():\n    raise ValueError('no')\n")
    passing = third_party("/venv/lib/python3.9/site-packages/keras/src/utils/traceback_utils.py", "def handler(f):\n    f()\n")
    assert failures.describe(raised(passing.handler, inner.call))["frame"] == {
        "package": "keras",
        "file": "src/layers/layer.py",
        "function": "call",
    }
    own = failures.describe(raised(passing.handler, lambda: [][1]))
    assert own["frame"]["function"] == ""


def test_without_a_package_it_is_the_innermost_of_the_case() -> None:
    case = third_party("/project/cases/loading/test_x.py", "def test_x():\n    assert False, 'moved nothing'\n")
    assert failures.describe(raised(case.test_x), "/project")["frame"] == {
        "package": "",
        "file": "cases/loading/test_x.py",
        "function": "test_x",
    }


def test_an_exception_that_has_no_words() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def fail() -> None:
        raise Silent

    assert failures.describe(raised(fail))["message"] == ""


def test_words_are_not_endless() -> None:
    def fail() -> None:
        raise ValueError("x" * 10**6)

    assert len(failures.describe(raised(fail))["message"]) == failures.MESSAGE_LIMIT


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert failures.innermost_cause(first) in (first, second)


def test_what_is_known_by_its_words_alone() -> None:
    described = failures.describe_text("lock_failed", "no version of protobuf<3.20 fits /tmp/x/requirements.txt")
    assert described["kinds"] == ["lock_failed"]
    assert (
        described["signature"]
        == failures.describe_text("lock_failed", "no version of protobuf<3.20 fits /home/y/r.txt")["signature"]
    )
