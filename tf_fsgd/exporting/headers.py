"""What the first bytes of a picture say, read by TensorFlow operations.

TensorFlow decodes whatever it is given: a header of a hundred bytes makes it reserve
gigabytes, and the orientation that a phone notes beside its pixels is not looked at. So
the header is read here before a decoder sees the file, inside the graph, where no
Python runs: kind, size and EXIF orientation of a JPEG, PNG or WebP.

Sources: ITU-T T.81 annex B (JPEG), PNG third edition, RFC 9649 (WebP), EXIF 2.32.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

JPEG, PNG, WEBP = range(3)
UNKNOWN = 3

_PADDING = 64  # zeros behind the file, so that a field that was cut off reads as zero
# Camera files have some dozens of segments; a hostile one could have a million.
_MAX_SEGMENTS = 4096
_ORIENTATION_TAG = 0x0112
_MAX_TAGS = 512


class Header(NamedTuple):
    """What a file says of itself; scalars of int64.

    Attributes:
        kind: `JPEG`, `PNG`, `WEBP` or `UNKNOWN`.
        height: In pixels, as stored; 0 where the header is damaged.
        width: The same.
        orientation: EXIF's, 1 to 8; 1 where there is none or it is damaged.
        animated: Whether a WebP has several frames.
        transparent: Whether a PNG may have transparent pixels.
    """

    kind: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    orientation: tf.Tensor
    animated: tf.Tensor
    transparent: tf.Tensor


def read_header(file: tf.Tensor) -> Header:
    """Reads the header of a picture.

    Args:
        file: The contents, a scalar string; anything at all.
    """
    length = tf.cast(tf.strings.length(file), tf.int64)
    data = _Bytes(tf.pad(tf.io.decode_raw(file, tf.uint8), [[0, _PADDING]]), length)
    jpeg = data.number(0, 3) == 0xFFD8FF
    png = data.starts(0, b"\x89PNG") & data.starts(4, b"\r\n\x1a\n")
    webp = data.starts(0, b"RIFF") & data.starts(8, b"WEBP")
    kind = tf.where(jpeg, JPEG, tf.where(png, PNG, tf.where(webp, WEBP, UNKNOWN)))
    height, width, tiff, animated, transparent = tf.switch_case(
        kind,
        [
            lambda: _jpeg(data),
            lambda: _png(data),
            lambda: _webp(data),
            lambda: (*[_number(0)] * 3, *[tf.constant(False)] * 2),
        ],
    )
    orientation = _orientation(data, tiff)
    return Header(kind, height, width, orientation, animated, transparent)


class _Bytes:
    """A file's bytes, padded with zeros, and its length."""

    def __init__(self, data: tf.Tensor, length: tf.Tensor):
        self._data = data
        self.length = length

    def number(self, at: tf.Tensor | int, size: int, big: bool | tf.Tensor = True):
        """An unsigned integer of `size` bytes, as int64."""
        at = tf.clip_by_value(tf.cast(at, tf.int64), 0, self.length)
        octets = tf.cast(self._data[at : at + size], tf.int64)
        if big is False:
            octets = octets[::-1]
        elif big is not True:
            octets = tf.where(big, octets, octets[::-1])
        places = tf.constant([256**power for power in reversed(range(size))], tf.int64)
        return tf.reduce_sum(octets * places)

    def starts(self, at: tf.Tensor | int, name: bytes) -> tf.Tensor:
        """Whether these at most seven bytes are there."""
        return self.number(at, len(name)) == int.from_bytes(name)


def _number(value: int) -> tf.Tensor:
    return tf.constant(value, tf.int64)


def _walk(data: _Bytes, start: int, step: Callable, **found: int) -> dict:
    """Goes from segment to segment.

    Args:
        data: The file.
        start: Where the first segment begins.
        step: From a position and what was found so far to the next position (0 or less
            ends the walk) and what was found then.
        **found: What is looked for, with what it is where it is not found.
    """

    def running(at, *_):
        return (at > 0) & (at < data.length)

    def body(at, *values):
        following, changed = step(at, dict(zip(found, values, strict=True)))
        return following, *(changed[name] for name in found)

    _, *values = tf.while_loop(
        running,
        body,
        [_number(start), *map(_number, found.values())],
        maximum_iterations=_MAX_SEGMENTS,
    )
    return dict(zip(found, values, strict=True))


