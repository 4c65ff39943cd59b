"""Describe a failure whole, from the exception itself: its class and bases, its words, its innermost cause, where it came from.

    {"kinds": ["tensorflow.python.framework.errors_impl.NotFoundError", ...], "message": ...,
     "cause": {"kinds": [...], "message": ...}, "frame": {"package": "keras", "file": "src/layers/layer.py", "function": "call"},
     "signature": "1-4f0c2a9be1"}

Facts only: whether a failure was to be expected is decided elsewhere, after the run. Standard library only, Python 3.7 syntax.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from harness.incell import hubmatrix_signature as signatures  # the driver
else:
    # In a cell this folder comes last on sys.path, so the name has to be its own.
    import hubmatrix_signature as signatures

MESSAGE_LIMIT = 10_000
KINDS_LIMIT = 12
CHAIN_LIMIT = 20
# Frames that only pass an exception on, or rewrite it: no place where anything went wrong.
PASSING_ON = ("traceback_utils.py", "deprecation.py", "dispatch.py", "nest.py")
INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\](.+)\Z")
# numpy.testing and pytest raise for the case that called them: the case is where it went wrong.
OF_THE_CASE = ("_pytest", "pytest", "pluggy", "numpy")


def describe(error: BaseException, rootdir: str = "") -> dict[str, Any]:
    """Return the facts of an exception that has a traceback. `rootdir` is the folder that cases' paths are relative to."""
    cause = innermost_cause(error)
    frame = frame_of(cause, rootdir) if cause.__traceback__ is not None else frame_of(error, rootdir)
    message = words(error)
    inner = signatures.innermost(words(cause))
    return {
        "kinds": kinds(error),
        "message": message,
        "cause": {"kinds": kinds(cause), "message": inner},
        "frame": frame,
        "signature": signatures.signature(type(cause).__name__, inner, frame["package"], frame["function"]),
    }


def kinds(error: BaseException) -> list[str]:
    """Return the qualified names of an exception's class and its bases, most derived first, without object and BaseException."""
    bases = [kind for kind in type(error).__mro__ if kind not in (object, BaseException)]
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in bases][:KINDS_LIMIT]


def words(error: BaseException) -> str:
    """Return what an exception says, of any length up to MESSAGE_LIMIT; "" for one whose __str__ raises."""
    try:
        text = str(error)
    except Exception:
        return ""
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 3] + "..."


def innermost_cause(error: BaseException) -> BaseException:
    """Return the exception that the others were raised because of.

    `raise ... from cause` says so itself. An exception that came up while another was handled need not have to do with it: Keras
    tries one way, then another, and the second failure is what users see. It counts as wrapping only where it repeats the words.
    """
    for _ in range(CHAIN_LIMIT):
        if error.__cause__ is not None:
            error = error.__cause__
            continue
        context = error.__context__
        if context is None or error.__suppress_context__ or not repeats(error, context):
            break
        error = context
    return error


def repeats(error: BaseException, context: BaseException) -> bool:
    first = words(context).strip().split("\n")[0].strip()
    return len(first) >= 12 and first in words(error)


def frame_of(error: BaseException, rootdir: str) -> dict[str, Any]:
    """Return the innermost frame in a third-party package; where none is, the innermost of the case."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append((code.co_filename, code.co_name))
        traceback = traceback.tb_next
    for file, function in reversed(frames):
        inside = INSTALLED.search(file)
        if inside and os.path.basename(file) not in PASSING_ON:
            package, _, path = inside.group(1).replace("\\", "/").partition("/")
            if package not in OF_THE_CASE:
                return {"package": package, "file": path, "function": function}
    for file, function in reversed(frames):
        relative = os.path.relpath(file, rootdir) if rootdir else file
        if rootdir and not relative.startswith("..") and not INSTALLED.search(file):
            return {"package": "", "file": relative.replace(os.sep, "/"), "function": function}
    return {"package": "", "file": "", "function": ""}


def describe_text(kind: str, message: str) -> dict[str, Any]:
    """Return the facts of a failure that is known by its words alone: a resolver's proof, a build, the end of a process."""
    inner = signatures.innermost(message)
    return {
        "kinds": [kind],
        "message": message[:MESSAGE_LIMIT],
        "cause": {"kinds": [kind], "message": inner[:MESSAGE_LIMIT]},
        "frame": {"package": "", "file": "", "function": ""},
        "signature": signatures.signature(kind, inner),
    }


def current(rootdir: str = "") -> dict[str, Any]:
    """Return the facts of the exception that is being handled."""
    error = sys.exc_info()[1]
    if error is None:
        raise RuntimeError("no exception is being handled")
    return describe(error, rootdir)
