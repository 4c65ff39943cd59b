"""The report: a run as one counted, sorted view, and one module for each format it is printed in.

`view.view` counts and sorts, once. `html`, `markdown` and `jsonview` each have one function, `render(view) -> str`, and only
render. Nothing here reads or writes a file.
"""
