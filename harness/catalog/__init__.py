"""The catalog of cases, with the axes that each uses and the models it applies to, read without importing them.

Follows pytest's rules: `test_*` functions in `test_*.py`, at module level or in `Test*` classes; fixtures come from the
class, the file, and the conftest.py files from the file's folder up to cases/, the nearest winning.

A case uses an axis, or a service of the driver, when it asks for its fixture, directly or through another fixture, an
autouse one, or `usefixtures`.
`@pytest.mark.models(format=..., interface=...)`, on the function, its class or the module, narrows the models; each value
is a text or a list of them. `@pytest.mark.devices(...)` names the devices whose cells run it; without, cpu and xla-cpu.
Several marks narrow further.
"""

from harness.catalog.files import FIXTURES, SERVICES
from harness.catalog.folder import read_cases
from harness.catalog.rooms import of_check, of_matrix

__all__ = ["FIXTURES", "SERVICES", "of_check", "of_matrix", "read_cases"]
