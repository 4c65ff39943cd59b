"""What cases announce by their marks, and everything that may be wrong with one, each at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import SpecError
from harness.catalog import links, read_cases
from harness.domain import Case, UserTask
from tests.unit.catalog.test_catalog import one, problems, tree

GOOD = 'raises="ValueError", match="no such", instead="Name it."'


def marked(tmp_path: Path, mark: str) -> Case:
    return one(tmp_path, f"import pytest\n@pytest.mark.{mark}\ndef test_a(): ...\n")


def test_a_declared_failure(tmp_path: Path) -> None:
    (declaration,) = marked(
        tmp_path,
        'declared(raises=("ValueError", "OpError"), match=r"no \\w+", when="tensorflow>=2.16", until="tensorflow>=2.19", '
        'instead="Name it.", proof="cases/a.py::test_b", link="https://example.org")',
    ).declarations
    assert declaration.raises == ("ValueError", "OpError")
    assert (declaration.match, declaration.when, declaration.until) == (r"no \w+", "tensorflow>=2.16", "tensorflow>=2.19")
    assert (declaration.instead, declaration.proof, declaration.link) == ("Name it.", "cases/a.py::test_b", "https://example.org")
    assert declaration.location == "cases/test_x.py:2:2"


def test_several_in_the_order_in_which_they_stand_and_those_of_the_module_last(tmp_path: Path) -> None:
    case = one(
        tmp_path,
        """
        import pytest
        pytestmark = pytest.mark.declared(match="module", raises="A", instead="x")
        @pytest.mark.declared(match="upper", raises="A", instead="x")
        @pytest.mark.declared(match="lower", raises="A", instead="x")
        def test_a(): ...
        """,
    )
    assert [declaration.match for declaration in case.declarations] == ["upper", "lower", "module"]


def test_prerequisites_and_the_package_that_a_fixture_stands_for(tmp_path: Path) -> None:
    case = one(
        tmp_path,
        """
        import pytest
        @pytest.mark.needs("hub.Module", "tf_keras")
        @pytest.mark.lacks("tf.keras.layers.TFSMLayer")
        def test_a(tensorflow_text): ...
        """,
    )
    assert [prerequisite.text for prerequisite in case.needs] == ["hub.Module", "tf_keras", "tensorflow_text"]
    assert [prerequisite.text for prerequisite in case.lacks] == ["tf.keras.layers.TFSMLayer"]


def test_a_task(tmp_path: Path) -> None:
    way = marked(tmp_path, 'task("fine-tune", instead_of="cases/a.py::test_b")').way
    assert way is not None
    assert (way.task, way.instead_of) == (UserTask.FINE_TUNE, "cases/a.py::test_b")


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("declared()", "mark 'declared' has no 'raises'"),
        ('declared(raises="E", instead="x")', "mark 'declared' has no 'match'"),
        ('declared(raises="E", match="w")', "mark 'declared' has no 'instead'"),
        ('declared(raises="E", match="w", instead=" ")', "'instead' is empty"),
        ('declared(raises="E", match="(", instead="x")', "'(' isn't a regular expression: missing ), unterminated subpattern"),
        ('declared(raises="E", match=".*", instead="x")', "'.*' matches any failure"),
        ('declared(raises=ValueError, match="w", instead="x")', "`ValueError` isn't the name of an exception"),
        ('declared(raises="Exception", match="w", instead="x")', "'Exception' is any failure"),
        (f'declared({GOOD}, wen="x")', "mark 'declared' has no argument 'wen' (hint: did you mean 'when'?)"),
        ("declared", "mark 'declared' needs arguments"),
        ('task("lod")', "no task 'lod' (hint: did you mean 'load'?)"),
        ('task("install")', "no task 'install'"),
        ("needs()", "mark 'needs' takes texts"),
        ("needs(hub.Module)", "`hub.Module` isn't a literal text"),
    ],
)
def test_what_may_be_wrong_with_one(tmp_path: Path, mark: str, says: str) -> None:
    (problem,) = problems(tmp_path, test_x=f"import pytest\n@pytest.mark.{mark}\ndef test_a(): ...\n")
    assert problem.startswith("cases/test_x.py:2:")
    assert says in problem


def test_links_between_cases_all_at_once(tmp_path: Path) -> None:
    cases = read_cases(
        tree(
            tmp_path,
            test_x=f"""
            import pytest
            @pytest.mark.declared({GOOD}, proof="cases/test_x.py::test_c")
            @pytest.mark.needs("hub.Module", "eager execution")
            def test_a(): ...
            @pytest.mark.task("load", instead_of="cases/test_x.py::test_z")
            @pytest.mark.lacks("tf_keras")
            def test_b(): ...
            @pytest.mark.lacks("tf_keras")
            @pytest.mark.declared({GOOD}, proof="cases/test_x.py::test_d")
            def test_d(): ...
            """,
        )
    )
    assert [problem.message for problem in links.problems(cases)] == [
        "proof: no case 'cases/test_x.py::test_c'",
        "instead_of: no case 'cases/test_x.py::test_z'",
        "a case can't be the proof of its own remedy",
        "another case lacks 'tf_keras' already",
        "no case shows what a user sees without 'hub.Module'",
    ]
    assert UserTask.LOAD not in links.missing_tasks(cases)
    assert UserTask.ENCODE in links.missing_tasks(cases)


def test_what_is_judged_afterwards_is_no_part_of_the_digest(tmp_path: Path) -> None:
    def digest(marks: str) -> str:
        return one(tmp_path, f"import pytest\n{marks}def test_a(): ...\n").digest

    plain = digest("")
    assert digest(f"@pytest.mark.declared({GOOD})\n") == plain
    assert digest(f"@pytest.mark.declared(\n    {GOOD},\n    when='tensorflow<2',\n)\n@pytest.mark.task('load')\n") == plain
    assert digest('@pytest.mark.needs("hub.Module")\n') != plain


def test_every_problem_of_every_mark_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_cases(tree(tmp_path, test_x='import pytest\n@pytest.mark.task("x")\n@pytest.mark.declared()\ndef test_a(): ...\n'))
    assert len(caught.value.problems) == 2


def test_a_mark_of_one_value_is_a_problem(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        test_x=f"""
        import pytest
        EAGER = pytest.mark.needs("eager execution")
        VALUES = [
            pytest.param(1, marks=pytest.mark.declared({GOOD})),
            pytest.param(2, marks=[pytest.mark.skip, EAGER]),
        ]
        @pytest.mark.parametrize("value", VALUES)
        def test_a(value): ...
        """,
    )
    says = "in pytest.param says nothing: it is read of whole cases (hint: give it to the case"
    assert [problem.partition(";")[0] for problem in found] == [
        f"cases/test_x.py:5:27: mark 'declared' {says}",
        f"cases/test_x.py:6:46: mark 'needs' {says}",
    ]
