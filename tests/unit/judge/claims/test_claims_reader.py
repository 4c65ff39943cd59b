"""cases/claims.yaml, right and wrong: the values, and the exact words for everything that can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import SpecError
from harness.judge.claims import ClaimsDocument, Need, TrueIf, load_claims, parse_claims
from harness.judge.facts import NO_FACTS

LOADS, SAVES = "cases/loading/test_a.py::test_loads", "cases/saving/test_b.py::test_saves"
CLAIMS = """\
version: 1
documents:
  000_c0ff.txt:
    title: Why can't it load?
    claims:
      three-loads:
        says: A /3 handle loads in TensorFlow 2
        when: tensorflow>=2.0
        cases:
          - {case: "cases/loading/test_a.py::test_loads", true_if: works}
      no-layer:
        says: An unknown layer raises ImportError
        cases:
          - {case: "cases/saving/test_b.py::test_saves", variant: h5, true_if: fails,
             raises: ImportError, match: no layer, when: format=h5}
  002_a8d1.txt:
    title: Why does it fail on a TPU?
    claims:
      sharded: {says: Tensors are sharded, needs: tpu}
      summed:
        says: A sum is right
        measured_on: two CPUs
        cases:
          - {case: "cases/saving/test_b.py::test_saves", true_if: fails,
             raises: [OSError, crashed], match: gone, measured_on: a chip}
