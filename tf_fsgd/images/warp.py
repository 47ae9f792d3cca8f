"""Rotation, scale, shift and mirror of whole batches, as augmentation needs them."""

import tensorflow as tf


def warp(
    images: tf.Tensor,
    *,
    angle: tf.Tensor,
    scale: tf.Tensor,
    mirror: tf.Tensor,
    centre: tuple[tf.Tensor, tf.Tensor],
    size: int,
) -> tf.Tensor:
    """One bilinear sampling; what lies beyond the border is mirrored.

    Args:
        images: `[N, H, W, C]`.
        angle: `[N]` radians.
        scale: `[N]` pixels of the input in one of the result.
        mirror: `[N]`, -1 where left and right change places, else 1.
        centre: x and y, `[N]` each, of the input's pixel in the middle of the result.
        size: Side of the result in pixels.

    Returns:
        `[N, size, size, C]`, of the type of `images`.
    """
    cos, sin = scale * tf.cos(angle), scale * tf.sin(angle)
    # Output pixel (x, y) from the middle reads input (cos x - sin y, sin x + cos y)
    # from the centre.
    middle = (size - 1) / 2
    x, y = centre
    row_x = (mirror * cos, -sin, x - mirror * cos * middle + sin * middle)
    row_y = (mirror * sin, cos, y - mirror * sin * middle - cos * middle)
    flat = tf.zeros_like(cos)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([*row_x, *row_y, flat, flat], axis=1),
        output_shape=[size, size],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )
