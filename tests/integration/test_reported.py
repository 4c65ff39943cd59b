"""Reports of users, run again by the real command on fake packages: one for each way in which a script can end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.minis.project import Mini

Make = Callable[..., Mini]
SCRIPTS = {
    "raises.py": "raise FileNotFoundError('no such model')\n",
    "finishes.py": "print('weights: 0')\n",
    "hangs.py": "import time\nprint('waiting', flush=True)\ntime.sleep(600)\n",
    "crashes.py": "import os\nos.abort()\n",
    "exits.py": "import sys\nsys.exit(3)\n",
    "writes.py": "open('model', 'w').write('weights')\n",
    "loads.py": "import os\nraise KeyError(open('model').read() + os.environ['OWN'])\n",
    "looks.py": "import os, tensorflow\nprint(sorted(os.listdir('.')))\nraise ValueError(tensorflow.__file__)\n",
}
# id: (expectation, script and more)
REPORTS = {
    "raises": ("{raises: OSError, says: 'no such [m]odel'}", "script: raises.py"),
    "raises-otherwise": ("{raises: KeyError, says: model}", "script: raises.py"),
    "silent": ("{ends: finished, prints: 'weights: 0'}", "script: finishes.py"),
    "runs-through": ("{raises: OSError, says: model}", "script: finishes.py"),
    "hangs": ("{ends: hung, prints: waiting}", "script: hangs.py, seconds: 2"),
    "crashes": ("{ends: crashed, says: SIGABRT}", "script: crashes.py"),
    "exits": ("{ends: crashed, says: 'exited with code 3'}", "script: exits.py"),
    "two-steps": (
        "{raises: KeyError, says: weights!}",
        'first: {tensorflow: "2.99.0", script: writes.py}, environ: {OWN: "!"}, script: loads.py',
    ),
    "first-step-fails": ("{raises: OSError, says: model}", 'first: {tensorflow: "2.99.0", script: raises.py}, script: finishes.py'),
    "lock": ("{ends: lock_failed, says: no-such-thing}", "with: no-such-thing"),
    "looks": (r"{raises: ValueError, says: 'VENV.*tensorflow', prints: '^\[\]'}", "script: looks.py"),
}
VERDICTS = {
    **dict.fromkeys(REPORTS, "reproduced"),
    "raises-otherwise": "different",
    "runs-through": "not_reproduced",
    "first-step-fails": "different",
    "tpu": "cannot",
}


def listed() -> str:
    head = "    source: o/r#{}\n    title: t\n    category: import\n    versions: v\n    words: w\n"
    lines = ["version: 1", "reported:"]
    for number, (name, (expected, run)) in enumerate(REPORTS.items()):
        lines += [f"  {name}:", head.format(number).rstrip(), f"    expect: {expected}"]
        lines += [
            "    reproduce:",
            f'      - {{tensorflow: "2.99.0", date: today, versions: reported, {run}}}'.replace(
                "first: {", "first: {date: today, "
            ),
        ]
    return "\n".join([*lines, "  tpu:", head.format(99).rstrip(), "    cannot: {reason: tpu, why: no TPU}", ""])


def project(mini: Make) -> Mini:
    made = mini({"test_one.py": "def test_one(model): pass\n"})
    made.write_cases({f"reported/{name}": text for name, text in SCRIPTS.items()} | {"reported/reports.yaml": listed()})
    return made


def verdicts(made: Mini, *arguments: str) -> dict[str, Any]:
    ended = made.command("reproduce", "--json", *arguments)
    assert ended.code == 0, ended.stderr
    return {one["id"]: one["verdict"] for one in json.loads(ended.stdout)["reported"]}


def journal(made: Mini) -> Path:
    return made.root / "reports" / "reported" / "observed.jsonl"


def test_every_way_to_end(mini: Make) -> None:
    made = project(mini)
    assert verdicts(made) == VERDICTS
    page = (made.root / "reports" / "site" / "reported.html").read_text()
    assert str(made.root) not in page + journal(made).read_text()
    assert not list((made.root / ".hubmatrix" / "work").iterdir())

    before = len(journal(made).read_bytes().splitlines())
    assert verdicts(made) == VERDICTS
    # A lock that fails is kept by the folder of locks, and told again.
    assert len(journal(made).read_bytes().splitlines()) == before + 1

    made.write_cases({"reported/raises.py": "raise OSError('no such disk')\n"})
    assert verdicts(made, "--list")["raises"] == "not_run"
    assert verdicts(made, "raises", "raises-otherwise") == {"raises": "different", "raises-otherwise": "different"}


def test_goes_on_after_a_kill(mini: Make) -> None:
    made = project(mini)
    process = made.start("reproduce", "--plain", "--jobs", "1")
    deadline = time.monotonic() + 60
    while not (journal(made).is_file() and len(journal(made).read_bytes().splitlines()) >= 4) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    known = [json.loads(line) for line in journal(made).read_bytes().splitlines()]
    assert 4 <= len(known) < len(REPORTS)
    assert verdicts(made) == VERDICTS
    # `raises` and `raises-otherwise` ask for the very same, and so do `silent` and `runs-through`: once each.
    keys = [record["key"] for line in journal(made).read_bytes().splitlines() if (record := json.loads(line))["key"]]
    assert len(keys) == len(set(keys))


def test_interrupted_by_hand(mini: Make) -> None:
    made = project(mini)
    process = made.start("reproduce", "hangs", "--plain")
    deadline = time.monotonic() + 60
    while not list((made.root / ".hubmatrix").glob("work/reported-*/*/step-0/process/output.txt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "error: interrupted; everything observed so far is kept (hint: the same command goes on from here)\n"
