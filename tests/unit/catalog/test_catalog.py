"""The catalog: cases, the axes they use and the models they apply to, read from trees made here."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from harness.base.errors import SpecError
from harness.catalog import read_cases
from harness.domain import Axis, Case, Companion, HubFormat, Interface, Service

CONFTEST = """
    import pytest

    @pytest.fixture
    def encoder(model, tmp_path): ...

    @pytest.fixture
    def saved(encoder, save_format): ...
"""


def tree(tmp_path: Path, **files: str) -> Path:
    """A cases/ folder; `__` in a name is a folder's end: `saving__test_x`."""
    for name, text in files.items():
        path = tmp_path / "cases" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return tmp_path / "cases"


def one(tmp_path: Path, text: str, **files: str) -> Case:
    (case,) = read_cases(tree(tmp_path, test_x=text, **files))
    return case


def uses(tmp_path: Path, text: str, **files: str) -> set[str]:
    return {axis.value for axis in one(tmp_path, text, **files).uses}


def problems(tmp_path: Path, **files: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_cases(tree(tmp_path, **files))
    return [str(problem) for problem in caught.value.problems]


def test_ids_and_order(tmp_path: Path) -> None:
    cases = read_cases(
        tree(
            tmp_path,
            saving__test_b="def test_z(): ...\nasync def test_a(): ...",
            saving__test_a="""
                class TestSave:
                    def test_one(self): ...
                    def helper(self): ...
                    class TestInner:
                        def test_two(self): ...
                class Other:
                    def test_three(self): ...
                def helper(): ...
                if True:
                    def test_four(): ...
            """,
            helper="def test_not_a_case(): ...",
        )
    )
    assert [case.id for case in cases] == [
        "cases/saving/test_a.py::TestSave::test_one",
        "cases/saving/test_a.py::TestSave::TestInner::test_two",
        "cases/saving/test_a.py::test_four",
        "cases/saving/test_b.py::test_z",
        "cases/saving/test_b.py::test_a",
    ]


def test_no_cases(tmp_path: Path) -> None:
    assert read_cases(tmp_path / "cases") == ()


def test_the_last_of_equal_names_counts(tmp_path: Path) -> None:
    assert uses(tmp_path, "def test_a(model): ...\ndef test_a(device): ...") == {"device"}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('def test_a():\n    """It saves.\n\n    More."""', "It saves."),
        ("def test_saves_and_loads(): ...", "saves and loads"),
        ('def test_a():\n    """  """', "a"),
    ],
)
def test_title(tmp_path: Path, text: str, title: str) -> None:
    assert one(tmp_path, text).title == title


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("def test_a(): ...", set()),
        ("def test_a(tmp_path, model): ...", {"model"}),
        ("def test_a(*, save_format): ...", {"format"}),
        ("def test_a(model=None, *, device=1): ...", set()),
        ("def test_a(encoder): ...", {"model"}),
        ("def test_a(saved): ...", {"model", "format"}),
        ("class TestA:\n    def test_a(self, saved): ...", {"model", "format"}),
        ("class TestA:\n    @staticmethod\n    def test_a(device): ...", {"device"}),
        ("import pytest\n@pytest.mark.usefixtures('saved', 'device')\ndef test_a(): ...", {"model", "format", "device"}),
        ("import pytest\n@pytest.mark.usefixtures('device')\nclass TestA:\n    def test_a(self): ...", {"device"}),
        ("import pytest\npytestmark = [pytest.mark.slow, pytest.mark.usefixtures('device')]\ndef test_a(): ...", {"device"}),
        ("import pytest\n@pytest.mark.parametrize('device', ['x'])\ndef test_a(device): ...", set()),
        ("import pytest\n@pytest.mark.parametrize('model, n', [(1, 2)])\ndef test_a(saved, n): ...", {"format"}),
        ("import pytest\n@pytest.mark.parametrize('device', ['x'], indirect=True)\ndef test_a(device): ...", {"device"}),
        (
            "import pytest\n@pytest.mark.parametrize(('a', 'device'), [], indirect=['device'])\ndef test_a(a, device): ...",
            {"device"},
        ),
    ],
)
def test_axes(tmp_path: Path, text: str, axes: set[str]) -> None:
    assert uses(tmp_path, text, conftest=CONFTEST) == axes


def test_autouse_fixtures(tmp_path: Path) -> None:
    autouse = "import pytest\n@pytest.fixture(autouse=True)\ndef quiet(device): ..."
    assert uses(tmp_path / "1", "def test_a(): ...", conftest=autouse) == {"device"}
    assert uses(tmp_path / "2", f"{autouse}\ndef test_a(): ...") == {"device"}
    assert uses(tmp_path / "3", "def test_a(): ...", other__conftest=autouse) == set()
    in_class = """
        import pytest
        class TestA:
            @pytest.fixture(autouse=True)
            def quiet(self, device): ...
            def test_a(self): ...
    """
    assert uses(tmp_path / "4", in_class) == {"device"}


