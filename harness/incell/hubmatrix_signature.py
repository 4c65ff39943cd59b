"""Reduce the words of a failure to what stays the same when it happens again, elsewhere: its cause, masked, and an id.

    innermost(message)   the cause's own words: without what Keras, autograph and the graph executor wrap around them
    masked(text)         without what differs from run to run: addresses, paths, numbers, tensors, counters
    signature(...)       "1-4f0c2a9be1": the version of this algorithm, and a digest of class, masked cause and frame

The driver uses the same functions for what it sees itself: a resolver's proof, an import that raises. Pure; standard library
only, Python 3.7 syntax. Whatever changes a signature that was recorded needs a new VERSION.
"""

from __future__ import annotations

import hashlib
import re
import textwrap

VERSION = 1
LONGEST = 400  # characters of a masked cause that count: what follows is data, such as the values of an array

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Keras 2 and 3, tf_keras: the layer's name first, the arguments that it got last.
CALLING_LAYER = re.compile(r"\AException encountered when calling [^\n]*\n+")
ARGUMENTS = re.compile(r"\n+(?:Call arguments|Arguments) received by [\s\S]*\Z")
# autograph: "in user code:" (2.1 and later) or "in converted code:" (1.15, 2.0), frames indented, then a blank line and the error.
USER_CODE = re.compile(r"(?:\A|\n)in (?:user|converted) code:\n")
# The graph executor of TensorFlow 2.5 and later: where the node comes from, then its name, then the cause.
GRAPH_ERROR = re.compile(r"\A(?:[^\n]*\n)?\s*(?:Graph execution error:)\s*\n+")
WHERE_THE_NODE_IS = re.compile(r"\n?Node: '[^'\n]*'\n|<stack traces unavailable>\n")
NODE = re.compile(r"\s*\[\[\{*(?:node|\{)[^\]]*\]\](?:\s*\[\[[^\]]*\]\])*|\s*\[Op:[^\]]*\]|\s*\[\[[^\]]*\]\]")
NAMED_CLASS = re.compile(r"\A(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning|Failed): ")

# pytest explains an assertion by the values in it, numpy by the arrays.
EXPLAINED = re.compile(r"\n\s*\+\s[\s\S]*\Z|\n\s*(?:x|ACTUAL): [\s\S]*\Z")

MASKS = (
    (EXPLAINED, ""),
    (re.compile(r"\bTF-Keras\b"), "Keras"),
    (re.compile(r"\btf_keras\b"), "keras"),
    # Data before the numbers in it: tensors, variables and arrays as they print themselves.
    (re.compile(r"<(?:tf\.)?(?:Tensor|Variable|KerasTensor|KerasVariable|tf\.Variable)\b[^<>]*(?:<[^<>]*>[^<>]*)*>?"), "<tensor>"),
    (re.compile(r"\b(?:KerasTensor|Tensor|TensorSpec|SymbolicTensor)\((?:[^()]|\([^()]*\))*\)"), "<tensor>"),
    (re.compile(r"\bTensor\(\"[^\"]*\"(?:[^()]|\([^()]*\))*\)"), "<tensor>"),
    (re.compile(r"\barray\(\[[\s\S]*"), "<array>"),
    (re.compile(r"\[\[[-\d.e+\s\[\]]*(?:\.\.\.[-\d.e+\s\[\]]*)*\]\]"), "<array>"),
    (re.compile(r"\b0x[0-9a-fA-F]+"), "<address>"),
    # A path: from / or $NAME/ or ./ on, with at least one more part; the address of a server keeps its scheme.
    (re.compile(r"\b(https?|file|gs)://[^\s'\"<>)\]]+"), r"\1://<path>"),
    (re.compile(r"(?<![\w.<])(?:\$[A-Z_]+|~|\.{1,2})?(?:/[^\s'\"<>:,;()\[\]]+)+/?"), "<path>"),
    (re.compile(r"\b[0-9a-f]{16,}\b(?:\.[0-9a-f]+)*"), "<hash>"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<hash>"),
    # Names that a counter ends: keras_layer_12, __inference_restored_function_body_4711, Adam/dense_3/kernel.
    (re.compile(r"__(?:inference|forward|backward)_\w+"), "<function>"),
    (re.compile(r"(?<=[A-Za-z])_\d+\b"), ""),
    # Shapes, sizes, counts. A number that ends a word stays: float32, conv2d, utf8, v2.
    (re.compile(r"[\[(](?:\s*(?:None|\?|-?\d+)\s*,?)+[\])]"), "<shape>"),
    (re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])"), "<n>"),
    (re.compile(r"(?<![A-Za-z_])\d+(?:\.\d+)*"), "<n>"),
)


