"""matrix.yaml, right and wrong: the values, and the exact words for everything that can be wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from harness.base.errors import SpecError
from harness.domain import (
    AXES,
    Axis,
    Device,
    HubFormat,
    InstallPolicy,
    Interface,
    KerasChoice,
    Limits,
    Model,
    Release,
    SaveFormat,
    TextOps,
)
from harness.matrix import load_spec, parse_spec
from harness.matrix.facts import planned

MATRIX = """\
version: 1
axes:
  tensorflow:
    - {version: "2.16.2", package: tensorflow, released: 2024-06-28, pythons: ["3.9", "3.10"]}
    - {version: "2.9.3", package: tensorflow-cpu, released: "2022-11-16", pythons: ["3.8", "3.9"]}
  install: [as-released, today]
  keras: [default, legacy]
  model:
    bert-en/3: {handle: "https://tfhub.dev/tensorflow/bert_en/3", format: saved_model_2, interface: dict}
  format: [h5, savedmodel]
  device: [cpu]
exclude:
  - when: keras=legacy and tensorflow<2.16
    reason: Keras 2 already
include:
  - {tensorflow: "2.9.3", python: "3.8", format: [h5], reason: the last with 3.8}
tiers:
  quick: {select: tensorflow=2.16, title: the newest}
  full: {select: "", title: all}
