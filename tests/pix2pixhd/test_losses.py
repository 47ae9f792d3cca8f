"""Losses against numbers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.pix2pixhd.losses import (
    equivariance_loss,
    feature_matching_loss,
    lsgan_discriminator_loss,
    lsgan_generator_loss,
    perceptual_loss,
    pixel_loss,
    unchanged_loss,
)


def maps(*values, size=2):
    """Constant feature maps [1, size, size, 1]."""
    return [tf.fill((1, size, size, 1), float(value)) for value in values]


def test_lsgan_generator_reads_the_logit_maps_only():
    outputs = [maps(100, 0.5), maps(-100, 3, size=1)]
    # (0.5 - 1)^2 + (3 - 1)^2, each scale a mean whatever its size
    assert float(lsgan_generator_loss(outputs)) == pytest.approx(4.25)


def test_lsgan_discriminator():
    real, fake = [maps(9, 0.8), maps(9, 1.5)], [maps(9, 0.3), maps(9, -1)]
    # 1/2 (0.2^2 + 0.5^2 + 0.3^2 + 1^2)
    assert float(lsgan_discriminator_loss(real, fake)) == pytest.approx(0.69)


def test_feature_matching():
    real = [maps(1, 2, 3, 4, 50), maps(0, 0, 0, 0, 50)]
    fake = [maps(2, 2, 1, 4, 0), maps(1, -1, 1, -1, 0)]
    # 1/2 scales * 4/4 layers * ((1 + 0 + 2 + 0) + (1 + 1 + 1 + 1))
    assert float(feature_matching_loss(real, fake)) == pytest.approx(3.5)


def test_feature_matching_weighs_layers_by_their_number():
    # 1/1 scale * 4/2 layers * (1 + 2)
    loss = feature_matching_loss([maps(0, 0, 9)], [maps(1, 2, 0)])
    assert float(loss) == pytest.approx(6.0)


def test_perceptual():
    loss = perceptual_loss(maps(1, 4), maps(3, 1), (1 / 32, 1 / 8))
    assert float(loss) == pytest.approx(2 / 32 + 3 / 8)


def test_perceptual_wants_a_weight_for_each_map():
    with pytest.raises(ValueError, match="zip"):
        perceptual_loss(maps(1, 2), maps(1, 2), (1.0,))


def test_pixel():
    assert float(pixel_loss(maps(1, size=3)[0], maps(-0.5, size=3)[0])) == 1.5


def test_unchanged_counts_only_where_source_and_target_agree():
    source = np.zeros((1, 2, 2, 3), np.float32)
    real, fake = source.copy(), source.copy()
    real[0, 0, 0, 1] = 0.5  # the edit
    fake[0, 0, 0] = 1.0  # not counted
    fake[0, 1, 1, 2] = -0.6
    expected = 0.6 / 12
    np.testing.assert_allclose(unchanged_loss(fake, real, source), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        lambda real, fake: feature_matching_loss([[real, real]], [[fake, fake]]),
        lambda real, fake: perceptual_loss([fake], [real], [1.0]),
    ],
)
def test_no_gradient_flows_through_real_features(loss):
    real, fake = tf.Variable(maps(1)[0]), tf.Variable(maps(2)[0])
    with tf.GradientTape() as tape:
        value = loss(real, fake)
    towards_real, towards_fake = tape.gradient(value, [real, fake])
    assert towards_real is None
    assert np.all(towards_fake.numpy() > 0)


def test_low_precision_maps_are_averaged_in_float32():
    # 1 + 1/128 is exact in bfloat16, its square is not.
    logits = tf.cast(tf.fill((1, 8, 8, 1), 2 + 1 / 64), "bfloat16")
    loss = lsgan_generator_loss([[logits]])
    assert loss.dtype == tf.float32
    assert float(loss) == (1 + 1 / 64) ** 2


def test_equivariance_is_nothing_for_what_moves_along():
    rng = np.random.default_rng(0)
    fake = rng.uniform(-1, 1, (1, 12, 12, 3)).astype("float32")
    moved = np.roll(fake, (-1, 2), (1, 2))  # up by 1, right by 2
    loss = equivariance_loss(moved, fake, np.array([3, 0], np.int32), margin=2)
    np.testing.assert_allclose(loss, 0.0, atol=1e-7)


def test_equivariance_is_the_mean_difference_inside():
    fake = np.zeros((1, 12, 12, 3), "float32")
    moved = fake.copy()
    moved[:, 4, 4] = 0.8  # one of the 4 x 4 pixels that count
    moved[:, 3, 3] = 9.0  # in the border, which the mirror has reached
    loss = equivariance_loss(moved, fake, np.array([2, 2], np.int32), margin=2)
    np.testing.assert_allclose(loss, 0.05, rtol=1e-6)
