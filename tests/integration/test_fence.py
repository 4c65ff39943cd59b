"""Code in a cell that tries to get out of it: each way is refused, nothing outside is changed or read, and the run says so."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.incell import hubmatrix_fence
from harness.models import replicas
from tests.minis.project import Mini, outcomes

Make = Callable[..., Mini]
LEVEL = hubmatrix_fence.level()
MODES = pytest.mark.parametrize("mode", [(), ("--no-zygote",)], ids=["zygote", "fresh"])
pytestmark = pytest.mark.skipif(not LEVEL, reason="not permitted: this kernel has no Landlock of level 2 or later")

SECRET = "the driver's own"
# Each attack is a case that fails where it gets through; a refusal is any OSError of the kernel's.
ATTACKS = """
import glob, json, os, pathlib, signal, socket, subprocess, sys
import pytest
import tensorflow

TARGETS = json.loads((pathlib.Path(__file__).parent / "targets.json").read_text())
VENV = pathlib.Path(sys.prefix)
MODULE = pathlib.Path(tensorflow.__file__)
REFUSED = pytest.raises((PermissionError, OSError))


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"# changed")


def make(folder):
    os.close(os.open(os.path.join(folder, "made-by-a-cell"), os.O_CREAT | os.O_WRONLY))


def parents():
    # guardian, zygote, driver
    processes = [os.getppid()]
    while len(processes) < 3:
        processes.append(int(open("/proc/%d/stat" % processes[-1]).read().rpartition(")")[2].split()[1]))
    return processes


def test_write_into_the_cache_through_a_hard_link_of_the_venv():
    assert MODULE.stat().st_nlink > 1
    with REFUSED: overwrite(MODULE)
    with REFUSED: os.truncate(MODULE, 0)
    with REFUSED: os.link(MODULE, "link-to-write-through")
    with REFUSED: os.rename(MODULE, "moved")
    with REFUSED: os.unlink(MODULE)

def test_write_into_the_cache():
    for path in TARGETS["cache"]:
        with REFUSED: overwrite(path)

def test_write_bytecode():
    for path in [*MODULE.parent.glob("__pycache__/*.pyc"), *TARGETS["bytecode"]]:
        with REFUSED: overwrite(path)
        with REFUSED: make(os.path.dirname(path))

@pytest.mark.parametrize("name", ["results", "replicas", "home", "root", "cases", "locks", "toolchains", "work", "run"])
def test_write_into(name):
    folder = str(TARGETS["folders"].get(name) or pathlib.Path.cwd().parents[1 if name == "work" else 2])
    with REFUSED: make(folder)
    with REFUSED: os.mkdir(os.path.join(folder, "folder-made-by-a-cell"))
    with REFUSED: os.symlink("/", os.path.join(folder, "link-made-by-a-cell"))
    for path in glob.glob(os.path.join(glob.escape(folder), "*")):
        if os.path.isfile(path):
            with REFUSED: overwrite(path)
            with REFUSED: os.unlink(path)

def test_take_the_place_of_what_the_driver_reads():
    for name in ("HUBMATRIX_EVENTS", "HUBMATRIX_OUTPUT"):
        with REFUSED: os.unlink(os.environ[name])
        with REFUSED: os.rename(os.environ[name], "moved")

def test_write_into_another_cells_folder():
    with REFUSED: make(TARGETS["folders"]["other"])

def test_read_what_the_driver_has():
    driver = parents()[2]
    assert "harness" in open("/proc/%d/cmdline" % driver).read()
    for path in ("environ", "mem", "root/etc/hostname", "cwd/pyproject.toml", "maps"):
        with REFUSED: open("/proc/%d/%s" % (driver, path), "rb").read(1)
    with REFUSED: os.readlink("/proc/%d/fd/1" % driver)

def test_read_home_and_others_files():
    for path in TARGETS["secrets"]:
        with REFUSED: open(path).read()

@pytest.mark.skipif(TARGETS["level"] < 6, reason="not permitted: this kernel's fence has no signals")
def test_signal():
    for process in parents():
        with REFUSED: os.kill(process, 0)
        with REFUSED: os.kill(process, signal.SIGKILL)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait() == -signal.SIGTERM

@pytest.mark.skipif(TARGETS["level"] < 6, reason="not permitted: this kernel's fence has no abstract sockets")
def test_connect_to_an_abstract_socket():
    client = socket.socket(socket.AF_UNIX)
    with REFUSED: client.connect(TARGETS["abstract"])

@pytest.mark.skipif(TARGETS["level"] < 4, reason="not permitted: this kernel's fence has no network")
def test_connect_elsewhere():
    with REFUSED: socket.create_connection(("127.0.0.1", TARGETS["port"]), timeout=5)

@pytest.mark.skipif(not os.access("/proc/sys/kernel/core_pattern", os.R_OK), reason="not permitted: no such setting of the kernel")
def test_change_the_machine():
    for path in ("/proc/sys/kernel/core_pattern", "/sys/kernel/mm/transparent_hugepage/enabled"):
        with REFUSED: open(path, "r+").close()

