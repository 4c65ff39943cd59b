"""Baselines that were edited by hand, cut or written by another version: every problem at once, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import MachineError, ResultsError
from harness.domain import Outcome, TextOps
from harness.results.baseline.reading import parse_files, read_baseline, read_files
from harness.results.baseline.settle import baseline_of
from harness.results.baseline.writing import files_of, write_files
from tests.unit.results.test_baseline import FAILURE, passed, whole_run

BY_HAND = "(hint: edited by hand? `git checkout` the file, or `hubmatrix baseline accept` writes it anew)"
FACTS = "2.16.2-as-released.txt"


@pytest.fixture
def files(make: Any) -> dict[str, str]:
    def outcome(case: str, uses: dict[str, str], text: TextOps) -> list[dict[str, Any]]:
        is_failure = case.endswith("test_b") and uses["device"] == "cpu" and text is TextOps.WITH
        return [{"outcome": Outcome.FAILED, "failure": FAILURE, "evidence": "no such layer"} if is_failure else {}]

    return files_of(baseline_of(whole_run(make, outcome)))


def problems(files: dict[str, str]) -> list[str]:
    with pytest.raises(ResultsError) as caught:
        parse_files(Path("reports/baseline"), files)
    assert caught.value.exit_code == 4
    return [str(problem).replace(f" {BY_HAND}", "") for problem in caught.value.problems]


def line_of(text: str, beginning: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith(beginning))


def edited(files: dict[str, str], name: str, old: str, new: str) -> tuple[list[str], str]:
    """The problems after an edit of the first such text, and the location of the edit."""
    text = files[name]
    assert old in text
    line = text[: text.index(old)].count("\n") + 1
    return problems({**files, name: text.replace(old, new, 1)}), f"reports/baseline/{name}:{line}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  passed\n", "  pased\n", "'pased' is not an outcome (hint: did you mean 'passed'?)"),
        ("h5 cpu  completed", "h6 cpu  completed", "'h6' is not a format (hint: known: h5, keras, savedmodel)"),
        ("h5 cpu  completed", "h5 cpu  completed trouble:network", "completed, and yet the machine lacked something: network"),
        ("h5 cpu  completed", "h5", "not a line on a cell: environment, model, format, device, then its status"),
        ("  default - h5", "  defalt - h5", "'defalt' is not the label of an environment above (hint: did you mean 'default'?)"),
        ('  lock "with"', "  lock with", "not a field of an environment: 'lock with'"),
        ("\ncells\n", "\ncell\n", "'cell' is not the beginning of a section (hint: did you mean 'cells'?)"),
        ("case cases/test_b.py::test_none", "case", "not the heading of a case: `case ID`, or `case ID by AXIS …`"),
        ("  * 4  passed", "  *  passed", "not a line on a case: environment model [variant], then its outcome"),
        (
            "  passed\n",
            "  passed colour:blue\n",
            "'colour' is not said of a case (hint: known: needs, message, evidence, beside, processor)",
        ),
        (
            "case cases/test_b.py::test_none",
            "case cases/test_b.py::test_nine",
            "cases/test_b.py::test_nine is not in cases.txt, which says the cells that each case bears on",
        ),
        (
            "  * 4  passed",
            "  * 5  passed",
            "this is said of 5 combinations, and the completed cells above have 4 without a line",
        ),
        (
            "\n\ncase cases/test_b.py::test_chip",
            "\n  text h6 bert-en/3  passed\n\ncase cases/test_b.py::test_chip",
            "",
        ),
    ],
)
def test_a_line_that_can_not_be_read(files: dict[str, str], old: str, new: str, message: str) -> None:
    if not message:
        found, _ = edited(files, FACTS, old, new)
        assert found[0].endswith("the environment tf-2_16_2-as-released-text has no cell with format h6 and model bert-en/3")
        return
    found, location = edited(files, FACTS, old, new)
    line = int(location.rpartition(":")[2]) + new.startswith("\n")
    assert f"{location.rpartition(':')[0]}:{line}: {message}" in found


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("  text cpu bert-en/3  passed", "another line above says what came of the same"),
        ("  text tpu-v5e bert-en/3  passed @{failure}", "passed, and yet it failed: {failure}"),
        ("  text tpu-v5e bert-en/3  failed @1-00/11", "there is no failure 1-00/11 in texts.jsonl"),
        ("  text tpu-v5e bert-en/3  crashed evidence:@t-00", "there is no text t-00 in texts.jsonl"),
        ("  * 4  passed", "another line above says the usual"),
    ],
)
def test_a_line_that_contradicts_another(files: dict[str, str], line: str, message: str) -> None:
    failure = next(iter(baseline_failures(files)))
    number = line_of(files[FACTS], "case cases/test_b.py::test_c") - 1
    lines = files[FACTS].split("\n")
    lines.insert(number - 1, line.format(failure=failure))
    assert f"reports/baseline/{FACTS}:{number}: {message.format(failure=failure)}" in problems({**files, FACTS: "\n".join(lines)})


def baseline_failures(files: dict[str, str]) -> list[str]:
    return list(parse_files(Path("reports/baseline"), files).failures)


def test_all_problems_are_reported_at_once(files: dict[str, str]) -> None:
    text = files[FACTS].replace("h5 cpu  completed", "h6 cpu  completed")
    found = problems({**files, FACTS: text, "cases.txt": files["cases.txt"] + "half\n"})
    assert len([problem for problem in found if "is not a format" in problem]) == 6
    assert found[0] == (
        f"reports/baseline/cases.txt:{files['cases.txt'].count(chr(10)) + 1}: "
        "not a line on a case: its id, its devices, its models and perhaps its time, two spaces between them"
    )


def test_a_thousand_problems_are_not_all_printed(files: dict[str, str]) -> None:
    text = files[FACTS] + "  broken\n" * 1000
    found = problems({**files, FACTS: text})
    assert len(found) == 51
    assert found[-1].endswith("and 950 more problems below")


@pytest.mark.parametrize("name", [FACTS, "cases.txt"])
def test_another_version(files: dict[str, str], name: str) -> None:
    found, location = edited(files, name, "hubmatrix baseline 1", "hubmatrix baseline 2")
    hint = "it was written by another version of hubmatrix: use that one, or `git checkout` the form that this one writes"
    message = f"{location}: this is not form 1 of the baseline: its first line is 'hubmatrix baseline 2' (hint: {hint})"
    assert message in found


def test_another_version_of_the_texts(files: dict[str, str]) -> None:
    found, location = edited(files, "texts.jsonl", '"hubmatrix baseline": 1', '"hubmatrix baseline": 2')
    assert found[0].startswith(f"{location}: this is not form 1 of texts.jsonl: its first line is ")


def test_a_text_that_was_edited(files: dict[str, str]) -> None:
    failure = baseline_failures(files)[0]
    found, location = edited(files, "texts.jsonl", '"engine/base.py"', '"engine/bass.py"')
    assert found == [f"{location}: the text {failure} is not the one that its id stands for"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a line of texts: a JSON object with an id"),
        ("[]", "not a line of texts: a JSON object with an id"),
        ('{"id": "1-00/11", "kinds": []}', "the text 1-00/11 lacks a field, or has one too many"),
        ('{"id": "p-00", "packages": ["numpy"]}', "the text p-00 lacks a field, or has one too many"),
    ],
)
def test_a_text_that_can_not_be_read(files: dict[str, str], line: str, message: str) -> None:
    count = files["texts.jsonl"].count("\n")
    texts = files["texts.jsonl"] + line + "\n"
    assert problems({**files, "texts.jsonl": texts}) == [f"reports/baseline/texts.jsonl:{count + 1}: {message}"]


@pytest.mark.parametrize("name", ["cases.txt", "texts.jsonl"])
def test_a_file_that_is_missing(files: dict[str, str], name: str) -> None:
    del files[name]
    assert problems(files)[0] == f"reports/baseline/{name}: the file is missing (hint: `git checkout` {name})"


def test_a_file_under_another_name(files: dict[str, str]) -> None:
    files["2.15.1-today.txt"] = files.pop(FACTS)
    assert problems(files) == [
        "reports/baseline/2.15.1-today.txt:2: the file is called 2.15.1-today.txt, and is about TensorFlow 2.16.2, as-released"
    ]


def test_a_file_that_was_cut_off(files: dict[str, str]) -> None:
    assert problems({**files, FACTS: files[FACTS][:50]})[0].startswith(
        f"reports/baseline/{FACTS}:4: not the line `measured …` that every file has here: "
    )


def test_a_file_that_is_not_text(files: dict[str, str], tmp_path: Path) -> None:
    write_files(tmp_path, files, {})
    (tmp_path / FACTS).write_bytes(b"hubmatrix \xff")
    with pytest.raises(ResultsError, match="not text in UTF-8, from byte 10 on"):
        read_baseline(tmp_path)


def test_a_version_that_leads_elsewhere(make: Any) -> None:
    run = whole_run(make, passed)
    hostile = make.run(make.environment_record(tensorflow="../../2.1", id="x"), run=run.header.run)
    with pytest.raises(ResultsError, match="can't be part of a file's name"):
        files_of(baseline_of(hostile))


def test_a_full_disk_leaves_what_was_there(files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "baseline"
    write_files(folder, files, {})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.results.baseline.writing.os.fsync", full)
    with pytest.raises(
        MachineError, match=r"the baseline can't be written: No space left on device \(hint: it is left as it was\)"
    ):
        write_files(folder, {**files, FACTS: "else"}, files)
    assert read_files(folder) == files
    assert [path.name for path in tmp_path.iterdir()] == ["baseline"]
