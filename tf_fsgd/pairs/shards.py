"""Shards of pairs: `seeds-FIRST-LAST.tfrecord`, one for a block of seeds.

The first record says what became of the block's candidates (`PairStats`, one int64
feature a field); the others are its families (`family.py`). So a shard can be judged
by itself: what lies on disk is all that there is to know about it.
"""

import dataclasses
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError

from tf_fsgd.backend.disk import disk_errors
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.family import Family, encode_family
from tf_fsgd.storage.files import atomic_path

# TFRecord framing: uint64 length, uint32 CRC of it, the data, uint32 CRC of the data.
_LENGTH = struct.Struct("<Q")
_BEFORE, _AFTER = 12, 4

# "families-" is what shards of whole families were called in format 1.
_NAME = re.compile(r"(?:seeds|families)-(\d+)-(\d+)\.tfrecord")

Span = tuple[int, int]  # offset and length in bytes of a record's data


@dataclasses.dataclass
class PairStats:
    """What became of the candidates.

    Attributes:
        candidates: Seeds considered.
        below_preselect: Dropped by the linear reading of w, before any render.
        a_uncertain: Dropped because the classifier was not certain of the source side.
        b_uncertain: Dropped because it was not certain of the target side.
        kept: Families.
        rendered: Images that the teacher made.
    """

    candidates: int = 0
    below_preselect: int = 0
    a_uncertain: int = 0
    b_uncertain: int = 0
    kept: int = 0
    rendered: int = 0

    def __add__(self, other: "PairStats") -> "PairStats":
        mine, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return PairStats(*(x + y for x, y in zip(mine, theirs, strict=True)))


def shard_name(seeds: range) -> str:
    """File name of the shard of a block of seeds; names sort by seed."""
    return f"seeds-{seeds[0]:010d}-{seeds[-1]:010d}.tfrecord"


def without_gap(folder: Path, seed: int) -> Iterator[Path]:
    """The shards from a seed on, up to the first that is missing.

    Args:
        folder: Where they are.
        seed: The first of the first block.
    """
    matches = ((_NAME.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    for match, path in matches:
        if match and int(match[1]) != seed:
            return
        if match:
            yield path
            seed = int(match[2]) + 1


def write_shard(
    path: Path, families: Sequence[Family], stats: PairStats, *, lossless: bool
) -> None:
    """Writes a shard, atomically; the same families always give the same bytes.

    Args:
        path: The file.
        families: What the block gave, `stats.kept` in number.
        stats: What became of the block's candidates.
        lossless: Of the images, as `encode_family` has it.
    """
    features = {
        name: tf.train.Feature(int64_list=tf.train.Int64List(value=[number]))
        for name, number in dataclasses.asdict(stats).items()
    }
    account = tf.train.Example(features=tf.train.Features(feature=features))
    with atomic_path(path) as temporary:
        with disk_errors(path), tf.io.TFRecordWriter(str(temporary)) as writer:
            writer.write(account.SerializeToString(deterministic=True))
            for family in families:
                writer.write(encode_family(family, lossless=lossless))


def check_shard(path: Path) -> PairStats:
    """Reads every byte of a shard, checking TFRecord's checksums.

    Raises:
        UserError: If the file is missing, cut short, damaged, or no shard of pairs.
    """
    try:
        with disk_errors(path):
            records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    except tf.errors.NotFoundError:
        raise UserError(f"{path}: no such file") from None
    except tf.errors.DataLossError:
        raise UserError(f"{path}: damaged or half-written TFRecord") from None
    return _account(records[0] if records else b"", len(records) - 1, path)


def family_spans(path: Path) -> list[Span]:
    """Finds the families of a shard without reading them, for access in any order.

    Raises:
        UserError: If the file is missing or cut short, or is no shard of pairs.
    """
    first, *families = record_spans(path)
    _account(read_span(path, first), len(families), path)
    return families


def record_spans(path: Path) -> list[Span]:
    """Finds the records of a TFRecord file without reading them.

    Raises:
        UserError: If the file is missing, empty or cut short.
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
    if offset != size or not spans:
        raise UserError(f"{path}: damaged or half-written TFRecord")
    return spans


def read_span(path: Path, span: Span) -> bytes:
    """A record's data."""
    offset, length = span
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


def _account(record: bytes, families: int, path: Path) -> PairStats:
    """A shard's first record, which must agree with the number of families."""
    try:
        feature = tf.train.Example.FromString(record).features.feature
        stats = PairStats(
            *(
                feature[field.name].int64_list.value[0]
                for field in dataclasses.fields(PairStats)
            )
        )
    except (DecodeError, IndexError) as error:
        raise UserError(f"{path}: not a shard of pairs ({error})") from None
    # A file cut exactly between two records has only good checksums.
    if families != stats.kept:
        raise UserError(
            f"{path}: half-written TFRecord, {families} of {stats.kept} records"
        )
    return stats
