"""The least that the cells of one environment need: one import, then the bodies in a row in the same process.

    python bare.py test_encode.py MANIFEST.json ...

Prints JSON: seconds on the clock and of the processor, for the import and for each body. Imports no pytest.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path


def clocks():
    return time.perf_counter(), time.process_time()


def since(start):
    return [now - then for now, then in zip(clocks(), start)]  # noqa: B905  also for Python 3.8


def main(source, manifests):
    start = clocks()
    import tensorflow  # noqa: F401
    import tensorflow_hub  # noqa: F401

    imported = since(start)
    spec = importlib.util.spec_from_file_location("body", source)
    body = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(body)
    bodies = []
    for manifest in manifests:
        start = clocks()
        body.encode(json.loads(Path(manifest).read_text(encoding="utf-8")))
        bodies.append(since(start))
    print(json.dumps({"import": imported, "bodies": bodies}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
