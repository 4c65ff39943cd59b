"""Models of the Hub, and the formats that Keras saves one in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NO_MODEL = "none"
"""The value for cells without a model in selectors. Their `Axes.model` is empty, which no id of a model can be."""


class HubFormat(str, Enum):
    """The kind of file that the publisher exported; values as in the published list of handles.

    `keras_file`: a `.keras` or HDF5 file, which no publisher has on the Hub; only users bring it.
    """

    TF1_HUB = "hub"
    SAVED_MODEL_2 = "saved_model_2"
    KERAS_FILE = "keras_file"


class Interface(str, Enum):
    """The form in which a model takes its inputs. `other`: none that a published text model has; only users bring one."""

    TF1_SIGNATURE = "tf1_signature"
    LIST = "list"
    DICT = "dict"
    TEXT = "text"
    OTHER = "other"


class SaveFormat(str, Enum):
    """The format that a Keras model is written in: HDF5 file, `.keras` file, SavedModel folder."""

    H5 = "h5"
    KERAS = "keras"
    SAVEDMODEL = "savedmodel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A published Hub handle. `id` is its short name in selectors, e.g. `bert-en/3`."""

    id: str
    handle: str
    format: HubFormat
    interface: Interface
