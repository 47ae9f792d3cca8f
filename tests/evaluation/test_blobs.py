"""Painted blobs are found, and edits that a translator should make are not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from tf_fsgd.evaluation.blobs import count_blobs, find_blobs

SIZE = 128


@pytest.fixture(scope="module")
def backgrounds():
    """Smooth pictures of middle grey with noise and a dark and a bright region."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(90, 170, SIZE)[None, :, None]
    pictures = ramp + rng.normal(0, 4, (8, SIZE, SIZE, 3))
    pictures[:, :20] = 20
    pictures[:, -20:] = 240
    return pictures.clip(0, 255).astype(np.uint8)


def paint(picture, diameter, value, x, y):
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    radius = np.hypot(rows - y, columns - x)
    alpha = np.clip(diameter / 2 - radius + 0.5, 0, 1)[..., None]
    return np.round(picture * (1 - alpha) + value * alpha).astype(np.uint8)


@pytest.mark.parametrize("diameter", [6, 10, 20])
@pytest.mark.parametrize("value", [3, 252])
def test_a_painted_disc_is_one_blob_where_it_was_painted(backgrounds, diameter, value):
    for picture in backgrounds:
        painted = paint(picture, diameter, value, 60, 70)
        ((left, top, right, bottom),) = find_blobs(picture, painted)
        assert abs((left + right - 1) / 2 - 60) <= 1
        assert abs((top + bottom - 1) / 2 - 70) <= 1
        assert abs((right - left) - diameter) <= 2


def test_two_blobs_are_two(backgrounds):
    painted = [paint(paint(p, 8, 2, 40, 60), 8, 253, 90, 80) for p in backgrounds]
    np.testing.assert_array_equal(count_blobs(backgrounds, np.stack(painted)), 2)


def test_a_blob_scales_with_the_picture(backgrounds):
    large = np.repeat(np.repeat(backgrounds[0], 2, 0), 2, 1)
    assert len(find_blobs(large, paint(large, 30, 3, 128, 128))) == 1


def test_what_is_not_a_blob(backgrounds):
    picture = backgrounds[0]
    hair = picture.copy()
    hair[20:60, 10:70] = 10
    line = picture.copy()
    line[60:64, 40:60] = 10
    grey = paint(picture, 10, 90, 60, 70)
    for edited in (picture, hair, line, grey, paint(picture, 30, 3, 60, 70)):
        assert find_blobs(picture, edited) == []
    # A dark disc that was there already is the photo's own.
    assert (
        find_blobs(paint(picture, 10, 60, 60, 70), paint(picture, 10, 4, 60, 70)) == []
    )


def test_shapes_must_agree(backgrounds):
    with pytest.raises(ValueError, match="one shape"):
        find_blobs(backgrounds[0], backgrounds[0][:64, :64])


def jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "jpeg", quality=20)
    return Image.open(buffer)


EDITS = {
    "jpeg": jpeg,
    "blur": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "shift": lambda image: Image.fromarray(np.roll(np.asarray(image), 2, 1)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_mild_edits_of_photos_make_no_blobs(celeba_test, edit):
    faces = celeba_test[0][:100]
    edited = [np.asarray(EDITS[edit](Image.fromarray(face))) for face in faces]
    assert count_blobs(faces, np.stack(edited)).sum() <= 1


def test_blobs_on_smooth_parts_of_photos_are_found(celeba_test):
    rng = np.random.default_rng(1)
    found = tried = 0
    for face in celeba_test[0][:200]:
        x, y = rng.integers(16, 112, 2)
        around = face[y - 12 : y + 12, x - 12 : x + 12].mean(axis=2)
        if around.std() < 25 and 100 < around.mean():
            found += len(find_blobs(face, paint(face, 10, 4, x, y))) > 0
            tried += 1
    assert tried >= 20
    assert found >= 0.95 * tried
