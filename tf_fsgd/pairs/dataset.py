"""Training samples from families: a picture, a condition, and the picture to become.

The order of the samples, the choice of pictures and their augmentation are functions of
the seed and of a sample's position in the stream, nothing else. A run that resumes at
step n therefore sees exactly what it would have seen, without replaying or storing
anything.

Where a family has heads the target is not the teacher's picture as it is. An edit in W
moves the background and the clothes along, and a translator that learnt this would
repaint rooms. So the edit is taken inside the head of either picture, and the source's
own pixels outside.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tf_fsgd.config import MIX, Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.person import inside_head
from tf_fsgd.pairs.augment import augment
from tf_fsgd.pairs.covers import covered, draw_cover
from tf_fsgd.pairs.family import Family
from tf_fsgd.pairs.source import FamilySource

_LARGEST_CACHE = 2**30  # bytes of decoded pixels that are kept in memory
# Where a sample starts and ends: photos are plain faces, so most begin with one.
_FROM_PLAIN, _TO_PLAIN = 0.7, 0.15


def choose_members(seed: int, position: int, members: int) -> tuple[int, int]:
    """Source and target of the sample at a position of the stream.

    A pair is always taken from its first picture to its second.
    """
    if members == 2:
        return 0, 1
    rng = np.random.default_rng([seed, position])
    first, second = rng.permutation(members)[:2]
    edited = int(rng.integers(1, members))
    kind = rng.random()
    if kind < _FROM_PLAIN:
        return 0, edited
    if kind < _FROM_PLAIN + _TO_PLAIN:
        return edited, 0
    return int(first), int(second)


def choose_between(
    seed: int, position: int, members: int
) -> tuple[tuple[int, int], int]:
    """The ends, in their order, and the picture between them of a sample of a morph.

    Either person may come first: what lies t of the way from A to C lies 1 - t of the
    way from C to A.
    """
    rng = np.random.default_rng([seed, position])
    ends = (0, 1) if rng.random() < 0.5 else (1, 0)
    return ends, int(rng.integers(2, members))


def training_dataset(
    source: FamilySource,
    config: Config,
    *,
    seed: int,
    start_step: int = 0,
    share: tf.distribute.InputContext | None = None,
) -> tf.data.Dataset:
    """Endless augmented batches; each epoch shows every family once, in a new order.

    Args:
        source: The families. Up to 1 GiB of pixels is decoded once and kept in memory;
            beyond that, pictures are decoded as they come.
        config: `training.batch_size` and `augmentation` are used.
        seed: Of order, choice and augmentation.
        start_step: Number of batches that a resumed run has already seen.
        share: Which of the processes that train together this one is. Each reads its
            own stretch of every batch, replica by replica; `None`: it is alone.

    Returns:
        Dataset of ((A, condition), B): float32 `[N, R, R, 3]` in [-1, 1] and `[N, C]`,
        what leads from A to B; N is the batch, or a replica's part of it. Of a morph A
        is two faces, `[N, R, R, 6]`, and the condition B's share of the way; of a mix
        the first is to have that share of the second's style.

    Raises:
        UserError: If the source is empty or a family cannot be read.
    """
    if source.count == 0:
        raise UserError("pairs: there are none to train on")
    count = tf.constant(source.count, tf.int64)
    side, faces = source.resolution, config.generator.faces
    members, conditions = source.family(0).condition.shape
    family = _reader(source, members)

    def between(index: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, ...]:
        ends, middle = choose_between(seed, int(position), members)
        chosen = family(int(index), [*ends, middle])
        start, end, b = chosen.images
        condition = np.abs(chosen.condition[2] - chosen.condition[0])
        return np.concatenate([start, end], axis=-1), b, condition

    def mixed(index: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng([seed, int(position)])
        chosen = family(int(index), [0, 1, int(rng.integers(2, members))])
        # Negative: of the second face, in the first one's style.
        own = int(chosen.condition[2, 0] < 0)
        a, other, b = chosen.images[[own, 1 - own, 2]]
        if chosen.heads is not None:
            b = inside_head(a, b, chosen.heads[[own, 2]])
        return np.concatenate([a, other], axis=-1), b, np.abs(chosen.condition[2])

    def edited(index: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, ...]:
        chosen = family(int(index), choose_members(seed, int(position), members))
        a, b = chosen.images
        if chosen.heads is not None:
            b = inside_head(a, b, chosen.heads)
        rng = np.random.default_rng([seed, int(position), 1])
        if rng.random() < config.augmentation.cover:
            cover = draw_cover(rng, a)
            a, b = covered(a, cover), covered(b, cover)
        return a, b, chosen.condition[1] - chosen.condition[0]

    # How a sample is read, and how much of each face of A, and of its noise, is in B.
    read, shares = {
        "two": (between, lambda share: [1 - share, share]),
        MIX: (mixed, lambda share: [1.0, 0.0]),
    }.get(config.choice, (edited, lambda strength: [1.0]))
    share = share or tf.distribute.InputContext()
    batch = config.training.batch_size
    own = batch // share.num_input_pipelines

    def sample(number: tf.Tensor):
        first = number // own * batch + share.input_pipeline_id * own
        position = first + number % own
        # A permutation of each epoch that needs no memory and no history.
        index = tf.random.experimental.index_shuffle(
            position % count,
            seed=tf.stack([tf.constant(seed, tf.int64), position // count]),
            max_index=count - 1,
        )
        a, b, condition = tf.numpy_function(
            read, [index, position], [tf.uint8, tf.uint8, tf.float32]
        )
        condition = tf.ensure_shape(condition, [conditions])
        draw = tf.stack([tf.constant(seed, tf.int64), position])
        a, b = augment(
            tf.ensure_shape(a, [side, side, 3 * faces]),
            tf.ensure_shape(b, [side, side, 3]),
            draw,
            config.augmentation,
            shares(condition[0]),
        )
        return (a, condition), b

    stream = tf.data.Dataset.counter(start_step * own)
    stream = stream.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    size = share.get_per_replica_batch_size(batch)
    return stream.batch(size, drop_remainder=True).prefetch(4)


def _reader(
    source: FamilySource, members: int
) -> Callable[[int, Sequence[int]], Family]:
    """A function of a family's index and the pictures that are wanted."""
    if source.count * members * 3 * source.resolution**2 > _LARGEST_CACHE:
        return source.family
    families = [source.family(index) for index in range(source.count)]
    return lambda index, chosen: families[index].only(chosen)
