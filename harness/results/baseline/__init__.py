"""The baseline: what is known of the whole matrix, committed as text below reports/baseline.

    2.15.1-as-released.txt     what was measured with one TensorFlow and install policy, a line a fact
    cases.txt                  the cells that each case bears on
    texts.jsonl                words of failures, tracebacks, lists of packages: each once, by its content

A run becomes a `Baseline` (settle), which is laid over the one that is committed (merge) and written (writing); it is read
(reading) and becomes a run again (runs). The form is described in docs/baseline.md.
"""
