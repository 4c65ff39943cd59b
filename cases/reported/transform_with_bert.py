"""A BERT from the Hub inside of preprocessing_fn of TensorFlow Transform."""

import tempfile

import tensorflow as tf
import tensorflow_hub as hub
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils


def preprocessing_fn(inputs):
    encoder = hub.load("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3")
    ids = tf.cast(inputs["ids"], tf.int32)
    outputs = encoder({"input_word_ids": ids, "input_mask": tf.ones_like(ids), "input_type_ids": tf.zeros_like(ids)})
    return {"pooled": tft.scale_to_0_1(outputs["pooled_output"])}


data = [{"ids": [1, 2, 3, 4]}, {"ids": [4, 3, 2, 1]}]
features = {"ids": tf.io.FixedLenFeature([4], tf.int64)}
metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(features))
with tft_beam.Context(temp_dir=tempfile.mkdtemp()):
    (data, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
