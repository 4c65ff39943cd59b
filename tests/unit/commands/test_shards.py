"""`--shard`: what a user types, what schedulers set, and the part of the plan that it stands for."""

from __future__ import annotations

import pytest

from harness.base.errors import SpecError
from harness.base.workspace import Workspace
from harness.commands.plan import build_selection
from harness.commands.shards import parse_shard, part_text, take_part
from harness.run.shards import WHOLE, Shard


@pytest.mark.parametrize(
    ("text", "environ", "shard"),
    [
        ("", {}, (1, 1)),
        ("1/1", {}, (1, 1)),
        ("3/8", {}, (3, 8)),
        ("auto", {"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "4"}, (1, 4)),
        ("auto/6", {"JOB_COMPLETION_INDEX": "5"}, (6, 6)),
        ("auto", {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "5"}, (3, 4)),
        ("auto", {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"}, (1, 4)),
        (
            "auto",
            {
                "SLURM_ARRAY_TASK_ID": "14",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "2",
            },
            (3, 3),
        ),
        ("auto", {"BUILDKITE_PARALLEL_JOB": "1", "BUILDKITE_PARALLEL_JOB_COUNT": "3"}, (2, 3)),
        ("auto", {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}, (1, 3)),
        ("auto", {"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3"}, (3, 3)),
    ],
)
def test_shards(text: str, environ: dict[str, str], shard: tuple[int, int]) -> None:
    assert parse_shard(text, environ) == Shard(index=shard[0], count=shard[1])


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("2", {}, "--shard: not a shard: '2' (hint: such as --shard 2/8: the second of eight parts, or auto)"),
        ("-1/3", {}, "--shard: not a shard: '-1/3' (hint: such as --shard 2/8: the second of eight parts, or auto)"),
        ("0/3", {}, "--shard: there is no part 0 of 3 (hint: 1 to 3)"),
        ("4/3", {}, "--shard: there is no part 4 of 3 (hint: 1 to 3)"),
        ("1/0", {}, "--shard: 0 parts: at least 1 and at most 10,000 (hint: such as --shard 2/8: the second of eight parts)"),
        (
            "auto",
            {},
            "--shard: auto: none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID, BUILDKITE_PARALLEL_JOB, CI_NODE_INDEX is set "
            "(hint: such as --shard 2/8: the second of eight parts)",
        ),
        (
            "auto",
            {"JOB_COMPLETION_INDEX": "1"},
            "--shard: auto: JOB_COMPLETION_INDEX is set, and JOB_COMPLETIONS is not (hint: give the count: --shard auto/8)",
        ),
        (
            "auto",
            {"CI_NODE_INDEX": "one", "CI_NODE_TOTAL": "3"},
            "--shard: auto: CI_NODE_INDEX is 'one', and no number (hint: such as --shard 2/8: the second of eight parts)",
        ),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "3"},
            "--shard: auto: SLURM_ARRAY_TASK_ID is set, and SLURM_ARRAY_TASK_MIN is not "
            "(hint: SLURM_ARRAY_TASK_MIN goes with SLURM_ARRAY_TASK_ID in a Slurm array)",
        ),
        (
            "auto",
            {"BUILDKITE_PARALLEL_JOB": "3", "BUILDKITE_PARALLEL_JOB_COUNT": "3"},
            "--shard auto (Buildkite): there is no part 4 of 3 (hint: 1 to 3)",
        ),
        (
            "auto",
            {"SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_COUNT": "5", "SLURM_ARRAY_TASK_MIN": "1"},
            "--shard auto (a Slurm array): there is no part 9 of 5 (hint: 1 to 5)",
        ),
        (
            "auto",
            {"JOB_COMPLETION_INDEX": "1", "CI_NODE_INDEX": "1"},
            "--shard: auto: JOB_COMPLETION_INDEX and CI_NODE_INDEX are set, and they may not mean the same "
            "(hint: such as --shard 2/8: the second of eight parts)",
        ),
    ],
)
def test_what_is_no_shard(text: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_shard(text, environ)
    assert str(caught.value) == message
    assert caught.value.exit_code == 2


def test_the_parts_of_a_plan_are_the_plan(project: Workspace) -> None:
    selection = build_selection("full")
    whole = take_part(project, selection, WHOLE)
    assert len(whole.run_plan.plan.cells) == 12
    parts = [take_part(project, selection, Shard(index=index, count=4)) for index in range(1, 5)]
    cells = [cell.id for part in parts for cell in part.run_plan.plan.cells]
    assert sorted(cells) == sorted(cell.id for cell in whole.run_plan.plan.cells)
    assert {part.header.plan for part in parts} == {whole.header.plan}
    headers = [(part.header.shard, part.header.shards, part.header.planned_cells) for part in parts]
    assert headers == [(index, 4, 12) for index in range(1, 5)]
    part = parts[1]
    text = f"shard 2 of 4 of plan {part.header.plan[:12]}: 4 of 12 cells"
    assert part_text(part.header, len(part.run_plan.plan.cells)) == text
