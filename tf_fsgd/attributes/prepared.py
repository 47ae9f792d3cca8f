"""CelebA as tfds prepared it: opened whole, or one line that names the broken file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds
from google.protobuf.json_format import ParseError

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import read_json

# What TensorFlow raises where a file is cut, changed, gone or holds other records.
_READING_ERRORS = (
    tf.errors.DataLossError,
    tf.errors.FailedPreconditionError,
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.OutOfRangeError,
)


def open_prepared(folder: Path, split: str) -> Iterator[dict]:
    """The examples of one split, always in the same order.

    Args:
        folder: Of one version, with `dataset_info.json` in it.
        split: "train", "validation" or "test".

    Returns:
        An iterator over dicts as tfds makes them, of NumPy arrays. It raises
        `UserError` where it meets a damaged file.

    Raises:
        UserError: If a JSON file is missing or is not tfds' own, or a shard is missing.
    """
    builder: Any = None
    for name, read in (
        ("features.json", _features),
        ("dataset_info.json", tfds.builder_from_directory),
    ):
        read_json(folder / name)
        try:
            builder = read(str(folder))
        except (ValueError, TypeError, LookupError, ParseError) as error:
            reason = str(error).partition("\n")[0]
            raise UserError(
                f"{folder / name}: not as tfds writes it for CelebA ({reason})"
            ) from None
    if split not in builder.info.splits:
        raise UserError(f"{folder / 'dataset_info.json'}: lists no split {split!r}")
    shards = _shards(builder, split)
    for path in shards:
        if not path.is_file():
            raise UserError(f"{path}: no such file (of CelebA's {split} split)")
    return _examples(builder, split, shards)


def _features(folder: str) -> None:
    features = tfds.features.FeaturesDict.from_config(folder)
    for name in ("image", "landmarks"):
        features[name]
    for name in ATTRIBUTES:
        features["attributes"][name]


def _shards(builder: tfds.core.DatasetBuilder, split: str) -> dict[Path, int]:
    """The files of a split, and how many examples are in each."""
    info = builder.info.splits[split]
    return dict(zip(map(Path, info.filepaths), info.shard_lengths, strict=True))


def _examples(
    builder: tfds.core.DatasetBuilder, split: str, shards: dict[Path, int]
) -> Iterator[dict]:
    try:
        yield from tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False))
    except _READING_ERRORS as error:
        for path, count in shards.items():
            if _count(path) != count:
                raise UserError(
                    f"{path}: damaged, not the {count} photos that dataset_info.json "
                    "counts; prepare or copy it anew"
                ) from None
        reason = error.message.partition("\n")[0]
        raise UserError(
            f"{builder.data_dir}: CelebA's {split} split has other records than "
            f"features.json says ({reason})"
        ) from None


def _count(shard: Path) -> int | None:
    """How many records a file holds; `None` when it is damaged or gone."""
    try:
        return sum(1 for _ in tf.data.TFRecordDataset(str(shard)))
    except _READING_ERRORS:
        return None