def _jpeg(data: _Bytes) -> tuple:
    def step(at, found):
        mark, marker = data.number(at, 1), data.number(at + 1, 1)
        length = data.number(at + 2, 2)
        in_frames = (marker >= 0xC0) & (marker <= 0xCF)
        # Huffman tables, an extension and arithmetic tables have numbers among them.
        other = (marker == 0xC4) | (marker == 0xC8) | (marker == 0xCC)
        frame = in_frames & ~other
        exif = (
            (marker == 0xE1) & data.starts(at + 4, b"Exif\0\0") & (found["tiff"] == 0)
        )
        # Bytes of 0xFF may fill the gap before a marker; nothing else may.
        following = tf.where(marker == 0xFF, at + 1, at + 2 + length)
        ends = (mark != 0xFF) | ((marker != 0xFF) & (length < 2)) | (marker == 0xDA)
        return tf.where(ends | frame, _number(0), following), {
            "height": tf.where(frame, data.number(at + 5, 2), found["height"]),
            "width": tf.where(frame, data.number(at + 7, 2), found["width"]),
            "tiff": tf.where(exif, at + 10, found["tiff"]),
        }

    found = _walk(data, 2, step, height=0, width=0, tiff=0)
    no = tf.constant(False)
    return found["height"], found["width"], found["tiff"], no, no


def _png(data: _Bytes) -> tuple:
    def step(at, found):
        exif, key = data.starts(at + 4, b"eXIf"), data.starts(at + 4, b"tRNS")
        return at + 12 + data.number(at, 4), {
            "tiff": tf.where(exif, at + 8, found["tiff"]),
            "key": tf.where(key, at, found["key"]),
        }

    found = _walk(data, 8, step, tiff=0, key=0)
    colour_type = data.number(25, 1)
    transparent = (colour_type >= 4) | (found["key"] > 0)
    return (
        data.number(20, 4),
        data.number(16, 4),
        found["tiff"],
        tf.constant(False),
        transparent,
    )


def _webp(data: _Bytes) -> tuple:
    extended = data.starts(12, b"VP8X")

    def step(at, found):
        exif = data.starts(at, b"EXIF")
        size = data.number(at + 4, 4, big=False)
        # Some writers put JPEG's six bytes before the TIFF structure.
        prefix = data.starts(at + 8, b"Exif\0\0")
        start = at + 8 + tf.where(prefix, _number(6), _number(0))
        return at + 8 + size + size % 2, {"tiff": tf.where(exif, start, found["tiff"])}

    tiff = _walk(data, 12, step, tiff=0)["tiff"]
    # The three forms: a canvas, 14 + 14 bits of a lossless one, a VP8 key frame.
    packed = data.number(21, 4, big=False)
    lossless = data.starts(12, b"VP8L")
    width = tf.where(
        extended,
        data.number(24, 3, big=False) + 1,
        tf.where(lossless, packed % 2**14 + 1, data.number(26, 2, big=False) % 2**14),
    )
    height = tf.where(
        extended,
        data.number(27, 3, big=False) + 1,
        tf.where(
            lossless,
            packed // 2**14 % 2**14 + 1,
            data.number(28, 2, big=False) % 2**14,
        ),
    )
    animated = extended & (data.number(20, 1) // 2 % 2 == 1)
    return height, width, tiff, animated, tf.constant(False)


def _orientation(data: _Bytes, tiff: tf.Tensor) -> tf.Tensor:
    """EXIF's orientation from the TIFF structure at `tiff`; 0: there is none."""
    big = data.starts(tiff, b"MM")
    first = tiff + data.number(tiff + 4, 4, big)
    tags = tf.minimum(data.number(first, 2, big), _MAX_TAGS)

    def body(index, value):
        entry = first + 2 + 12 * index
        fits = data.number(entry, 2, big) == _ORIENTATION_TAG
        return index + 1, tf.where(fits, data.number(entry + 8, 2, big), value)

    _, value = tf.while_loop(
        lambda index, value: (tiff > 0) & (index < tags) & (value == 0),
        body,
        [_number(0), _number(0)],
    )
    return tf.where((value >= 1) & (value <= 8), value, _number(1))
