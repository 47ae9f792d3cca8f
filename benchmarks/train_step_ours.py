"""A worker of `train_step.py`: trains with this project.

python -m benchmarks.train_step_ours config.json report.json
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from benchmarks.train_step_start import LOSSES, images, serve_steps, weights
from benchmarks.worker import peak
from tf_fsgd.config import Config
from tf_fsgd.training.state import TrainingState
from tf_fsgd.training.step import make_train_step


def main(path: str, report: str) -> None:
    loaded = peak()
    tf.config.threading.set_intra_op_parallelism_threads(2)
    config = Config.load(path)
    state = TrainingState(config)
    start(state.generator.layers)
    # Keras lists the layers of the two scales in turns, the reference scale by scale.
    start(sorted(state.discriminator.layers, key=lambda layer: layer.name))
    a, b = map(tf.constant, images(state.batch_size, config.pairs.resolution))
    train_step = make_train_step(
        state, config.loss, ema_decay=config.training.ema_decay
    )

    def step() -> list[tf.Tensor]:
        losses = train_step(a, b)
        return [losses[name] for name in LOSSES]

    networks = (state.generator, state.discriminator)
    parameters = tuple(network.count_params() for network in networks)
    serve_steps(step, loaded, parameters, report)


def start(layers: list[keras.Layer]) -> None:
    """Gives a network, one layer after the other, the weights that all start with."""
    variables = [variable for layer in layers for variable in layer.trainable_weights]
    shapes = [variable.shape for variable in variables]
    for variable, array in zip(variables, weights(shapes), strict=True):
        variable.assign(array)


if __name__ == "__main__":
    main(*sys.argv[1:])
