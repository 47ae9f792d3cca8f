"""Augmentation that closes the gap between generated faces and photos.

Photos are tilted and framed a little differently, lit differently, often enlarged from
something smaller, noisy and JPEG-compressed; StyleGAN's faces are none of that.
Whatever is drawn is applied to both sides, so that it is no part of the edit that the
translator learns: whoever hands over a grainy photo wants its grain left alone. Noise
and JPEG artefacts are made of A, and added to B as they are.
"""

import math

import tensorflow as tf

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.images.warp import warp

_SMALLEST_SCALE = 0.35  # a photo of 45 px enlarged to 128
_LARGEST_NOISE = 0.025  # standard deviation, of pixels in [0, 1]
_JPEG_QUALITY = (45, 95)
_NOISE_STREAM = 1 << 32  # sets the noise apart from the other draws of a sample


def augment(
    a: tf.Tensor, b: tf.Tensor, seed: tf.Tensor, config: AugmentationConfig
) -> tuple[tf.Tensor, tf.Tensor]:
    """Augments one pair; runs inside `tf.data`.

    Args:
        a: uint8 [R, R, 3], static shape.
        b: The same.
        seed: int64 [2]; the same seed gives the same result.
        config: Probabilities and largest changes; all 0 and no flip: pixels unchanged.

    Returns:
        A and B, float32 [R, R, 3] in [-1, 1].
    """
    draws = tf.unstack(tf.random.stateless_uniform([11], seed))
    images = tf.cast(tf.concat([a, b], axis=-1), tf.float32) / 255.0
    images = _move(images, draws[0:5], config)
    a, b = images[..., :3], images[..., 3:]
    if config.colour > 0:
        a, b = _recolour(a, b, draws[5:8], config.colour)
    if config.blur > 0:
        # The draw that decided also says how strong, spread again over [0, 1).
        a, b = tf.cond(
            draws[8] < config.blur,
            lambda: _blur(a, b, draws[8] / config.blur),
            lambda: (a, b),
        )
    if config.jpeg > 0:
        noise_seed = seed + tf.constant([0, _NOISE_STREAM], seed.dtype)
        taken = tf.cond(
            draws[9] < config.jpeg,
            lambda: _compress(a, draws[9] / config.jpeg, draws[10], noise_seed),
            lambda: a,
        )
        a, b = taken, tf.clip_by_value(b + (taken - a), 0.0, 1.0)
    return _to_signed(a), _to_signed(b)


def _move(
    images: tf.Tensor, draws: list[tf.Tensor], config: AugmentationConfig
) -> tf.Tensor:
    """Flip, rotation and crop of [R, R, C] as one bilinear resampling."""
    flip = tf.logical_and(draws[0] < 0.5, config.flip)
    if config.rotation == 0 and config.crop == 0:
        return tf.cond(flip, lambda: images[:, ::-1], lambda: images)
    removed = draws[2] * config.crop
    size = images.shape[0]
    centre = (size - 1) / 2
    moved = warp(
        images[tf.newaxis],
        angle=(2.0 * draws[1][tf.newaxis] - 1.0) * math.radians(config.rotation),
        scale=1.0 - removed[tf.newaxis],
        mirror=tf.where(flip, -1.0, 1.0)[tf.newaxis],
        centre=tuple(
            centre + (draw[tf.newaxis] - 0.5) * removed * size for draw in draws[3:5]
        ),
        size=size,
    )
    return tf.ensure_shape(moved[0], images.shape)


def _recolour(
    a: tf.Tensor, b: tf.Tensor, draws: list[tf.Tensor], largest: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The same brightness, contrast and saturation on both sides."""
    brightness, contrast, saturation = ((2.0 * d - 1.0) * largest for d in draws)
    # Contrast turns about A's mean on both sides: B's own mean would be another change.
    mean = tf.reduce_mean(a)

    def change(image: tf.Tensor) -> tf.Tensor:
        grey = tf.reduce_mean(image, axis=-1, keepdims=True)
        image = grey + (image - grey) * (1.0 + saturation)
        image = mean + (image - mean) * (1.0 + contrast) + brightness
        return tf.clip_by_value(image, 0.0, 1.0)

    return change(a), change(b)


def _blur(a: tf.Tensor, b: tf.Tensor, amount: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Shrinks and enlarges both sides, as most small photos have been."""
    size = a.shape[0]
    scale = 1.0 - (1.0 - _SMALLEST_SCALE) * amount
    small = tf.cast(tf.round(scale * size), tf.int32)
    both = tf.stack([a, b])
    both = tf.image.resize(both, [small, small], "bilinear", antialias=True)
    both = tf.image.resize(both, [size, size], "bicubic")
    both = tf.ensure_shape(tf.clip_by_value(both, 0.0, 1.0), [2, *a.shape])
    return both[0], both[1]


def _compress(
    image: tf.Tensor, noise: tf.Tensor, quality: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Sensor noise, then JPEG."""
    grain = tf.random.stateless_normal(image.shape, seed)
    image = tf.clip_by_value(image + noise * _LARGEST_NOISE * grain, 0.0, 1.0)
    low, high = _JPEG_QUALITY
    quality = low + tf.cast(quality * (high - low), tf.int32)
    return tf.ensure_shape(tf.image.adjust_jpeg_quality(image, quality), image.shape)


def _to_signed(image: tf.Tensor) -> tf.Tensor:
    return image * 2.0 - 1.0
