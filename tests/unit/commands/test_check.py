"""hubmatrix check, up to where cells run: what is planned for a model, what cells get of it, what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.base.errors import HubmatrixError, SelectionError, SpecError
from harness.base.workspace import Workspace
from harness.commands import check as checking
from harness.commands import look
from harness.commands.check import Width
from harness.domain import Device, HubFormat, InstallPolicy, Interface, KerasChoice, SaveFormat, TextOps
from harness.models import archives, replicas
from harness.models.handles import cache_name
from harness.models.inspect import Inspected
from tests.unit.models.inspect.conftest import CONFIG, FLOAT, info, proto, serve, write_h5, write_keras

ROOT = Path(__file__).parents[3]
NARROW = Width(tensorflow="2.15", installs=(InstallPolicy.AS_RELEASED,), keras=(KerasChoice.DEFAULT,), devices=(Device.CPU,))


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
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


def made(place: Workspace, model: Path | str, width: Width = NARROW) -> checking.Check:
    brought, inspected = look.look_into(place, str(model), None)
    return checking.make(place, brought, inspected, width)


def test_a_plain_saved_model(place: Workspace, scale: Path) -> None:
    """Only the cases for any model, and of the axes only what matters to it."""
    check = made(place, scale)
    assert (check.model.handle, check.model.id, check.model.interface) == ("./scale", "scale", Interface.OTHER)
    assert {case.id.rpartition("/")[0] for case in check.made.cases} == {"cases/anymodel"}
    assert not [case.id for case in check.made.cases if "test_keras.py" in case.id]
    (cell,) = check.made.plan.cells
    assert (cell.axes.tensorflow, cell.axes.format, cell.axes.text) == ("2.15.1", SaveFormat.SAVEDMODEL, TextOps.WITHOUT)


def test_an_encoder_gets_the_cases_for_encoders_too(place: Workspace, tmp_path: Path) -> None:
    replicas.unpack(replicas.find("bert-en/3"), tmp_path / "bert")
    check = made(place, tmp_path / "bert")
    rooms = {case.id.split("/")[1] for case in check.made.cases}
    assert {"anymodel", "encoding", "saving"} <= rooms
    assert not rooms & {"loading", "fetching", "reported"}
    assert {cell.axes.format for cell in check.made.plan.cells} == set(SaveFormat)


def test_keras_files_have_the_endings_that_keras_wants(place: Workspace, tmp_path: Path) -> None:
    check = made(place, write_keras(tmp_path / "my model", CONFIG))
    assert (check.model.handle, check.model.format) == ("./model.keras", HubFormat.KERAS_FILE)
    assert {case.id.partition("::")[0] for case in check.made.cases} == {"cases/anymodel/test_keras.py"}
    assert made(place, write_h5(tmp_path / "net.hdf5", CONFIG)).model.handle == "./net.h5"


def test_the_matrix_has_no_cases_for_any_model(place: Workspace) -> None:
    from harness.commands import plan as planning

    cases = planning.make(place, planning.Choice.of("full", "", (), ())).cases
    assert not [case.id for case in cases if case.id.startswith("cases/anymodel/")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("2.15", ["2.15.1"]),
        ("2.15.1,2.19", ["2.15.1", "2.19.1"]),
        (">=2.12,<2.14", ["2.12.1", "2.13.1"]),
        ("==2.4.*", ["2.4.4"]),
        ("", ["2.15.1", "2.19.1", "2.21.0"]),
    ],
)
def test_versions(wanted: str, found: list[str], place: Workspace, scale: Path) -> None:
    width = Width(tensorflow=wanted, installs=NARROW.installs, keras=NARROW.keras, devices=NARROW.devices)
    assert [cell.axes.tensorflow for cell in made(place, scale, width).made.plan.cells] == found


@pytest.mark.parametrize(
    ("wanted", "kind", "told"),
    [
        ("newest", SpecError, "--tensorflow: 'newest' is no condition on versions (hint: a version such as 2.15,"),
        (">=3", SelectionError, "--tensorflow: no TensorFlow is >=3 (hint: there are 1.15.5,"),
    ],
)
def test_versions_that_are_none(wanted: str, kind: type[HubmatrixError], told: str, place: Workspace, scale: Path) -> None:
    width = Width(tensorflow=wanted, installs=NARROW.installs, keras=NARROW.keras, devices=NARROW.devices)
    with pytest.raises(kind) as caught:
        made(place, scale, width)
    assert str(caught.value).startswith(told)


def test_a_cell_gets_a_copy(place: Workspace, scale: Path, tmp_path: Path) -> None:
    """What a cell does to its files does nothing to the user's."""
    before = archives.tree_digest(scale)
    check = made(place, scale)
    check.supply.bring("scale", tmp_path / "work")
    given = tmp_path / "work" / "cwd" / "scale"
    assert archives.tree_digest(given) == before
    for file in given.rglob("*.*"):
        file.write_bytes(b"spoiled") if file.is_file() else None
    assert archives.tree_digest(scale) == before


def test_a_handle_is_in_the_cell_s_cache(place: Workspace, tmp_path: Path) -> None:
    replica = replicas.find("bert-uncased/1")
    check = made(place, replica.manifest.handle)
    assert (check.model.handle, check.model.format) == (replica.manifest.handle, HubFormat.TF1_HUB)
    check.supply.bring(check.model.id, tmp_path / "work")
    assert archives.tree_digest(tmp_path / "work" / "hub" / cache_name(replica.manifest.handle)) == replica.manifest.tree_sha256


def test_the_digest_changes_with_the_files(place: Workspace, scale: Path) -> None:
    one = made(place, scale).supply.digests(["scale"])
    assert made(place, scale).supply.digests(["scale"]) == one
    (scale / "variables" / "variables.index").write_bytes(b"other")
    assert made(place, scale).supply.digests(["scale"]) != one


def test_results_are_apart_from_those_of_the_matrix(place: Workspace, scale: Path) -> None:
    check = made(place, scale)
    assert check.workspace.runs == place.root / "reports" / "checks" / "scale" / "runs"
    assert check.workspace.venvs == place.venvs


def test_what_is_told(place: Workspace, scale: Path) -> None:
    brought, inspected = look.look_into(place, str(scale), None)
    size = f"{inspected.tree.size / 2**10:.1f} KiB in 2 files"
    assert look.describe(brought, inspected) == "\n".join(
        [
            f"{scale}: SavedModel, written by TensorFlow 2.15.1, {size}",
            "  signature   serving_default(x: float32 [?, 3]) -> y: float32 [?, 2]",
        ]
    )
    assert look.facts(brought, inspected)["interface"] == "other"
    assert isinstance(inspected, Inspected)
