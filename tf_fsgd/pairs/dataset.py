"""Pairs for the training loop: `open_pairs`, then `training_dataset`.

The order of the samples and their augmentation are functions of the seed and of a
sample's position in the stream, nothing else. A run that resumes at step n therefore
sees exactly what it would have seen, without replaying or storing anything.
"""

from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.augment import augment
from tf_fsgd.pairs.index import Index
from tf_fsgd.pairs.shards import decode_pair, read_records, record_spans

SPLITS = ("train", "held_out")
_LARGEST_CACHE = 2**30  # bytes of decoded pixels that are kept in memory


class PairSource(Protocol):
    """Pairs that can be read in any order.

    Attributes:
        count: Number of pairs.
        resolution: Side of the images in pixels.
    """

    count: int
    resolution: int

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """A and B of one pair, uint8 [R, R, 3]."""

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """All A and all B in order, uint8 [count, R, R, 3]."""


class ShardedPairs:
    """One split of a folder that `render_pairs` wrote; a `PairSource`."""

    def __init__(self, records: list[tuple[Path, int, int]], resolution: int):
        """Takes (shard, offset, length) of each record's data."""
        self._records = records
        self.count = len(records)
        self.resolution = resolution

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """A and B of one pair, uint8 [R, R, 3]."""
        path, offset, length = self._records[index]
        with open(path, "rb") as file:
            file.seek(offset)
            record = decode_pair(file.read(length), path)
        return record.a, record.b

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        """All A and all B in order, uint8 [count, R, R, 3]."""
        return stack_pairs(self)


def open_pairs(folder: str | Path, split: str = "train") -> ShardedPairs:
    """Opens one split of a folder that `render_pairs` wrote.

    Args:
        folder: The folder with `index.json`.
        split: "train" or "held_out".

    Raises:
        UserError: If the folder is no pairs folder, rendering has not finished, or a
            shard is missing, half-written or damaged.
    """
    if split not in SPLITS:
        raise UserError(f"split must be one of {', '.join(SPLITS)}, received {split!r}")
    folder = Path(folder)
    index = Index.load(folder)
    first, last = {
        "held_out": (0, index.held_out),
        "train": (index.held_out, index.held_out + index.count),
    }[split]
    # Checking the checksums reads every byte: rendering does it, and where it takes no
    # time it is done here as well.
    shards = [folder / entry.file for entry in index.without_gap()]
    bytes_in_all = sum(path.stat().st_size for path in shards if path.is_file())
    records: list[tuple[Path, int, int]] = []
    for entry in index.without_gap():
        if len(records) >= last:
            break
        path, kept = folder / entry.file, entry.stats.kept
        if bytes_in_all <= _LARGEST_CACHE:
            read_records(path, expected=kept)
        records += [(path, *span) for span in record_spans(path, expected=kept)]
    if len(records) < last:
        raise UserError(
            f"{folder}: {len(records)} of {last} pairs are rendered; run the same "
            "command again to go on"
        )
    return ShardedPairs(records[first:last], index.made_by["resolution"])


def training_dataset(
    source: PairSource, config: Config, *, seed: int, start_step: int = 0
) -> tf.data.Dataset:
    """Endless augmented batches, each epoch in a new order.

    Args:
        source: The pairs. Up to 1 GiB of pixels is decoded once and kept in memory;
            beyond that, pairs are decoded as they come.
        config: `training.batch_size` and `augmentation` are used.
        seed: Order and augmentation depend on it and on the position in the stream
            alone.
        start_step: Number of batches that a resumed run has already seen.

    Returns:
        Dataset of (A, B), float32 [batch, R, R, 3] in [-1, 1].

    Raises:
        UserError: If the source is empty or an image cannot be read.
    """
    if source.count == 0:
        raise UserError("pairs: there are none to train on")
    count = tf.constant(source.count, tf.int64)
    read = _reader(source)

    def sample(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # A permutation of each epoch that needs no memory and no history.
        index = tf.random.experimental.index_shuffle(
            position % count,
            seed=tf.stack([tf.constant(seed, tf.int64), position // count]),
            max_index=count - 1,
        )
        a, b = read(index)
        draw = tf.stack([tf.constant(seed, tf.int64), position])
        return augment(a, b, draw, config.augmentation)

    batch = config.training.batch_size
    stream = tf.data.Dataset.range(start_step * batch, tf.int64.max)
    stream = stream.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return stream.batch(batch, drop_remainder=True).prefetch(2)


def stack_pairs(source: PairSource) -> tuple[np.ndarray, np.ndarray]:
    """All A and all B of a source, uint8 [count, R, R, 3]."""
    shape = (source.count, source.resolution, source.resolution, 3)
    a, b = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    for index in range(source.count):
        a[index], b[index] = source.pair(index)
    return a, b


def _reader(source: PairSource):
    """A function of a scalar index tensor to (A, B) uint8 [R, R, 3]."""
    shape = [source.resolution, source.resolution, 3]
    if 2 * source.count * int(np.prod(shape)) <= _LARGEST_CACHE:
        with tf.device("CPU"):
            a, b = (tf.constant(images) for images in source.images())
        return lambda index: (a[index], b[index])

    def read(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pair = tf.numpy_function(source.pair, [index], [tf.uint8, tf.uint8])
        return tuple(tf.ensure_shape(image, shape) for image in pair)

    return read
