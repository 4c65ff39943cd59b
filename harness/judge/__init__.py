"""Judge the facts of a run, afterwards; only this room does. Pure, so a better judge needs no new measurement.

attribution  whose fault a failure was: the software's, this machine's
outcomes     a case's outcome against its declaration
declarations the conditions of declarations, and which one applies
verdict      a cell, from the verdicts on its cases
tasks        the tasks of users: does each work here, and by which way
claims       the claims of documents against what was measured
diagnose     the causes of messages that don't name them
"""
