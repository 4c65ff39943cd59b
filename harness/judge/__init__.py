"""What the facts mean: decided here, after the run, and nowhere else. Pure; a better judge needs no new measurement.

attribution  whose fault a failure was: the software's, this machine's
outcomes     a case's outcome against its declaration
declarations the conditions of declarations, and which one applies
verdict      a cell, from the verdicts on its cases
tasks        what a user comes for: does it work here, and by which way
claims       what documents assert, held against what was measured
diagnose     messages that don't say what they mean
"""
