"""The forward pass of each model as HLO, as TensorFlow 2.5 and later gives it.

    TFHUB_CACHE_DIR=... python hlo.py FOLDER MANIFEST.json ...

Writes FOLDER/NAME.pb for each manifest. Nothing is run.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub


def forward(model, inputs):
    function = tf.function(lambda rows: model(rows, training=False), jit_compile=True)
    return function.experimental_get_compiler_ir(inputs)(stage="hlo_serialized")


def main(folder, manifests):
    for path in map(Path, manifests):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        model = hub.load(manifest["handle"])
        rows = {name: tf.constant(np.array(values, np.int32)) for name, values in manifest["inputs"].items()}
        inputs = rows if manifest["interface"] == "dict" else list(rows.values())
        (Path(folder) / (path.stem + ".pb")).write_bytes(forward(model, inputs))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
