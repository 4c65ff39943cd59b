"""Plain nox: a session a TensorFlow version with virtualenv and pip, a pytest a cell. Its parameters are in cells.json."""

import json
from pathlib import Path

import nox

PARAMETERS = json.loads((Path(__file__).parent / "cells.json").read_text(encoding="utf-8"))
nox.options.default_venv_backend = "virtualenv"


@nox.session
@nox.parametrize(
    ["python", "requirements"],
    [
        nox.param(environment["python"], environment["requirements"], id=environment["tensorflow"])
        for environment in PARAMETERS["environments"]
    ],
)
def encode(session, requirements):
    session.install("-r", requirements)
    for manifest in PARAMETERS["manifests"]:
        session.run("python", "-m", "pytest", "-q", "cases", env={**PARAMETERS["environ"], "HUBMATRIX_MODEL": manifest})
