"""Augmentation of face crops, a batch at a time.

CelebA's photos are all alike: this varies framing, colour, sharpness and compression,
so that the classifier reads other people's photos and generated faces as well. All but
JPEG is done on the whole batch at once: on two cores the input must cost far less than
the network (measured: 0.10 s against 0.67 s of processor time for 64 faces).
"""

import math

import tensorflow as tf

from tf_fsgd.images.warp import warp

ROTATION = 10.0  # largest angle in degrees
ZOOM = 0.12  # largest change of scale
SHIFT = 0.05  # largest shift, as a share of the side
COLOUR = 0.3  # largest change of brightness, contrast and saturation
TINT = 0.08  # largest change of a colour channel
SOFT_SHARE = 0.25  # share of a batch that loses resolution
JPEG_SHARE = 0.25  # share of a batch that gains JPEG artefacts
CUTOUT_SHARE = 0.3  # share of a batch of which a rectangle is hidden


def augment(faces: tf.Tensor, seed: tf.Tensor, size: int) -> tf.Tensor:
    """Draws a random view of every face.

    Args:
        faces: `[N, S, S, 3]` uint8, cut with some margin around the crop of `size`.
        seed: `[2]` int64; the same seed gives the same views.
        size: Side of the result in pixels.

    Returns:
        `[N, size, size, 3]` float32 in [-1, 1].
    """
    seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 5))
    x = _warp(faces, seeds[0], size)
    count = tf.shape(x)[0]
    # The batch is in random order, so its ends are random faces; the warp above runs
    # first so that the artefacts lie on the pixels that the network sees.
    soft = tf.cast(tf.cast(count, tf.float32) * SOFT_SHARE, tf.int32)
    packed = tf.cast(tf.cast(count, tf.float32) * JPEG_SHARE, tf.int32)
    x = tf.concat([_soften(x[:soft], seeds[1], size), x[soft:]], 0)
    x = tf.concat([x[: count - packed], _jpeg(x[count - packed :], seeds[2])], 0)
    x = _colour(tf.cast(x, tf.float32) / 127.5 - 1.0, seeds[3])
    return _cutout(x, seeds[4], size)


def _uniform(shape, seed, low: float, high: float) -> tf.Tensor:
    return tf.random.stateless_uniform(shape, seed, low, high)


def _warp(faces: tf.Tensor, seed: tf.Tensor, size: int) -> tf.Tensor:
    """Rotation, zoom, shift and flip in one bilinear sampling; uint8 in and out."""
    count, side = tf.shape(faces)[0], tf.shape(faces)[1]
    draws = _uniform([5, count], seed, -1.0, 1.0)
    middle = (tf.cast(side, tf.float32) - 1.0) / 2.0
    return warp(
        faces,
        angle=draws[0] * (ROTATION * math.pi / 180.0),
        scale=tf.exp(draws[1] * ZOOM),
        mirror=tf.where(draws[4] < 0.0, -1.0, 1.0),
        centre=(middle + draws[2] * SHIFT * size, middle + draws[3] * SHIFT * size),
        size=size,
    )


def _soften(x: tf.Tensor, seed: tf.Tensor, size: int) -> tf.Tensor:
    """One random loss of resolution for all of `x`."""
    small = tf.cast(_uniform([], seed, 0.25, 0.8) * size, tf.int32)
    down = tf.image.resize(x, [small, small], antialias=True)
    return tf.cast(
        tf.clip_by_value(tf.image.resize(down, [size, size]), 0, 255), x.dtype
    )


def _jpeg(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    quality = tf.random.stateless_uniform([tf.shape(x)[0]], seed, 25, 90, tf.int32)

    def compress(item):
        return tf.image.adjust_jpeg_quality(*item)

    return tf.map_fn(compress, (x, quality), fn_output_signature=x.dtype)


def _colour(x: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Brightness, contrast, saturation and tint."""
    draws = _uniform([6, tf.shape(x)[0], 1, 1, 1], seed, -1.0, 1.0)
    grey = tf.reduce_mean(x, axis=-1, keepdims=True)
    x = grey + (x - grey) * (1.0 + COLOUR * draws[0])
    tint = tf.concat([draws[3], draws[4], draws[5]], axis=-1)
    x = x * (1.0 + COLOUR * draws[1]) + COLOUR * draws[2] + TINT * tint
    return tf.clip_by_value(x, -1.0, 1.0)


def _cutout(x: tf.Tensor, seed: tf.Tensor, size: int) -> tf.Tensor:
    """Hides a rectangle of up to 40 % of the side."""
    count = tf.shape(x)[0]
    draws = _uniform([5, count, 1], seed, 0.0, 1.0)
    line = tf.range(size, dtype=tf.float32)[None] / size
    half = (0.05 + 0.15 * draws[2:4]) * tf.cast(draws[4] < CUTOUT_SHARE, tf.float32)
    columns = tf.cast(tf.abs(line - draws[0]) < half[0], tf.float32)
    rows = tf.cast(tf.abs(line - draws[1]) < half[1], tf.float32)
    hidden = rows[:, :, None, None] * columns[:, None, :, None]
    return x * (1.0 - hidden)
