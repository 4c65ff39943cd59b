"""The sabotage benchmark at its smallest: one case that looks at values, on one replica with other weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow
ROOT = Path(__file__).parents[2]
CASE = "cases/encoding/test_encode_tf2.py::test_pooled_values"
SELECT = "model=bert-en/3 and format=h5 and device=cpu"


def test_a_case_that_looks_at_values_notices_other_weights(tmp_path: Path) -> None:
    facts = tmp_path / "sabotage.json"
    argv = [sys.executable, "-m", "bench", "sabotage", "--case", CASE, "--select", SELECT, "--json", str(facts)]
    done = subprocess.run(
        [*argv, "--sabotage", "other-weights"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(facts.read_text())["cases"]
    assert (row["case"], row["standing"], row["reactions"]) == (CASE, "notices", {"other-weights": "noticed"})
    assert f"x  notices   {CASE}  task encode" in done.stdout.splitlines()
