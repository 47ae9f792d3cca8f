"""TFRecord shards of pairs: `seeds-FIRST-LAST.tfrecord`, one for a block of candidates.

A record is a `tf.train.Example`:

    seed         int64        z is RandomState(seed)'s, as in NVIDIA's tools
    w            float [512]  the candidate, after truncation
    strength_a   float        edit applied to w for A, in standard deviations; 0: plain
    strength_b   float        the same for B
    score_a      float        probability that A is in the target class
    score_b      float        the same for B
    a, b         bytes        images: PNG up to 256 px, JPEG (quality 95, 4:4:4) above

Measured on rendered faces: an image takes 29 KB as PNG at 128 px. At 512 px PNG takes
390 KB and JPEG 115 KB, so 50,000 pairs take 12 GB and not 39.
"""

import dataclasses
import io
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image

from tf_fsgd.disk import disk_errors
from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path

_LARGEST_PNG = 256
# TFRecord framing: uint64 length, uint32 CRC of it, the data, uint32 CRC of the data.
_LENGTH = struct.Struct("<Q")
_BEFORE, _AFTER = 12, 4


@dataclasses.dataclass
class Pair:
    """One record; see the module's text for the fields. Images are uint8 [R, R, 3]."""

    seed: int
    w: np.ndarray
    strength_a: float
    strength_b: float
    score_a: float
    score_b: float
    a: np.ndarray
    b: np.ndarray


def write_shard(path: Path, pairs: Sequence[Pair]) -> None:
    """Writes a shard, atomically; the same pairs always give the same bytes."""
    with atomic_path(path) as temporary:
        with disk_errors(path), tf.io.TFRecordWriter(str(temporary)) as writer:
            for pair in pairs:
                writer.write(_encode(pair))


def read_shard(path: Path, *, expected: int | None = None) -> list[Pair]:
    """Reads a shard and checks it.

    Args:
        path: The shard.
        expected: Number of records that it must have; None: any.

    Raises:
        UserError: If the file is missing, cut short, damaged, or no shard of pairs.
    """
    return [
        decode_pair(record, path) for record in read_records(path, expected=expected)
    ]


def read_records(path: Path, *, expected: int | None = None) -> list[bytes]:
    """Reads the serialised records of a shard, checking TFRecord's checksums.

    Args:
        path: The shard.
        expected: Number of records that it must have; None: any.

    Raises:
        UserError: If the file is missing, cut short or damaged.
    """
    try:
        with disk_errors(path):
            records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    except tf.errors.NotFoundError:
        raise UserError(f"{path}: no such file") from None
    except tf.errors.DataLossError:
        raise UserError(f"{path}: damaged or half-written TFRecord") from None
    # A file cut exactly between two records has only good checksums.
    if expected is not None and len(records) != expected:
        raise UserError(
            f"{path}: half-written TFRecord, {len(records)} of {expected} records"
        )
    return records


def record_spans(path: Path, *, expected: int) -> list[tuple[int, int]]:
    """Finds the records of a shard without reading them, for access in any order.

    Args:
        path: The shard.
        expected: Number of records that it must have.

    Returns:
        Offset and length in bytes of each record's data.

    Raises:
        UserError: If the file is missing or cut short.
    """
    spans = []
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            offset = 0
            while offset + _BEFORE <= size:
                file.seek(offset)
                (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
                spans.append((offset + _BEFORE, length))
                offset += _BEFORE + length + _AFTER
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    if offset != size or len(spans) != expected:
        raise UserError(f"{path}: damaged or half-written TFRecord")
    return spans


def decode_pair(record: bytes, path: Path) -> Pair:
    """Decodes one serialised record.

    Args:
        record: The record's data.
        path: Where it comes from, for the message.

    Raises:
        UserError: If it is not a record of a pair.
    """
    try:
        feature = tf.train.Example.FromString(record).features.feature
        return Pair(
            seed=feature["seed"].int64_list.value[0],
            w=np.array(feature["w"].float_list.value, np.float32),
            **{
                name: feature[name].float_list.value[0]
                for name in ("strength_a", "strength_b", "score_a", "score_b")
            },
            a=_decode_image(feature["a"].bytes_list.value[0]),
            b=_decode_image(feature["b"].bytes_list.value[0]),
        )
    # PIL raises OSError, SyntaxError or ValueError, an absent feature IndexError.
    except (DecodeError, IndexError, OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not a shard of pairs ({error})") from None


def _encode(pair: Pair) -> bytes:
    def floats(*values: float) -> tf.train.Feature:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))

    def image(pixels: np.ndarray) -> tf.train.Feature:
        return tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[_encode_image(pixels)])
        )

    feature = {
        "seed": tf.train.Feature(int64_list=tf.train.Int64List(value=[pair.seed])),
        "w": floats(*pair.w),
        "strength_a": floats(pair.strength_a),
        "strength_b": floats(pair.strength_b),
        "score_a": floats(pair.score_a),
        "score_b": floats(pair.score_b),
        "a": image(pair.a),
        "b": image(pair.b),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    # A protobuf map has no order of its own; byte-identical shards need one.
    return example.SerializeToString(deterministic=True)


def _encode_image(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    if pixels.shape[0] <= _LARGEST_PNG:
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=6)
    else:
        Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def _decode_image(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
        return np.asarray(image.convert("RGB"))
