"""Photo in, photo out: faces are cut out, edited, and put back; and so are films."""

import copy
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.images.alignment import crop_square
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.frame import Frame
from tf_fsgd.images.io import read_photo
from tf_fsgd.images.paste import paste_changes
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.tracking import FaceTracker

Edit = Callable[[np.ndarray], np.ndarray]
"""Faces in FFHQ framing, `[N, R, R, 3]` uint8, to the same, edited."""


def find_squares(
    detector: FaceDetector, photo: Photo, number: int | None = None
) -> list[np.ndarray]:
    """Where the faces of a photo are.

    Args:
        detector: Finds them.
        photo: Any size.
        number: Of one face, from 1 on the left; all if `None`.

    Returns:
        FFHQ squares `[4, 2]`, from left to right, at least one.

    Raises:
        UserError: If there is no face, or none of that number.
    """
    squares = [face.square for face in detector.detect(photo.seen())]
    if not squares:
        raise UserError("no face found")
    if number is None:
        return squares
    if not 1 <= number <= len(squares):
        raise UserError(f"face must be 1 to {len(squares)}, received {number}")
    return [squares[number - 1]]


def largest_face_of(
    detector: FaceDetector, path: str | os.PathLike, size: int
) -> np.ndarray:
    """As `largest_face`, of a file.

    Raises:
        UserError: If it cannot be read, or has no face.
    """
    photo = read_photo(path)
    try:
        return largest_face(detector, photo, size)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def largest_face(detector: FaceDetector, photo: Photo, size: int) -> np.ndarray:
    """The largest face of a photo, in FFHQ framing.

    Args:
        detector: Finds it.
        photo: Any size.
        size: Side of the result in pixels.

    Returns:
        `[size, size, 3]` uint8.

    Raises:
        UserError: If the photo has no face.
    """
    squares = find_squares(detector, photo)
    largest = max(squares, key=lambda square: np.hypot(*(square[3] - square[0])))
    return crop_square(photo.seen(), largest, size)


def edit_photo(
    photo: Photo, squares: Sequence[np.ndarray], edit: Edit, resolution: int
) -> None:
    """Edits faces of a photo in their places, in place: large ones are not copied.

    The translator sees sRGB; what it changes is brought to the photo's own colour space
    and added there, so that all else keeps its numbers. Opacity stays as it is.

    Args:
        photo: Any size.
        squares: N times `[4, 2]`, as `find_squares` returns them.
        edit: The translator.
        resolution: R of the faces that it takes.
    """
    if not len(squares):
        return
    seen = photo.seen()
    before = np.stack([crop_square(seen, square, resolution) for square in squares])
    after = photo.own(edit(before))
    paste_changes(photo.pixels, squares, photo.own(before), after, out=photo.pixels)


def edit_frames(
    frames: Iterable[Frame],
    tracker: FaceTracker,
    edit: Edit,
    resolution: int,
    number: int | None = None,
) -> Iterator[tuple[Frame, Frame]]:
    """Edits the faces of a video, frame by frame.

    Args:
        frames: Of one video.
        tracker: A new one.
        edit: The translator.
        resolution: R of the faces that it takes.
        number: Of one face, in the order of arrival, from 1 on the left; all if `None`.

    Yields:
        Each frame, and the same edited.

    Raises:
        UserError: At the end, if no such face was seen.
    """
    seen: set[int] = set()
    for frame in frames:
        squares = tracker.update(frame.photo.seen(), float(frame.time))
        seen.update(squares)
        if number is not None:
            squares = {n: square for n, square in squares.items() if n == number}
        edited = copy.deepcopy(frame.photo)
        edit_photo(edited, list(squares.values()), edit, resolution)
        yield frame, dataclasses.replace(frame, photo=edited)
    if not seen:
        raise UserError("no face found")
    if number is not None and number not in seen:
        raise UserError(f"face must be 1 to {max(seen)}, received {number}")
