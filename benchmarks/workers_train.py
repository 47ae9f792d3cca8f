"""A worker of `workers.py`: trains on one core, alone or with those of `TF_CONFIG`.

python -m benchmarks.workers_train config.json steps core
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from benchmarks.worker import peak, serve
from tf_fsgd.backend import workers
from tf_fsgd.config import Config
from tf_fsgd.training.state import TrainingState
from tf_fsgd.training.step import make_train_step


def main(path: str, steps: str, core: str) -> None:
    loaded = peak()
    os.sched_setaffinity(0, {int(core)})  # TensorFlow has as many threads
    with workers.strategy().scope():
        config = Config.load(path)
        state = TrainingState(config)
    train_step = make_train_step(
        state,
        config.loss,
        ema_decay=config.training.ema_decay,
        largest_norm=config.training.largest_norm,
    )
    batches = iter(
        state.strategy.distribute_datasets_from_function(
            lambda share: noise(
                config, share.get_per_replica_batch_size(state.batch_size)
            )
        )
    )

    def draw() -> None:
        for _ in range(int(steps)):
            losses = train_step(*next(batches))
        float(losses["generator"])

    serve(draw, loaded)


def noise(config: Config, count: int) -> tf.data.Dataset:
    """The same pictures in every step, for the steps alone are measured."""
    rng = np.random.default_rng(0)
    side = config.pairs.resolution
    a, b = rng.uniform(-1, 1, (2, count, side, side, 3)).astype(np.float32)
    condition = np.ones([count, max(len(config.axes), 1)], np.float32)
    return tf.data.Dataset.from_tensors(((a, condition), b)).repeat()


if __name__ == "__main__":
    main(*sys.argv[1:])