limits: {case_seconds: 120, import_seconds: 7.5, install_seconds: 1800, memory: 6 GiB, free_disk: 1.5 MiB}
"""


def changed(*replacements: tuple[str, str]) -> str:
    text = MATRIX
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert caught.value.exit_code == 2
    return [str(problem) for problem in caught.value.problems]


def test_axes() -> None:
    spec = parse_spec(MATRIX)
    assert spec.releases == (
        Release(version="2.9.3", package="tensorflow-cpu", released=date(2022, 11, 16), pythons=("3.8", "3.9")),
        Release(version="2.16.2", package="tensorflow", released=date(2024, 6, 28), pythons=("3.9", "3.10")),
    )
    assert spec.choices[Axis.INSTALL] == (InstallPolicy.AS_RELEASED, InstallPolicy.TODAY)
    assert spec.choices[Axis.KERAS] == (KerasChoice.DEFAULT, KerasChoice.LEGACY)
    assert spec.models == (
        Model(
            id="bert-en/3",
            handle="https://tfhub.dev/tensorflow/bert_en/3",
            format=HubFormat.SAVED_MODEL_2,
            interface=Interface.DICT,
        ),
    )
    assert (spec.choices[Axis.FORMAT], spec.devices) == ((SaveFormat.H5, SaveFormat.SAVEDMODEL), (Device.CPU,))


def test_rules_tiers_and_limits() -> None:
    spec = parse_spec(MATRIX, name="other.yaml")
    (exclude,) = spec.exclude
    assert (exclude.when.text, exclude.reason, exclude.location) == (
        "keras=legacy and tensorflow<2.16",
        "Keras 2 already",
        "other.yaml:13:5",
    )
    assert [(tier.name, tier.select.text, tier.title, tier.location) for tier in spec.tiers] == [
        ("quick", "tensorflow=2.16", "the newest", "other.yaml:18:10"),
        ("full", "", "all", "other.yaml:19:9"),
    ]
    assert spec.limits == Limits(
        case_seconds=120, import_seconds=7.5, install_seconds=1800, memory_bytes=6 * 2**30, free_disk_bytes=3 * 2**19
    )
    assert spec.digest != parse_spec(MATRIX + "# more\n").digest


def test_an_include_takes_all_values_of_the_axes_it_does_not_list() -> None:
    (include,) = parse_spec(MATRIX).include
    assert include.values == {
        **{row.axis: (row.missing,) for row in AXES if row.missing is not None},
        Axis.TENSORFLOW: ("2.9.3",),
        Axis.INSTALL: (InstallPolicy.AS_RELEASED, InstallPolicy.TODAY),
        Axis.KERAS: tuple(KerasChoice),
        Axis.MODEL: ("bert-en/3",),
        Axis.FORMAT: (SaveFormat.H5,),
        Axis.DEVICE: (Device.CPU,),
        Axis.PYTHON: ("3.8",),
        Axis.HUB: (None,),
    }
    assert (include.reason, include.location) == ("the last with 3.8", "matrix.yaml:16:5")
    assert len(list(include.combinations())) == 4


def test_the_text_axis_may_be_absent() -> None:
    assert parse_spec(MATRIX).choices[Axis.TEXT] == (TextOps.WITHOUT,)
    spec = parse_spec(changed(("[default, legacy]", "[default, legacy]\n  text: [without, with]")))
    assert spec.choices[Axis.TEXT] == (TextOps.WITHOUT, TextOps.WITH)
    assert spec.include[0].values[Axis.TEXT] == (TextOps.WITHOUT, TextOps.WITH)


def test_rules_may_name_the_interface_of_the_model() -> None:
    spec = parse_spec(changed(("keras=legacy and tensorflow<2.16", "interface!=text and keras=legacy")))
    assert {axes.keras for axes in spec.combinations() if not spec.exclude[0].when(planned(axes, spec.interfaces()))} == {
        KerasChoice.DEFAULT
    }


def test_lists_of_rules_may_be_empty_or_absent() -> None:
    assert (
        parse_spec(changed(('  - {tensorflow: "2.9.3", python: "3.8", format: [h5], reason: the last with 3.8}\n', ""))).include
        == ()
    )
    assert (
        parse_spec(
            changed(('include:\n  - {tensorflow: "2.9.3", python: "3.8", format: [h5], reason: the last with 3.8}\n', ""))
        ).include
        == ()
    )


QUOTED = (
    "matrix.yaml:4:87: axes.tensorflow[0].pythons[1]: expected a quoted Python version, "
    'found 3.10, which YAML reads as the number 3.1 (hint: write "3.10")'
)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        # keys
        (
            "version: 1\n",
            "version: 1\nmodels: {}\n",
            "2:1: models: unknown key (hint: known: version, axes, include, exclude, tiers, limits)",
        ),
        ("limits: {", "limit: {", "20:1: limit: unknown key (hint: did you mean 'limits'?)"),
        ("  device: [cpu]", "  devise: [cpu]", "11:3: axes.devise: unknown axis (hint: did you mean 'device'?)"),
        ("case_seconds: 120, ", "", "20:9: limits.case_seconds: is missing"),
        ("case_seconds: 120", "case_second: 120", "20:10: limits.case_second: unknown limit (hint: did you mean 'case_seconds'?)"),
        ("    reason: Keras 2 already\n", "", "13:5: exclude[0].reason: is missing"),
        ("  quick: {select: tensorflow=2.16, title: the newest}\n", "", "18:3: tiers.quick: is missing"),
        ("  device: [cpu]\n", "  device: [cpu]\n  device: [cpu]\n", "12:3: axes.device: is there twice (hint: first in line 11)"),
        ("  keras: [default, legacy]", "  ? [a]\n  : b", "3:3: a key isn't text"),
        # versions and dates
        ('"3.9", "3.10"]', '"3.9", 3.10]', QUOTED.removeprefix("matrix.yaml:")),
        (
            'version: "2.16.2"',
            "version: 2.16",
            '4:17: axes.tensorflow[0].version: expected a quoted version, found the number 2.16 (hint: write "2.16")',
        ),
        ('"2.16.2"', '"2.16.x"', "4:17: axes.tensorflow[0].version: '2.16.x' isn't a version (hint: such as \"2.16.2\")"),
        (
            '"3.8", "3.9"]',
            '"3.8.1", "3.9"]',
            "5:85: axes.tensorflow[1].pythons[0]: '3.8.1' isn't a quoted Python version (hint: major and minor, such as \"3.10\")",
        ),
        (
            "2024-06-28",
            "2024-06-31",
            "4:58: axes.tensorflow[0].released: '2024-06-31' isn't a date (hint: year-month-day, such as 2024-06-28)",
        ),
        ("2024-06-28", "June", "4:58: axes.tensorflow[0].released: 'June' isn't a date (hint: year-month-day, such as 2024-06-28)"),
        ('"2.9.3", package', '"2.16.2", package', "5:7: axes.tensorflow[1]: 2.16.2 is there twice"),
        # values
        (
            "package: tensorflow,",
            "package: tenserflow,",
            "4:36: axes.tensorflow[0].package: 'tenserflow' isn't a package with TensorFlow in it"
            " (hint: did you mean 'tensorflow'?)",
        ),
        (
            "[as-released, today]",
            "[as-released, tody]",
            "6:26: axes.install[1]: 'tody' isn't an install policy (hint: did you mean 'today'?)",
        ),
        ("[as-released, today]", "[today, today]", "6:20: axes.install[1]: today is there twice"),
        ("[default, legacy]", "[]", "7:10: axes.keras: the list is empty"),
        ("[default, legacy]", "default", "7:10: axes.keras: expected a list, found text 'default'"),
        (
            "[default, legacy]",
            "[default, legacy]\n  text: [yes]",
            "8:10: axes.text[0]: 'yes' isn't with or without (hint: known: without, with)",
        ),
        ("[default, legacy]", "[default, legacy]\n  text: []", "8:9: axes.text: the list is empty"),
        ("[h5, savedmodel]", "{h5: 1}", "10:11: axes.format: expected a list, found a mapping"),
        (
            "    bert-en/3: {",
            "    Bert: {",
            "9:5: axes.model: 'Bert' isn't a model id (hint: small letters, digits, and . _ - /; none means cells without a model)",
        ),
        (
            "https://tfhub.dev/tensorflow",
            "tensorflow",
            "9:25: axes.model.bert-en/3.handle: 'tensorflow/bert_en/3' isn't a handle"
            " (hint: the address as the publisher gives it, such as https://tfhub.dev/google/…/1)",
        ),
        (
            "interface: dict",
            "interface: dictionary",
            "9:101: axes.model.bert-en/3.interface: 'dictionary' isn't a model interface"
            " (hint: known: tf1_signature, list, dict, text)",
        ),
        ("title: all", "title: 2.0", '19:29: tiers.full.title: expected a text, found the number 2.0 (hint: write "2.0")'),
        ("title: all", "title: ~", "19:29: tiers.full.title: expected a text, found nothing"),
        ("title: all", "title: [all]", "19:29: tiers.full.title: expected a text, found a list"),
        (
            "version: 1\n",
            "version: 2\n",
            "1:10: version: format 2 of matrix.yaml can't be read (hint: this hubmatrix reads format 1)",
        ),
        # limits
        (
            "memory: 6 GiB",
            "memory: 6 GB",
            "20:81: limits.memory: '6 GB' isn't a size (hint: a number and KiB, MiB, GiB or TiB, such as 6 GiB)",
        ),
        ("memory: 6 GiB", "memory: 0 GiB", "20:81: limits.memory: must be more than zero"),
        (
            "memory: 6 GiB",
            "memory: 6",
            "20:81: limits.memory: expected a size, found the number 6 (hint: a number and KiB, MiB, GiB or TiB, such as 6 GiB)",
        ),
        ("case_seconds: 120", "case_seconds: 0", "20:24: limits.case_seconds: must be more than zero"),
        ("case_seconds: 120", "case_seconds: two", "20:24: limits.case_seconds: expected a number of seconds, found text 'two'"),
        ("case_seconds: 120", "case_seconds: .inf", "20:24: limits.case_seconds: '.inf' isn't a number of seconds"),
        # selectors
        (
            "keras=legacy and tensorflow<2.16",
            "keras=legacy and tensorfow<2.16",
            "13:28: exclude[0].when: unknown name 'tensorfow' (hint: did you mean 'tensorflow'?)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            '"keras=legcy"',
            "13:18: exclude[0].when: no keras 'legcy' (hint: did you mean 'legacy'?)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            ">-\n      keras=legcy",
            "13:11: exclude[0].when: no keras 'legcy' (hint: did you mean 'legacy'?)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            '""',
            "13:11: exclude[0].when: the selector is empty (hint: it would match everything)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            "environment=x",
            "13:11: exclude[0].when: no name 'environment' in rules and tiers of matrix.yaml"
            " (hint: 'environment' can be asked in plan, run and check; in results and the report's page)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            "interface=txt",
            "13:21: exclude[0].when: no interface 'txt' (hint: did you mean 'text'?)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            "text=with",
            "13:16: exclude[0].when: no text 'with' (hint: did you mean 'without'?)",
        ),
        (
            "keras=legacy and tensorflow<2.16",
            "keras=legacy and tensorflow<2",
            "13:5: exclude[0]: `keras=legacy and tensorflow<2` matches nothing (hint: remove the rule)",
        ),
        (
            "select: tensorflow=2.16",
            "select: tensorflow=2.16 and device=tpu",
            "18:46: tiers.quick.select: no device 'tpu' (hint: did you mean 'cpu'?)",
        ),
        ("select: tensorflow=2.16", "select: tensorflow>3", "18:3: tiers.quick: `tensorflow>3` selects nothing"),
        # includes
        (
            '{tensorflow: "2.9.3"',
            '{tensorflow: "2.9.4"',
            "16:18: include[0].tensorflow: '2.9.4' isn't on the tensorflow axis (hint: did you mean '2.9.3'?)",
        ),
        ('{tensorflow: "2.9.3"', '{tensorflow: ["2.9.3", "2.9.3"]', "16:28: include[0].tensorflow[1]: 2.9.3 is there twice"),
        (
            'python: "3.8"',
            'python: "3.11"',
            "16:35: include[0].python: '3.11' isn't on the python axis (hint: did you mean '3.10'?)",
        ),
        (
            'python: "3.8"',
            "hub: 0.10",
            '16:32: include[0].hub: expected a quoted version, found 0.10, which YAML reads as the number 0.1 (hint: write "0.10")',
        ),
        ('python: "3.8"', 'pyton: "3.8"', "16:27: include[0].pyton: unknown axis (hint: did you mean 'python'?)"),
        (
            "format: [h5]",
            "format: [keras]",
            "16:51: include[0].format[0]: 'keras' isn't on the format axis (hint: known: h5, savedmodel)",
        ),
        # YAML
        ("tiers:\n", "\ttiers:\n", "17:1: not YAML: found character '\\t' that cannot start any token (hint: indent with spaces)"),
        ("[as-released, today]", "[as-released, today", "7:8: not YAML: expected ',' or ']', but got ':'"),
        (
            "[h5, savedmodel]",
            "!list [h5, savedmodel]",
            "10:11: tag or special value '!list' isn't used here (hint: write plain text or quote it)",
        ),
    ],
)
def test_one_problem(old: str, new: str, found: str) -> None:
    assert problems(changed((old, new))) == [f"matrix.yaml:{found}"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "matrix.yaml: the file is empty"),
        ("# nothing\n", "matrix.yaml: the file is empty"),
        ("[]", "matrix.yaml:1:1: expected a mapping, found a list"),
        ("a: \x01", "matrix.yaml:1:4: character that YAML does not allow"),
        ("a: 1\n---\nb: 1", "matrix.yaml:2:1: not YAML: expected a single document in the stream, but found another document"),
        ("a: *b", "matrix.yaml:1:4: not YAML: found undefined alias 'b' (hint: write the value out)"),
        ("a: &b [*b]", "matrix.yaml:1:4: anchor '&b' is used by an alias (hint: write the value out)"),
        ("a: &b [1]\nc: *b", "matrix.yaml:1:4: anchor '&b' is used by an alias (hint: write the value out)"),
    ],
)
def test_not_a_matrix_at_all(text: str, found: str) -> None:
    assert problems(text) == [found]


def test_all_problems_at_once_in_line_order() -> None:
    text = changed(
        ("version: 1\n", 'version: "1"\n'),
        ("released: 2024-06-28", "released: today"),
        ("interface: dict", "interface: dikt"),
        ("keras=legacy and tensorflow<2.16", "keras=legcy or devise=cpu"),
        ("select: tensorflow=2.16", "select: tensorflow=="),
        ("memory: 6 GiB", "memory: lots"),
    )
    assert problems(text) == [
        "matrix.yaml:1:10: version: expected a whole number, found text '1'",
        "matrix.yaml:4:58: axes.tensorflow[0].released: 'today' isn't a date (hint: year-month-day, such as 2024-06-28)",
        "matrix.yaml:9:101: axes.model.bert-en/3.interface: 'dikt' isn't a model interface (hint: did you mean 'dict'?)",
        "matrix.yaml:13:17: exclude[0].when: no keras 'legcy' (hint: did you mean 'legacy'?)",
        "matrix.yaml:13:26: exclude[0].when: unknown name 'devise' (hint: did you mean 'device'?)",
        "matrix.yaml:18:31: tiers.quick.select: unexpected end of selector (hint: expected a value)",
        "matrix.yaml:20:81: limits.memory: 'lots' isn't a size (hint: a number and KiB, MiB, GiB or TiB, such as 6 GiB)",
    ]


def test_what_depends_on_a_broken_axis_is_not_reported_as_well() -> None:
    """The release that is selected by the quick tier can't be read; that is one problem, not two."""
    assert len(problems(changed(("released: 2024-06-28", "released: today")))) == 1


def test_a_rule_that_only_an_include_could_meet_is_idle() -> None:
    """Excludes don't apply to includes, so an exclude of pins never does anything."""
    text = changed(("keras=legacy and tensorflow<2.16", "python=3.8"))
    assert problems(text) == ["matrix.yaml:13:5: exclude[0]: `python=3.8` matches nothing (hint: remove the rule)"]


def test_a_tier_may_live_on_includes_alone() -> None:
    assert parse_spec(changed(("select: tensorflow=2.16", "select: python=3.8"))).tier("quick").title == "the newest"


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX, encoding="utf-8")
    assert load_spec(path) == parse_spec(MATRIX)


def test_load_says_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "matrix.yaml")
    assert str(caught.value) == "matrix.yaml: no such file (hint: run hubmatrix from the project's folder)"
    (tmp_path / "matrix.yaml").write_bytes(b"version: \xff")
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path / "matrix.yaml")
    assert str(caught.value) == "matrix.yaml: not UTF-8 (byte 9)"
    with pytest.raises(SpecError) as caught:
        load_spec(tmp_path)
    assert caught.value.problems[0].message == "can't be read: Is a directory"
