"""A training of 20 steps, in as many processes as `TF_CONFIG` says.

    python tests/training/tiny_training.py RUNS [steps=200] [threads=1] [devices=2]
                                           [step=N signal=S]

After N steps of this process it sends itself a signal. With two devices the processor
passes for two of them.
"""

import os
import runpy
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from tf_fsgd.backend import workers
from tf_fsgd.errors import guarded
from tf_fsgd.pairs.source import pictures as pictures_of
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.training import loop

CONFTEST = runpy.run_path(str(Path(__file__).with_name("conftest.py")))


def main(runs: str, *words: str) -> None:
    asked = {name: int(value) for name, value in (word.split("=") for word in words)}
    if asked.get("devices") == 2:
        (processor,) = tf.config.list_physical_devices("CPU")
        halves = [tf.config.LogicalDeviceConfiguration() for _ in range(2)]
        tf.config.set_logical_device_configuration(processor, halves)
        mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        workers.strategy = lambda: mirrored
    if "threads" in asked:
        tf.config.threading.set_intra_op_parallelism_threads(asked["threads"])
    workers.strategy()
    config = CONFTEST["_tiny_config"]()
    config.training.images = 4 * asked.get("steps", 20)
    config.training.batch_size = 4
    config.training.checkpoint_every, config.training.sample_every = 16, 40
    config.training.largest_norm = 0.5
    config.loss.equivariance = 1.0
    # A bias before a norm changes nothing. Its gradient is rounding, and Adam's steps
    # are as long as those of others.
    config.discriminator.norm = "none"
    if "step" in asked:
        signal_after(asked["step"], asked["signal"])
    condition, pictures = CONFTEST["INVERTED"]
    pairs = CONFTEST["RandomFamilies"](CONFTEST["RESOLUTION"], condition, pictures)
    run = unfinished_or_new(runs, config)
    loop.train(config, run=run, source=pairs, faces=pictures_of(pairs, 0, 2))


def signal_after(steps: int, number: int) -> None:
    make, done = loop.make_train_step, 0

    def make_with_signal(*args, **kwargs):
        step = make(*args, **kwargs)

        def counted(inputs, b):
            nonlocal done
            losses = step(inputs, b)
            done += 1
            if done == steps:
                os.kill(os.getpid(), number)
            return losses

        return counted

    loop.make_train_step = make_with_signal


if __name__ == "__main__":
    sys.exit(guarded(main, *sys.argv[1:], resumes=True))
