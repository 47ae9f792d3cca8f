"""Instruments that can be checked by hand; CelebA's test photos, where they are."""

import numpy as np
import pytest

from tf_fsgd.attributes.celeba import aligned_faces, find_celeba
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.distribution import FeatureSpace
from tf_fsgd.evaluation.instruments import Instruments
from tf_fsgd.evaluation.judge import Verdicts
from tf_fsgd.evaluation.study import Photos

SIZE = 32
SMILING, MALE = ATTRIBUTES.index("Smiling"), ATTRIBUTES.index("Male")
LEVELS = (60, 70, 80, 100, 150, 170, 190, 210)  # the first four are men


@pytest.fixture(scope="session")
def celeba_test():
    """Faces `[N, 128, 128, 3]` uint8 and attributes `[N, 40]` bool."""
    if find_celeba() is None:
        pytest.skip("CelebA is not here (TFDS_DATA_DIR)")
    return aligned_faces("test")


class Brightness:
    """Classifier and judge: bright is a woman, and smiles the more."""

    def probabilities(self, images):
        rows = np.full((len(images), 40), 0.5)
        rows[:, SMILING] = np.clip((images.mean(axis=(1, 2, 3)) + 1) / 2, 0, 1)
        rows[:, MALE] = images.mean(axis=(1, 2, 3)) < 0
        return rows

    def read(self, images):
        level = images.mean(axis=(1, 2, 3))
        return Verdicts((level < 128).astype(float), level / 4, level > 0)


class Alike:
    """Identity falls with the change of brightness."""

    def distance(self, before, after):
        return np.abs(after.astype(float) - before).mean(axis=(1, 2, 3)) / 255

    def cosine(self, before, after):
        return 1 - self.distance(before, after)


@pytest.fixture(scope="session")
def instruments():
    space = FeatureSpace("mean colour", SIZE, lambda images: images.mean(axis=(1, 2)))
    return Instruments(Brightness(), Brightness(), space, Alike(), Alike())


@pytest.fixture(scope="session")
def faces():
    """Plain grey faces of some levels, `[N, 32, 32, 3]` uint8."""

    def faces(*levels):
        return np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in levels])

    return faces


@pytest.fixture(scope="session")
def photos(faces):
    """Photos of `faces`; who is bright is a woman and smiles."""

    def photos(real=True, levels=LEVELS):
        attributes = np.zeros((len(levels), 40), bool)
        attributes[:, MALE] = np.array(levels) < 128
        attributes[:, SMILING] = np.array(levels) > 128
        return Photos(faces(*levels), attributes, real, "made <by> hand")

    return photos
