"""Date, place and camera stay; what was true of the old file only goes."""

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tf_fsgd.images.io import read_photo, write_photo
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.video import open_video

MAKE, MODEL, ORIENTATION, SOFTWARE, ARTIST = 0x010F, 0x0110, 0x0112, 0x0131, 0x013B
DETAILS, GPS, INTEROP = 0x8769, 0x8825, 0xA005
TAKEN, EXPOSURE, BIAS, LENS = 0x9003, 0x829A, 0x9204, 0xA434
MAKERS_NOTE, WIDTH, SUBJECT = 0x927C, 0xA002, 0x9214
DEGREES = (52.0, 31.0, 12.34)
MARK = "tf_fsgd (faces edited)"


def exif_of_a_phone(orientation: int = 6) -> bytes:
    """Taken in Berlin; 6: to be turned clockwise."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL], exif[ORIENTATION] = "Maker", "Phone 3", orientation
    exif[SOFTWARE] = "17.5"
    details, place = exif.get_ifd(DETAILS), exif.get_ifd(GPS)
    details[TAKEN], details[LENS] = "2026:11:27 08:00:00", "Phone 3 back camera"
    details[EXPOSURE], details[BIAS] = IFDRational(1, 60), IFDRational(-1, 3)
    details[MAKERS_NOTE], details[WIDTH] = b"Maker\0a preview of the old face", 96
    details[SUBJECT], details[INTEROP] = (10, 20, 30, 40), {1: "R98"}
    place[1], place[2], place[29] = "N", (52, 31, IFDRational(1234, 100)), "2026:11:27"
    return exif.tobytes()


def picture() -> Image.Image:
    """White on the left, which is on top once it is turned."""
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48] = 255
    return Image.fromarray(pixels)


def assert_it_is_the_phones(path, software: str) -> None:
    with Image.open(path) as image:
        exif = image.getexif()
        image.load()
    assert set(exif) == {MAKE, MODEL, SOFTWARE, DETAILS, GPS}
    assert (exif[MAKE], exif[MODEL], exif[SOFTWARE]) == ("Maker", "Phone 3", software)
    details, place = exif.get_ifd(DETAILS), exif.get_ifd(GPS)
    assert set(details) == {TAKEN, EXPOSURE, BIAS, LENS}
    assert details[TAKEN] == "2026:11:27 08:00:00"
    assert details[LENS] == "Phone 3 back camera"
    assert details[EXPOSURE] == IFDRational(1, 60)
    assert details[BIAS] == IFDRational(-1, 3)
    assert (place[1], place[2], place[29]) == ("N", DEGREES, "2026:11:27")


SOURCES = ["a.jpg", "a.png", "a.webp", "a.tif", "a.heic", "a.avif"]


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("mark", [None, MARK])
def test_what_a_phone_says(tmp_path, name, mark):
    picture().save(tmp_path / name, exif=exif_of_a_phone())
    photo = read_photo(tmp_path / name)
    for out in (tmp_path / "out.jpg", tmp_path / "out.png", tmp_path / "out.webp"):
        write_photo(out, photo, mark)
        assert_it_is_the_phones(out, mark or "17.5")
        assert b"preview of the old" not in out.read_bytes()
        upright = read_photo(out).pixels
        assert upright.shape == (96, 64, 3)
        assert upright[:40].min() > 230 and upright[56:].max() < 25


@pytest.mark.parametrize("mark", [None, MARK])
def test_names_that_are_not_ascii(tmp_path, mark):
    exif = Image.Exif()
    exif[ARTIST] = "Jürgen Weiß".encode()
    picture().save(tmp_path / "a.jpg", exif=exif)
    write_photo(tmp_path / "b.jpg", read_photo(tmp_path / "a.jpg"), mark)
    assert "Jürgen Weiß\0".encode() in (tmp_path / "b.jpg").read_bytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_the_mark_of_a_photo_that_says_nothing(tmp_path, suffix):
    photo = Photo(np.zeros((8, 8, 3), np.uint8))
    for mark, expected in ((None, {}), (MARK, {SOFTWARE: MARK})):
        write_photo(tmp_path / f"a{suffix}", photo, mark)
        with Image.open(tmp_path / f"a{suffix}") as image:
            assert dict(image.getexif()) == expected
            assert image.info.get("Software") == (mark if suffix == ".png" else None)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif"])
@pytest.mark.parametrize("mark", [None, MARK])
def test_pictures_that_move(tmp_path, suffix, mark):
    path, out = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    # Pillow cannot write an AVIF that moves and is to be turned.
    turned = suffix != ".avif"
    exif = exif_of_a_phone(6 if turned else 1)
    options = {"save_all": True, "append_images": [Image.new("RGB", (96, 64))]}
    picture().save(path, exif=exif, duration=50, **options)
    video = open_video(path)
    assert video.write(out, video.frames(), mark) == []
    assert_it_is_the_phones(out, mark or "17.5")
    first, second = (frame.photo.pixels for frame in open_video(out).frames())
    assert first.shape == ((96, 64, 3) if turned else (64, 96, 3))
    white = first[:40] if turned else first[:, :40]
    assert white.min() > 230 > 25 > second.max()


def test_the_mark_of_a_gif(tmp_path):
    path = tmp_path / "a.gif"
    options = {"save_all": True, "append_images": [Image.new("RGB", (96, 64))]}
    picture().save(path, duration=50, **options)
    video = open_video(path)
    for mark, expected in ((None, None), (MARK, MARK.encode())):
        video.write(tmp_path / "b.gif", video.frames(), mark)
        with Image.open(tmp_path / "b.gif") as image:
            assert image.info.get("comment") == expected
