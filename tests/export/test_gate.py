import keras
import pytest
import tensorflow as tf

from export import gate
from export.errors import ExportError

STATIC = (1, 8, 8, 4)


def converted(function, shape=STATIC, *, flex=False, dtype=tf.float32) -> bytes:
    module = tf.Module()
    module.function = tf.function(
        function, input_signature=[tf.TensorSpec(shape, dtype)]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if flex:
        converter.target_spec.supported_ops.append(tf.lite.OpsSet.SELECT_TF_OPS)
    return converter.convert()


def test_counts_operators():
    def two_sums(x):
        return tf.nn.tanh(x + tf.reverse(x, [1]) * 0 + tf.nn.relu(x))

    with pytest.raises(ExportError, match=r"^not for mobile: operator REVERSE_V2$"):
        gate.check(converted(two_sums))
    assert gate.check(converted(lambda x: tf.nn.tanh(x) + 1)) == {"ADD": 1, "TANH": 1}


def test_refuses_five_dimensions():
    # Keras' nearest upsampling repeats through a tensor of five dimensions.
    with pytest.raises(ExportError, match="of 5 dimensions"):
        gate.check(converted(keras.layers.UpSampling2D(2)))


def test_refuses_an_open_batch():
    with pytest.raises(ExportError, match="of open size"):
        gate.check(converted(tf.nn.tanh, (None, 8, 8, 4)))


def test_refuses_flex_operators():
    def bicubic(x):
        return tf.image.resize(x, (16, 16), method="bicubic")

    with pytest.raises(ExportError, match="operator FlexResizeBicubic"):
        gate.check(converted(bicubic, flex=True))


def test_refuses_the_clip_that_old_gpus_get_wrong():
    with pytest.raises(ExportError, match="RELU_N1_TO_1 fused into ADD"):
        gate.check(converted(lambda x: tf.clip_by_value(x + tf.nn.relu(x), -1.0, 1.0)))


def test_refuses_types_that_phones_do_not_compute_in():
    with pytest.raises(ExportError, match="of type INT64"):
        gate.check(converted(lambda x: x + x, dtype=tf.int64))


def dense(per_channel: bool) -> bytes:
    """A dense layer of int8 weights, with one scale or one for each output."""
    kernel = tf.random.stateless_normal((64, 64), (0, 0))
    module = tf.Module()
    module.function = tf.function(
        lambda x: x @ kernel, input_signature=[tf.TensorSpec((1, 64))]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter._experimental_disable_per_channel_quantization_for_dense_layers = (
        not per_channel
    )
    return converter.convert()


def test_takes_weights_of_int8():
    assert gate.check(dense(per_channel=False)) == {"FULLY_CONNECTED": 1}


def test_refuses_versions_that_gpu_delegates_do_not_know():
    with pytest.raises(ExportError, match="operator FULLY_CONNECTED of version 12"):
        gate.check(dense(per_channel=True))


def test_refuses_int8_between_operators():
    with pytest.raises(ExportError, match="of type INT8"):
        gate.check(converted(lambda x: tf.concat([x, x], 3), dtype=tf.int8))
