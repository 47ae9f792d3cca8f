"""Modulation against NumPy, and against the cause of blobs."""

import keras
import numpy as np
import pytest

from tf_fsgd.pix2pixhd.layers import InstanceNormalization
from tf_fsgd.pix2pixhd.modulation import (
    Ends,
    EndScale,
    Gate,
    ModulatedConv2D,
    Texture,
    unit_norm,
)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def built(channels, width, **settings):
    layer = ModulatedConv2D(**settings)
    layer.build([(None, 8, 8, channels), (None, width)])
    return layer


def randomise(layer):
    layer.set_weights([noise(*w.shape, seed=i) for i, w in enumerate(layer.weights)])


@pytest.mark.parametrize("size", [1, 3])
def test_equals_numpy(size):
    layer = built(5, 4, filters=6, kernel_size=size)
    randomise(layer)
    x, embedding = noise(2, 8, 8, 5, seed=7), noise(2, 4, seed=8)

    style = embedding @ np.asarray(layer.style_kernel) + np.asarray(layer.style_bias)
    style /= np.sqrt(np.mean(style**2, axis=1, keepdims=True))
    shift = embedding @ np.asarray(layer.shift_kernel) + np.asarray(layer.shift_bias)
    kernel = np.asarray(layer.kernel)
    kernel = kernel / np.linalg.norm(kernel.reshape(-1, 6), axis=0)
    border = size // 2
    scaled = np.pad(
        x * style[:, None, None], [(0, 0), (border,) * 2, (border,) * 2, (0, 0)]
    )
    expected = shift[:, None, None] + sum(
        scaled[:, i : i + 8, j : j + 8] @ kernel[i, j]
        for i in range(size)
        for j in range(size)
    )
    np.testing.assert_allclose(layer([x, embedding]), expected, atol=1e-4)


def test_kernels_of_length_1():
    kernel = unit_norm(noise(3, 3, 4, 5) * 100)
    np.testing.assert_allclose(np.sum(kernel**2, axis=(0, 1, 2)), np.ones(5), rtol=1e-4)


@pytest.mark.parametrize("loud", [1.0, 1000.0], ids=["plain", "wild"])
def test_variance_stays_1_whatever_the_style(loud):
    keras.utils.set_random_seed(0)
    layer = built(64, 4, filters=256)
    # Half of the channels are asked to be a thousand times as loud.
    layer.style_bias.assign(np.tile([1.0, loud], 32))
    result = np.asarray(layer([noise(1, 32, 32, 64), np.zeros((1, 4), np.float32)]))
    assert np.mean(np.var(result, axis=(0, 1, 2))) == pytest.approx(1, abs=0.1)


def test_edits_have_an_effect_from_the_first_step_on():
    keras.utils.set_random_seed(0)
    layer = built(8, 4, filters=8)
    x = np.repeat(noise(1, 8, 8, 8), 2, axis=0)
    plain, edited = np.asarray(layer([x, np.float32([[0] * 4, [1] * 4])]))
    assert np.abs(plain - edited).mean() > 0.1


def test_a_spike_does_not_steer_the_rest_of_the_map():
    """A blob: a spike by which a network scales all other pixels of its map."""
    layer = built(4, 2, filters=4, kernel_size=3)
    x, embedding = noise(1, 16, 16, 4), noise(1, 2)
    spiked = x.copy()
    spiked[0, 3, 3] = 1000.0
    elsewhere = np.ones((16, 16), bool)
    elsewhere[2:5, 2:5] = False  # what a 3x3 kernel reaches

    plain, moved = (np.asarray(layer([each, embedding]))[0] for each in (x, spiked))
    np.testing.assert_array_equal(plain[elsewhere], moved[elsewhere])
    assert np.abs(plain - moved)[3, 3].min() > 10

    # Instance normalisation lets the same spike turn everything else down.
    norm = InstanceNormalization()
    plain, moved = (np.asarray(norm(each))[0] for each in (x, spiked))
    assert np.std(moved[elsewhere]) < 0.05 * np.std(plain[elsewhere])


def test_ends_by_hand():
    ends = Ends(0.5)(np.float32([[2, -3], [0, 1]]))
    assert np.asarray(ends).tolist() == [[1, 0, 0, 1.5], [0, 0.5, 0, 0]]


