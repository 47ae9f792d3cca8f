"""The photos that a command compares files on, where the user names none."""

import itertools
import os
from collections.abc import Sequence

import numpy as np

from tf_fsgd.attributes.celeba import celeba_split, face_crop, find_celeba
from tf_fsgd.exporting.bundle import CALIBRATION
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.io import read_image, resize, resized
from tf_fsgd.latents.studio import Studio
from tf_fsgd.pairs.source import pictures
from tf_fsgd.runs import RunFolder
from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher

_FIRST_SEED = 700_000  # far from the pairs that a translator is trained on


def find_faces(
    count: int,
    resolution: int,
    paths: Sequence[str | os.PathLike],
    run: RunFolder | None = None,
) -> tuple[np.ndarray, str]:
    """Photos to compare on and, as far as there are more, to calibrate with.

    Args:
        count: How many to compare on.
        resolution: R.
        paths: Files and folders of aligned faces that the user names, if any.
        run: Whose held-out faces are next, where CelebA's test photos are not at hand;
            without them the embedded teacher draws some.

    Returns:
        uint8 `[N, R, R, 3]`, N at most `count` + `CALIBRATION`, and what they are.

    Raises:
        UserError: If a path is missing or no image, CelebA is not where
            `$TFDS_DATA_DIR` says, or no teacher can be had.
    """
    most = count + CALIBRATION
    if paths:
        files = find_images(paths)[:most]
        faces = [resize(read_image(path), resolution) for path in files]
        return np.stack(faces), "photos that the user named"
    if find_celeba() is not None:
        examples = itertools.islice(celeba_split("test"), most)
        faces = [
            face_crop(example["image"], example["landmarks"], resolution)
            for example in examples
        ]
        return np.stack(faces), "CelebA test photos"
    if run is not None:
        held_out = run.open_pairs("held_out")
        return pictures(held_out, 0, most), "held-out faces of the run"
    return _drawn(resolution, most), "generated faces"


def _drawn(resolution: int, count: int) -> np.ndarray:
    teacher = MobileTeacher()
    seeds = range(_FIRST_SEED, _FIRST_SEED + count)
    sides = [teacher.resolution >> halvings for halvings in (3, 2, 1, 0)]
    side = next((side for side in sides if side >= resolution), sides[-1])
    return resized(Studio(teacher, resolution=side).sample(seeds), resolution)
