"""FFHQ alignment from five landmarks, and its inverse.

FFHQ (Karras et al. 2019, appendix A) cuts a square that is rotated with the face: its
axes follow the line of the eyes and the line from the eyes to the mouth, its half side
is the larger of 2.0 eye distances and 1.8 eye-to-mouth distances, its centre lies a tenth
of the way from the eyes to the mouth. StyleGAN2-FFHQ draws such faces, the translator
and the attribute classifier read them; CelebA's five landmarks are enough to cut them.
"""

import numpy as np
from PIL import Image


def ffhq_square(
    left_eye: np.ndarray,
    right_eye: np.ndarray,
    left_mouth: np.ndarray,
    right_mouth: np.ndarray,
) -> np.ndarray:
    """Corners of the FFHQ crop.

    Args:
        left_eye, right_eye, left_mouth, right_mouth: `[2]`, x and y in pixels; left and
            right as seen in the picture.

    Returns:
        `[4, 2]` float64: top left, bottom left, bottom right, top right.
    """
    left_eye, right_eye, left_mouth, right_mouth = (
        np.asarray(p, np.float64)
        for p in (left_eye, right_eye, left_mouth, right_mouth)
    )
    eyes = (left_eye + right_eye) / 2
    eye_to_eye = right_eye - left_eye
    eye_to_mouth = (left_mouth + right_mouth) / 2 - eyes
    # The horizontal axis: the eye line, corrected by the normal of the eye-mouth line.
    x = eye_to_eye - np.array([-eye_to_mouth[1], eye_to_mouth[0]])
    half_side = max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8)
    x *= half_side / np.hypot(*x)
    y = np.array([-x[1], x[0]])
    centre = eyes + 0.1 * eye_to_mouth
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])


def crop_square(image: np.ndarray, square: np.ndarray, size: int) -> np.ndarray:
    """Cuts a rotated square out of a picture; what lies outside is mirrored.

    Args:
        image: `[H, W, 3]` uint8.
        square: `[4, 2]`, as `ffhq_square` returns it.
        size: Side of the result in pixels.

    Returns:
        `[size, size, 3]` uint8.
    """
    low = np.floor(square.min(axis=0)).astype(int)
    high = np.ceil(square.max(axis=0)).astype(int)
    height, width = image.shape[:2]
    pad = max(0, -low[0], -low[1], high[0] - width, high[1] - height) + 2
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    side = np.hypot(*(square[3] - square[0]))
    # PIL's transform samples points: cut at four samples a pixel or at the source's own
    # density, whichever is finer, then reduce with a proper filter.
    fine = size * min(8, max(1, int(np.ceil(2 * side / size))))
    quad = tuple((square + pad).reshape(-1))
    cut = Image.fromarray(padded).transform(
        (fine, fine), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC
    )
    return np.asarray(cut.resize((size, size), Image.Resampling.LANCZOS))
