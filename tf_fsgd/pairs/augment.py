"""Augmentation that closes the gap between generated faces and photos.

Photos are tilted and framed a little differently, lit differently, often enlarged from
something smaller, noisy and JPEG-compressed; StyleGAN's faces are none of that.
Whatever is drawn is applied to both sides, so that it is no part of the edit that the
translator learns: whoever hands over a grainy photo wants its grain left alone. Noise
and JPEG artefacts are made of A, and added to B as they are. A may be several faces.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.images.warp import warp

_SMALLEST_SCALE = 0.35  # a photo of 45 px enlarged to 128
_LARGEST_NOISE = 0.025  # standard deviation, of pixels in [0, 1]
_JPEG_QUALITY = (45, 95)
_NOISE_STREAM = 1 << 32  # sets the noise apart from the other draws of a sample


def augment(
    a: tf.Tensor,
    b: tf.Tensor,
    seed: tf.Tensor,
    config: AugmentationConfig,
    shares: tf.Tensor | Sequence[float] = (1.0,),
) -> tuple[tf.Tensor, tf.Tensor]:
    """Augments one sample; runs inside `tf.data`.

    Args:
        a: uint8 [R, R, 3 F], static shape: F faces side by side in channels.
        b: uint8 [R, R, 3].
        seed: int64 [2]; the same seed gives the same result.
        config: Probabilities and largest changes; all 0 and no flip: pixels unchanged.
        shares: [F], how much of each face is in B, and so of its noise.

    Returns:
        A and B, float32 of the same shapes in [-1, 1].
    """
    draws = tf.unstack(tf.random.stateless_uniform([11], seed))
    images = tf.cast(tf.concat([a, b], axis=-1), tf.float32) / 255.0
    images = _move(images, draws[0:5], config)
    # F faces, then B: [F + 1, R, R, 3].
    images = tf.stack(tf.split(images, images.shape[-1] // 3, axis=-1))
    if config.colour > 0:
        images = _recolour(images, draws[5:8], config.colour)
    if config.blur > 0:
        # The draw that decided also says how strong, spread again over [0, 1).
        images = tf.cond(
            draws[8] < config.blur,
            lambda: _blur(images, draws[8] / config.blur),
            lambda: images,
        )
    faces, b = images[:-1], images[-1]
    if config.jpeg > 0:
        noise_seed = seed + tf.constant([0, _NOISE_STREAM], seed.dtype)
        taken = tf.cond(
            draws[9] < config.jpeg,
            lambda: _compress(faces, draws[9] / config.jpeg, draws[10], noise_seed),
            lambda: faces,
        )
        b = tf.clip_by_value(b + tf.tensordot(shares, taken - faces, 1), 0.0, 1.0)
        faces = taken
    return _to_signed(tf.concat(tf.unstack(faces), axis=-1)), _to_signed(b)


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


def _recolour(images: tf.Tensor, draws: list[tf.Tensor], largest: float) -> tf.Tensor:
    """The same brightness, contrast and saturation on all."""
    brightness, contrast, saturation = ((2.0 * d - 1.0) * largest for d in draws)
    # Contrast turns about A's mean on both sides: B's own mean would be another change.
    mean = tf.reduce_mean(images[:-1])
    grey = tf.reduce_mean(images, axis=-1, keepdims=True)
    images = grey + (images - grey) * (1.0 + saturation)
    images = mean + (images - mean) * (1.0 + contrast) + brightness
    return tf.clip_by_value(images, 0.0, 1.0)


def _blur(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Shrinks and enlarges all, as most small photos have been."""
    size = images.shape[1]
    scale = 1.0 - (1.0 - _SMALLEST_SCALE) * amount
    small = tf.cast(tf.round(scale * size), tf.int32)
    blurred = tf.image.resize(images, [small, small], "bilinear", antialias=True)
    blurred = tf.image.resize(blurred, [size, size], "bicubic")
    return tf.ensure_shape(tf.clip_by_value(blurred, 0.0, 1.0), images.shape)


def _compress(
    faces: tf.Tensor, noise: tf.Tensor, quality: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    """Sensor noise, then JPEG."""
    grain = tf.random.stateless_normal(faces.shape, seed)
    faces = tf.clip_by_value(faces + noise * _LARGEST_NOISE * grain, 0.0, 1.0)
    low, high = _JPEG_QUALITY
    quality = low + tf.cast(quality * (high - low), tf.int32)
    compressed = [
        tf.image.adjust_jpeg_quality(face, quality) for face in tf.unstack(faces)
    ]
    return tf.ensure_shape(tf.stack(compressed), faces.shape)


def _to_signed(image: tf.Tensor) -> tf.Tensor:
    return image * 2.0 - 1.0
