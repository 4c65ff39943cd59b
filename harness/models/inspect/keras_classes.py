"""Find the layers of a Keras model that only their author's code defines, and those with Python code in them, by its config."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KERAS_MODULES = ("keras", "tensorflow", "tf_keras", "builtins")
# The classes in `dir(tf.keras.layers)` of 2.4.4, 2.8.4, 2.15.1 or 2.19.1. Old configs name no module, only the class.
LAYERS = frozenset(
    """
    AbstractRNNCell Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast
    Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization
    Bidirectional CategoryCrossing CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose
    Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D
    Convolution2DTranspose Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense DenseFeatures
    DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten FlaxLayer GRU
    GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity InputLayer
    IntegerLookup JaxLayer LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D
    Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram
    Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute Pipeline PreprocessingLayer RMSNormalization RNN
    RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform
    RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale RandomHeight RandomHue RandomInvert RandomPerspective
    RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear RandomTranslation RandomWidth RandomZoom
    ReLU RepeatVector Rescaling Reshape Resizing STFTSpectrogram SeparableConv1D SeparableConv2D SeparableConvolution1D
    SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
    SpectralNormalization StackedRNNCells StringLookup Subtract TFSMLayer TextVectorization ThresholdedReLU TimeDistributed
    TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D
    ZeroPadding3D
    """.split()  # noqa: SIM905  (a name a line would be a page)
)
# Models, and the layers that Keras makes of plain TensorFlow calls between layers.
INTERNAL = frozenset(
    """
    ClassMethod InstanceMethod InstanceProperty Functional Model ModuleWrapper Sequential SlicingOpLambda TFOpLambda
    TensorFlowOpLayer
    """.split()  # noqa: SIM905  (a name a line would be a page)
)
HUB = "KerasLayer"
"""A class of tensorflow_hub: no Keras knows it either, but its author is known."""


def custom_classes(config: Any) -> tuple[str, ...]:
    """Return the classes that no Keras defines: from another module, registered under a name of their own, or an unknown layer."""
    return tuple(sorted({str(item["class_name"]) for item, is_layer in _objects(config) if _is_custom(item, is_layer=is_layer)}))


def lambda_layers(config: Any) -> tuple[str, ...]:
    """Return the names of the Lambda layers whose function is Python code in the file."""
    layers = [item["config"] for item, _ in _objects(config) if item["class_name"] == "Lambda" and isinstance(item["config"], dict)]
    return tuple(sorted({str(layer.get("name", "lambda")) for layer in layers if _is_code(layer)}))


def _is_custom(item: dict[str, Any], *, is_layer: bool) -> bool:
    name, module = item["class_name"], item.get("module")
    if isinstance(module, str) and module.partition(".")[0] not in KERAS_MODULES:
        return True
    if ">" in name or name == HUB or item.get("registered_name") not in (None, name):
        return True
    if module is None and item.get("registered_name") == name:  # as Keras writes a class that it can't import
        return True
    return is_layer and "module" not in item and name not in LAYERS | INTERNAL


def _is_code(layer: dict[str, Any]) -> bool:
    """Return True if a Lambda's function is in the file as bytecode, and not as the name of a function (Keras 2 and 3)."""
    function = layer.get("function")
    return layer.get("function_type") == "lambda" or (isinstance(function, dict) and function.get("class_name") == "__lambda__")


def _objects(config: Any) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield every serialized object in a config, and whether it is a layer: those in a list `layers`, and the outermost."""
    waiting: list[tuple[Any, bool]] = [(config, True)]
    while waiting:
        value, is_layer = waiting.pop()
        if isinstance(value, list):
            waiting += [(inner, is_layer) for inner in value]
        elif isinstance(value, dict):
            if isinstance(value.get("class_name"), str) and "config" in value:
                yield value, is_layer
            # Sequential models of Keras 2.2 and before are a plain list of layers below `config`.
            old = value.get("class_name") == "Sequential" and isinstance(value.get("config"), list)
            waiting += [(inner, key == "layers" or (old and key == "config")) for key, inner in value.items()]
