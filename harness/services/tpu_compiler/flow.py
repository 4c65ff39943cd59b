"""When two programs are the same: the same operations flow into the same results. Runs in the worker; jaxlib only.

Names, ids, metadata, the order of instructions, what nothing depends on and what is written twice make no difference.
TensorFlow 2.13.1 and 2.14.1 write 419 and 392 instructions for the forward pass of one small encoder: the same program.
"""

from __future__ import annotations

import collections
import hashlib
from typing import Any

from jaxlib.mlir import ir
from jaxlib.mlir.passmanager import PassManager

# What is unused goes, and of operations that are written twice one.
TIDY = "builtin.module(canonicalize,cse,symbol-dce)"
NAME = "sym_name"


def digest(module: Any) -> str:
    """Of a module of StableHLO, which is tidied on the way: 16 hexadecimal digits."""
    with module.context:
        PassManager.parse(TIDY).run(module.operation)
    return _Walk(module).digest().hex()[:16]


class _Walk:
    """One module. `_values` has the digest of each value so far."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._functions = {one.attributes[NAME].value: one.operation for one in module.body.operations}
        self._values: dict[Any, bytes] = {}

    def digest(self) -> bytes:
        return _sha(self._attributes(self._module.operation), self._function("main"))

    def _function(self, name: str) -> bytes:
        operation = self._functions[name]
        return _sha(self._attributes(operation), *map(self._block, operation.regions[0].blocks))

    def _block(self, block: Any) -> bytes:
        """Of all operations in it, in no order."""
        for argument in block.arguments:
            self._values[argument] = _sha(f"{argument.arg_number} {argument.type}")
        equal: collections.Counter[bytes] = collections.Counter()
        for one in block.operations:
            found = self._operation(one.operation)
            equal[found] += 1  # what was left apart is apart: two random numbers are not one
            for number, result in enumerate(one.operation.results):
                self._values[result] = _sha(found, f"{equal[found]} {number}")
        return _sha(*sorted(equal.elements()))

    def _operation(self, operation: Any) -> bytes:
        inside = [self._block(block) for region in operation.regions for block in region.blocks]
        types = " ".join(str(result.type) for result in operation.results)
        flows = [self._values[value] for value in operation.operands]
        return _sha(operation.name, self._attributes(operation), types, *flows, *inside)

    def _attributes(self, operation: Any) -> bytes:
        found = operation.attributes
        return _sha(*(part for name in sorted(found) if name != NAME for part in (name, self._said(found[name]))))

    def _said(self, attribute: Any) -> bytes:
        """A function that is called is what it does, not its name."""
        if isinstance(attribute, ir.FlatSymbolRefAttr):
            return self._function(attribute.value)
        if isinstance(attribute, ir.ArrayAttr):
            return _sha(*map(self._said, attribute))
        return str(attribute).encode()


def _sha(*parts: str | bytes) -> bytes:
    """Of the parts, each with its length, or two could be taken for one."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        found.update(len(data).to_bytes(8, "little") + data)
    return found.digest()
