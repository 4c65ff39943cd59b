"""Tell the weights of a SavedModel from the variables that training left beside them: an optimizer's slots, totals of metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from harness.models.inspect import messages
from harness.models.inspect.structures import shape
from harness.models.inspect.values import Variable

# The identifiers of tf.keras's optimizers in the saved objects, up to 2.10 and from 2.11 on, and of its metrics.
TRAINING = ("optimizer", "experimentalOptimizer", "_tf_keras_metric")


def read_variables(graph: Any) -> tuple[tuple[Variable, ...], int]:
    """Return the weights, and how many variables belong to optimizers and metrics.

    From the saved objects; from the graph's collections where it has none (TF1), which don't tell the two apart.
    """
    objects = graph.object_graph_def
    every = [number for number, node in enumerate(objects.nodes) if node.HasField("variable")]
    if not every:
        return tuple(_collected(graph)), 0
    training = [number for number, node in enumerate(objects.nodes) if node.user_object.identifier in TRAINING]
    slots = [slot.slot_variable_node_id for node in objects.nodes for slot in node.slot_variables]
    state = _reached(objects, [*training, *slots]) - _reached(objects, [0], around={*training, *slots})
    weights = tuple(_variable(objects.nodes[number].variable) for number in every if number not in state)
    return weights, len(every) - len(weights)


def _reached(objects: Any, start: Iterable[int], around: Set[int] = frozenset()) -> set[int]:
    """Return the objects that can be reached from `start`, without those in `around` and what only they lead to."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        number = waiting.pop()
        if number not in reached and number not in around and 0 <= number < len(objects.nodes):
            reached.add(number)
            waiting += [child.node_id for child in objects.nodes[number].children]
    return reached


def _variable(saved: Any) -> Variable:
    dtype = messages.DTYPES.get(saved.dtype, f"type {saved.dtype}")
    return Variable(name=saved.name, dtype=dtype, shape=shape(saved.shape), trainable=saved.trainable)


def _collected(graph: Any) -> Iterator[Variable]:
    trainable = set(_names(graph, "trainable_variables"))
    for name in _names(graph, "variables"):
        yield Variable(name=name, dtype="", shape=None, trainable=name in trainable)


def _names(graph: Any, collection: str) -> Iterator[str]:
    if collection in graph.collection_def:
        for data in graph.collection_def[collection].bytes_list.value:
            try:
                yield messages.variable(data).variable_name.partition(":")[0]
            except messages.DecodeError:
                continue  # not a variable; the graph itself can still be loaded
