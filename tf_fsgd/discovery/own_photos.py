"""From two folders of photos to the file of a direction: an edit of the user's own."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.attributes.model import SIZE, load_classifier
from tf_fsgd.discovery.feature_map import feature_map_of
from tf_fsgd.discovery.own import direction_of, fit_attribute
from tf_fsgd.edits import EDITS
from tf_fsgd.errors import UserError
from tf_fsgd.images.alignment import crop_square
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.finding import find_images, print_left_out
from tf_fsgd.images.io import read_image
from tf_fsgd.stylegan2.loading import load_teacher

_NAMES = "letters, digits, - and _"
IMAGES = 3_000  # of training: ten minutes from photos to files, on two cores
_FACES_DRAWN = 4_000  # of a teacher that no feature map ships for


def learn_direction(
    present: Path, absent: Path, name: str, out: Path, teacher: str
) -> Path:
    """Finds the edit that brings what one folder's faces have and the other's lack.

    Args:
        present: Folder of photos of people with the thing, some 50; of each the
            largest face counts.
        absent: Of people without it.
        name: What to call it.
        out: Folder for the direction, and for the faces of a teacher that no feature
            map ships for.
        teacher: Who draws, as `load_teacher` takes it.

    Returns:
        `OUT/NAME.npz`, with its facts as .json beside it.

    Raises:
        UserError: If the name is taken or none, there are too few faces, the two
            folders cannot be told apart, or the teacher does not draw the thing.
    """
    if name in EDITS or not name.replace("-", "_").isidentifier():
        raise UserError(
            f"name must be of {_NAMES}, and none of {', '.join(EDITS)}, received "
            f"{name!r}"
        )
    classifier = load_classifier()
    features = [classifier.features(_faces(folder)) for folder in (present, absent)]
    attribute = fit_attribute(name, *features)
    print(f"{name}: {attribute.accuracy:.0%} of photos left out are told right")
    drawing = load_teacher(teacher)
    matrix = feature_map_of(drawing, classifier, out / drawing.name, _FACES_DRAWN)
    direction = direction_of(
        attribute, teacher=drawing, classifier=classifier, features=matrix
    )
    facts = direction.facts
    largest = facts["range"]
    moved = ", ".join(f"{k} {v:+.1f}" for k, v in list(facts["moved"].items())[:4])
    reached = f"{facts['reached'][str(largest)]:.0%} of the teacher's faces"
    print(f"{name}: {reached} get it, {largest:g} standard deviations of w away")
    print(f"{name}: moved most, in standard deviations of each: {moved}")
    path = out / f"{name}.npz"
    direction.save(path)
    return path


def _faces(folder: Path) -> np.ndarray:
    """The largest face of each photo, `[N, SIZE, SIZE, 3]` uint8."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    detector = FaceDetector()
    faces = []
    for path in tqdm(find_images([folder]), desc=folder.name, unit="photo"):
        try:
            photo = read_image(path)
        except UserError as error:
            print_left_out(str(error))
            continue
        squares = [face.square for face in detector.detect(photo)]
        if squares:
            faces.append(crop_square(photo, max(squares, key=_side), SIZE))
        else:
            print_left_out(f"{path}: no face found")
    return np.stack(faces) if faces else np.zeros((0, SIZE, SIZE, 3), np.uint8)


def _side(square: np.ndarray) -> float:
    return float(np.linalg.norm(square[1] - square[0]))