def test_what_a_case_does_still_works(tmp_path):
    os.makedirs(os.environ["TFHUB_CACHE_DIR"], exist_ok=True)
    for folder in (os.environ["HOME"], os.environ["TMPDIR"], os.getcwd(), os.environ["TFHUB_CACHE_DIR"], "/dev/shm"):
        path = os.path.join(folder, "case-%d" % os.getpid())
        with open(path, "w") as file:
            file.write("x")
        os.mkdir(path + "-folder")
        os.rename(path, path + "-folder/moved")  # from folder to folder, as saving does
        os.unlink(path + "-folder/moved")
        os.rmdir(path + "-folder")
    with open(os.devnull, "w") as file:
        file.write("x")
    assert subprocess.check_output([sys.executable, "-c", "print(1)"]) == b"1\\n"
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
"""


def digest(*folders: Path) -> str:
    """Digest of the names and contents of all files below folders, but for bytecode of cases, which the driver has compiled."""
    seen = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".pyc" if "cases" in path.parts else ".none"):
            seen.update(str(path).encode() + path.read_bytes())
    return seen.hexdigest()


IMPORT = """
import os, sys

GOT_THROUGH = []

def attack(name, act):
    try:
        act()
    except OSError:
        return
    GOT_THROUGH.append(name)

def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"# changed")

attack("its own module", lambda: overwrite(__file__))
attack("a module beside it", lambda: os.mkdir(os.path.join(os.path.dirname(__file__), "made-by-import")))
attack("its bytecode", lambda: os.makedirs(os.path.join(os.path.dirname(__file__), "__pycache__")))
attack("pytest", lambda: os.mkdir(os.path.join(sys.prefix, "..", "..", "toolchains", "made-by-import")))
attack("HOME", lambda: os.listdir("/") and open(os.path.expanduser("~root/.made-by-import"), "w"))
attack("the driver", lambda: os.kill(os.getppid(), 0))
attack("the driver's environment", lambda: open("/proc/%d/environ" % os.getppid()).read())
"""


@MODES
def test_an_import_gets_out_by_no_way(mini: Make, mode: tuple[str, ...]) -> None:
    cases = """
        import tensorflow
        def test_it(): assert tensorflow.GOT_THROUGH == []
    """
    project = mini({"test_x.py": cases}, tensorflow=IMPORT)
    run = project.run(*mode)
    assert outcomes(run) == {"test_it": "passed"}, run.cases[0].evidence
    # The driver has compiled what was imported, and what a case imported.
    compiled = {
        path.name.partition(".")[0]
        for path in project.root.rglob("*.pyc")
        if "site-packages" in path.parts or "cases" in path.parts
    }
    assert compiled >= {"__init__", "conftest", "test_x"}
    assert list(project.root.glob(".hubmatrix/venvs/*/lib/*/site-packages/tensorflow/__pycache__/*.pyc"))


@pytest.mark.parametrize("switch", ["--no-fence", "HUBMATRIX_NO_FENCE"])
def test_without_a_fence(mini: Make, switch: str) -> None:
    cases = """
        import tensorflow
        def test_it(): open(tensorflow.__file__, "a").close()
    """
    project = mini({"test_x.py": cases})
    project.env |= {} if switch.startswith("--") else {switch: "1"}
    ended = project.command("run", "--plain", "--no-report", *([switch] if switch.startswith("--") else []))
    assert "no fence (as asked for): what is run can read and change whatever you can" in ended.stderr
    run = project.newest()
    assert (outcomes(run), run.header.fence) == ({"test_it": "passed"}, "off")


@MODES
def test_a_cell_gets_out_by_no_way(
    mini: Make, mode: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".netrc").write_text("secret")
    project = mini({"test_x.py": "def test_first(): pass\n"})
    project.env |= {"AWS_SECRET_ACCESS_KEY": SECRET}
    project.run(*mode)  # so that there are a cache, bytecode and results
    other = project.root / ".hubmatrix" / "work" / "another-run" / "cell-1"
    other.mkdir(parents=True)
    (other / "file").write_text("another's")
    (project.root / ".env").write_text("secret")
    (project.root / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = '--of-the-project'\n"
    )  # pytest looks upwards
    package = project.root / ".hubmatrix" / "bytecode"
    cache = [str(path) for path in (project.root / "uv-cache").rglob("tensorflow/__init__.py")]
    assert cache
    with socket.socket() as elsewhere, socket.socket(socket.AF_UNIX) as abstract:
        elsewhere.bind(("127.0.0.1", 0))
        elsewhere.listen(1)
        abstract.bind(f"\0hubmatrix-{os.getpid()}")
        abstract.listen(1)
        targets = {
            "level": LEVEL,
            "port": elsewhere.getsockname()[1],
            "abstract": f"\0hubmatrix-{os.getpid()}",
            "cache": cache,
            "bytecode": [str(path) for path in package.rglob("*.pyc")],
            "secrets": [str(home / ".netrc"), str(project.root / ".env"), str(other / "file"), str(project.root / "matrix.yaml")],
            "folders": {
                "results": str(project.root / ".hubmatrix" / "results" / "reports"),
                "replicas": str(replicas.FOLDER),
                "home": str(home),
                "root": str(project.root),
                "cases": str(project.root / "cases"),
                "locks": str(project.root / ".hubmatrix" / "locks"),
                "toolchains": str(project.toolchains),
                "other": str(other),
            },
        }
        project.write_cases({"test_x.py": ATTACKS, "targets.json": json.dumps(targets)})
        outside = [project.root / "uv-cache", project.root / ".hubmatrix" / "bytecode", project.root / "cases", other, home]
        before = digest(*outside)
        run = project.run(*mode)
    assert {name: outcome for name, outcome in outcomes(run).items() if outcome != "passed"} == {}, [
        r.evidence for r in run.cases if r.outcome.value != "passed"
    ]
    assert digest(*outside) == before
    assert run.header.fence == f"landlock-{LEVEL}"
