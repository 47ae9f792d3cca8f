"""Training samples from families: a picture, strengths, and the picture to become.

The target is not the teacher's picture as it is. An edit in W moves the background and
the clothes along, and a translator that learnt this would repaint rooms. So the edit is
taken inside the head of either picture, and the source's own pixels outside.
"""

import numpy as np
import tensorflow as tf

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.person import inside_head
from tf_fsgd.pairs.augment import augment
from tf_fsgd.pairs.families import Family, decode_family

# Where a sample starts and ends: photos are plain faces, so most begin with one.
_FROM_PLAIN, _TO_PLAIN = 0.7, 0.15


class FamilyPairs:
    """Families of one split, read one at a time.

    Attributes:
        count: Number of families.
        resolution: Side of the images in pixels.
        members: Pictures of a family.
    """

    def __init__(self, records: list[tuple], resolution: int, members: int):
        """Takes (shard, offset, length) of each record's data."""
        self._records = records
        self.count = len(records)
        self.resolution = resolution
        self.members = members

    def family(self, index: int, members: list[int] | None = None) -> Family:
        """One family, or some of its pictures."""
        path, offset, length = self._records[index]
        with open(path, "rb") as file:
            file.seek(offset)
            return decode_family(file.read(length), path, members)

    def sample(self, index: int, source: int, target: int) -> tuple[np.ndarray, ...]:
        """Source, target and strengths between two pictures of a family.

        Returns:
            uint8 `[R, R, 3]`, uint8 `[R, R, 3]`, float32 `[E]`.
        """
        family = self.family(index, [source, target])
        a, b = family.images
        strengths = family.strengths[1] - family.strengths[0]
        return a, inside_head(a, b, family.heads), strengths


def choose_members(seed: int, position: int, members: int) -> tuple[int, int]:
    """Source and target of the sample at a position of the stream."""
    rng = np.random.default_rng([seed, position])
    first, second = rng.permutation(members)[:2]
    edited = int(rng.integers(1, members))
    kind = rng.random()
    if kind < _FROM_PLAIN:
        return 0, edited
    if kind < _FROM_PLAIN + _TO_PLAIN:
        return edited, 0
    return int(first), int(second)


def family_dataset(
    source: FamilyPairs, config: Config, *, seed: int, start_step: int = 0
) -> tf.data.Dataset:
    """Endless augmented batches; each epoch shows every family once, in a new order.

    As with `dataset.training_dataset`, a sample is a function of the seed and of its
    position in the stream.

    Args:
        source: The families.
        config: `training.batch_size` and `augmentation` are used.
        seed: Of order, choice and augmentation.
        start_step: Number of batches that a resumed run has already seen.

    Returns:
        Dataset of ((A, strengths), B): float32 `[batch, R, R, 3]` in [-1, 1] and
        `[batch, E]`.

    Raises:
        UserError: If the source is empty or a record cannot be read.
    """
    if source.count == 0:
        raise UserError("pairs: there are none to train on")
    count = tf.constant(source.count, tf.int64)
    shape = [source.resolution, source.resolution, 3]
    edits = source.family(0, [0]).strengths.shape[1]

    def read(index: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, ...]:
        members = choose_members(seed, int(position), source.members)
        return source.sample(int(index), *members)

    def sample(position: tf.Tensor):
        index = tf.random.experimental.index_shuffle(
            position % count,
            seed=tf.stack([tf.constant(seed, tf.int64), position // count]),
            max_index=count - 1,
        )
        a, b, strengths = tf.numpy_function(
            read, [index, position], [tf.uint8, tf.uint8, tf.float32]
        )
        draw = tf.stack([tf.constant(seed, tf.int64), position])
        a, b = augment(
            tf.ensure_shape(a, shape),
            tf.ensure_shape(b, shape),
            draw,
            config.augmentation,
        )
        return (a, tf.ensure_shape(strengths, [edits])), b

    batch = config.training.batch_size
    stream = tf.data.Dataset.range(start_step * batch, tf.int64.max)
    stream = stream.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return stream.batch(batch, drop_remainder=True).prefetch(4)
