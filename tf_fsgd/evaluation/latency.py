"""Milliseconds for one face, in Keras and in exported TFLite files."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.translator.translator import Translator

THREADS = 2
_RUNS = 30
_SECONDS = 3.0  # a slow network is timed by fewer runs


def keras_latency(translator: Translator) -> float:
    """Median milliseconds of the network for one face, compiled as `predict` does."""
    side = translator.resolution
    inputs = [
        keras.ops.zeros((1, side, side, 3)),
        keras.ops.convert_to_tensor(translator.strengths({translator.edits[0]: 1.0}))[
            None
        ],
    ]
    return milliseconds(lambda: translator.model.predict_on_batch(inputs))["median"]


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
    return milliseconds(interpreter.invoke)["median"]


def milliseconds(call: Callable[[], object]) -> dict[str, float]:
    """Times a call, after one that does not count: it compiles and reserves memory.

    Args:
        call: What is timed, up to 30 times.

    Returns:
        Milliseconds: `median`; `fastest`, which other programs on the machine disturb
        least; and `cpu`, the least time that all threads computed, taken together.
    """
    call()
    wall: list[float] = []
    cpu: list[float] = []
    while len(wall) < _RUNS and sum(wall) < _SECONDS:
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        call()
        wall.append(time.perf_counter() - wall_start)
        cpu.append(time.process_time() - cpu_start)
    seconds = {"median": statistics.median(wall), "fastest": min(wall), "cpu": min(cpu)}
    return {name: round(1000 * value, 4) for name, value in seconds.items()}
