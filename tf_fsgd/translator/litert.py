"""A shipped translator as a function that LiteRT runs: no TensorFlow, no Keras."""

import functools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter

if TYPE_CHECKING:
    import keras


class LiteRTNetwork:
    """A .tflite file of batch 1, on all cores. Several threads may share one.

    Call arguments:
        inputs: `[images, strengths]`: `[N, R, R, 3]` and `[N, E]` float32, N at least
            1; the result is `[N, R, R, 3]` float32, as the Keras network's, clipped.
    """

    def __init__(self, path: Path):
        self.path = path
        interpreter = Interpreter(str(path), num_threads=os.cpu_count())
        self._run = interpreter.get_signature_runner("serving_default")
        self._lock = threading.Lock()

    def __call__(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        with self._lock:  # an interpreter has one set of buffers
            return np.concatenate(
                [
                    self._run(image=image[None], strengths=strengths[None])["image"]
                    for image, strengths in zip(*inputs, strict=True)
                ]
            )

    @functools.cached_property
    def model(self) -> "keras.Model":
        """The same network in Keras, read from the same file."""
        from tf_fsgd.translator.shipped import read_network

        return read_network(self.path)
