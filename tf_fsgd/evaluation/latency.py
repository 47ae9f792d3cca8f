"""Milliseconds for one face, in Keras and in exported TFLite files."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.evaluation.intervals import rounded
from tf_fsgd.training.translator import Translator

THREADS = 2
_RUNS = 15
_SECONDS = 5.0  # a slow network is timed by fewer runs


def keras_latency(translator: Translator) -> float:
    """Median milliseconds of the network for one face, compiled as `predict` does."""
    side = translator.resolution
    inputs = [
        keras.ops.zeros((1, side, side, 3)),
        keras.ops.convert_to_tensor(translator.strengths({translator.edits[0]: 1.0}))[
            None
        ],
    ]
    return _median_ms(lambda: translator.network.predict_on_batch(inputs))


def tflite_latency(path: Path) -> float:
    """Median milliseconds of a .tflite file for one face, on `THREADS` threads.

    Its inputs are floats of any number and shape; a value changes nothing in how long a
    convolution takes.
    """
    interpreter = Interpreter(str(path), num_threads=THREADS)
    interpreter.allocate_tensors()
    for entry in interpreter.get_input_details():
        values = np.full(entry["shape"], 0.5, entry["dtype"])
        interpreter.set_tensor(entry["index"], values)
    return _median_ms(interpreter.invoke)


def _median_ms(call: Callable[[], object]) -> float:
    call()  # compiles, and reserves memory
    seconds = []
    while len(seconds) < _RUNS and sum(seconds) < _SECONDS:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return rounded(1000 * statistics.median(seconds))
