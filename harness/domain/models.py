"""Models of the Hub, and the formats that Keras saves one in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NO_MODEL = "none"
"""What a selector calls the model of cells without one. Their `Axes.model` is empty, and no id of a model is."""


class HubFormat(str, Enum):
    """What kind of file the publisher exported; values as in the published list of handles.

    `keras_file`: a `.keras` or HDF5 file, which no publisher has on the Hub; only users bring it.
    """

    TF1_HUB = "hub"
    SAVED_MODEL_2 = "saved_model_2"
    KERAS_FILE = "keras_file"


class Interface(str, Enum):
    """How the model wants its inputs. `other`: in none of the ways of a published text model; only users bring it."""

    TF1_SIGNATURE = "tf1_signature"
    LIST = "list"
    DICT = "dict"
    TEXT = "text"
    OTHER = "other"


class SaveFormat(str, Enum):
    """How a Keras model is written: HDF5 file, `.keras` file, SavedModel folder."""

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
