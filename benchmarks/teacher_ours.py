"""A worker of `teacher.py`: draws with this project, or runs the bare convolutions.

python -m benchmarks.teacher_ours ours float32 inputs.npz images.npy
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.worker import peak, serve
from tf_fsgd.stylegan2.architecture import Architecture, config_e
from tf_fsgd.stylegan2.model import assign_weights
from tf_fsgd.stylegan2.synthesis import freeze, synthesis_network


def main(way: str, precision: str, inputs: str, images: str) -> None:
    loaded = peak()
    tf.config.threading.set_intra_op_parallelism_threads(2)
    weights = dict(np.load(inputs))
    ws, architecture = weights.pop("ws"), config_e(int(weights.pop("resolution")))
    if way == "floor":
        serve(_floor(architecture, precision, len(ws)), loaded)
        return
    network = synthesis_network(architecture, dtype=precision)
    assign_weights(network, weights)
    freeze(network)
    del weights
    np.save(images, network.predict_on_batch(ws))
    serve(lambda: network.predict_on_batch(ws), loaded)


def _floor(architecture: Architecture, precision: str, batch: int):
    """All convolutions, each on features of its own."""

    def normal(*shape: int) -> tf.Tensor:
        return tf.cast(tf.random.normal(shape), precision)

    convolutions, before = [], None
    for r, width in zip(architecture.resolutions, architecture.channels, strict=True):
        if before:
            convolutions.append(
                (
                    normal(batch, r // 2, r // 2, before),
                    normal(3, 3, width, before),
                    (batch, r + 1, r + 1, width),
                )
            )
        for kernel in (normal(3, 3, width, width), normal(1, 1, width, 3)):
            convolutions.append((normal(batch, r, r, width), kernel, None))
        before = width

    def draw() -> None:
        for features, kernel, doubled in convolutions:
            if doubled:
                tf.nn.conv2d_transpose(features, kernel, doubled, 2, "VALID")
            else:
                tf.nn.conv2d(features, kernel, 1, "SAME")

    return draw


if __name__ == "__main__":
    main(*sys.argv[1:])
