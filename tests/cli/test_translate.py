"""`translate` on files as people have them: what is kept, named and left out.

The detector is told where the face is; beside its square nothing may change.
"""

import io
import os

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tf_fsgd import __main__ as verbs
from tf_fsgd.cli.translate import MARK
from tf_fsgd.images.detection import Face, FaceDetector
from tf_fsgd.images.photo import Photo
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.photos import edit_photo
from tf_fsgd.translator.translator import Translator

SHAPE = (90, 120, 3)
# Eyes 20 pixels apart make a half side of 40: the square is 20 to 100, -6 to 74.
POINTS = np.array([[50, 32], [70, 32], [60, 40], [60, 52], [45, 35], [75, 35]], float)
SQUARE = np.array([[20, -6], [20, 74], [100, 74], [100, -6]], float)


@pytest.fixture(autouse=True)
def one_face(monkeypatch):
    face = Face(np.array([45.0, 25, 75, 60]), 1.0, POINTS)
    monkeypatch.setattr(FaceDetector, "detect", lambda self, photo: [face])


def photo() -> np.ndarray:
    """Colours of the middle, which can be brightened in any space."""
    rough = np.random.default_rng(0).integers(60, 180, (9, 12, 3), np.uint8)
    return rough.repeat(10, axis=0).repeat(10, axis=1)


def opened(path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
    return image


def assert_only_the_face_changed(before: np.ndarray, after: np.ndarray) -> None:
    change = after.astype(int) - before
    assert change[30:50, 50:70].mean() > 5
    change[:74, 20:100] = 0
    assert not change.any()


@pytest.mark.parametrize(
    ("name", "result", "options"),
    [
        ("a.png", "a.png", {}),
        ("a.webp", "a.webp", {"lossless": True}),
        ("a.tif", "a.png", {}),
        ("a.heic", "a.png", {"quality": -1, "chroma": 444}),
        ("a.avif", "a.png", {}),
    ],
)
def test_pixels_beside_the_face_and_the_profile(
    translate, tmp_path, p3, name, result, options
):
    Image.fromarray(photo()).save(tmp_path / name, icc_profile=p3, **options)
    assert translate(tmp_path / name)[0] == 0
    before, after = opened(tmp_path / name), opened(tmp_path / "out" / result)
    assert after.info["icc_profile"] == p3
    assert_only_the_face_changed(np.asarray(before), np.asarray(after))


def test_somebody_elses_style(translate, mistake, tmp_path, monkeypatch, capfd):
    """The fake style is the other face's mean; it is blended in by its share."""

    def blend(inputs):
        faces, share = inputs
        style = faces[..., 3:].mean(axis=(1, 2), keepdims=True)
        return faces[..., :3] + share[..., None, None] * (style - faces[..., :3])

    Image.fromarray(photo()).save(tmp_path / "a.png")
    Image.fromarray(np.full(SHAPE, [200, 150, 100], np.uint8)).save(tmp_path / "b.png")
    photos = ["translate", tmp_path / "a.png", "--like", tmp_path / "b.png"]
    others = [*photos, "--translator", "mobile-128", "--out", tmp_path / "out"]
    line = mistake(verbs.main, *others)
    assert "gives a face the style of another, mobile-128 is one that edits one" in line
    mix = Translator("mine", blend, 8, ("mix",), {"mix": 1.0}, faces=2)
    asked = []
    monkeypatch.setattr(translators, "_load", lambda name: asked.append(name) or mix)
    line = mistake(verbs.main, *photos[:2], "--out", tmp_path / "out")
    assert "edits one face, mine is one that gives a face the style" in line
    line = mistake(verbs.main, *photos[:3], tmp_path / "c.png", "--out", "out")
    assert "c.png: no such file" in line
    words = [*photos, "--strength", 0.75, "--out", tmp_path / "out"]
    monkeypatch.setattr("sys.argv", ["tf_fsgd", *map(str, words)])
    assert verbs.main() == 0 and asked[-1] == "mix-128"
    after = np.asarray(opened(tmp_path / "out" / "a.png"))
    middle = (slice(25, 50), slice(48, 72))
    was, became = (one[middle].mean(axis=(0, 1)) for one in (photo(), after))
    np.testing.assert_allclose(became, 0.25 * was + [150, 112.5, 75], atol=6)
    change = after.astype(int) - photo()
    change[:74, 20:100] = 0
    assert not change.any()


def test_a_jpeg_keeps_its_profile_and_all_but_rounding(translate, tmp_path, p3):
    Image.fromarray(photo()).save(tmp_path / "a.jpg", icc_profile=p3, quality=95)
    assert translate(tmp_path / "a.jpg")[0] == 0
    before, after = opened(tmp_path / "a.jpg"), opened(tmp_path / "out" / "a.jpg")
    assert after.info["icc_profile"] == p3
    change = np.abs(np.asarray(after).astype(int) - np.asarray(before))[80:]
    assert change.mean() < 1.5


def test_a_png_of_another_gamma_looks_the_same(translate, tmp_path):
    info = PngInfo()
    info.add(b"gAMA", (100_000).to_bytes(4, "big"))
    pixels = photo()
    pixels[-1] = 55
    Image.fromarray(pixels).save(tmp_path / "a.png", pnginfo=info)
    translate(tmp_path / "a.png")
    after = opened(tmp_path / "out" / "a.png")
    assert_only_the_face_changed(pixels, np.asarray(after))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(after.info["icc_profile"]))
    shown = ImageCms.profileToProfile(after, profile, ImageCms.createProfile("sRGB"))
    # 55 / 255 of the light: 128 of 255 in sRGB.
    assert np.abs(np.asarray(shown)[-1].astype(int) - 128).max() <= 1


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_what_is_transparent_stays_so(translate, tmp_path, name):
    alpha = np.random.default_rng(1).integers(0, 256, SHAPE[:2], np.uint8)
    alpha[:, :40] = 0
    image = Image.fromarray(np.dstack([photo(), alpha]))
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    image.save(tmp_path / name, **options)
    assert translate(tmp_path / name)[0] == 0
    after = np.asarray(opened(tmp_path / "out" / name))
    np.testing.assert_array_equal(after[..., 3], alpha)
    assert_only_the_face_changed(photo(), after[..., :3])


