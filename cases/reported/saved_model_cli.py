"""saved_model_cli show --dir model --all: a program of its own, which imports no tensorflow_text."""

import sys

from tensorflow.python.tools import saved_model_cli

sys.argv = ["saved_model_cli", "show", "--dir", "model", "--all"]
saved_model_cli.main()
