"""Averages whose numbers a reader can check."""

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.backend.averaging import update_average


@pytest.mark.parametrize(
    ("step", "largest", "expected"),
    [
        (0, 0.998, 0.1 * 1 + 0.9 * 5),  # decay (1 + 0) / (10 + 0)
        (8, 0.998, 0.5 * 1 + 0.5 * 5),  # decay (1 + 8) / (10 + 8)
        (8, 0.25, 0.25 * 1 + 0.75 * 5),
        (8, 0.0, 5),
    ],
)
def test_a_young_average_follows_fast(step, largest, expected):
    mean, weight = tf.Variable([1.0]), tf.Variable([5.0])
    update_average([mean], [weight], tf.constant(step, tf.int64), largest)
    np.testing.assert_allclose(mean.numpy(), [expected], rtol=1e-6)
    assert weight.numpy() == [5.0]


def test_every_weight_has_its_average():
    with pytest.raises(ValueError, match="longer"):
        update_average([], [tf.Variable([5.0])], tf.constant(0), 0.5)
