"""Find the ops that draw random numbers for a signature or a call: the same inputs then give other outputs each time.

Only ops that lead to the outputs count: nearly every graph has random ops that initialise its weights, or drop out while training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# The stateful ops of TensorFlow 2.19's registry whose values are random. Stateless ones have a fixed seed, or get it from one of
# these.
RANDOM_OPS = frozenset(
    {
        "AnonymousRandomSeedGenerator",
        "Multinomial",
        "NonDeterministicInts",
        "ParameterizedTruncatedNormal",
        "RandomGamma",
        "RandomPoisson",
        "RandomPoissonV2",
        "RandomShuffle",
        "RandomStandardNormal",
        "RandomUniform",
        "RandomUniformInt",
        "RngReadAndSkip",
        "SampleDistortedBoundingBox",
        "SampleDistortedBoundingBoxV2",
        "StatefulRandomBinomial",
        "StatefulStandardNormal",
        "StatefulStandardNormalV2",
        "StatefulTruncatedNormal",
        "StatefulUniform",
        "StatefulUniformFullInt",
        "StatefulUniformInt",
        "TruncatedNormal",
    }
)


class Graph:
    """A GraphDef's nodes and functions by name."""

    def __init__(self, graph_def: Any) -> None:
        self._nodes: Mapping[str, Any] = {node.name: node for node in graph_def.node}
        self._functions: Mapping[str, Any] = {function.signature.name: function for function in graph_def.library.function}

    def of_outputs(self, tensors: Iterable[str]) -> tuple[str, ...]:
        """Return the random ops that lead to tensors such as `StatefulPartitionedCall:0`, in the order of their names."""
        waiting = list(map(_node_name, tensors))
        visited: dict[str, Any] = {}
        while waiting:
            name = waiting.pop()
            if name not in visited and name in self._nodes:
                visited[name] = self._nodes[name]
                waiting += map(_node_name, self._nodes[name].input)
        return self._random(visited.values())

    def of_function(self, name: str) -> tuple[str, ...]:
        """Return the random ops of a function and of all that it calls, in the order of their names."""
        return self._random(self._functions[name].node_def if name in self._functions else ())

    def _random(self, nodes: Iterable[Any]) -> tuple[str, ...]:
        ops: set[str] = set()
        called: set[str] = set()
        waiting = [nodes]
        while waiting:
            for node in waiting.pop():
                ops.add(node.op)
                for name in {node.op, *_called(node)} & self._functions.keys() - called:
                    called.add(name)
                    waiting.append(self._functions[name].node_def)
        return tuple(sorted(ops & RANDOM_OPS))


def _called(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        if value.HasField("list"):
            yield from (function.name for function in value.list.func)


def _node_name(tensor: str) -> str:
    return tensor.removeprefix("^").partition(":")[0]
