"""The list of diagnoses. Add one when its cause was measured: `see` names the case or report that shows it.

Most specific first, because the first that fits is shown.
"""

from __future__ import annotations

from typing import Final

from harness.judge.diagnose.match import Diagnosis

DIAGNOSES: Final = (
    Diagnosis(
        id="no-eager-execution",
        says="'Tensor' object has no attribute 'numpy'",
        when="tensorflow<2",
        cause="TensorFlow 1 computes nothing until a session runs the graph: a call gives a symbol without values. Code for "
        "TensorFlow 2 ends here, whatever the model is.",
        do="Run it in a session of tf.compat.v1, or install TensorFlow 2.",
        see="cases/encoding/test_encode_tf1.py",
    ),
    Diagnosis(
        id="no-pkg-resources",
        says="No module named 'pkg_resources'",
        cause="tensorflow_hub imports pkg_resources, which setuptools has no longer from version 82 on.",
        do="pip install 'setuptools<81'",
        see="cases/reported/import_hub.py",
    ),
    Diagnosis(
        id="protobuf-too-new",
        says="Descriptors cannot (not )?be created directly",
        cause="The code of this TensorFlow was generated for protobuf 3; protobuf 4 and later refuse it.",
        do="pip install 'protobuf<3.21'",
        see="cases/reported/import_tensorflow.py",
    ),
    Diagnosis(
        id="numpy-too-new",
        says="Unable to convert function return value to a Python type!",
        cause="This TensorFlow was built for numpy 1, and numpy 2 is installed.",
        do="pip install 'numpy<2'",
        see="cases/reported/import_tensorflow.py",
    ),
    Diagnosis(
        id="tf-keras-of-another-minor",
        says="has no attribute 'register_load_context_function'",
        cause="The tf-keras that is installed, and that tensorflow_hub imports, is older than this TensorFlow.",
        do="Install the tf-keras of TensorFlow's own minor, such as tf-keras==2.20.* with TensorFlow 2.20.",
        see="cases/reported/import_hub.py",
    ),
    Diagnosis(
        id="keras-3-symbols",
        says="A KerasTensor is symbolic",
        when="tensorflow>=2.16",
        cause="tf.keras is Keras 3 here, and hub.KerasLayer is a layer of Keras 2: the one's symbols are nothing to the other.",
        do="Use tf_keras, or TF_USE_LEGACY_KERAS=1 before TensorFlow is imported.",
        see="cases/building/test_functional.py",
    ),
    Diagnosis(
        id="keras-3-layers",
        says="Only instances of `keras.Layer` can be added to a Sequential model",
        when="tensorflow>=2.16",
        cause="tf.keras is Keras 3 here, and hub.KerasLayer is a layer of Keras 2.",
        do="Use tf_keras, or TF_USE_LEGACY_KERAS=1 before TensorFlow is imported.",
        see="cases/building/test_sequential.py",
    ),
    Diagnosis(
        id="keras-3-loads-no-folders",
        says="File format not supported: filepath=",
        when="tensorflow>=2.16",
        cause="Keras 3 loads .keras and .h5 files only, no SavedModel folders.",
        do="Call the SavedModel by keras.layers.TFSMLayer, or load it with tf_keras.",
        see="cases/building/test_tfsm_layer.py",
    ),
    Diagnosis(
        id="hub-module-while-eager",
        says="Exporting/importing meta graphs is not supported when eager execution is enabled",
        cause="hub.Module builds a graph, and TensorFlow 2 executes eagerly.",
        do='hub.KerasLayer(handle, signature="tokens", signature_outputs_as_dict=True) loads the same module.',
        see="cases/loading/test_load_tf1.py",
    ),
    Diagnosis(
        id="text-ops-missing",
        says="Op type not registered '(CaseFoldUTF8|RegexSplitWithOffsets|SentencepieceOp)'",
        cause="The model uses ops of tensorflow-text, which nothing has imported.",
        do="Install the tensorflow-text of TensorFlow's own minor, and import tensorflow_text before the model is loaded.",
        see="cases/preprocessing/test_forgotten_import.py",
    ),
)