def innermost(message: str) -> str:
    """Return the words of the cause that a message wraps, unwrapped as often as it is wrapped."""
    text = ANSI.sub("", message).strip("\n")
    for _ in range(8):  # a wrapper in a wrapper: Keras around autograph around Keras
        inner = _unwrapped(text)
        if inner == text or not inner.strip():
            break
        text = inner
    return text.strip()


def _unwrapped(text: str) -> str:
    if CALLING_LAYER.search(text):
        return ARGUMENTS.sub("", CALLING_LAYER.sub("", text, count=1))
    user_code = USER_CODE.search(text)
    if user_code:
        return _after_frames(text[user_code.end() :])
    if GRAPH_ERROR.search(text):
        return _after_nodes(GRAPH_ERROR.sub("", text, count=1))
    return ARGUMENTS.sub("", text)


def _after_nodes(text: str) -> str:
    """Return what the graph executor says below its account of where the node was made."""
    definitions = list(WHERE_THE_NODE_IS.finditer(text))
    if definitions:
        return text[definitions[-1].end() :]
    lines = text.split("\n")
    while lines and (lines[0].startswith("Detected at node") or lines[0][:1] in (" ", "")):
        lines.pop(0)
    return "\n".join(lines)


def _after_frames(text: str) -> str:
    """Return the error below autograph's frames: the last block that begins with the name of an exception class."""
    lines = textwrap.dedent(ARGUMENTS.sub("", text)).strip("\n").split("\n")
    for number, line in enumerate(lines):
        if NAMED_CLASS.match(line.strip()):
            first = line.strip()
            return "\n".join([NAMED_CLASS.sub("", first)] + [rest.strip("\n") for rest in lines[number + 1 :]])
    # Before TensorFlow 2.2 the class stood in front on a line of its own kind; keep what follows the last blank line.
    blocks = re.split(r"\n\s*\n", "\n".join(lines))
    return textwrap.dedent(blocks[-1]).strip("\n")


def masked(text: str) -> str:
    """Return the text without what differs from run to run, on one line, at most LONGEST characters."""
    text = NODE.sub("", ANSI.sub("", text))
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return " ".join(text.split())[:LONGEST]


def signature(kind: str, cause: str, package: str = "", function: str = "") -> str:
    """Return the id of a failure.

    Args:
        kind: the exception's class, or another word for what went wrong, such as a status.
        cause: the innermost cause's words, as they are.
        package: of the innermost frame in a third-party package; its file is left out, for it moves from version to version.
        function: of the same frame.
    """
    words = "\0".join((kind.rpartition(".")[2], masked(innermost(cause)), COMMON_NAMES.get(package, package), function))
    return f"{VERSION}-{hashlib.sha256(words.encode('utf-8', 'replace')).hexdigest()[:10]}"


COMMON_NAMES = {
    "tensorflow_core": "tensorflow",
    "tensorflow_core.python": "tensorflow",
    "tf_keras": "keras",
    "keras_preprocessing": "keras",
}
"""Packages that hold the same code under another name: in TensorFlow 1.15 and 2.0, and Keras 2 after Keras 3 took its name."""
