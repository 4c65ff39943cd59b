"""hubmatrix check, up to where cells run: what is planned for a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.errors import HubmatrixError, SelectionError
from harness.base.workspace import Workspace
from harness.commands import look
from harness.commands.check import WITH_PYTHON_CODE, Check, Width, make_check
from harness.domain import Device, HubFormat, InstallPolicy, Interface, KerasChoice, SaveFormat, TextOps
from harness.models import replicas
from tests.unit.models.inspect.conftest import CONFIG, FLOAT, info, proto, serve, write_h5, write_keras

ROOT = Path(__file__).parents[3]
NARROW = Width(tensorflow="2.15", installs=(InstallPolicy.AS_RELEASED,), keras=(KerasChoice.DEFAULT,), devices=(Device.CPU,))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The real matrix and cases, with a state of its own."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "matrix.yaml").symlink_to(ROOT / "matrix.yaml")
    (root / "cases").symlink_to(ROOT / "cases")
    return Workspace(root=root)


@pytest.fixture
def scale(tmp_path: Path) -> Path:
    """A SavedModel of no known interface."""
    folder = tmp_path / "scale"
    (folder / "variables").mkdir(parents=True)
    signature = {"inputs": {"x": info(FLOAT, -1, 3)}, "outputs": {"y": info(FLOAT, -1, 2)}}
    (folder / "saved_model.pb").write_bytes(proto(serve(signature_def={"serving_default": signature})))
    (folder / "variables" / "variables.index").write_bytes(b"index")
    return folder


def planned(workspace: Workspace, model: Path | str, width: Width = NARROW) -> Check:
    brought, inspected = look.look_into(workspace, str(model), None)
    return make_check(workspace, brought, inspected, width)


def test_a_plain_saved_model(workspace: Workspace, scale: Path) -> None:
    """Only the cases for any model, and of the axes only what matters to it."""
    check = planned(workspace, scale)
    assert (check.model.handle, check.model.id, check.model.interface) == ("./scale", "scale", Interface.OTHER)
    assert {case.id.rpartition("/")[0] for case in check.run_plan.cases} == {"cases/anymodel"}
    assert not [case.id for case in check.run_plan.cases if "test_keras.py" in case.id]
    (cell,) = check.run_plan.plan.cells
    assert (cell.axes.tensorflow, cell.axes.format, cell.axes.text) == ("2.15.1", SaveFormat.SAVEDMODEL, TextOps.WITHOUT)


def test_an_encoder_gets_the_cases_for_encoders_too(workspace: Workspace, tmp_path: Path) -> None:
    replicas.unpack(replicas.find_replica("bert-en/3"), tmp_path / "bert")
    check = planned(workspace, tmp_path / "bert")
    rooms = {case.id.split("/")[1] for case in check.run_plan.cases}
    assert {"anymodel", "encoding", "saving"} <= rooms
    assert not rooms & {"loading", "fetching", "reported"}
    assert {cell.axes.format for cell in check.run_plan.plan.cells} == set(SaveFormat)


def test_keras_files_have_the_endings_that_keras_wants(workspace: Workspace, tmp_path: Path) -> None:
    check = planned(workspace, write_keras(tmp_path / "my model", CONFIG))
    assert (check.model.handle, check.model.format) == ("./model.keras", HubFormat.KERAS_FILE)
    assert {case.id.partition("::")[0] for case in check.run_plan.cases} == {"cases/anymodel/test_keras.py"}
    assert planned(workspace, write_h5(tmp_path / "net.hdf5", CONFIG)).model.handle == "./net.h5"


def test_the_matrix_has_no_cases_for_any_model(workspace: Workspace) -> None:
    from harness.commands import plan

    cases = plan.make_run_plan(workspace, plan.build_selection("full")).cases
    assert not [case.id for case in cases if case.id.startswith("cases/anymodel/")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("2.15", ["2.15.1"]),
        ("2.15.1,2.19", ["2.15.1", "2.19.1"]),
        (">=2.12,<2.14", ["2.12.1", "2.13.1"]),
        ("2.12-2.13", ["2.12.1", "2.13.1"]),
        ("==2.4.*", ["2.4.4"]),
        ("", ["2.15.1", "2.19.1", "2.21.0"]),
    ],
)
def test_versions(wanted: str, found: list[str], workspace: Workspace, scale: Path) -> None:
    width = Width(tensorflow=wanted, installs=NARROW.installs, keras=NARROW.keras, devices=NARROW.devices)
    assert [cell.axes.tensorflow for cell in planned(workspace, scale, width).run_plan.plan.cells] == found


@pytest.mark.parametrize(
    ("wanted", "kind", "told"),
    [
        ("newest", SelectionError, "--tensorflow:1: 'newest' isn't a condition on versions (hint: a version such as 2.15,"),
        (">=3", SelectionError, "--tensorflow: no TensorFlow is >=3 (hint: there are 1.15.5,"),
    ],
)
def test_versions_that_are_none(wanted: str, kind: type[HubmatrixError], told: str, workspace: Workspace, scale: Path) -> None:
    width = Width(tensorflow=wanted, installs=NARROW.installs, keras=NARROW.keras, devices=NARROW.devices)
    with pytest.raises(kind) as caught:
        planned(workspace, scale, width)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize(
    ("select", "ids"),
    [
        ("tensorflow=2.4", ["tf-2_4_4-as-released--scale--savedmodel--cpu"]),
        (
            "tensorflow in (2.15, 2.16) and install=today",
            ["tf-2_15_1-today--scale--savedmodel--cpu", "tf-2_16_2-today--scale--savedmodel--cpu"],
        ),
        ("keras=legacy and tensorflow=2.19", ["tf-2_19_1-as-released-legacy--scale--savedmodel--cpu"]),
        ("tensorflow>=2.20 and not tensorflow=2.21 and device=xla-cpu", ["tf-2_20_0-as-released--scale--savedmodel--xla-cpu"]),
    ],
)
def test_a_selector_decides_of_the_axes_that_it_names(select: str, ids: list[str], workspace: Workspace, scale: Path) -> None:
    width = Width(tensorflow="", installs=NARROW.installs, keras=NARROW.keras, devices=NARROW.devices, select=select)
    assert [cell.id for cell in planned(workspace, scale, width).run_plan.plan.cells] == ids


def test_a_selector_beside_the_short_form(workspace: Workspace, scale: Path) -> None:
    width = replace(NARROW, tensorflow="2.15,2.16", select="tensorflow>2.15")
    assert [cell.axes.tensorflow for cell in planned(workspace, scale, width).run_plan.plan.cells] == ["2.16.2"]
    with pytest.raises(SelectionError, match=r"--select:1: unknown name 'devise' \(hint: did you mean 'device'\?\)"):
        planned(workspace, scale, replace(NARROW, select="devise=cpu"))


def test_results_are_apart_from_those_of_the_matrix(workspace: Workspace, scale: Path) -> None:
    check = planned(workspace, scale)
    assert check.workspace.results == workspace.all_results / "reports" / "checks" / "scale" / "results.sqlite"
    assert check.workspace.venvs == workspace.venvs


def test_a_case_about_python_code_is_run_on_files_that_have_some(workspace: Workspace, tmp_path: Path) -> None:
    plain = planned(workspace, write_keras(tmp_path / "plain.keras", CONFIG))
    layer = {"class_name": "Lambda", "config": {"name": "twice", "function": ["4wE", None, None], "function_type": "lambda"}}
    config = {**CONFIG, "config": {"layers": [*CONFIG["config"]["layers"], layer]}}
    with_code = planned(workspace, write_keras(tmp_path / "with.keras", config))
    assert {case.id for case in with_code.run_plan.cases} - {case.id for case in plain.run_plan.cases} == {WITH_PYTHON_CODE}
