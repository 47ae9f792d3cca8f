"""CelebA's test photos, where they are at hand."""

import pytest

from tf_fsgd.attributes.celeba import aligned_faces, find_celeba


@pytest.fixture(scope="session")
def celeba_test():
    """Faces `[N, 128, 128, 3]` uint8 and attributes `[N, 40]` bool."""
    if find_celeba() is None:
        pytest.skip("CelebA is not here (TFDS_DATA_DIR)")
    return aligned_faces("test")
