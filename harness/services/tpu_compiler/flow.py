"""A digest that is equal for programs in which the same operations flow into the same results. In the worker; jaxlib only.

Names, ids, metadata, the order of instructions, unused instructions and repeated ones make no difference.
TensorFlow 2.13.1 and 2.14.1 write 419 and 392 instructions for the forward pass of one small encoder: the same program.
"""

from __future__ import annotations

import collections
import hashlib
from typing import Any

from jaxlib.mlir import ir
from jaxlib.mlir.passmanager import PassManager

# Unused operations are removed, and of equal ones all but the first.
TIDY = "builtin.module(canonicalize,cse,symbol-dce)"
NAME = "sym_name"


def program_digest(module: Any) -> str:
    """Return the digest of a module of StableHLO, 16 hexadecimal digits. The module itself is tidied."""
    with module.context:
        PassManager.parse(TIDY).run(module.operation)
    return _Walk(module).digest().hex()[:16]


class _Walk:
    """A walk over one module. `_values` has the digest of each value so far."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._functions = {function.attributes[NAME].value: function.operation for function in module.body.operations}
        self._values: dict[Any, bytes] = {}

    def digest(self) -> bytes:
        return _sha(self._attributes(self._module.operation), self._function("main"))

    def _function(self, name: str) -> bytes:
        operation = self._functions[name]
        return _sha(self._attributes(operation), *map(self._block, operation.regions[0].blocks))

    def _block(self, block: Any) -> bytes:
        """Return the digest of all operations in a block, whatever their order."""
        for argument in block.arguments:
            self._values[argument] = _sha(f"{argument.arg_number} {argument.type}")
        equal: collections.Counter[bytes] = collections.Counter()
        for nested in block.operations:
            digest = self._operation(nested.operation)
            equal[digest] += 1  # equal ones that tidying left are different values: two random numbers
            for number, result in enumerate(nested.operation.results):
                self._values[result] = _sha(digest, f"{equal[digest]} {number}")
        return _sha(*sorted(equal.elements()))

    def _operation(self, operation: Any) -> bytes:
        inside = [self._block(block) for region in operation.regions for block in region.blocks]
        types = " ".join(str(result.type) for result in operation.results)
        flows = [self._values[value] for value in operation.operands]
        return _sha(operation.name, self._attributes(operation), types, *flows, *inside)

    def _attributes(self, operation: Any) -> bytes:
        attributes = operation.attributes
        return _sha(*(part for name in sorted(attributes) if name != NAME for part in (name, self._attribute(attributes[name]))))

    def _attribute(self, attribute: Any) -> bytes:
        """Return the digest of an attribute; for a called function that of its body, not of its name."""
        if isinstance(attribute, ir.FlatSymbolRefAttr):
            return self._function(attribute.value)
        if isinstance(attribute, ir.ArrayAttr):
            return _sha(*map(self._attribute, attribute))
        return str(attribute).encode()


def _sha(*parts: str | bytes) -> bytes:
    """Return the digest of the parts, each with its length, or two parts could be taken for one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()
