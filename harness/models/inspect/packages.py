"""Find the packages to import before a model with certain ops can be loaded. Ops of TensorFlow itself are not listed."""

from __future__ import annotations

from collections.abc import Iterable

TEXT = "tensorflow-text"
# The ops that `import tensorflow_text` adds to TensorFlow's registry in 2.4.3, 2.15.0 and 2.19.0: these, and those that begin with
# TFText>.
TEXT_OPS = frozenset(
    {
        "CaseFoldUTF8",
        "ConstrainedSequence",
        "FastBertNormalize",
        "FastWordpieceTokenizeWithOffsets",
        "FindSourceOffsets",
        "MaxSpanningTree",
        "NormalizeUTF8",
        "NormalizeUTF8WithOffsetsMap",
        "PhraseTokenize",
        "RegexSplitWithOffsets",
        "RougeL",
        "SentenceFragments",
        "SentenceFragmentsV2",
        "SentencepieceDetokenizeOp",
        "SentencepieceIdToStringOp",
        "SentencepieceOp",
        "SentencepieceStringToIdOp",
        "SentencepieceTokenizeOp",
        "SentencepieceTokenizeWithOffsetsOp",
        "SentencepieceVocabSizeOp",
        "SplitMergeTokenizeWithOffsets",
        "TokenizerFromLogits",
        "UnicodeScriptTokenizeWithOffsets",
        "WhitespaceTokenizeWithOffsets",
        "WordpieceTokenizeWithOffsets",
    }
)


def needed(ops: Iterable[str]) -> tuple[str, ...]:
    """List the packages by name; other libraries by the namespace of their ops (`Addons>GeluV2`)."""
    names = set()
    for op in ops:
        namespace, separator, _ = op.partition(">")
        if op in TEXT_OPS or namespace == "TFText":
            names.add(TEXT)
        elif separator:
            names.add(f"the library of the ops {namespace}>…")
    return tuple(sorted(names))
