"""The command line: one command a stage. The only room that prints errors and exits.

Exit codes: 0 done (cells that fail are results, not errors), 1 a program does not compile, 2 matrix.yaml or an option is
wrong, 3 nothing is selected, 4 no readable results, 5 a model or program is invalid, 6 trouble of the machine, 130 interrupted.

Each module adds its commands to the app when it is imported; `--help` lists them in this order. A command imports its stages when
it runs: all of them together take 2.4 s of CPU to import, this package without them 0.1 s.
"""

from harness.cli import measure, parts, report, supply, tpu
from harness.cli.app import NOT_COMPILED, app, main

__all__ = ["NOT_COMPILED", "app", "main", "measure", "parts", "report", "supply", "tpu"]
