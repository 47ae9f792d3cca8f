"""The losses of pix2pixHD (arXiv 1711.11585, 3.2; `GANLoss`, `VGGLoss` in its code).

Each returns one float32 scalar, without the weight (`LossConfig`) that the training
step gives it. A discriminator's outputs are a list over scales of lists of feature
maps, the last of them the logit map (`multiscale_discriminator`). Means are taken over
all elements, batch included, in float32 whatever the precision of the maps.
"""

from collections.abc import Sequence

from keras import ops

Maps = Sequence  # of tensors [N, h, w, c]

_LEVEL = 2 / 255  # of 8 bits, in [-1, 1]


def lsgan_generator_loss(fake_outputs: Sequence[Maps]):
    """Least-squares GAN, generator: sum over scales of mean((D(fake) - 1)^2).

    Args:
        fake_outputs: The discriminator's outputs for translated images.

    Returns:
        A scalar; 0 when the discriminator holds every patch for real.
    """
    return _squared_distance(fake_outputs, 1.0)


def lsgan_discriminator_loss(
    real_outputs: Sequence[Maps], fake_outputs: Sequence[Maps]
):
    """Least-squares GAN, discriminator.

    Half of the sum over scales of mean((D(real) - 1)^2) + mean(D(fake)^2), as the
    reference averages the two.

    Args:
        real_outputs: The discriminator's outputs for true pairs.
        fake_outputs: Its outputs for translated images whose gradient is stopped.

    Returns:
        A scalar; 0 when every patch is told right.
    """
    real = _squared_distance(real_outputs, 1.0)
    return 0.5 * (real + _squared_distance(fake_outputs, 0.0))


def feature_matching_loss(real_outputs: Sequence[Maps], fake_outputs: Sequence[Maps]):
    """L1 between the discriminator's maps of real and translated images.

    Sum over scales s and layers l, the logit map left out, of
    1 / scales * 4 / (maps - 1) * mean(|D_s,l(fake) - D_s,l(real)|); `maps` counts a
    scale's outputs with the logit map, so `maps - 1` is the reference's n_layers_D + 1.
    No gradient flows through the real side.

    Args:
        real_outputs: The discriminator's outputs for true pairs.
        fake_outputs: Its outputs for translated images.

    Returns:
        A scalar.
    """
    total = 0.0
    for real_maps, fake_maps in zip(real_outputs, fake_outputs, strict=True):
        distances = [
            _l1(fake, ops.stop_gradient(real))
            for real, fake in zip(real_maps[:-1], fake_maps[:-1], strict=True)
        ]
        total += 4.0 / len(distances) * sum(distances)
    return total / len(real_outputs)


def perceptual_loss(features_fake: Maps, features_real: Maps, weights: Sequence[float]):
    """L1 of a fixed network's features: sum of w_l * mean(|F_l(fake) - F_l(real)|).

    Args:
        features_fake: Feature maps of translated images.
        features_real: The same of the true images; no gradient flows through them.
        weights: One for each map (`perceptual.VGG19_WEIGHTS` for VGG19).

    Returns:
        A scalar.

    Raises:
        ValueError: If the three differ in length.
    """
    return sum(
        weight * _l1(fake, ops.stop_gradient(real))
        for fake, real, weight in zip(
            features_fake, features_real, weights, strict=True
        )
    )


def pixel_loss(fake, real):
    """mean(|fake - real|).

    Args:
        fake: Translated images `[N, R, R, 3]`.
        real: True images of the same shape.

    Returns:
        A scalar in [0, 2] for images in [-1, 1].
    """
    return _l1(fake, real)


def unchanged_loss(fake, real, source):
    """mean(|fake - source|) over the image, counted where the edit changes nothing.

    A position is unchanged where real and source differ by less than one 8-bit level in
    every channel. Adversarial losses have no eye for a slightly tinted background.

    Args:
        fake: Translated images `[N, R, R, 3]`.
        real: True images of the same shape.
        source: What both were made from, of the same shape.

    Returns:
        A scalar in [0, 2] for images in [-1, 1]; changed positions count as 0.
    """
    difference = ops.max(ops.abs(real - source), axis=-1, keepdims=True)
    same = ops.cast(difference < _LEVEL, "float32")
    return ops.mean(same * ops.abs(ops.cast(fake, "float32") - source))


def equivariance_loss(moved, fake, offset, margin: int):
    """mean(|output of a moved photo - moved output|), away from the border.

    Edits that hang on where a pixel falls in the network's grid flicker in a video
    (VToonify, SIGGRAPH Asia 2022, section 3.4, between crops instead).

    Args:
        moved: The generator's output for the photos moved, `[N, R, R, 3]`.
        fake: Its output for the photos as they are, of the same shape.
        offset: As `shifted` has taken it.
        margin: The same.

    Returns:
        A scalar in [0, 2] for images in [-1, 1].
    """
    inner = slice(2 * margin, -2 * margin)
    expected = shifted(fake, offset, margin)
    return _l1(moved[:, inner, inner], expected[:, inner, inner])


def shifted(images, offset, margin: int):
    """Images moved by whole pixels, mirrored where nothing is known.

    Args:
        images: `[N, R, R, 3]`.
        offset: Two int32 from 0 to 2 `margin`; `margin` moves nothing, more moves up
            or to the left.
        margin: Most pixels that they move.
    """
    size = images.shape[1:3]
    borders = [[0, 0], [margin, margin], [margin, margin], [0, 0]]
    padded = ops.pad(images, borders, mode="symmetric")
    start = (0, offset[0], offset[1], 0)
    return ops.slice(padded, start, (images.shape[0], *size, images.shape[3]))


def _squared_distance(outputs: Sequence[Maps], target: float):
    return sum(
        ops.mean(ops.square(ops.cast(maps[-1], "float32") - target)) for maps in outputs
    )


def _l1(a, b):
    return ops.mean(ops.abs(ops.cast(a, "float32") - ops.cast(b, "float32")))
