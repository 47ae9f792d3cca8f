"""What `encoded` answers to files that are not what they should be."""

import io
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_fsgd.exporting.decoding import MAX_PIXELS

HUGE = 20_000


def file_of(kind: str, mode: str = "RGB", **options) -> bytes:
    blots = np.random.default_rng(0).integers(0, 256, (6, 6, 3), np.uint8)
    image = Image.fromarray(blots).resize((64, 64), Image.BICUBIC).convert(mode)
    if options.pop("animated", False):
        options |= {"save_all": True, "append_images": [image.rotate(90)]}
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """A whole PNG of some hundred bytes, but for its pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + pixels + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    file = file_of("JPEG")
    at = file.index(b"\xff\xc0") + 5
    return file[:at] + struct.pack(">HH", height, width) + file[at + 4 :]


def webp(width: int, height: int) -> bytes:
    """The extended form, which alone may say more than 16,384."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    body = b"WEBP" + chunk + file_of("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


NOT_TAKEN = "must be a JPEG, PNG or still WebP file, received {} bytes of something"
TOO_LARGE = f"must have {MAX_PIXELS} pixels at most, received 20000 x 20000"
CASES = {
    "empty": (b"", "must not be empty, received 0 bytes"),
    "text": (b"not an image", NOT_TAKEN.format(12)),
    "gif": (file_of("GIF"), NOT_TAKEN.format("[0-9]+")),
    "animated gif": (file_of("GIF", animated=True), NOT_TAKEN.format("[0-9]+")),
    "tiff": (file_of("TIFF"), NOT_TAKEN.format("[0-9]+")),
    "start of a png": (file_of("PNG")[:8], "must have a whole header"),
    "start of a jpeg": (file_of("JPEG")[:10], "must have a whole header"),
    "start of a webp": (file_of("WEBP")[:12], "must have a whole header"),
    "jpeg of zeros": (b"\xff\xd8\xff" + bytes(500), "must have a whole header"),
    "jpeg of ff": (b"\xff\xd8" + b"\xff" * 9999, "must have a whole header"),
    "png without sides": (png(0, 64), "must have a whole header"),
    "animated webp": (file_of("WEBP", animated=True), "received an animated WebP"),
    "huge png": (png(HUGE, HUGE), TOO_LARGE),
    "huge jpeg": (jpeg(HUGE, HUGE), TOO_LARGE),
    "huge webp": (webp(HUGE, HUGE), TOO_LARGE),
    "png of 2**62 pixels": (png(2**31 - 1, 2**31 - 1), "pixels at most"),
    "cut png": (file_of("PNG")[:900], "Invalid PNG data"),
    "cut jpeg": (file_of("JPEG")[:900], "Invalid JPEG data"),
    "cut webp": (file_of("WEBP")[:100], "WebP"),
}


@pytest.mark.parametrize(("file", "message"), CASES.values(), ids=CASES)
def test_error_names_the_rule(encoded, file, message):
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        encoded(file)
    assert re.search(message, str(caught.value)), str(caught.value)[-300:]


def test_error_names_the_picture(encoded):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"image_bytes\[1\] must"):
        encoded(file_of("PNG"), b"text", file_of("PNG"))


def test_a_hostile_file_does_no_harm_to_the_next(encoded):
    before = encoded(file_of("PNG"))
    for file, _ in CASES.values():
        with pytest.raises(tf.errors.InvalidArgumentError):
            encoded(file)
    assert encoded(file_of("PNG"))[0] == before[0]


MEMORY = """
import resource, sys
import tensorflow as tf

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

encoded = tf.saved_model.load(sys.argv[1]).signatures["encoded"]
small = open(sys.argv[2], "rb").read()
encoded(image_bytes=tf.constant([small]), strengths=tf.ones((1, 1)))
before = peak()
for path in sys.argv[3:]:
    try:
        files = tf.constant([open(path, "rb").read()] * 4)
        encoded(image_bytes=files, strengths=tf.ones((4, 1)))
    except tf.errors.InvalidArgumentError as error:
        assert "pixels at most" in str(error), error
    else:
        raise SystemExit(f"{path} was taken")
print(peak() - before)
"""


def test_a_huge_header_takes_no_memory(unchanging, tmp_path):
    # As RGB each would be 1,200 MB.
    signatures = {"encoded": unchanging.encoded()}
    tf.saved_model.save(unchanging, str(tmp_path / "m"), signatures)
    files = {"small": file_of("PNG"), "png": png(HUGE, HUGE), "jpg": jpeg(HUGE, HUGE)}
    for name, file in files.items():
        (tmp_path / name).write_bytes(file)
    paths = [str(tmp_path / name) for name in ("m", *files)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", MEMORY, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 50  # megabytes