def test_the_couple_of_a_transparent_photo_of_wide_colours(translate, tmp_path, p3):
    alpha = np.full(SHAPE[:2], 77, np.uint8)
    image = Image.fromarray(np.dstack([photo(), alpha]))
    image.save(tmp_path / "a.png", icc_profile=p3)
    translate(tmp_path / "a.png", "--couple")
    after = opened(tmp_path / "out" / "a.png")
    assert after.size == (240, 90) and after.info["icc_profile"] == p3
    pixels = np.asarray(after)
    assert (pixels[..., 3] == 77).all()
    np.testing.assert_array_equal(pixels[:, :120, :3], photo())
    assert_only_the_face_changed(photo(), pixels[:, 120:, :3])


def test_the_translator_sees_srgb_and_its_change_comes_back(p3):
    own = np.tile(np.array([200, 100, 100], np.uint8), (90, 120, 1))
    wide, seen = Photo(own.copy(), None, p3), []

    def nothing(faces):
        seen.append(faces)
        return faces

    edit_photo(wide, [SQUARE], nothing, 32)
    # (200, 100, 100) of Display P3 is (216, 93, 97) of sRGB.
    assert np.abs(seen[0].astype(int) - [216, 93, 97]).max() <= 1
    np.testing.assert_array_equal(wide.pixels, own)
    edit_photo(wide, [SQUARE], lambda faces: faces + np.uint8(20), 32)
    shown = wide.seen()[40, 60].astype(int)
    assert np.abs(shown - [236, 113, 117]).max() <= 3


@pytest.mark.parametrize(("words", "software"), [((), MARK), (("--no-mark",), "17.5")])
@pytest.mark.parametrize("more", [(), ("--couple",), ("--aligned",)])
def test_date_and_camera_stay_and_the_mark_is_set(
    translate, tmp_path, words, software, more
):
    exif = Image.Exif()
    exif[0x0110], exif[0x0131] = "Phone 3", "17.5"  # Model, Software
    exif.get_ifd(0x8769)[0x9003] = "2026:11:27 08:00:00"  # DateTimeOriginal
    Image.fromarray(photo()).save(tmp_path / "a.png", exif=exif)
    assert translate(tmp_path / "a.png", *words, *more)[0] == 0
    found = opened(tmp_path / "out" / "a.png").getexif()
    assert (found[0x0110], found[0x0131]) == ("Phone 3", software)
    assert found.get_ifd(0x8769)[0x9003] == "2026:11:27 08:00:00"


# Names


def test_photos_of_one_name_keep_their_suffixes(translate, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "photo.bmp photo.avif photo.png photo.heic b.JPG b.jpg".split():
        Image.fromarray(photo()).save(folder / name)
    assert translate(folder)[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "b.JPG.jpg",
        "b.jpg",
        "photo.avif.png",
        "photo.bmp.png",
        "photo.heic.png",
        "photo.png",
    ]


@pytest.mark.parametrize("name", ["a.jfif", "a.mpo", "a.jpe"])
def test_jpegs_of_other_names(translate, tmp_path, name):
    kind = "MPO" if name == "a.mpo" else "JPEG"
    Image.fromarray(photo()).save(tmp_path / name, kind)
    assert translate(tmp_path / name)[0] == 0
    assert opened(tmp_path / "out" / "a.jpg").format == "JPEG"


# Left out


def test_what_a_folder_holds_besides_is_said_at_the_end(translate, tmp_path):
    folder = tmp_path / "in"
    (folder / "old").mkdir(parents=True)
    Image.fromarray(photo()).save(folder / "a.png")
    for name in ("a.xmp", ".DS_Store"):
        (folder / name).touch()
    code, out, _ = translate(folder)
    assert code == 0 and out.splitlines() == [
        f"left out: {folder / 'a.xmp'}: not a picture by its name (.xmp)",
        f"left out: {folder / 'old'}: a folder inside a folder; "
        "name it to have it read",
        f"1 photo: {tmp_path / 'out'}, 2 left out",
    ]


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs Linux's /proc")
def test_one_that_the_disk_does_not_give(translate, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(photo()).save(folder / "a.png")
    (folder / "b.png").symlink_to("/proc/self/mem")  # its first byte cannot be read
    code, out, _ = translate(folder)
    assert code == 0 and out.splitlines() == [
        f"left out: {folder / 'b.png'}: cannot be read (Input/output error)",
        f"1 photo: {tmp_path / 'out'}, 1 left out",
    ]
    assert (tmp_path / "out" / "a.png").exists()


def test_one_that_cannot_be_written_stops_all(translate, tmp_path, monkeypatch):
    def full(path, photo, mark):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("tf_fsgd.translator.folder.write_photo", full)
    for name in ("a.png", "b.png"):
        Image.fromarray(photo()).save(tmp_path / name)
    code, out, error = translate(tmp_path / "a.png", tmp_path / "b.png")
    assert code == 2 and out == ""
    assert error.endswith(f"error: No space left on device: {tmp_path}/out/a.png\n")
