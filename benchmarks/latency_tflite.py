"""A worker of `latency.py`: translates with a .tflite file on LiteRT's XNNPACK.

python -m benchmarks.latency_tflite file.tflite THREADS translated.npy
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from benchmarks.train_step_start import images
from benchmarks.worker import peak, serve


def main(file: str, threads: str, translated: str) -> None:
    loaded = peak()
    interpreter = Interpreter(file, num_threads=int(threads))
    translate = interpreter.get_signature_runner("serving_default")
    shapes = {
        name: tuple(tensor["shape"])
        for name, tensor in translate.get_input_details().items()
    }
    # 1 keeps every edit at work.
    inputs = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    inputs["image"], _ = images(1, shapes["image"][1])
    np.save(translated, translate(**inputs)["image"])
    serve(lambda: translate(**inputs), loaded)


if __name__ == "__main__":
    main(*sys.argv[1:])