def test_half_of_the_channels_speak_for_one_end_each():
    x = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 1, 8)
    layer = EndScale()
    silent = np.asarray(layer([x, np.float32([[0, 0]])])).ravel()
    assert silent.tolist() == [1, 2, 3, 4, 0, 0, 0, 0]
    asked = np.asarray(layer([x, np.float32([[2, 0.5]])])).ravel()
    # Channels 5 and 7 are the first end's, 6 and 8 the second's.
    assert asked.tolist() == [1, 2, 3, 4, 10, 3, 14, 4]


def test_ends_scale_each_face_by_its_own():
    layer = EndScale()
    layer.build([(None, 4, 4, 3), (None, 2)])
    randomise(layer)
    x, ends = noise(2, 4, 4, 3, seed=7), noise(2, 2, seed=8)
    scale = ends @ np.asarray(layer.kernel) + np.asarray(layer.bias)
    np.testing.assert_allclose(layer([x, ends]), x * scale[:, None, None], atol=1e-6)


def test_the_gate_by_hand():
    strengths = np.float32([[0, 0], [1, -0.5], [-1.5, 0], [100, 0]])
    gate = np.asarray(Gate(rate=2.0)(strengths))
    assert gate.shape == (4, 1, 1, 1)
    assert gate[0, 0, 0, 0] == 0  # exactly
    # 1 - e^-3 for 1.5 standard deviations in all, whatever their signs.
    np.testing.assert_allclose(gate.ravel(), [0, 0.950213, 0.950213, 1], atol=1e-6)


def test_the_gate_opens_at_once():
    slider = np.linspace(0, 3, 31, dtype=np.float32)[:, None]
    gate = np.asarray(Gate(rate=2.0)(slider)).ravel()
    assert (np.diff(gate) > 0).all()
    assert gate[1] == pytest.approx(1 - np.exp(-0.2), rel=1e-4)


def test_layers_survive_saving(tmp_path):
    image, strengths = keras.Input((8, 8, 2)), keras.Input((3,))
    x = ModulatedConv2D(4, kernel_size=3)([image, strengths])
    x = EndScale()([x, Ends(0.5)(strengths)])
    model = keras.Model([image, strengths], x * Gate(rate=0.5)(strengths))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs = [noise(2, 8, 8, 2), noise(2, 3)]
    np.testing.assert_array_equal(loaded(inputs), model(inputs))


def _dot(side):
    """A picture of one bright pixel in the middle."""
    image = np.zeros((1, side, side, 3), np.float32)
    image[0, side // 2, side // 2] = 1.0
    return image


def test_texture_taken_away_leaves_the_mean_of_the_window():
    image = _dot(7)
    values = np.zeros((1, 7, 7, 4), np.float32)
    values[..., 3] = -1.0
    after = image + np.asarray(Texture([3])([values, image]))
    expected = np.zeros((7, 7))
    expected[2:5, 2:5] = 1 / 9
    np.testing.assert_allclose(after[0, ..., 0], expected, atol=1e-6)


def test_bands_of_texture_add_up_to_all_below_the_coarsest_mean():
    image = _dot(15)
    values = np.zeros((1, 15, 15, 5), np.float32)
    values[..., 3:] = -1.0
    after = image + np.asarray(Texture([3, 5])([values, image]))
    # A window of 3 and another of 3 weigh rows and columns by 1, 2, 3, 2, 1 of 9.
    row = np.array([1, 2, 3, 2, 1]) / 9
    np.testing.assert_allclose(after[0, 5:10, 5:10, 0], np.outer(row, row), atol=1e-6)


def test_texture_may_be_deepened_and_painted_over():
    image = _dot(7)
    values = np.zeros((1, 7, 7, 4), np.float32)
    values[..., :3], values[..., 3] = [0.1, 0.2, 0.3], 1.0
    change = np.asarray(Texture([3])([values, image]))[0]
    np.testing.assert_allclose(change[3, 3], [0.1 + 8 / 9, 0.2 + 8 / 9, 0.3 + 8 / 9])
    np.testing.assert_allclose(change[0, 0], [0.1, 0.2, 0.3], atol=1e-6)
