"""Photos of every kind of pixel, into memory and out of it again."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from pillow_heif import register_heif_opener

from tf_fsgd.images import photo as photos
from tf_fsgd.images.io import read_image, read_photo, write_photo
from tf_fsgd.images.photo import Photo, bands, on_white, reduced

SRGB = ImageCms.createProfile("sRGB")
register_heif_opener()


def noise(*shape) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def managed(image: Image.Image, profile: bytes) -> np.ndarray:
    """What a colour-managed viewer shows."""
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return np.asarray(ImageCms.profileToProfile(image, own, SRGB, outputMode="RGB"))


def profile(kind: bytes, space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """ICC, version 2, whose tags give L*a*b* or, by a curve only, light."""
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(tag))
        data += tag
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x",
        *(start + len(data), 0x02400000, kind, space),
        *(b"XYZ " if space == b"GRAY" else b"Lab ", b"acsp", D50),
    )
    return header + table + data


def lut(inks: int, corners: list[tuple[float, float, float]]) -> bytes:
    """A table of L*, a* and b* at all corners of the inks, linear between them."""
    ramp, numbers = bytes(range(256)), np.array(corners)
    numbers = np.clip(numbers * (2.55, 1, 1) + (0, 128, 128), 0, 255).astype(np.uint8)
    matrix = struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65_536))
    head = b"mft1" + bytes(4) + bytes([inks, 3, 2, 0]) + matrix
    return head + ramp * inks + numbers.tobytes() + ramp * 3


D50 = struct.pack(">3i", 63_190, 65_536, 54_061)
GREY = profile(
    b"mntr",
    b"GRAY",
    # A curve without points is linear: numbers are light.
    {b"wtpt": b"XYZ " + bytes(4) + D50, b"kTRC": b"curv" + bytes(8)},
)
PRINTER = profile(
    b"prtr",
    b"CMYK",
    {
        b"A2B0": lut(
            4,
            [
                (
                    (100 - 40 * c - 50 * m - 10 * y) * (1 - 0.9 * k),
                    (-37 * c + 74 * m) * (1 - k),
                    (-50 * c + 93 * y) * (1 - k),
                )
                for c, m, y, k in np.ndindex(2, 2, 2, 2)
            ],
        )
    },
)
SCANNER = profile(
    b"scnr",
    b"RGB ",
    {b"A2B0": lut(3, [(33 * sum(rgb), 0, 0) for rgb in np.ndindex(2, 2, 2)])},
)
"""It knows the way from its numbers, and none back."""


LOSSLESS = {
    "a.png": {},
    "a.webp": {"lossless": True, "exact": True},
    "a.tif": {},
}


@pytest.mark.parametrize(("name", "options"), LOSSLESS.items(), ids=LOSSLESS)
def test_pixels_profile_and_opacity_go_through(tmp_path, p3, name, options):
    pixels, alpha = noise(9, 14, 3), noise(9, 14)
    alpha[0] = 0  # where colours are hidden, but there
    image = Image.fromarray(np.dstack([pixels, alpha]))
    image.save(tmp_path / name, icc_profile=p3, **options)
    out = tmp_path / "out" / (name if name != "a.tif" else "a.png")
    write_photo(out, read_photo(tmp_path / name))
    with Image.open(out) as back:
        assert back.info["icc_profile"] == p3
        np.testing.assert_array_equal(np.asarray(back), np.asarray(image))


def test_a_lossy_webp_stays_small_and_opaque_where_it_was(tmp_path):
    image = Image.fromarray(np.dstack([noise(64, 64, 3), noise(64, 64)]))
    image.save(tmp_path / "a.webp", quality=92)
    photo = read_photo(tmp_path / "a.webp")
    write_photo(tmp_path / "b.webp", photo)
    np.testing.assert_array_equal(read_photo(tmp_path / "b.webp").alpha, photo.alpha)
    assert not photo.lossless and not read_photo(tmp_path / "b.webp").lossless


@pytest.mark.parametrize("name", ["a.jpg", "a.heic", "a.avif"])
def test_the_profile_of_lossy_formats(tmp_path, p3, name):
    Image.fromarray(noise(16, 16, 3)).save(tmp_path / name, icc_profile=p3)
    photo = read_photo(tmp_path / name)
    assert photo.profile == p3 and photo.pixels.shape == (16, 16, 3)
    out = tmp_path / "out.jpg"
    write_photo(out, photo)
    with Image.open(out) as back:
        assert back.info["icc_profile"] == p3


def test_networks_see_srgb_on_white(tmp_path, p3):
    image = Image.fromarray(noise(8, 8, 3))
    image.save(tmp_path / "a.png", icc_profile=p3)
    expected = managed(image, p3)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), expected)
    half = np.full((8, 8), 128, np.uint8)
    seen = Photo(np.asarray(image), half, p3).seen()
    np.testing.assert_array_equal(seen, on_white(expected, half))
    np.testing.assert_allclose(seen, expected / 2 + 127.5, atol=1)


def test_a_plain_photo_is_seen_without_a_copy():
    pixels = noise(4, 4, 3)
    assert Photo(pixels).seen() is pixels


def test_ink_becomes_what_it_looks_like(tmp_path):
    image = Image.fromarray(noise(12, 12, 4), mode="CMYK")
    image.save(tmp_path / "a.tif", icc_profile=PRINTER)
    photo = read_photo(tmp_path / "a.tif")
    assert photo.profile is None
    np.testing.assert_array_equal(photo.pixels, managed(image, PRINTER))
    # All of cyan is L* 60, a* -37, b* -50; without a profile it was 0, 255, 255.
    Image.new("CMYK", (1, 1), (255, 0, 0, 0)).save(
        tmp_path / "cyan.tif", icc_profile=PRINTER
    )
    cyan = read_photo(tmp_path / "cyan.tif").pixels
    np.testing.assert_allclose(cyan, [[[0, 164, 234]]], atol=4)


def test_grey_with_a_profile_becomes_what_it_looks_like(tmp_path):
    path = tmp_path / "a.png"
    Image.new("LA", (1, 1), (55, 70)).save(path, icc_profile=GREY)
    photo = read_photo(path)
    # 55 / 255 of the light is 128 in sRGB.
    np.testing.assert_allclose(photo.pixels, [[[128] * 3]], atol=1)
    assert photo.alpha.tolist() == [[70]] and photo.profile is None


def test_lab(tmp_path):
    Image.new("LAB", (1, 1), (138, 209, 198)).save(tmp_path / "a.tif")
    # L* 54, a* 81, b* 70, seen in the light of D50: sRGB's red.
    found = read_photo(tmp_path / "a.tif").pixels
    np.testing.assert_allclose(found, [[[255, 0, 0]]], atol=6)


def test_a_palette_keeps_colours_opacity_and_profile(tmp_path, p3):
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "a.png", transparency=bytes([255, 0, 9]), icc_profile=p3)
    photo = read_photo(tmp_path / "a.png")
    assert photo.pixels.tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]
    assert photo.alpha.tolist() == [[255, 0, 9]] and photo.profile == p3


def test_a_profile_that_is_damaged_or_of_other_pixels_is_ignored(tmp_path, p3):
    grey, pixels = tmp_path / "grey.png", noise(4, 4, 3)
    Image.fromarray(pixels[..., 0]).save(grey, icc_profile=p3)
    Image.fromarray(pixels).save(tmp_path / "junk.png", icc_profile=b"junk")
    np.testing.assert_array_equal(read_image(grey)[..., 1], pixels[..., 0])
    np.testing.assert_array_equal(read_image(tmp_path / "junk.png"), pixels)
    assert read_photo(grey).profile is read_photo(tmp_path / "junk.png").profile is None


def test_a_profile_that_knows_one_way_only(tmp_path):
    """The photo becomes sRGB, because no change could be brought back."""
    image = Image.fromarray(noise(4, 4, 3))
    image.save(tmp_path / "a.png", icc_profile=SCANNER)
    photo = read_photo(tmp_path / "a.png")
    assert photo.profile is None
    np.testing.assert_array_equal(photo.pixels, managed(image, SCANNER))


def test_a_jpeg_shows_what_is_transparent_on_white(tmp_path):
    clear = Photo(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8))
    write_photo(tmp_path / "a.jpg", clear)
    assert read_image(tmp_path / "a.jpg").min() >= 254


# EXIF


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic"])
def test_turned_once_and_dated_as_before(tmp_path, name):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif[0x0132] = "2026:11:28 19:00:00"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:27 08:00:00"  # taken at
    exif.get_ifd(0x8825)[1] = "N"  # GPS
    left = np.zeros((64, 96, 3), np.uint8)
    left[:, :48] = 255
    options = {"lossless": True} if name == "a.webp" else {}
    Image.fromarray(left).save(tmp_path / name, exif=exif.tobytes(), **options)
    photo = read_photo(tmp_path / name)
    # What was left is at the top.
    assert photo.pixels.shape == (96, 64, 3)
    assert photo.pixels[:40].min() > 240 and photo.pixels[56:].max() < 15
    for out in (tmp_path / "out.jpg", tmp_path / "out.png", tmp_path / "out.webp"):
        write_photo(out, photo)
        with Image.open(out) as back:
            kept = back.getexif()
            assert 0x0112 not in kept
            assert kept[0x0132] == "2026:11:28 19:00:00"
            assert kept.get_ifd(0x8769)[0x9003] == "2026:11:27 08:00:00"
            assert kept.get_ifd(0x8825)[1] == "N"
        assert read_photo(out).pixels[:40].min() > 230


def test_no_thumbnail_of_the_old_face_stays(tmp_path):
    # One IFD with a date, and a second one, as a thumbnail has it.
    date = b"2026:11:28 19:00:00\0"
    first = struct.pack(">HHHIII", 1, 0x0132, 2, 20, 26, 46)
    second = struct.pack(">HHHIIHHIII", 2, 0x0201, 4, 1, 76, 0x0202, 4, 1, 8, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">I", 8) + first + date + second + b"old face"
    Image.fromarray(noise(16, 16, 3)).save(tmp_path / "a.jpg", exif=exif)
    assert b"old face" in (tmp_path / "a.jpg").read_bytes()
    write_photo(tmp_path / "b.jpg", read_photo(tmp_path / "a.jpg"))
    written = (tmp_path / "b.jpg").read_bytes()
    assert date in written and b"old face" not in written


# Large photos


def test_bands_cover_all_rows_once(monkeypatch):
    monkeypatch.setattr(photos, "_BAND", 100)
    rows = [row for band in bands(23, 30) for row in range(23)[band]]
    assert rows == list(range(23))
    heights = [band.stop - band.start for band in bands(23, 10, 4)]
    assert heights == [8, 8, 7]


def test_the_same_in_bands(tmp_path, monkeypatch, p3):
    image = Image.fromarray(noise(40, 30, 4))
    image.save(tmp_path / "a.png", icc_profile=p3)
    whole = read_photo(tmp_path / "a.png")
    seen = whole.seen()
    monkeypatch.setattr(photos, "_BAND", 200)
    banded = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(banded.pixels, whole.pixels)
    np.testing.assert_array_equal(banded.alpha, whole.alpha)
    np.testing.assert_array_equal(banded.seen(), seen)


def test_means_of_boxes_are_pillows(monkeypatch):
    monkeypatch.setattr(photos, "_BAND", 200)
    picture = noise(47, 31, 3)
    found = reduced(picture.__getitem__, 47, 31, (3, 4))
    expected = Image.fromarray(picture).reduce((3, 4))
    np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
