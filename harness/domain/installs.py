"""How an environment is installed: the values of the axes that say so."""

from __future__ import annotations

from enum import Enum


class InstallPolicy(str, Enum):
    """How the lock is resolved.

    `as-released`: what the index held three weeks after that TensorFlow release. `today`: what a user gets now. Both by
    `python -m venv` and pip, with what that venv brings. `today-uv`: what a user of `uv venv` gets now, which brings nothing.
    """

    AS_RELEASED = "as-released"
    TODAY = "today"
    TODAY_UV = "today-uv"


class KerasChoice(str, Enum):
    """`legacy` asks for tf-keras as well and sets TF_USE_LEGACY_KERAS=1 (TensorFlow 2.16 and later)."""

    DEFAULT = "default"
    LEGACY = "legacy"


class TextOps(str, Enum):
    """`with` asks for the tensorflow-text of the same minor as well: the ops of text models are in it."""

    WITHOUT = "without"
    WITH = "with"
