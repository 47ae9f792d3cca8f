import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.exporting.compact import compact


def model_of(dtype: str) -> bytes:
    """Two equal convolutions, and dense layers on both sides of 1,024 weights."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 64, 64)).astype(np.float32) / 24
    wide = rng.normal(size=(16, 64)).astype(np.float32)
    small = rng.normal(size=(2, 64)).astype(np.float32)
    module = tf.Module()

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, 8, 8, 64), name="image"),
            tf.TensorSpec((1, 16), name="first"),
            tf.TensorSpec((1, 2), name="second"),
        ]
    )
    def function(image, first, second):
        x = tf.nn.relu(tf.nn.conv2d(image, kernel, 1, "SAME"))
        x = tf.nn.conv2d(x * (first @ wide), kernel[::-1], 1, "SAME")
        return {"image": x * (second @ small)}

    module.function = function
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], module
    )
    if dtype == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return converter.convert()


def run(model: bytes) -> np.ndarray:
    rng = np.random.default_rng(1)
    inputs = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in [
            ("image", (1, 8, 8, 64)),
            ("first", (1, 16)),
            ("second", (1, 2)),
        ]
    }
    runner = Interpreter(model_content=model).get_signature_runner("serving_default")
    return runner(**inputs)["image"]


def test_floats_are_computed_as_before():
    model = model_of("float32")
    smaller = compact(model)
    assert len(smaller) < len(model)
    np.testing.assert_array_equal(run(smaller), run(model))


def test_int8_sheds_its_zero_points_and_small_kernels():
    model = model_of("int8")
    smaller = compact(model)
    # 64 zero points of 8 bytes of one convolution, 128 weights from 4 bytes to 1.
    assert len(model) - len(smaller) > 64 * 8 + 128 * 3
    before, after = run(model), run(smaller)
    assert not np.array_equal(before, after)  # the small kernel's rounding
    assert np.abs(after - before).max() < 0.02 * np.abs(before).max()


def test_weights_are_aligned():
    # What the schema demands (`force_align`), and what reads them as floats relies on.
    model = schema.Model.GetRootAs(compact(model_of("float32")), 0)
    starts = []
    for index in range(model.BuffersLength()):
        table = model.Buffers(index)._tab
        if table.Offset(4):
            starts.append(table.Vector(table.Offset(4)))
    assert len(starts) >= 4
    assert {start % 16 for start in starts} == {0}


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_compact_twice_is_compact_once(dtype):
    once = compact(model_of(dtype))
    assert compact(once) == once
