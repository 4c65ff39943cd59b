"""Selectors: what they match, what is wrong with those that can't be read, and what is near when nothing is selected."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.base.errors import SelectionError
from harness.domain import Axes, Cell, Device, InstallPolicy, Interface, KerasChoice, SaveFormat
from harness.matrix.facts import Facts, planned
from harness.matrix.selector import Context, Near, Selector, compile_selector, near_hint, nearest, read_selector

AXES = Axes(
    tensorflow="2.16.2",
    install=InstallPolicy.AS_RELEASED,
    keras=KerasChoice.DEFAULT,
    model="bert-en/3",
    format=SaveFormat.H5,
    device=Device.XLA_CPU,
)
PINNED = replace(AXES, python="3.9", hub="0.12.0")
VOCABULARY = {
    "tensorflow": ("2.15.1", "2.16.2", "2.21.0"),
    "model": ("bert-en/3", "bert-uncased/1"),
    "device": ("cpu", "xla-cpu"),
    "environment": ("tf-2_16_2-today",),
}


def cells() -> list[Cell]:
    return [
        Cell(
            id=f"{version}-{device.value}-{format_.value}",
            axes=replace(AXES, tensorflow=version, device=device, format=format_),
            environment=version,
        )
        for version, device, format_ in product(("2.15.1", "2.16.2"), (Device.CPU, Device.XLA_CPU), SaveFormat)
    ]


def facts() -> list[Facts]:
    return [planned(cell.axes, {}, cell.environment, cell.id) for cell in cells()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "tensorflow=2.16",
        "tensorflow==2.16.2",
        "tensorflow>=2.16 and model=bert-en/3 and not device=cpu",
        "model in (bert-uncased/1, bert-en/3)",
        "model in ('bert-en/3',)",
        'model = "bert-en/3"',
        "device not in (cpu)",
        "not device = cpu",
        "not not device=xla-cpu",
        "device=cpu or format=h5",
        "device=cpu and format=keras or keras=default",
        "keras=default or device=cpu and format=keras",
        "(keras=default or device=cpu) and (format=h5)",
        "tensorflow<=2.16",
        "tensorflow < 3 and tensorflow > 2.15",
        "install=as-released\n and format!=keras",
        "environment=env and cell=the-cell",
        "environment!=other and cell not in (a, b)",
        "python!=3.9",
        "not python=3.9",
        "hub not in (0.12, 0.13)",
    ],
)
def test_matches(text: str) -> None:
    assert compile_selector(text)(planned(AXES, {}, "env", "the-cell"))


@pytest.mark.parametrize(
    "text",
    [
        "tensorflow=2.1",
        "tensorflow>2.16",
        "tensorflow<2.16",
        "tensorflow!=2.16",
        "not tensorflow=2.16",
        "model in (bert-uncased/1)",
        "(keras=legacy or device=cpu) and format=h5",
        "keras=legacy or device=cpu and format=h5",
        "not (device=xla-cpu and format=h5)",
        "environment=env2",
        "cell in (a, b)",
        "python=3.9",
        "python>=3",
        "python<4",
        "hub=0.12",
    ],
)
def test_does_not_match(text: str) -> None:
    assert not compile_selector(text)(planned(AXES, {}, "env", "the-cell"))


@pytest.mark.parametrize("text", ["python=3.9", "python<3.10", "hub=0.12", "hub>=0.12.0 and hub<0.13"])
def test_pins_match(text: str) -> None:
    assert compile_selector(text)(planned(PINNED, {}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("devise=cpu", "--select:1: unknown name 'devise' (hint: did you mean 'device'?)"),
        ("tensorflow", "--select:11: unexpected end of selector (hint: expected = != < <= > >= in, or not in)"),
        ("tensorflow>= ", "--select:13: unexpected end of selector (hint: expected a value)"),
        ("tensorflow>=2 and", "--select:18: unexpected end of selector (hint: expected a condition such as tensorflow>=2.16)"),
        ("device=cpu format=h5", "--select:12: unexpected 'format' (hint: expected and, or, the end)"),
        ("device=cpu && format=h5", "--select:12: unexpected '&' (hint: write `and`)"),
        ("device=cpu || format=h5", "--select:12: unexpected '|' (hint: write `or`)"),
        ("tensorflow~=2.16", "--select:11: unexpected '~' (hint: expected = != < <= > >= in, or not in)"),
        ("model=bert@3", "--select:11: unexpected '@' (hint: quote a value that holds it)"),
        ("model='bert", "--select:7: quote is never closed"),
        ("(device=cpu", "--select:12: unexpected end of selector (hint: expected and, or, a closing parenthesis)"),
        ("device=cpu)", "--select:11: unexpected ')' (hint: expected and, or, the end)"),
        ("device in cpu", "--select:11: unexpected 'cpu' (hint: expected values in parentheses: in (a, b))"),
        ("device in (cpu xla-cpu)", "--select:16: unexpected 'xla' (hint: expected a comma or a closing parenthesis)"),
        ("device not cpu", "--select:12: unexpected 'cpu' (hint: expected not in (a, b))"),
        ("device in ()", "--select:12: unexpected ')' (hint: expected a value)"),
        ("model<3", "--select:1: 'model' has no order (hint: use = != in, or not in)"),
        ("tensorflow=2.16.*", "--select:12: '2.16.*' isn't a version (hint: write 2.16: it covers every 2.16.*)"),
        ("python=three", "--select:8: 'three' isn't a version (hint: such as 2.16 or 2.16.2)"),
        ("tensorflow=2.61", "--select:12: no tensorflow '2.61' (hint: did you mean '2.21'?)"),
        ("tensorflow in (2.15, 2.16.1)", "--select:22: no tensorflow '2.16.1' (hint: did you mean '2.16.2'?)"),
        ("model=bert-en", "--select:7: no model 'bert-en' (hint: did you mean 'bert-en/3'?)"),
        ("device=tpu", "--select:8: no device 'tpu' (hint: did you mean 'cpu'?)"),
        ("device=gaudi", "--select:8: no device 'gaudi' (hint: known: cpu, xla-cpu)"),
        ("environment=tf-2_16_2-todai", "--select:13: no environment 'tf-2_16_2-todai' (hint: did you mean 'tf-2_16_2-today'?)"),
    ],
)
def test_faults(text: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        compile_selector(text, vocabulary=VOCABULARY)
    assert str(caught.value) == message
    assert caught.value.exit_code == 3


def test_every_fault_at_once_in_order() -> None:
    with pytest.raises(SelectionError) as caught:
        compile_selector("format<3 and (devise=cpu or device=gpu)", vocabulary=VOCABULARY, option="--only")
    assert [problem.location for problem in caught.value.problems] == ["--only:1", "--only:15", "--only:36"]


def test_deep_nesting_is_a_fault() -> None:
    with pytest.raises(SelectionError, match="nested too deeply"):
        compile_selector("not " * 100_000 + "device=cpu")


def test_ordered_comparisons_need_no_value_of_the_axis() -> None:
    assert compile_selector("tensorflow>=2.20 or tensorflow<2.99", vocabulary=VOCABULARY)(planned(AXES, {}))


def test_without_vocabulary_only_closed_lists_are_checked() -> None:
    assert not compile_selector("model=no-such/1 and device=tpu-v5e")(planned(AXES, {}))
    with pytest.raises(SelectionError, match="--select:8: no device 'gaudi'"):
        compile_selector("device=gaudi")


def test_equal_by_text() -> None:
    assert compile_selector("device=cpu") == compile_selector("device=cpu")
    assert compile_selector("device=cpu") != compile_selector("device = cpu")


def test_nearest_names_what_rules_everything_out() -> None:
    selector = compile_selector("tensorflow=2.15 and device=cpu and format=h5 and tensorflow=2.16")
    assert nearest(selector, facts()) == (
        Near(without="tensorflow=2.15", cells=1),
        Near(without="tensorflow=2.16", cells=1),
    )
    selector = compile_selector("not device=cpu and (format=h5 or format=keras) and model=x")
    assert nearest(selector, facts()) == (Near(without="model=x", cells=4),)


def test_nearest_keeps_the_text_of_groups() -> None:
    selector = compile_selector("device=cpu and (model=x or model=y)")
    assert near_hint(nearest(selector, facts())) == "without `(model=x or model=y)`: 6 cells"


def test_nothing_is_near_when_two_conditions_rule_out_everything() -> None:
    assert nearest(compile_selector("model=x and keras=legacy"), facts()) == ()


def test_near_hint() -> None:
    near = (Near(without="device=cpu", cells=12), Near(without="format=h5", cells=1))
    assert near_hint(near) == "without `device=cpu`: 12 cells; without `format=h5`: 1 cell"
    assert near_hint(()) == ""


def test_the_interface_is_that_of_the_model() -> None:
    interfaces = {"bert-en/3": Interface.DICT, "preprocess/3": Interface.TEXT}

    def matches(text: str, model: str) -> bool:
        return compile_selector(text)(planned(replace(AXES, model=model), interfaces))

    assert matches("interface=text", "preprocess/3")
    assert not matches("interface=text", "bert-en/3")
    assert matches("not interface in (text, list)", "bert-en/3")
    assert matches("interface!=text", "bert-en/3")
    assert matches("interface!=text", "of-no-known-interface/1")
    assert not matches("interface=dict", "of-no-known-interface/1")
    with pytest.raises(SelectionError, match="no interface 'txt'"):
        matches("interface=txt", "bert-en/3")


IN_RESULTS = "'outcome' can be asked in results and the report's page"
IN_PLAN = "'cell' can be asked in plan, run and check; in results and the report's page"
IN_DECLARATIONS = "'package' can be asked in declared failures, claims and diagnoses; in results and the report's page"


@pytest.mark.parametrize(
    ("text", "context", "fault"),
    [
        ("outcome=failed", Context.PLAN, f"1: no name 'outcome' in plan, run and check ({IN_RESULTS})"),
        ("outcom=failed", Context.PLAN, f"1: unknown name 'outcom' (did you mean 'outcome'? {IN_RESULTS})"),
        ("cell=a", Context.RULE, f"1: no name 'cell' in rules and tiers of matrix.yaml ({IN_PLAN})"),
        ("modle=a", Context.RESULT, "1: unknown name 'modle' (did you mean 'model'?)"),
        (
            "not outcome=failed",
            Context.DECLARATION,
            f"5: no name 'outcome' in declared failures, claims and diagnoses ({IN_RESULTS})",
        ),
        ("package=3", Context.RESULT, "1: 'package' needs a name (write package(keras) for the package keras)"),
        ("package()=3", Context.RESULT, "9: unexpected ')' (expected the name of a package)"),
        ("package(keras", Context.RESULT, "14: unexpected end of selector (expected and, or, a closing parenthesis)"),
        ("keras(legacy)=3", Context.RESULT, "7: 'keras' takes nothing in parentheses ()"),
        ("package(keras)=new", Context.RESULT, "16: 'new' isn't a version (such as 2.16 or 2.16.2)"),
        ("package(keras)>=3", Context.PLAN, f"1: no name 'package' in plan, run and check ({IN_DECLARATIONS})"),
        ("outcome<failed", Context.RESULT, "1: 'outcome' has no order (use = != in, or not in)"),
    ],
)
def test_names_belong_to_a_context(text: str, context: Context, fault: str) -> None:
    faults = read_selector(text, context)
    assert not isinstance(faults, Selector)
    assert [f"{each.column}: {each.message} ({each.hint})" for each in faults] == [fault]


INSTALLED = Facts(
    {"case": "cases/saving/test_h5.py::test_reload", "python": "3.11.7"},
    {"tf-keras": "2.16.0rc1", "numpy": "1.26.4", "odd": "git"},
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("package(tf_keras)=2.16", True),
        ("package(TF.Keras)<2.17", True),
        ("package(tf-keras)<2.16.0", False),
        ("package(tf-keras)>=2.16.0rc1", True),
        ("package(tf-keras)>2.16.0rc1", False),
        ("package(numpy) in (1.25, 1.26)", True),
        ("package(numpy)!=1.26", False),
        ("package(keras)=3", False),
        ("package(keras)<3 or package(keras)>=3", False),
        ("package(keras)!=3", True),
        ("package(odd)<1 or package(odd)>=1 or package(odd)=1", False),
        ("case=cases/saving/test_h5.py::test_reload", True),
        ("case=cases/saving", True),
        ("case=cases/saving/test_h5.py", True),
        ("case=cases/sav", False),
        ("case in (cases/loading, cases)", True),
        ("case!=cases/saving", False),
        ("python>=3.11 and python<3.12", True),
    ],
)
def test_facts_of_what_was_measured(text: str, holds: bool) -> None:
    assert compile_selector(text, Context.RESULT)(INSTALLED) is holds


def test_a_case_may_be_named_by_what_it_is_below() -> None:
    vocabulary = {"case": ("cases/saving/test_h5.py::test_reload",)}
    assert isinstance(read_selector("case in (cases/saving, cases/saving/test_h5.py)", Context.RESULT, vocabulary), Selector)
    assert not isinstance(read_selector("case=cases/savin", Context.RESULT, vocabulary), Selector)


def test_the_tree_for_the_page() -> None:
    text = "tensorflow>=2.16 and not (device in (cpu, xla-cpu) or package(TF_Keras)==2.16.0rc1) and case!=cases/saving"
    assert compile_selector(text, Context.RESULT).tree() == {
        "every": [
            {"name": "tensorflow", "kind": "version", "sign": ">=", "values": [{"text": "2.16", "release": (2, 16)}]},
            {
                "not": {
                    "either": [
                        {"name": "device", "kind": "text", "sign": "=", "values": ["cpu", "xla-cpu"]},
                        {
                            "name": "package(tf-keras)",
                            "kind": "version",
                            "sign": "=",
                            "values": [{"text": "2.16.0rc1", "release": None}],
                        },
                    ]
                }
            },
            {"name": "case", "kind": "path", "sign": "!=", "values": ["cases/saving"]},
        ]
    }


CONDITIONS = st.sampled_from(["tensorflow=2.15", "tensorflow>2.15", "device=cpu", "format in (h5, keras)", "python=3.9", "hub<1"])
SELECTORS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) or ({two[1]})"),
    ),
    max_leaves=8,
)


def selected(text: str) -> set[str]:
    selector: Selector = compile_selector(text)
    return {cell.id for cell in cells() if selector(planned(cell.axes, {}, cell.environment, cell.id))}


@given(SELECTORS, SELECTORS)
def test_boolean_laws(one: str, other: str) -> None:
    everything = {cell.id for cell in cells()}
    assert selected(f"not ({one})") == everything - selected(one)
    assert selected(f"({one}) and ({other})") == selected(one) & selected(other)
    assert selected(f"({one}) or ({other})") == selected(one) | selected(other)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    found = read_selector(text, Context.RESULT, VOCABULARY)
    assert isinstance(found, Selector) or all(1 <= fault.column <= len(text) + 1 for fault in found)