"""
VOCABULARY = {"tensorflow": ("2.15.1", "2.16.2"), "format": ("h5", "keras")}


@pytest.fixture
def read(make: Any) -> Any:
    """`read(text)`: the documents in a text, where two cases may be bound."""
    return lambda text: parse_claims(text, [make.case(LOADS), make.case(SAVES)], VOCABULARY)


@pytest.fixture
def problems(read: Any) -> Any:
    """`problems((old, new), ...)`: what is wrong with the claims once these are replaced."""

    def told(*replacements: tuple[str, str]) -> list[str]:
        text = CLAIMS
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        with pytest.raises(SpecError) as caught:
            read(text)
        assert caught.value.exit_code == 2
        return [str(problem) for problem in caught.value.problems]

    return told


def test_documents(read: Any, make: Any) -> None:
    first, second = read(CLAIMS)
    assert (first.file, first.title, second.file) == ("000_c0ff.txt", "Why can't it load?", "002_a8d1.txt")
    loads, layer = first.claims
    assert (loads.id, loads.says, loads.when.text) == ("three-loads", "A /3 handle loads in TensorFlow 2", "tensorflow>=2.0")
    assert [loads.when(NO_FACTS.also({"tensorflow": version})) for version in ("2.15.1", "1.15.5")] == [True, False]
    (binding,) = loads.cases
    assert (binding.case, binding.true_if, binding.variant, binding.match, binding.raises) == (LOADS, TrueIf.WORKS, "", "", ())
    assert binding.when(make.axes())
    (binding,) = layer.cases
    assert (binding.case, binding.true_if, binding.variant) == (SAVES, TrueIf.FAILS, "h5")
    assert (binding.match, binding.raises) == ("no layer", ("ImportError",))
    assert binding.when.text == "format=h5"
    assert layer.when(make.axes())
    sharded, summed = second.claims
    assert (sharded.cases, sharded.needs, sharded.measured_on) == ((), Need.TPU, "")
    (binding,) = summed.cases
    assert (binding.raises, summed.measured_on, binding.measured_on) == (("OSError", "crashed"), "two CPUs", "a chip")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "test_a.py::test_loads",
            "test_a.py::test_load",
            "claims.yaml:10:20: documents.000_c0ff.txt.claims.three-loads.cases[0].case: 'cases/loading/test_a.py::test_load' "
            "isn't a "
            "case (hint: did you mean 'cases/loading/test_a.py::test_loads'?)",
        ),
        (
            "true_if: works",
            "true_if: work",
            "claims.yaml:10:68: documents.000_c0ff.txt.claims.three-loads.cases[0].true_if: 'work' isn't what a case can do "
            "(hint: did you mean 'works'?)",
        ),
        (
            "sharded, needs: tpu",
            "sharded",
            "claims.yaml:19:16: documents.002_a8d1.txt.claims.sharded: no case can confirm or refute it "
            "(hint: bind one under `cases`, or say what it `needs`)",
        ),
        (
            "sharded, needs: tpu",
            'sharded, needs: tpu, cases: [{case: "cases/loading/test_a.py::test_loads", true_if: works}]',
            "claims.yaml:19:16: documents.002_a8d1.txt.claims.sharded: has cases, and needs what no cell has "
            "(hint: remove `needs`)",
        ),
        (
            "needs: tpu",
            "needs: gpu",
            "claims.yaml:19:51: documents.002_a8d1.txt.claims.sharded.needs: 'gpu' isn't something to need "
            "(hint: did you mean 'tpu'?)",
        ),
        (
            "tensorflow>=2.0",
            "tensorfow>=2.0",
            "claims.yaml:8:15: documents.000_c0ff.txt.claims.three-loads.when: unknown name 'tensorfow' "
            "(hint: did you mean 'tensorflow'?)",
        ),
        (
            "when: format=h5",
            "when: format=h4",
            "claims.yaml:15:65: documents.000_c0ff.txt.claims.no-layer.cases[0].when: no format 'h4' (hint: known: h5, keras)",
        ),
        (
            ",\n             raises: ImportError, match: no layer",
            "",
            "claims.yaml:14:80: documents.000_c0ff.txt.claims.no-layer.cases[0]: any failure would confirm it "
            "(hint: give the words of the failure that is meant, with `match`)",
        ),
        (
            "true_if: works",
            "true_if: works, raises: OSError",
            "claims.yaml:10:68: documents.000_c0ff.txt.claims.three-loads.cases[0]: `raises` has no words beside it "
            "(hint: give the words of the failure that is meant, with `match`)",
        ),
        (
            "match: no layer",
            'match: "no (layer"',
            "claims.yaml:15:42: documents.000_c0ff.txt.claims.no-layer.cases[0].match: 'no (layer' does not compile: "
            "missing ), unterminated subpattern at position 3",
        ),
        (
            "match: no layer",
            'match: ".*"',
            "claims.yaml:15:42: documents.000_c0ff.txt.claims.no-layer.cases[0].match: '.*' matches any failure "
            "(hint: give the words that tell this failure from others)",
        ),
        (
            "raises: ImportError",
            "raises: Exception",
            "claims.yaml:15:22: documents.000_c0ff.txt.claims.no-layer.cases[0].raises: 'Exception' is any failure "
            "(hint: name the class that was seen)",
        ),
        (
            "raises: ImportError",
            "raises: keras.ImportError",
            "claims.yaml:15:22: documents.000_c0ff.txt.claims.no-layer.cases[0].raises: 'keras.ImportError' isn't the name of an "
            "exception (hint: a name without its module, such as ValueError, or crashed or timed_out)",
        ),
        (
            "sharded:",
            "three-loads:",
            "claims.yaml:19:7: documents.002_a8d1.txt.claims.three-loads: another document has a claim of this id "
            "(hint: in line 6)",
        ),
        (
            "no-layer:",
            "three-loads:",
            "claims.yaml:11:7: documents.000_c0ff.txt.claims.three-loads: is there twice (hint: first in line 6)",
        ),
        (
            "version: 1",
            "version: 2",
            "claims.yaml:1:10: version: format 2 of claims.yaml can't be read (hint: this hubmatrix reads format 1)",
        ),
        (
            "says: A /3",
            "say: A /3",
            "claims.yaml:7:9: documents.000_c0ff.txt.claims.three-loads.say: unknown key (hint: did you mean 'says'?)",
        ),
        (
            "  000_c0ff.txt:",
            "  notes:",
            "claims.yaml:3:3: documents: 'notes' isn't a file's name (hint: such as 000_c0bffcb4669e16dc.txt)",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(problems: Any, old: str, new: str, problem: str) -> None:
    assert problem in problems((old, new))


def test_every_problem_at_once(problems: Any) -> None:
    assert len(problems(("test_a.py::test_loads", "x"), ("needs: tpu", "needs: gpu"), ("version: 1", "version: 3"))) == 3


@pytest.mark.parametrize(("text", "problem"), [("", "the file is empty"), ("- 1", "expected a mapping, found a list")])
def test_what_is_no_claims_file(read: Any, text: str, problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        read(text)


def test_message_is_match_now(problems: Any) -> None:
    told = problems(("match: no layer", "message: no layer"))
    assert any(".cases[0].message: unknown key" in problem for problem in told)
    assert any("any failure would confirm it" in problem for problem in told)


def test_a_project_without_claims(tmp_path: Path) -> None:
    assert load_claims(tmp_path / "claims.yaml", [], {}) == ()


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_bytes(b"version: \xff")
    with pytest.raises(SpecError, match=r"claims.yaml: not UTF-8 \(byte 9\)"):
        load_claims(path, [], {})


def test_from_a_file(tmp_path: Path, read: Any, make: Any) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(CLAIMS, encoding="utf-8")
    found: tuple[ClaimsDocument, ...] = load_claims(path, [make.case(LOADS), make.case(SAVES)], VOCABULARY)
    assert found == read(CLAIMS)
