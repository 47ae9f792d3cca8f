"""The fused update against Keras' own, step by step."""

import keras
import numpy as np
import tensorflow as tf

from tf_fsgd.training.fused_adam import FusedAdam


def test_it_gives_keras_own_numbers():
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(3, 4)), rng.normal(size=(5,))]
    rates = dict(learning_rate=0.01, beta_1=0.5, beta_2=0.999)
    ours, theirs = FusedAdam(**rates), keras.optimizers.Adam(**rates)
    weights = []
    for optimizer in (ours, theirs):
        weights.append([keras.Variable(value.astype("float32")) for value in start])
        optimizer.build(weights[-1])

    @tf.function(autograph=False)
    def step(*gradients):
        for optimizer, variables in zip((ours, theirs), weights, strict=True):
            optimizer.apply(gradients, variables)

    for _ in range(20):
        step(*(rng.normal(size=value.shape).astype("float32") for value in start))

    for one, other, value in zip(*weights, start, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-7)
        assert np.abs(one.numpy() - value).max() > 0.01
    # The kernel takes 1 - beta_2 of float32's 0.999, Keras of Python's.
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4)
