"""Timings of hubmatrix beside what people use instead. `python -m bench --help`; never asserted, never part of a test."""
