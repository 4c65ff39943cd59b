"""Ways to install an environment: the values of the axes that say how."""

from __future__ import annotations

from enum import Enum


class InstallPolicy(str, Enum):
    """The policy by which a lock is resolved.

    `as-released`: as of three weeks after that TensorFlow release. `today`: as of now. Both as by `python -m venv` and pip, with
    the packages that such a venv brings. `today-uv`: as of now, by `uv venv`, which brings none.
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
