"""A translator as .tflite: conversion with TensorFlow, and runs with LiteRT.

TensorFlow holds the only converter; its interpreter is deprecated in favour of
LiteRT's, which is what phones run.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.evaluation.latency import milliseconds
from tf_fsgd.exporting.compact import compact
from tf_fsgd.exporting.gate import INTEGER
from tf_fsgd.exporting.quantize import to_int8x16
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.storage import flatbuffer

THREADS = (1, 2)  # that latency is told for


def convert(
    servable: Servable,
    precision: str,
    facts: dict | None = None,
    examples: Iterable[dict[str, np.ndarray]] = (),
) -> bytes:
    """Converts with a batch of 1 and TFLite's own operators only.

    Args:
        servable: What to convert.
        precision: A key of `gate.BYTES_PER_WEIGHT`: how the weights are stored.
        facts: What the file is to say of itself, as `metadata.facts_of` makes it.
        examples: Inputs of batch 1, from which int8x16 takes its ranges.

    Returns:
        The contents of a .tflite file.
    """
    # The batch is fixed because an open one makes every transposed convolution compute
    # its output shape at run time, which GPU delegates refuse (tensorflow#58746).
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [servable.floats(batch_size=1)], servable
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision in ("fp16", "int8"):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    # A scale for each output of a dense layer makes operators that GPU delegates are
    # too old for (see `gate.py`). It also takes 12 bytes a time, a quarter of what the
    # outputs weigh that scale a modulated network's channels.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    model = converter.convert()
    if precision in INTEGER:
        model = to_int8x16(model, examples)
    if facts is not None:
        model = flatbuffer.embed(model, facts)
    return compact(model)


class TfliteTranslator:
    """A .tflite translator, loaded for the CPU."""

    def __init__(self, path: Path, threads: int):
        """Loads a .tflite file."""
        interpreter = Interpreter(str(path), num_threads=threads)
        self._run = interpreter.get_signature_runner("serving_default")

    def __call__(self, inputs: Iterable[dict[str, np.ndarray]]) -> np.ndarray:
        """Translates images one at a time.

        Args:
            inputs: For each `image` [1, R, R, 3], float32 in [-1, 1], and `strengths`
                [1, E].

        Returns:
            Images [N, R, R, 3], float32 in [-1, 1].
        """
        return np.concatenate([self._run(**case)["image"] for case in inputs])

    def latency_ms(self, case: dict[str, np.ndarray]) -> dict[str, float]:
        """What `milliseconds` finds for one image, one of a call's inputs."""
        return milliseconds(lambda: self._run(**case))
