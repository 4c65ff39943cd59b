"""Read what Keras 2 wrote about the layers of a SavedModel: in keras_metadata.pb, or in the saved objects up to 2.4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from harness.models.inspect import messages
from harness.models.inspect.tree import Tree, unreadable

FILE = "keras_metadata.pb"
LARGEST_BYTES = 64 * 2**20
OBJECTS = ("_tf_keras_layer", "_tf_keras_model", "_tf_keras_network", "_tf_keras_sequential", "_tf_keras_rnn_layer")


def configs(tree: Tree, objects: Any) -> Iterator[dict[str, Any]]:
    """Yield the config of each model and layer, as Keras' files have it, without those that can't be read: Keras will say so."""
    for identifier, metadata in (*_beside(tree), *_within(objects)):
        if identifier in OBJECTS:
            try:
                described = json.loads(metadata)
            except (ValueError, RecursionError):
                continue
            if isinstance(described, dict) and isinstance(described.get("class_name"), str):
                # As a layer in a list, since the name of a class counts for layers alone: old configs name no module.
                yield {"layers": [{"class_name": described["class_name"], "config": described.get("config")}]}


def _beside(tree: Tree) -> Iterator[tuple[str, str]]:
    file = tree.find(FILE)
    if file is None or file.size > LARGEST_BYTES:
        return
    try:
        data = file.path.read_bytes()
    except OSError as trouble:
        raise unreadable(trouble, file.path) from trouble
    try:
        nodes = messages.keras_metadata(data).nodes
    except messages.DecodeError:
        return
    yield from ((node.identifier, node.metadata) for node in nodes)


def _within(objects: Any) -> Iterator[tuple[str, str]]:
    yield from ((node.user_object.identifier, node.user_object.metadata) for node in objects.nodes if node.user_object.metadata)
