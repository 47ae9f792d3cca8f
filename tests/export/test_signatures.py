import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export.signatures import Servable
from tf_fsgd.images.io import resize


@pytest.fixture(scope="module")
def encoded():
    """The `encoded` signature around a network that changes nothing."""
    image = keras.Input((32, 32, 3))
    servable = Servable(keras.Model(image, keras.layers.Identity()(image)), 32)
    function = servable.encoded()
    return lambda *files: function(image_bytes=tf.constant(files))["image_bytes"]


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
        ("GIF", "P", {}),
        ("GIF", "P", {"save_all": True, "append_images": [picture(64, 48)]}),
        ("BMP", "RGB", {}),
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


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"not an image",
        file_of(picture(64, 64), "PNG")[:300],
        file_of(picture(64, 64), "JPEG")[:300],
        file_of(picture(64, 64), "JPEG")[:10],
        file_of(picture(64, 64), "WEBP")[:100],
        file_of(picture(64, 64), "TIFF"),
    ],
    ids=["empty", "text", "cut-png", "cut-jpeg", "cut-header", "cut-webp", "tiff"],
)
def test_hostile_bytes_are_an_error_of_the_request(encoded, file):
    with pytest.raises(tf.errors.InvalidArgumentError):
        encoded(file)