def test_named_fixtures(tmp_path: Path) -> None:
    text = "from pytest import fixture\n@fixture(name='thing')\ndef make_thing(model): ...\ndef test_a(thing): ..."
    assert uses(tmp_path, text) == {"model"}


def test_the_nearest_fixture_wins(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.fixture\ndef encoder(): ...\ndef test_a(saved): ..."
    assert uses(tmp_path, text, conftest=CONFTEST) == {"format"}


def test_a_fixture_that_asks_for_its_own_name_means_the_outer_one(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.fixture\ndef encoder(encoder, device): ...\ndef test_a(encoder): ..."
    assert uses(tmp_path, text, conftest=CONFTEST) == {"model", "device"}


def test_fixtures_that_ask_for_each_other_end(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.fixture\ndef a(b): ...\n@pytest.fixture\ndef b(a, device): ...\ndef test_a(a): ..."
    assert uses(tmp_path, text) == {"device"}


def test_conftest_files_of_other_folders_do_not_apply(tmp_path: Path) -> None:
    nearer = "import pytest\n@pytest.fixture\ndef encoder(device): ..."
    cases = read_cases(
        tree(
            tmp_path,
            conftest=CONFTEST,
            sub__conftest=nearer,
            sub__test_x="def test_a(encoder): ...",
            subway__test_x="def test_a(encoder): ...",
        )
    )
    assert [case.uses for case in cases] == [{Axis.DEVICE}, {Axis.MODEL}]


@pytest.mark.parametrize(
    ("text", "formats", "interfaces"),
    [
        ("def test_a(): ...", set(), set()),
        ("@pytest.mark.models(format='hub')\ndef test_a(): ...", {"hub"}, set()),
        ("@pytest.mark.models(interface=('dict', 'list'))\ndef test_a(): ...", set(), {"dict", "list"}),
        ("pytestmark = pytest.mark.models(interface=['dict', 'list'])\ndef test_a(): ...", set(), {"dict", "list"}),
        (
            "pytestmark = pytest.mark.models(interface=['dict', 'list'])\n"
            "@pytest.mark.models(format='saved_model_2')\n"
            "class TestA:\n"
            "    pytestmark = [pytest.mark.models(interface=['list', 'text'])]\n"
            "    def test_a(self): ...",
            {"saved_model_2"},
            {"list"},
        ),
        ("encoders = pytest.mark.models(interface='dict')\n@encoders\ndef test_a(): ...", set(), {"dict"}),
        ("@pytest.mark.slow\n@pytest.mark.models(interface='text')\ndef test_a(): ...", set(), {"text"}),
    ],
)
def test_models(tmp_path: Path, text: str, formats: set[str], interfaces: set[str]) -> None:
    case = one(tmp_path, f"import pytest\n{text}")
    assert case.formats == set(map(HubFormat, formats))
    assert case.interfaces == set(map(Interface, interfaces))


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        ("models(interface=X)", "2:31: `X` isn't a literal (hint: write the text, or a list of texts, in the mark itself)"),
        (
            "models(interface=['dict', X])",
            "2:31: `['dict', X]` isn't a literal (hint: write the text, or a list of texts, in the mark itself)",
        ),
        ("models(interface=1)", "2:31: `1` isn't a literal (hint: write the text, or a list of texts, in the mark itself)"),
        ("models(interface='dikt')", "2:31: no interface 'dikt' (hint: did you mean 'dict'?)"),
        ("models(format='hup')", "2:28: no format 'hup' (hint: did you mean 'hub'?)"),
        ("models(format=[])", "2:28: the list is empty (hint: leave it out to mean all)"),
        ("models(formats='hub')", "2:29: mark 'models' has no argument 'formats' (hint: did you mean 'format'?)"),
        ("models('hub')", "2:21: mark 'models' takes names only (hint: models(format=..., interface=...))"),
        ("models", "2:2: mark 'models' needs arguments"),
        ("devices()", '2:2: mark \'devices\' names no device (hint: devices("tpu-v5e", "tpu-v4"))'),
        ("devices('tpu-v5')", "2:22: no device 'tpu-v5' (hint: did you mean 'tpu-v5p'?)"),
        ("devices(only='cpu')", '2:27: mark \'devices\' takes texts only (hint: devices("tpu-v5e", "tpu-v4"))'),
        ("usefixtures(NAME)", "2:26: `NAME` isn't a literal (hint: write the text, or a list of texts, in the mark itself)"),
        ("parametrize(NAMES, [])", "2:26: `NAMES` isn't a literal (hint: write the text, or a list of texts, in the mark itself)"),
    ],
)
def test_marks_that_cannot_be_read(tmp_path: Path, mark: str, found: str) -> None:
    text = f"import pytest\n@pytest.mark.{mark}\ndef test_a(): ..."
    assert problems(tmp_path, test_x=text) == [f"cases/test_x.py:{found}"]


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("def test_a(): ...", {"cpu", "xla-cpu"}),
        ("@pytest.mark.devices('tpu-v5e')\ndef test_a(): ...", {"tpu-v5e"}),
        ("pytestmark = pytest.mark.devices('tpu-v5e', 'tpu-v4')\ndef test_a(): ...", {"tpu-v4", "tpu-v5e"}),
        ("pytestmark = pytest.mark.devices('tpu-v5e', 'cpu')\n@pytest.mark.devices('cpu')\ndef test_a(): ...", {"cpu"}),
    ],
)
def test_devices(tmp_path: Path, text: str, devices: set[str]) -> None:
    assert {device.value for device in one(tmp_path, "import pytest\n" + text).devices} == devices


