"""Both clocks on networks that take no time, and one that takes a known time."""

import time

import keras
import pytest
import tensorflow as tf

from tf_fsgd.evaluation import latency
from tf_fsgd.evaluation.latency import keras_latency, milliseconds, tflite_latency
from tf_fsgd.translator.translator import Translator

SIZE = 16


@pytest.fixture(scope="module")
def translator():
    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    strengths = keras.Input((2,), batch_size=1)
    added = keras.ops.reshape(keras.ops.sum(strengths, axis=-1), (-1, 1, 1, 1))
    network = keras.Model([image, strengths], image + added)
    units = {"smile": 1.0, "frown": 1.0}
    return Translator("tiny", network, SIZE, ("smile", "older"), units)


def test_keras(translator):
    assert 0 < keras_latency(translator) < 1000


def test_tflite_takes_any_inputs(translator, tmp_path):
    @tf.function(
        input_signature=[
            tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32),
            tf.TensorSpec((1, 2), tf.float32),
        ]
    )
    def call(image, strengths):
        return translator.network([image, strengths])

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [call.get_concrete_function()], translator.network
    )
    path = tmp_path / "tiny.tflite"
    path.write_bytes(converter.convert())
    assert 0 < tflite_latency(path) < 1000


def test_the_first_call_does_not_count():
    waits = iter([0.2] + [0.02] * 100)
    found = milliseconds(lambda: time.sleep(next(waits)))
    assert found["median"] == pytest.approx(22, abs=8)
    assert 20 <= found["fastest"] <= found["median"]
    assert found["cpu"] < 5  # it slept


def test_a_slow_call_is_timed_by_fewer_runs(monkeypatch):
    monkeypatch.setattr(latency, "_SECONDS", 0.05)
    calls = []
    milliseconds(lambda: calls.append(time.sleep(0.03)))
    assert len(calls) == 3  # one to warm up, and two that pass 50 ms
