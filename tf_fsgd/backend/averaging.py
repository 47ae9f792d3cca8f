"""Averaged weights: what a training keeps of all its steps."""

from collections.abc import Sequence

import tensorflow as tf


def update_average(
    average: Sequence[tf.Variable],
    weights: Sequence[tf.Variable],
    step: tf.Tensor,
    largest_decay: float,
) -> None:
    """Moves averaged weights towards the weights of a step; runs inside its graph.

    Of several replicas every one moves its own copy, in the scope of their strategy.

    Args:
        average: Updated in place.
        weights: As many, of the same shapes.
        step: How many steps there have been: early weights change fast and mean little,
            so the first averages are short.
        largest_decay: A step's decay once there were enough; 0 copies the weights.
    """
    count = tf.cast(step, tf.float32)
    decay = tf.minimum(largest_decay, (1.0 + count) / (10.0 + count))

    def move(mean: tf.Variable, weight: tf.Tensor, decay: tf.Tensor) -> None:
        # Without decay a plain copy: the arithmetic would read 182 M weights thrice.
        mean.assign(weight + decay * (mean - weight) if largest_decay else weight)

    for mean, weight in zip(average, weights, strict=True):
        tf.distribute.get_strategy().extended.update(mean, move, (weight, decay))
