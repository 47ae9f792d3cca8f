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

from export.errors import ExportError
from export.signatures import Servable

BYTES_PER_WEIGHT = {"fp32": 4, "fp16": 2}
THREADS = 2

_LATENCY_RUNS = 10
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
    if precision == "fp16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


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

    def __init__(self, path: Path):
        """Loads a .tflite file."""
        interpreter = Interpreter(str(path), num_threads=THREADS)
        self._run = interpreter.get_signature_runner("serving_default")

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Translates images [N, R, R, 3], float32 in [-1, 1], one at a time."""
        return np.concatenate(
            [self._run(image=image[None])["image"] for image in images]
        )

    def latency_ms(self, image: np.ndarray) -> float:
        """Median milliseconds for one image [R, R, 3]; call it on a warm model."""
        seconds = []
        while len(seconds) < _LATENCY_RUNS and sum(seconds) < _LATENCY_SECONDS:
            start = time.perf_counter()
            self._run(image=image[None])
            seconds.append(time.perf_counter() - start)
        return 1000 * statistics.median(seconds)
