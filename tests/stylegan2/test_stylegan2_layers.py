"""StyleGAN2's layers against sums that a reader can do by hand."""

import numpy as np
import pytest
from keras import ops

from tf_fsgd.stylegan2.layers import (
    Lowpass,
    MinibatchStddev,
    ScaledLeakyReLU,
    UpsampleImage,
)
from tf_fsgd.stylegan2.modulated_convolutions import GAIN, StyledConv, ToRGB

TAPS = np.array([1, 3, 3, 1]) / 8


def impulse(size, row, column):
    image = np.zeros((1, size, size, 1), np.float32)
    image[0, row, column] = 1
    return image


def product(*pair):
    """The activation that a pair of x and scale stands for."""
    x, scale = map(ops.convert_to_numpy, pair)
    return x.astype(np.float32) * scale[:, None, None]


def randomised(layer, inputs, seed=0, noise_strength=0.5):
    """Builds a layer and gives every weight a value that shows."""
    layer(inputs)
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    if hasattr(layer, "noise_strength"):
        layer.noise_strength.assign(noise_strength)
    return layer


def batch(size=8, channels=6, count=3, seed=1):
    rng = np.random.default_rng(seed)
    shapes = (count, size, size, channels), (count, channels), (count, channels)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def test_lowpass_turns_an_impulse_into_the_filter():
    image = Lowpass((1, 3, 3, 1), padding=(2, 1))(impulse(6, 2, 2))
    expected = np.zeros((6, 6))
    expected[1:5, 1:5] = np.outer(TAPS, TAPS)
    np.testing.assert_allclose(image[0, :, :, 0], expected, atol=1e-7)


def test_lowpass_convolves_as_stylegan2_and_not_correlates():
    image = ops.convert_to_numpy(Lowpass((1, 0, 3), padding=(1, 1))(impulse(5, 2, 2)))
    assert np.diagonal(image[0, :, :, 0]) == pytest.approx([0, 1 / 16, 0, 9 / 16, 0])


def test_lowpass_pads_with_zeros_crops_and_strides():
    ones = np.ones((1, 4, 4, 2), np.float32)
    row = Lowpass((1, 1), padding=(1, -1), gain=4)(ones)[0, -1, :, 1]
    np.testing.assert_allclose(row, [2, 4, 4])
    assert Lowpass((1, 3, 3, 1), (1, 1), stride=2)(ones).shape == (1, 2, 2, 2)


def test_upsampling_an_impulse_gives_twice_the_filter_along_each_side():
    image = ops.convert_to_numpy(UpsampleImage((1, 3, 3, 1))(impulse(4, 1, 1)))
    expected = np.zeros((8, 8))
    expected[1:5, 1:5] = 4 * np.outer(TAPS, TAPS)
    np.testing.assert_allclose(image[0, :, :, 0], expected, atol=1e-7)


def test_upsampling_keeps_channels_apart_and_darkens_the_border():
    image = np.ones((1, 3, 3, 3), np.float32) * [1.0, 2.0, 4.0]
    doubled = ops.convert_to_numpy(UpsampleImage((1, 3, 3, 1))(image))
    np.testing.assert_allclose(doubled[0, 2, 2], [1, 2, 4])
    # One of the four taps, 1/4 of what reaches a pixel, falls on a zero.
    np.testing.assert_allclose(doubled[0, 0, 2], [0.75, 1.5, 3])


def test_activation():
    x = np.array([-10.0, -1.0, 1.0, 10.0], np.float32)
    y = ScaledLeakyReLU(clamp=5)(x)
    np.testing.assert_allclose(y, [-2 * GAIN, -0.2 * GAIN, GAIN, 5], rtol=1e-6)


def test_a_style_equals_a_scaled_kernel():
    x, scale, style = batch(count=2)
    layer = randomised(StyledConv(5), [x, scale, style])
    actual = product(*layer([x, scale, style]))
    kernel, bias, noise = (
        ops.convert_to_numpy(weight)
        for weight in (layer.kernel, layer.bias, layer.noise)
    )
    for index in range(2):
        modulated = kernel * style[index][:, None]
        modulated /= np.sqrt((modulated**2).sum(axis=(0, 1, 2)) + 1e-8)
        y = ops.conv(
            (x * scale[:, None, None])[index : index + 1], modulated, 1, "same"
        )
        y = ops.convert_to_numpy(y)[0] + 0.5 * noise[:, :, None] + bias
        expected = GAIN * np.where(y > 0, y, 0.2 * y)
        np.testing.assert_allclose(actual[index], expected, atol=2e-5)


@pytest.mark.parametrize("up", [False, True])
def test_demodulation_gives_white_noise_a_variance_of_one(up):
    x, scale, style = batch(size=64, channels=16, count=2)
    layer = randomised(StyledConv(8, up), [x, scale, style], noise_strength=0)
    layer.bias.assign(np.full(8, 100))  # far from the kink of the leaky ReLU
    y = product(*layer([x, np.ones_like(scale), style])) / GAIN - 100
    # The transposed convolution meets zeros at 3 of 4 pixels, the low-pass has gain 4
    # and mixes neighbours: its variance is known for a convolution only.
    if not up:
        np.testing.assert_allclose(y.std(axis=(1, 2)), 1, atol=0.05)
    doubled = product(*layer([x, np.ones_like(scale), 2 * style])) / GAIN - 100
    np.testing.assert_allclose(doubled, y, atol=1e-3)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("clamp", [None, 1.5])