def test_marks_that_leave_no_model(tmp_path: Path) -> None:
    text = """\
        import pytest
        pytestmark = pytest.mark.models(interface="dict")
        @pytest.mark.models(interface="list")
        def test_a(): ...
    """
    assert problems(tmp_path, test_x=text) == [
        "cases/test_x.py:4:1: the marks of this case leave no model (hint: a mark can only narrow those of its class and module)"
    ]


def test_marks_that_leave_no_device(tmp_path: Path) -> None:
    text = """\
        import pytest
        pytestmark = pytest.mark.devices("tpu-v5e")
        @pytest.mark.devices("cpu")
        def test_a(): ...
    """
    assert problems(tmp_path, test_x=text) == [
        "cases/test_x.py:4:1: the marks of this case leave no device (hint: a mark can only narrow those of its class and module)"
    ]


def test_every_problem_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        test_a="import pytest\npytestmark = pytest.mark.models(format=F)\ndef test_a(): ...\ndef test_b(): ...",
        test_b="def test_a(:\n    ...",
        test_c="x = 1\0",
    )
    assert found[1] == "cases/test_b.py:1:12: not Python: invalid syntax"
    assert [problem.split(":")[0] for problem in found] == ["cases/test_a.py", "cases/test_b.py", "cases/test_c.py"]


def test_the_digest_covers_what_can_change_the_outcome(tmp_path: Path) -> None:
    def digest() -> str:
        return next(case.digest for case in read_cases(tmp_path / "cases") if case.id == "cases/sub/test_x.py::test_a")

    files = {
        "conftest": "",
        "sub__conftest": "",
        "sub__test_x": "def test_a(): ...",
        "texts": "",
        "other__conftest": "",
        "test_y": "",
    }
    tree(tmp_path, **files)
    before = digest()
    assert len(before) == 64
    for name in ("other__conftest", "test_y"):
        tree(tmp_path, **{name: "x = 1"})
        assert digest() == before, name
    for name in ("conftest", "sub__conftest", "texts"):
        tree(tmp_path, **{name: "x = 1"})
        assert digest() != before, name
        tree(tmp_path, **{name: files[name]})
        assert digest() == before, name
    tree(tmp_path, sub__test_x="def test_a(): ... # changed")
    assert digest() != before


def test_a_service_is_asked_for_like_an_axis(tmp_path: Path) -> None:
    """Through fixtures too; what a mark gives is not asked for."""
    conftest = "import pytest\n@pytest.fixture\ndef place(hub_server, model): ..."
    case = one(tmp_path, "def test_a(place): ...", conftest=conftest)
    assert (case.services, case.uses) == ({Service.HUB_SERVER}, {Axis.MODEL})
    given = "import pytest\n@pytest.mark.parametrize('hub_server', ['x'])\ndef test_a(hub_server): ..."
    assert one(tmp_path, given, conftest=conftest).services == set()


def test_a_companion_is_asked_for_like_a_service(tmp_path: Path) -> None:
    conftest = "import pytest\n@pytest.fixture\ndef tokenizer(transformers, model): ..."
    case = one(tmp_path, "def test_a(tokenizer): ...", conftest=conftest)
    assert (case.companions, case.services, case.uses) == ({Companion.TRANSFORMERS}, set(), {Axis.MODEL})
    assert one(tmp_path, "def test_a(model): ...", conftest=conftest).companions == set()
