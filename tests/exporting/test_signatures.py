import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_fsgd.images.io import read_image, resize


def picture(width: int, height: int) -> Image.Image:
    blots = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(blots).resize((width, height), Image.BICUBIC)


def file_of(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(png: tf.Tensor) -> np.ndarray:
    with Image.open(io.BytesIO(png.numpy())) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("size", [(32, 32), (90, 61), (61, 90), (20, 24), (1, 1)])
def test_crops_and_resizes_as_read_images_are(encoded, size):
    image = picture(*size)
    (reply,) = encoded(file_of(image, "PNG"))
    expected = resize(np.asarray(image), 32).astype(int)
    assert np.abs(pixels(reply) - expected).max() <= 1


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"quality": 95, "subsampling": 0}),
        ("JPEG", "L", {"quality": 95}),
        ("JPEG", "CMYK", {"quality": 95}),
        ("PNG", "RGBA", {}),
        ("PNG", "LA", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_reads_what_people_send(encoded, kind, mode, options):
    image = picture(64, 48).convert(mode)
    (reply,) = encoded(file_of(image, kind, **options))
    expected = resize(np.asarray(image.convert("RGB")), 32).astype(int)
    assert np.abs(pixels(reply) - expected).mean() < 3


def test_batch_keeps_its_order(encoded):
    black, white = (Image.new("RGB", (40, 40), colour) for colour in ("black", "white"))
    replies = encoded(file_of(white, "PNG"), file_of(black, "JPEG"))
    assert [int(pixels(reply).mean()) for reply in replies] == [255, 0]


# Chroma at full size and lossless WebP, so that decoders agree to a level.
FORMATS = [
    ("JPEG", {"quality": 95, "subsampling": 0}),
    ("PNG", {}),
    ("WEBP", {"lossless": True}),
]


@pytest.mark.parametrize("orientation", range(10))  # 0 and 9 are none
@pytest.mark.parametrize(("kind", "options"), FORMATS)
def test_is_turned_upright(encoded, tmp_path, kind, options, orientation):
    exif = Image.Exif()
    exif[0x010F] = "a maker, so that the tag is not the first"
    exif[0x0112] = orientation
    # Odd on one side: the pixel that is left over must fall to the right end.
    file = file_of(picture(93, 62), kind, exif=exif, **options)
    (tmp_path / "photo").write_bytes(file)
    expected = resize(read_image(tmp_path / "photo"), 32).astype(int)
    (reply,) = encoded(file)
    assert np.abs(pixels(reply) - expected).max() <= 1


@pytest.mark.parametrize("order", ["big", "little"])
def test_reads_either_byte_order(encoded, order):
    """Orientation 3 by hand: an IFD of one tag, behind a gap."""

    def number(value, size):
        return value.to_bytes(size, order)

    tiff = {"big": b"MM", "little": b"II"}[order] + number(42, 2) + number(12, 4)
    tiff += b"gap!" + number(1, 2) + number(0x0112, 2) + number(3, 2) + number(1, 4)
    tiff += number(3, 2) + bytes(2) + number(0, 4)
    image = picture(40, 40)
    file = file_of(image, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + tiff)
    (reply,) = encoded(file)
    expected = resize(np.asarray(image)[::-1, ::-1], 32).astype(int)
    assert np.abs(pixels(reply) - expected).mean() < 2  # the file's own loss


def test_transparency_is_laid_over_white(encoded, tmp_path):
    image = picture(60, 44).convert("RGBA")
    alpha = np.linspace(0, 255, 60).astype(np.uint8)[None].repeat(44, 0)
    image.putalpha(Image.fromarray(alpha))
    for kind, options in FORMATS[1:]:
        file = file_of(image, kind, **options)
        (tmp_path / "photo").write_bytes(file)
        expected = resize(read_image(tmp_path / "photo"), 32).astype(int)
        (reply,) = encoded(file)
        assert np.abs(pixels(reply) - expected).max() <= 1


def test_sixteen_bits_become_eight(encoded):
    levels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    (reply,) = encoded(file_of(Image.fromarray(levels), "PNG"))
    expected = resize(np.stack([levels // 256] * 3, 2).astype(np.uint8), 32)
    assert np.abs(pixels(reply) - expected.astype(int)).max() <= 1
