"""Winograd's F(4, 3) against direct convolution."""

import numpy as np
import pytest
from keras import ops

from tf_fsgd.stylegan2 import winograd
from tf_fsgd.stylegan2.modulated_convolutions import StyledConv


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_an_impulse_shows_the_kernel_turned_round():
    x = np.zeros((1, 8, 6, 1), np.float32)
    x[0, 3, 2] = 1  # its result lies in two tiles of four rows
    kernel = np.arange(1, 10, dtype=np.float32).reshape(3, 3, 1, 1)
    y = winograd.convolve(x, winograd.transform_kernel(kernel))
    expected = np.zeros((8, 6))
    expected[2:5, 1:4] = [[9, 8, 7], [6, 5, 4], [3, 2, 1]]
    np.testing.assert_allclose(y[0, :, :, 0], expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4, 3, 5), (1, 12, 8, 3), (3, 16, 16, 64)])
def test_equals_direct_convolution_to_the_border(shape):
    x, kernel = normal(*shape), normal(3, 3, shape[-1], 7, seed=1)
    direct = ops.conv(x, kernel, padding="same")
    y = winograd.convolve(x, winograd.transform_kernel(kernel))
    assert np.abs(y - direct).max() < 1e-4 * np.std(direct)


@pytest.mark.parametrize("count", [1, 2])
def test_a_frozen_layer_that_uses_it_draws_the_same(count):
    inputs = normal(count, 16, 16, 128), np.ones((count, 128), "f4"), normal(count, 128)
    layer = StyledConv(4)
    layer(inputs)
    layer.bias.assign(normal(4, seed=2))
    layer.noise_strength.assign(0.5)
    x, scale = layer(inputs)
    layer.freeze()
    assert layer._frozen.transformed
    frozen, same = layer(inputs)
    np.testing.assert_array_equal(same, scale)
    assert np.abs(frozen - x).max() < 1e-4 * np.std(x)


def test_low_precision_is_left_to_direct_convolution():
    layer = StyledConv(4, dtype="mixed_bfloat16")
    layer([normal(1, 16, 16, 128), np.ones((1, 128), "f4"), normal(1, 128)])
    layer.freeze()
    assert not layer._frozen.transformed