def test_a_scaled_kernel_equals_scaled_activations(up, clamp):
    """A lone picture goes another way than a batch."""
    inputs = batch(size=16, channels=4)
    layer = randomised(StyledConv(3, up, clamp=clamp), inputs)
    together = product(*layer(inputs))
    apart = [
        product(*layer([each[index : index + 1] for each in inputs]))
        for index in range(3)
    ]
    np.testing.assert_allclose(together, np.concatenate(apart), atol=2e-5)
    if clamp:
        assert np.abs(together).max() == clamp


@pytest.mark.parametrize("up", [False, True])
def test_a_frozen_layer_draws_the_same(up):
    inputs = batch()
    layer = randomised(StyledConv(4, up), inputs)
    before = product(*layer(inputs))
    layer.freeze()
    np.testing.assert_allclose(product(*layer(inputs)), before, atol=1e-6)


def test_noise_modes():
    x, scale, style = batch(size=32, channels=2, count=2)
    layer = randomised(StyledConv(3), [x, scale, style])
    layer.bias.assign(np.full(3, 100))
    inputs = [x, scale, style]
    none, const, again, random = (
        product(*layer(inputs, noise_mode=mode)) / GAIN
        for mode in ("none", "const", "const", "random")
    )
    np.testing.assert_array_equal(const, again)
    noise = 0.5 * ops.convert_to_numpy(layer.noise)[:, :, None]
    np.testing.assert_allclose(
        const - none, np.broadcast_to(noise, none.shape), atol=1e-3
    )
    added = random - none
    np.testing.assert_allclose(added[..., 0], added[..., 1], atol=1e-3)  # one map
    assert added.std() == pytest.approx(0.5, rel=0.1)
    assert np.abs(added[0] - added[1]).mean() > 0.1  # of each picture's own


@pytest.mark.parametrize("clamp", [None, 2.0])
def test_to_rgb_adds_to_the_image_so_far(clamp):
    x, scale, style = batch(size=4, channels=5)
    image = np.random.default_rng(2).normal(size=(3, 2, 2, 3)).astype(np.float32)
    layer = randomised(ToRGB(clamp=clamp), [x, scale, style])
    kernel, bias = map(ops.convert_to_numpy, layer.weights)
    colours = (x * (scale * style)[:, None, None]) @ kernel[0, 0] + bias
    if clamp:
        colours = colours.clip(-2, 2)
    np.testing.assert_allclose(layer([x, scale, style]), colours, atol=1e-5)
    both = colours + UpsampleImage((1, 3, 3, 1))(image)
    np.testing.assert_allclose(layer([x, scale, style, image]), both, atol=1e-5)


def test_minibatch_stddev_by_hand():
    x = np.zeros((4, 1, 1, 2), np.float32)
    x[:, 0, 0, 0] = [0, 10, 2, 10]  # groups of 0 and 2, 10 and 10
    x[:, 0, 0, 1] = [1, 5, 1, 11]
    y = ops.convert_to_numpy(MinibatchStddev(2, 1)(x))[:, 0, 0]
    np.testing.assert_array_equal(y[:, :2], x[:, 0, 0])
    np.testing.assert_allclose(y[:, 2], [0.5, 1.5, 0.5, 1.5], atol=1e-3)
    y = ops.convert_to_numpy(MinibatchStddev(2, 2)(x))[:, 0, 0]
    np.testing.assert_allclose(y[0, 2:], [1, 0], atol=1e-3)
    np.testing.assert_allclose(y[1, 2:], [0, 3], atol=1e-3)


@pytest.mark.parametrize("group_size", [None, 8])
def test_a_group_is_no_larger_than_the_batch(group_size):
    x = np.array([1, 3], np.float32).reshape(2, 1, 1, 1)
    y = MinibatchStddev(group_size, 1)(x)
    np.testing.assert_allclose(y[:, 0, 0, 1], [1, 1], atol=1e-6)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_styles_of_ten_thousand_do_not_overflow(dtype):
    x, scale, style = batch(size=8, channels=64)
    style = 1e4 * style
    layer = randomised(StyledConv(32, dtype=dtype), [x, scale, style])
    exact = StyledConv(32)
    exact([x, scale, style])
    exact.set_weights(layer.get_weights())
    y = product(*layer([x, scale, style]))
    np.testing.assert_allclose(y, product(*exact([x, scale, style])), atol=0.1)
    head = randomised(ToRGB(dtype=dtype), [x, scale, style])
    image = head([x, scale, style])
    assert ops.dtype(image) == "float32"
    assert np.isfinite(image).all() and np.abs(image).max() > 65_504
