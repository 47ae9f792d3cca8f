"""What users hand over: every kind of picture, and what only calls itself one."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images import io as images_io
from tf_fsgd.images.io import (
    as_uint8,
    image_size,
    read_image,
    resize,
    to_float,
    to_uint8,
    write_image,
)

ORIENTATION = 0x0112  # EXIF


def picture(height: int = 12, width: int = 20) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def encoded(image: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def saved(path, mode: str, pixels, **options):
    """A PNG (or what the suffix says) of a Pillow mode, from rows of pixels."""
    pixels = np.array(pixels, np.uint8)
    size = pixels.shape[1::-1]
    Image.frombytes(mode, size, pixels.tobytes()).save(path, **options)
    return path


def refusal(path) -> str:
    """The message for a file that must be refused."""
    with pytest.raises(UserError) as caught:
        read_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


# Hostile files


def test_text_that_is_called_a_jpeg(tmp_path):
    path = tmp_path / "face.jpg"
    path.write_text("I am not a face\n" * 100)
    assert "not an image (unknown format)" in refusal(path)


def test_empty_file(tmp_path):
    path = tmp_path / "face.jpg"
    path.touch()
    assert "the file is empty" in refusal(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_truncated_file(tmp_path, kind):
    data = encoded(picture(64, 64), kind)
    path = tmp_path / "face.jpg"
    path.write_bytes(data[: len(data) * 2 // 3])
    assert "not an image" in refusal(path)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_damage_anywhere_is_read_or_refused_in_one_line(tmp_path, kind):
    clean = encoded(picture(), kind)
    rng = np.random.default_rng(1)
    path, refused = tmp_path / "face", 0
    for _ in range(40):
        data = np.frombuffer(clean, np.uint8).copy()
        data[rng.integers(0, min(len(data), 200), 4)] = rng.integers(0, 256, 4)
        path.write_bytes(data.tobytes())
        try:
            read_image(path)
        except UserError:
            refused += 1
    assert refused > 0


def empty_png(path, side: int):
    """A header that promises grey pixels, and none of them."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("side", [17_321, 60_000], ids=["ours", "Pillow's"])
def test_bomb_is_refused_before_its_pixels_are_decoded(tmp_path, side):
    message = refusal(empty_png(tmp_path / "bomb.png", side))
    assert "300 megapixels at most" in message


def test_a_phones_photo_is_no_bomb(tmp_path):
    """108 megapixels are decoded, and here found missing."""
    message = refusal(empty_png(tmp_path / "photo.png", 10_392))
    assert "not an image that can be read" in message


def test_no_interpreter_is_started_for_postscript(tmp_path):
    path = tmp_path / "face.png"
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    assert "unknown format" in refusal(path)


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.png")
    assert "received a folder" in refusal(tmp_path)


def test_floating_point_pictures_are_refused(tmp_path):
    path = tmp_path / "depth.tiff"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(path)
    assert "floating-point" in refusal(path)


def test_the_disks_own_errors_are_not_blamed_on_the_picture(tmp_path, monkeypatch):
    def fail(file, path):
        raise OSError(5, "Input/output error")

    write_image(tmp_path / "a.png", picture())
    monkeypatch.setattr(images_io, "_decode", fail)
    assert "cannot be read (Input/output error)" in refusal(tmp_path / "a.png")


# Every kind of pixel


def test_grey(tmp_path):
    path = saved(tmp_path / "a.png", "L", [[0, 100, 255]])
    assert read_image(path).tolist() == [[[0] * 3, [100] * 3, [255] * 3]]


def test_grey_with_alpha_lies_on_white(tmp_path):
    # 0 * 128/255 + 255 * 127/255 = 127.
    pixels = [[[0, 0], [0, 128], [0, 255]]]
    path = saved(tmp_path / "a.png", "LA", pixels)
    assert read_image(path)[0, :, 0].tolist() == [255, 127, 0]


def test_rgba_lies_on_white(tmp_path):
    pixels = [[[255, 0, 0, 0], [255, 0, 0, 255], [255, 0, 0, 51]]]
    path = saved(tmp_path / "a.png", "RGBA", pixels)
    assert read_image(path).tolist() == [[[255] * 3, [255, 0, 0], [255, 204, 204]]]


def test_palette_with_transparency(tmp_path):
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.putdata([0, 1, 2])
    image.save(tmp_path / "a.png", transparency=1)
    expected = [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]
    assert read_image(tmp_path / "a.png").tolist() == expected


