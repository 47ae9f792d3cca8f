import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tf_fsgd.images.colour import (
    applied,
    from_srgb,
    gamma_profile,
    profile_of,
    to_srgb,
)
from tf_fsgd.images.io import read_photo

SRGB_POINTS = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)


def one(*colour) -> np.ndarray:
    return np.array([[colour]], np.uint8)


def test_a_gamma_of_one_is_light_itself():
    # 55 / 255 of the light; sRGB: 1.055 * 0.2157 ** (1 / 2.4) - 0.055 = 0.502.
    way = to_srgb(gamma_profile(1.0, SRGB_POINTS), "RGB")
    np.testing.assert_allclose(
        applied(one(55, 55, 55), way), one(128, 128, 128), atol=1
    )


def test_wide_primaries_are_more_than_they_say(p3):
    # Light (0.586, 0.128, 0.128); the published matrix makes (0.689, 0.108, 0.119)
    # of it, and sRGB's curve (0.849, 0.365, 0.382).
    found = applied(one(200, 100, 100), to_srgb(p3, "RGB"))
    np.testing.assert_allclose(found, one(216, 93, 97), atol=1)


def test_white_and_grey_stay_so_whatever_the_files_white():
    points = (0.3457, 0.3585, *SRGB_POINTS[2:])  # D50
    way = to_srgb(gamma_profile(1 / 2.2, points), "RGB")
    np.testing.assert_allclose(applied(one(255, 255, 255), way), 255, atol=1)
    assert np.ptp(applied(one(120, 120, 120), way)) <= 1


def test_there_and_back(p3):
    colours = np.random.default_rng(0).integers(60, 190, (8, 8, 3), np.uint8)
    there = applied(colours, to_srgb(p3, "RGB"))
    assert np.abs(there.astype(int) - colours).max() > 5
    back = applied(there, from_srgb(p3)).astype(int)
    inside = ((there > 0) & (there < 255)).all(axis=-1)
    assert inside.mean() > 0.8 and np.abs(back - colours)[inside].max() <= 2


def test_profiles_that_are_none(p3):
    assert to_srgb(b"junk", "RGB") is None and from_srgb(b"junk") is None
    assert to_srgb(p3, "CMYK") is None
    assert to_srgb(p3[:200], "RGB") is None


@pytest.mark.parametrize(
    "points",
    [
        (0.3127, 0, *SRGB_POINTS[2:]),
        (0.3127, 0.329, *(0.3, 0.3) * 3),
        (np.nan,) * 8,
    ],
    ids=["white without light", "one primary", "not numbers"],
)
def test_primaries_that_span_no_colours(points):
    assert gamma_profile(0.5, points) is None


def chunks(path, **chunk) -> bytes | None:
    """What `profile_of` makes of a PNG's chunks, numbers times 100,000."""
    info = PngInfo()
    for name, numbers in chunk.items():
        info.add(name.encode(), b"".join(n.to_bytes(4, "big") for n in numbers))
    Image.new("RGB", (1, 1)).save(path, pnginfo=info)
    with Image.open(path) as image:
        return profile_of(image)


def test_gamma_chunks_of_a_png(tmp_path):
    path = tmp_path / "a.png"
    assert chunks(path) is None
    # These say sRGB, with and without its primaries.
    assert chunks(path, gAMA=[45_455]) is None
    points = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000]
    assert chunks(path, gAMA=[45_455], cHRM=points) is None
    # These do not.
    assert chunks(path, gAMA=[100_000]) == gamma_profile(1.0, SRGB_POINTS)
    points[2:4] = 68_000, 32_000
    wide = tuple(point / 100_000 for point in points)
    assert chunks(path, gAMA=[45_455], cHRM=points) == gamma_profile(0.45455, wide)
    assert chunks(path, gAMA=[0]) is None


def test_a_heic_that_names_its_primaries(tmp_path):
    """By number, as phones without a profile do: 12 is Display P3, 1 is sRGB's."""
    path = tmp_path / "a.heic"
    options = {"quality": -1, "chroma": 444, "transfer_characteristics": 13}
    picture = Image.fromarray(one(200, 100, 100).repeat(64, 0).repeat(64, 1))
    picture.save(path, color_primaries=12, **options)
    photo = read_photo(path)
    np.testing.assert_allclose(photo.pixels[32, 32], [200, 100, 100], atol=2)
    np.testing.assert_allclose(photo.seen()[32, 32], [216, 93, 97], atol=4)
    picture.save(path, color_primaries=1, **options)
    assert read_photo(path).profile is None
