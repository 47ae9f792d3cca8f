"""A tiny CelebA in its own layout: grey faces, bright ones "Smiling"."""

import os

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.attributes.celeba import LANDMARKS, find_celeba
from tf_fsgd.attributes.names import ATTRIBUTES

POINTS = (69, 111, 107, 111, 88, 130, 73, 152, 105, 152)  # CelebA's template


@pytest.fixture
def plain_celeba(tmp_path):
    """Folder with 12 photos: 8 train, 2 validation, 2 test; odd ones are bright."""
    root = tmp_path / "celeba"
    (root / "img_align_celeba").mkdir(parents=True)
    attributes = ["12", " ".join(ATTRIBUTES)]
    landmarks = [
        "12",
        " ".join(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"),
    ]
    partition = []
    for number in range(12):
        name = f"{number + 1:06d}.jpg"
        photo = np.full((218, 178, 3), 200 if number % 2 else 50, np.uint8)
        Image.fromarray(photo).save(root / "img_align_celeba" / name, quality=95)
        signs = ["-1"] * 40
        signs[ATTRIBUTES.index("Smiling")] = "1" if number % 2 else "-1"
        attributes.append(f"{name}  {'  '.join(signs)}")
        landmarks.append(f"{name}  {'  '.join(map(str, POINTS))}")
        partition.append(f"{name} {0 if number < 8 else 1 if number < 10 else 2}")
    for file, lines in (
        ("list_attr_celeba.txt", attributes),
        ("list_landmarks_align_celeba.txt", landmarks),
        ("list_eval_partition.txt", partition),
    ):
        (root / file).write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="session")
def real_celeba():
    """Folder of the CelebA that tfds prepared; skips when `TFDS_DATA_DIR` has none."""
    folder = find_celeba() if os.environ.get("TFDS_DATA_DIR") else None
    if folder is None:
        pytest.skip("needs CelebA in TFDS_DATA_DIR")
    return folder