def test_cmyk(tmp_path):
    path = saved(
        tmp_path / "a.tiff", "CMYK", [[[0, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]]
    )
    expected = [[[255, 255, 255], [255, 0, 0], [0, 0, 0]]]
    assert read_image(path).tolist() == expected


def test_16_bits_are_scaled_not_clipped(tmp_path):
    grey = np.array([[0, 100 * 257, 40_000, 65_535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    # 40000 / 257 = 155.6
    assert read_image(tmp_path / "a.png")[0, :, 0].tolist() == [0, 100, 156, 255]


def test_one_bit(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png")[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animation_gives_its_first_frame(tmp_path, kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(
        tmp_path / "a", kind, save_all=True, append_images=frames[1:], **options
    )
    assert np.unique(read_image(tmp_path / "a").reshape(-1, 3), axis=0).tolist() == [
        [255, 0, 0]
    ]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, ["rb"]),
        (2, ["br"]),  # mirrored
        (3, ["br"]),  # upside down
        (6, ["r", "b"]),  # to be turned clockwise
        (8, ["b", "r"]),  # to be turned anticlockwise
    ],
)
def test_exif_orientation(tmp_path, orientation, expected):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    red_blue = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
    Image.fromarray(red_blue).save(tmp_path / "a.png", exif=exif)
    upright = read_image(tmp_path / "a.png")
    assert ["".join("br"[p[0] // 255] for p in row) for row in upright] == expected


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1)])
def test_thin_pictures(tmp_path, shape):
    image = picture(*shape)
    write_image(tmp_path / "a.png", image)
    assert np.array_equal(read_image(tmp_path / "a.png"), image)


# Round trips


def test_png_round_trip_is_exact(tmp_path):
    image = picture()
    write_image(tmp_path / "a.png", image)
    assert np.array_equal(read_image(tmp_path / "a.png"), image)


def test_float_pictures_are_rounded_and_clipped(tmp_path):
    image = np.array([[[-2.0, -1.0, -0.5], [0.0, 1.0, 7.0]]], np.float32)
    write_image(tmp_path / "a.png", image)
    # (-0.5 + 1) * 127.5 = 63.75; (0 + 1) * 127.5 = 127.5, to even
    expected = [[[0, 0, 64], [128, 255, 255]]]
    assert read_image(tmp_path / "a.png").tolist() == expected


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG", ".webp"])
def test_lossy_formats_stay_close(tmp_path, suffix):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    image = np.stack(np.broadcast_arrays(ramp, ramp[:, None], np.uint8(90)), axis=-1)
    write_image(tmp_path / f"a{suffix}", image)
    back = read_image(tmp_path / f"a{suffix}").astype(int)
    assert np.abs(back - image).mean() < 3


def test_files_are_readable_in_a_fresh_process(tmp_path):
    """Pillow loads its readers lazily: another process has none of ours loaded."""
    kinds = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
    for kind in kinds:
        (tmp_path / kind).write_bytes(encoded(picture(), kind))
    script = (
        "import sys; from tf_fsgd.images.io import read_image\n"
        "print(*[read_image(path).shape for path in sys.argv[1:]])"
    )
    for kind in kinds:
        result = subprocess.run(
            [sys.executable, "-c", script, tmp_path / kind],
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == "(12, 20, 3)\n", kind


def test_to_float_and_back_is_exact():
    levels = np.arange(256, dtype=np.uint8)
    floats = to_float(levels)
    assert floats.dtype == np.float32
    assert (floats[0], floats[255]) == (-1, 1)
    assert np.array_equal(to_uint8(floats), levels)


def test_write_refuses_other_suffixes_and_sizes(tmp_path):
    with pytest.raises(UserError, match="suffix must be one of .*received '.gif'"):
        write_image(tmp_path / "a.gif", picture())
    with pytest.raises(UserError, match="WEBP holds 16383 pixels"):
        write_image(tmp_path / "a.webp", np.zeros((1, 16_384, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.int32),
    ],
    ids=["grey", "RGBA", "empty", "int32"],
)
def test_what_is_no_picture_of_ours(image):
    with pytest.raises(ValueError, match="image must be"):
        as_uint8(image)


# Resizing


def test_resize_to_the_same_size_copies():
    image = picture(8, 8)
    resized = resize(image, 8)
    assert np.array_equal(resized, image) and resized is not image


def test_resize_cuts_the_longer_side_at_both_ends():
    image = np.zeros((4, 10, 3), np.uint8)
    image[:, 3:7] = 200
    assert np.array_equal(resize(image, 4), np.full((4, 4, 3), 200))
    assert np.array_equal(resize(image.swapaxes(0, 1), 2), np.full((2, 2, 3), 200))


def test_resize_has_no_aliasing():
    # Stripes of one pixel become their mean, not one of the two colours.
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    inner = resize(stripes, 16)[:, 2:-2]
    assert np.abs(inner.astype(int) - 127.5).max() <= 2


def test_resize_enlarges():
    assert np.array_equal(resize(picture(1, 1), 3), np.tile(picture(1, 1), (3, 3, 1)))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (12, 20)), (3, (12, 20)), (6, (20, 12))]
)
def test_the_header_alone_says_the_size(tmp_path, suffix, orientation, size):
    path = tmp_path / f"face.{suffix}"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(picture()).save(path, exif=exif)
    assert image_size(path) == size == read_image(path).shape[:2]


def test_a_size_of_what_is_no_picture(tmp_path):
    (tmp_path / "face.jpg").write_text("I am not a face")
    with pytest.raises(UserError, match=r"face.jpg: not an image \(unknown format"):
        image_size(tmp_path / "face.jpg")
    with pytest.raises(UserError, match="nowhere.jpg: no such file"):
        image_size(tmp_path / "nowhere.jpg")


def test_a_palette_picture_without_its_palette(tmp_path):
    path = tmp_path / "a.png"
    Image.new("P", (8, 8)).save(path)
    data = path.read_bytes()
    start = data.index(b"PLTE") - 4
    size = 12 + int.from_bytes(data[start : start + 4], "big")
    path.write_bytes(data[:start] + data[start + size :])
    with pytest.raises(UserError, match="a.png: not an image that can be read"):
        read_image(path)
