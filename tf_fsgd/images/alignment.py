"""FFHQ alignment from the landmarks of eyes and mouth; `paste` is the way back.

FFHQ (Karras et al. 2019, appendix A) cuts a square that is rotated with the face: its
axes follow the line of the eyes and the line from the eyes to the mouth, its half side
is the larger of 2.0 eye distances and 1.8 eye-to-mouth distances, its centre lies a
tenth of the way from the eyes to the mouth. StyleGAN2-FFHQ draws such faces, the
translator and the attribute classifier read them; the landmarks of CelebA or of a face
detector are enough to cut them.
"""

import numpy as np
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.photo import reduced

_REACH = 4  # pixels that filters may read beyond the square
_OVERSAMPLING = 1.3  # point samples a pixel of the source


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

    Raises:
        UserError: If the landmarks are not finite or coincide, so that they span no
            square.
    """
    points = np.array([left_eye, right_eye, left_mouth, right_mouth], np.float64)
    left_eye, right_eye, left_mouth, right_mouth = points
    if not np.isfinite(points).all():
        raise _no_face(points)
    eyes = (left_eye + right_eye) / 2
    eye_to_eye = right_eye - left_eye
    eye_to_mouth = (left_mouth + right_mouth) / 2 - eyes
    # The horizontal axis: the eye line, corrected by the normal of the eye-mouth line.
    x = eye_to_eye - np.array([-eye_to_mouth[1], eye_to_mouth[0]])
    length = np.hypot(*x)
    if length == 0:
        raise _no_face(points)
    half_side = max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8)
    x *= half_side / length
    y = np.array([-x[1], x[0]])
    centre = eyes + 0.1 * eye_to_mouth
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y])


def _no_face(points: np.ndarray) -> UserError:
    return UserError(f"landmarks must span a face, received {points.tolist()}")


def crop_square(image: np.ndarray, square: np.ndarray, size: int) -> np.ndarray:
    """Cuts a rotated square out of a picture; what lies outside is mirrored.

    Args:
        image: `[H, W, 3]` uint8.
        square: `[4, 2]`, as `ffhq_square` returns it.
        size: Side of the result in pixels.

    Returns:
        `[size, size, 3]` uint8.
    """
    low = np.floor(square.min(axis=0)).astype(int) - _REACH
    high = np.ceil(square.max(axis=0)).astype(int) + _REACH
    height, width = image.shape[:2]
    rows = _mirrored(low[1], high[1], height)
    columns = _mirrored(low[0], high[0], width)
    corners = square - low
    # PIL's transform takes point samples, and its bilinear filter is exact only between
    # close samples. So bring the window to two pixels or more for each of the result's
    # (box-filtered down, Lanczos up), sample it denser than its detail, and leave the
    # reduction to a proper filter. Half the time of bicubic sampling, and as sharp.
    ratio = _side(square) / size
    if ratio >= 4:
        factor = int(ratio / 2)
        window = reduced(
            lambda part: image[rows[part, None], columns],
            len(rows),
            len(columns),
            (factor, factor),
        )
        corners, ratio = corners / factor, ratio / factor
    else:
        window = Image.fromarray(image[rows[:, None], columns])
    if ratio < 2:
        factor = int(np.ceil(2 / ratio))
        window = window.resize(
            (window.width * factor, window.height * factor), Image.Resampling.LANCZOS
        )
        corners = corners * factor
    dense = int(np.ceil(size * max(1.0, _OVERSAMPLING * ratio)))
    cut = window.transform(
        (dense, dense),
        Image.Transform.QUAD,
        tuple(corners.reshape(-1)),
        Image.Resampling.BILINEAR,
    )
    return np.asarray(cut.resize((size, size), Image.Resampling.LANCZOS))


def _side(square: np.ndarray) -> float:
    return float(np.hypot(*(square[3] - square[0])))


def _mirrored(start: int, stop: int, length: int) -> np.ndarray:
    """Indices `start` to `stop` of an axis that is mirrored at both ends, endlessly."""
    index = np.arange(start, stop) % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)
