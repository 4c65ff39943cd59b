"""A hub layer in an estimator's model_fn, on several devices."""

import tensorflow as tf
import tensorflow_hub as hub

cpu = tf.config.experimental.list_physical_devices("CPU")[0]
split = [tf.config.experimental.VirtualDeviceConfiguration()] * 2
tf.config.experimental.set_virtual_device_configuration(cpu, split)


def model_fn(features, labels, mode):
    encoder = hub.KerasLayer("https://tfhub.dev/tensorflow/bert_en_uncased_L-12_H-768_A-12/3", trainable=True)
    predicted = tf.keras.layers.Dense(1)(encoder(features)["pooled_output"])
    loss = tf.reduce_mean(tf.square(predicted - labels))
    optimizer = tf.compat.v1.train.AdamOptimizer()
    step = optimizer.minimize(loss, tf.compat.v1.train.get_or_create_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)


def input_fn():
    batch = {name: tf.ones([4, 8], tf.int32) for name in ("input_word_ids", "input_mask", "input_type_ids")}
    return tf.data.Dataset.from_tensors((batch, tf.zeros([4, 1]))).repeat()


strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
config = tf.estimator.RunConfig(train_distribute=strategy)
tf.estimator.Estimator(model_fn, config=config).train(input_fn, max_steps=1)
