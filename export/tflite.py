"""A translator as .tflite: conversion with TensorFlow, and runs with LiteRT.

TensorFlow holds the only converter; its interpreter is deprecated in favour of
LiteRT's, which is what phones run.
"""

import statistics
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from export.compact import compact
from export.errors import ExportError
from export.parity import singly
from export.signatures import Servable

# int8 is TFLite's dynamic range: weights of 8 bits, floats between the operators.
BYTES_PER_WEIGHT = {"fp32": 4, "fp16": 2, "int8": 1}
THREADS = (1, 2)  # that latency is told for

_LATENCY_RUNS = 30
_LATENCY_SECONDS = 3.0  # a large translator is timed by fewer runs
_GRAPH_BYTES = 64 * 1024  # operators, shapes and names, beside the weights


def convert(servable: Servable, precision: str) -> bytes:
    """Converts with a batch of 1 and TFLite's own operators only.

    Args:
        servable: What to convert.
        precision: A key of `BYTES_PER_WEIGHT`: how the weights are stored.

    Returns:
        The contents of a .tflite file.
    """
    # The batch is fixed because an open one makes every transposed convolution compute
    # its output shape at run time, which GPU delegates refuse (tensorflow#58746).
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [servable.floats(batch_size=1)], servable
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    # A scale for each output of a dense layer makes operators that GPU delegates are
    # too old for (see `gate.py`). It also takes 12 bytes a time, a quarter of what the
    # outputs weigh that scale a modulated network's channels.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return compact(converter.convert())


def check_size(size: int, weights: int, precision: str) -> float:
    """Compares a file with the weights that it should hold.

    Args:
        size: Of the file, in bytes.
        weights: Numbers in the translator.
        precision: A key of `BYTES_PER_WEIGHT`.

    Returns:
        Size over the bytes of the weights.

    Raises:
        ExportError: If the file is too small to hold the weights, or large enough to
            hold them in a wider type.
    """
    expected = weights * BYTES_PER_WEIGHT[precision]
    if size < 0.9 * expected:
        raise ExportError(
            f"{precision}: weights were dropped: {size} bytes for {weights} weights"
        )
    if size > 1.2 * expected + _GRAPH_BYTES:
        raise ExportError(
            f"{precision}: weights are stored twice or too wide: "
            f"{size} bytes for {weights} weights"
        )
    return size / expected


class TfliteTranslator:
    """A .tflite translator, loaded for the CPU."""

    def __init__(self, path: Path, threads: int):
        """Loads a .tflite file."""
        interpreter = Interpreter(str(path), num_threads=threads)
        self._run = interpreter.get_signature_runner("serving_default")

    def __call__(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Translates images [N, R, R, 3], float32 in [-1, 1], one at a time.

        Args:
            inputs: `image`, and `strengths` [N, E] of a translator of several edits.
        """
        return np.concatenate([self._run(**case)["image"] for case in singly(inputs)])

    def latency_ms(self, inputs: dict[str, np.ndarray]) -> dict[str, float]:
        """Milliseconds for one image; call it on a warm model.

        Args:
            inputs: As of a call; the first image is timed.

        Returns:
            `median`; `fastest`, which other programs on the machine disturb least; and
            `cpu`, the least time that the threads computed, taken together.
        """
        case = next(singly(inputs))
        wall, cpu = [], []
        while len(wall) < _LATENCY_RUNS and sum(wall) < _LATENCY_SECONDS:
            wall_start, cpu_start = time.perf_counter(), time.process_time()
            self._run(**case)
            wall.append(time.perf_counter() - wall_start)
            cpu.append(time.process_time() - cpu_start)
        seconds = {
            "median": statistics.median(wall),
            "fastest": min(wall),
            "cpu": min(cpu),
        }
        return {name: round(1000 * value, 2) for name, value in seconds.items()}
