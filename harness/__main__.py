"""`python -m harness`: the same as `hubmatrix`."""

from harness.cli import main

main()
