import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import map_coordinates

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.pairs.augment import _move, augment


def settings(**changes):
    neutral = dict(flip=False, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0)
    return AugmentationConfig(**(neutral | changes))


def seed(number):
    return tf.constant([0, number], tf.int64)


@pytest.fixture
def picture():
    """A smooth picture with detail, as uint8 [48, 48, 3]."""
    y, x = np.mgrid[:48, :48] / 48
    channels = [np.sin(9 * x + 4 * y), np.cos(7 * y), np.sin(15 * x * y)]
    return np.uint8(128 + 70 * np.stack(channels, axis=-1))


def test_neutral_settings_change_no_pixel(picture):
    a, b = augment(picture, picture[::-1], seed(0), settings())
    assert a.dtype == b.dtype == tf.float32
    np.testing.assert_allclose((a + 1) * 127.5, picture, atol=1e-4)
    np.testing.assert_allclose((b + 1) * 127.5, picture[::-1], atol=1e-4)


def test_flip_is_a_coin_and_turns_both_sides(picture):
    flips = 0
    for number in range(40):
        a, b = augment(picture, picture, seed(number), settings(flip=True))
        np.testing.assert_array_equal(a, b)
        shown = (a.numpy() + 1) * 127.5
        flipped = np.abs(shown - picture[:, ::-1]).max() < 1e-3
        assert flipped or np.abs(shown - picture).max() < 1e-3
        flips += flipped
    assert 10 <= flips <= 30


@pytest.mark.parametrize("flip", [False, True])
def test_geometry_is_scipys(picture, flip):
    # 10 degrees (largest 20, draw 0.75); half of a crop of 0.2, up and to the right.
    config = settings(flip=True, rotation=20.0, crop=0.2)
    draws = [tf.constant(v) for v in (0.1 if flip else 0.9, 0.75, 0.5, 0.9, 0.2)]
    image = picture.astype(np.float32)
    moved = _move(tf.constant(image), draws, config).numpy()

    angle, scale = np.radians(10), 0.9
    y, x = np.mgrid[:48, :48] - 23.5
    if flip:
        x = -x
    from_x = 23.5 + 0.4 * 0.1 * 48 + scale * (np.cos(angle) * x - np.sin(angle) * y)
    from_y = 23.5 - 0.3 * 0.1 * 48 + scale * (np.sin(angle) * x + np.cos(angle) * y)
    for c in range(3):
        expected = map_coordinates(
            image[..., c], [from_y, from_x], order=1, mode="reflect"
        )
        np.testing.assert_allclose(moved[..., c], expected, atol=0.05)


def test_geometry_colour_and_blur_are_the_same_on_both_sides(picture):
    config = settings(flip=True, rotation=8.0, crop=0.2, colour=0.2, blur=1.0)
    for number in range(5):
        a, b = augment(picture, picture, seed(number), config)
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs((a.numpy() + 1) * 127.5 - picture).max() > 5


def test_colour_is_one_affine_map_for_both_sides():
    # On grey, saturation does nothing: what is left is contrast about A's mean and
    # brightness, so the edit B - A may only be scaled, by at most the contrast.
    a = np.full((16, 16, 3), 100, np.uint8)
    for number in range(10):
        out_a, out_b = augment(a, a + 40, seed(number), settings(colour=0.2))
        brightness = (out_a.numpy() + 1) / 2 - 100 / 255
        assert np.ptp(brightness) < 1e-6 and abs(brightness[0, 0, 0]) <= 0.2
        edit = (out_b - out_a).numpy() / 2
        assert 0.8 <= edit[0, 0, 0] / (40 / 255) <= 1.2


def test_blur_takes_detail_away_and_keeps_the_mean(picture):
    noise = np.random.RandomState(0).randint(0, 256, picture.shape).astype(np.uint8)
    spread = []
    for number in range(10):
        a, _ = augment(noise, noise, seed(number), settings(blur=1.0))
        spread.append(a.numpy().std())
        assert abs(a.numpy().mean() - (noise / 127.5 - 1).mean()) < 0.02
    original = (noise / 127.5 - 1).std()
    assert max(spread) < original and min(spread) < 0.5 * original


def test_noise_and_jpeg_are_the_same_on_both_sides(picture):
    other = np.clip(picture.astype(int) + 20, 0, 255).astype(np.uint8)
    a, b = augment(picture, other, seed(1), settings(jpeg=1.0))
    taken_a = (a.numpy() + 1) * 127.5 - picture
    taken_b = (b.numpy() + 1) * 127.5 - other
    assert 0.5 < np.abs(taken_a).mean() < 15
    inside = (other < 235) & (other + taken_a > 1) & (other + taken_a < 254)
    np.testing.assert_allclose(taken_b[inside], taken_a[inside], atol=1e-3)


def test_probabilities_are_shares(picture):
    config = settings(jpeg=0.3)
    touched = 0
    for number in range(100):
        a, b = augment(picture, picture, seed(number), config)
        np.testing.assert_allclose(a, b, atol=1e-6)
        touched += np.abs((a + 1) * 127.5 - picture).max() > 1e-3
    assert 15 <= touched <= 45


def test_the_seed_decides_and_the_range_holds(picture):
    config = AugmentationConfig(colour=0.5, blur=0.5, jpeg=0.5)
    for number in range(10):
        one = augment(picture, picture, seed(number), config)
        np.testing.assert_array_equal(
            one, augment(picture, picture, seed(number), config)
        )
        assert np.abs(one).max() <= 1.0


def test_two_faces_and_what_lies_between_share_a_draw(picture):
    other = picture[::-1]
    config = settings(flip=True, rotation=20.0, crop=0.2, colour=0.3, blur=1.0)
    both = np.concatenate([picture, other], axis=-1)
    faces, b = augment(both, other, seed(3), config, [0.25, 0.75])
    assert faces.shape == (48, 48, 6)
    np.testing.assert_array_equal(faces[..., 3:], b)
    assert np.abs(faces[..., :3] - faces[..., 3:]).mean() > 0.1


def test_the_noise_between_is_the_two_faces_noise(picture):
    # Grey, far from black and white, where nothing is clipped.
    grey = 64 + picture // 2
    both = np.concatenate([grey, grey[::-1]], axis=-1)
    faces, b = augment(both, grey, seed(1), settings(jpeg=1.0), [0.25, 0.75])
    before = both / 127.5 - 1
    noise = faces - before.astype(np.float32)
    assert np.abs(noise).mean() > 0.005
    mixed = 0.25 * noise[..., :3] + 0.75 * noise[..., 3:]
    np.testing.assert_allclose(b - (grey / 127.5 - 1), mixed, atol=1e-5)
