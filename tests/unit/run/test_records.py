"""Records hold what happened, without what only this machine knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.domain import Axis, InstallPolicy, KerasChoice, Outcome, Service, Status, Trouble
from harness.environments.uv import Failure
from harness.results.format import LINE, CaseRef, Package
from harness.run.assign import COMPLETED, CellEnd, CellJob
from harness.run.attempts import Finished
from harness.run.records import case_record, cell_record, environment_record, scrub
from harness.run.tasks import KeyedCase

ROOTS = {"/home/me": "~", "/home/me/project": ".", "/home/me/project/.hubmatrix/venvs/1f": "$VENV"}


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("/home/me/project/.hubmatrix/venvs/1f/lib/x.py", "$VENV/lib/x.py"),
        ("/home/me/project/cases/x.py:3", "./cases/x.py:3"),
        ("/home/me/other", "~/other"),
        ("in /home/me.", "in ~."),
        ("'/home/me'", "'~'"),
        ("-I/home/me/include", "-I~/include"),
        ("/home/me:/home/me/project", "~:."),
        ("/home/meg/x", "/home/meg/x"),
        ("/home/me-2/x", "/home/me-2/x"),
        ("/home/me/project.bak/x", "~/project.bak/x"),
        ("/home/me/project_2/x", "~/project_2/x"),
        ("\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[m", "red and green"),
        ("\x1b[1m/home/me\x1b[0m/x", "~/x"),
        ("nothing of ours", "nothing of ours"),
        ("", ""),
    ],
)
def test_scrub(text: str, scrubbed: str) -> None:
    assert scrub(text, ROOTS) == scrubbed


def test_a_user_whose_home_is_the_root_keeps_all_paths() -> None:
    assert scrub("/usr/lib/x.py", {"/": "~"}) == "/usr/lib/x.py"


def test_a_folders_name_is_text_not_a_pattern() -> None:
    assert scrub("/a+b(c)/x /aab(c)/x", {"/a+b(c)": "$X"}) == "$X/x /aab(c)/x"


@given(st.text(st.characters()))
def test_whatever_was_printed_can_be_written(text: str) -> None:
    """Lone surrogates come from file names that are not UTF-8."""
    scrub(text, ROOTS).encode()


@given(st.text("ab/.$~ \n"))
def test_scrubbing_twice_changes_nothing(text: str) -> None:
    roots = {"/a": "$A", "/a/b": "$B"}
    assert scrub(scrub(text, roots), roots) == scrub(text, roots)


def test_a_long_text_keeps_both_ends() -> None:
    text = "begin" + "x" * 100_000 + "end"
    short = scrub(text, {})
    assert short.startswith("begin")
    assert short.endswith("end")
    assert "characters left out" in short
    assert len(short) < 25_000


@pytest.fixture
def job(make: Any) -> CellJob:
    refs = (CaseRef(case="cases/test_a.py::test_a", key="k1"), CaseRef(case="cases/test_b.py::test_b", key="k2"))
    return CellJob(cell=make.cell(), model=make.model(), refs=refs, cases=())


def test_an_environment_that_imports(make: Any) -> None:
    request = make.request(keras=KerasChoice.LEGACY)
    identity = make.identity()
    record = environment_record(request, identity, None, {}, 1.23456)
    assert (record.status, record.trouble, record.message, record.evidence) == (Status.COMPLETED, None, "", "")
    assert (record.id, record.key, record.lock) == (request.id, identity.key, identity.lock.sha256)
    assert record.requirements == ("tensorflow==2.16.2", "tensorflow-hub", "tf-keras")
    assert (record.exclude_newer, record.locked_on, record.python) == ("2024-07-19", "2026-11-20", "3.11.7")
    assert record.settings == {"TF_USE_LEGACY_KERAS": "1"}
    assert record.packages == (Package(name="numpy", version="1.26.4"), Package(name="tensorflow", version="2.16.2"))
    assert (record.seconds, record.reused) == (1.235, False)


def test_an_environment_without_a_lock(make: Any) -> None:
    failure = Failure(status=Status.LOCK_FAILED, trouble=None, message="Because no.", evidence="error: /home/me/x")
    record = environment_record(make.request(install=InstallPolicy.TODAY), None, failure, ROOTS, 0.0)
    assert (record.status, record.message, record.evidence) == (Status.LOCK_FAILED, "Because no.", "error: ~/x")
    assert (record.key, record.lock, record.locked_on, record.python, record.exclude_newer) == (None,) * 5
    assert record.packages == ()


def test_a_case_is_recorded_under_its_key_and_the_cell_that_ran_it(make: Any, job: CellJob) -> None:
    task = KeyedCase(case=make.case(uses=frozenset({Axis.MODEL})), key="k1", uses={"model": "bert-en/3"})
    done = Finished(
        keyed=task,
        variant="v",
        outcome=Outcome.FAILED,
        seconds=0.5,
        message="\x1b[31mno /home/me/x",
        evidence="/home/me/y",
        cpu_seconds=0.75,
        measured={"drift": 1e-7},
    )
    record = case_record(done, job, "run-1", ROOTS)
    assert (record.key, record.case, record.variant, record.cell) == ("k1", task.case.id, "v", "cell-1")
    assert (record.outcome, record.message, record.evidence, record.run) == (Outcome.FAILED, "no ~/x", "~/y", "run-1")
    assert (record.cpu_seconds, record.measured) == (0.75, {"drift": 1e-7})
    assert (record.uses, record.environment, record.reused) == ({"model": "bert-en/3"}, job.cell.environment, False)


def test_where_a_service_listened_is_not_recorded(make: Any, job: CellJob) -> None:
    """Neither its port nor the names of cache folders, which are made from it; other cases keep those."""
    folder = "0a" * 20
    told = f"at http://127.0.0.1:4711/a, 127.0.0.1:4711: /home/me/hub/{folder}.{'b' * 32}.tmp and {folder}/x"
    names = {**ROOTS, "http://127.0.0.1:4711": "$HUB", "127.0.0.1:4711": "$HUB"}

    def message(**values: Any) -> str:
        task = KeyedCase(case=make.case(**values), key="k1", uses={})
        done = Finished(keyed=task, variant="", outcome=Outcome.FAILED, seconds=0, message=told, evidence=told)
        record = case_record(done, job, "r", names)
        assert record.evidence == record.message
        return record.message

    assert message(services=frozenset({Service.HUB_SERVER})) == "at $HUB/a, $HUB: ~/hub/$HANDLE and $HANDLE/x"
    assert f"{folder}/x" in message()


def test_a_message_is_not_endless(make: Any, job: CellJob) -> None:
    done = Finished(
        keyed=KeyedCase(case=make.case(), key="k1", uses={}),
        variant="",
        outcome=Outcome.FAILED,
        seconds=0,
        message="x" * 5000,
        evidence="",
    )
    assert case_record(done, job, "r", {}).message == "x" * 1000


def test_a_cell_refers_to_its_cases_under_a_key_made_of_theirs(job: CellJob) -> None:
    record = cell_record(job, COMPLETED, {}, reused=True)
    assert (record.id, record.status, record.reused) == ("cell-1", Status.COMPLETED, True)
    assert record.cases == job.refs
    assert record.axes.model == "bert-en/3"
    other = CellJob(cell=job.cell, model=job.model, refs=job.refs[:1], cases=())
    assert cell_record(other, COMPLETED, {}, reused=True).key != record.key


def test_a_cell_tells_how_it_ended(job: CellJob) -> None:
    end = CellEnd(status=Status.UNAVAILABLE, trouble=Trouble.KILLED, message="/home/me", evidence="/home/me")
    record = cell_record(job, end, ROOTS, reused=False)
    assert (record.status, record.trouble, record.message, record.evidence) == (Status.UNAVAILABLE, Trouble.KILLED, "~", "~")


def test_every_record_can_be_written_and_read(make: Any, job: CellJob) -> None:
    odd = "\ud800 \x00 \u2028 /home/me"
    task = KeyedCase(case=make.case(), key="k1", uses={})
    done = Finished(keyed=task, variant="", outcome=Outcome.ERROR, seconds=0.1, message=odd, evidence=odd)
    end = CellEnd(status=Status.CRASHED, message=odd, evidence=odd)
    failure = Failure(status=Status.INSTALL_FAILED, trouble=None, message=odd, evidence=odd)
    for record in (
        case_record(done, job, "r", ROOTS),
        cell_record(job, end, ROOTS, reused=False),
        environment_record(make.request(), make.identity(), failure, ROOTS, 1.0),
    ):
        assert LINE.validate_json(record.model_dump_json()) == record


def test_records_name_no_folder_of_this_machine(make: Any, job: CellJob) -> None:
    text = cell_record(job, COMPLETED, {}, reused=False).model_dump_json()
    assert str(Path.home()) not in text
