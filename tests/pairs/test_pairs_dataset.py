import itertools
from collections import Counter

import numpy as np
import pytest

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pairs import dataset
from tf_fsgd.pairs.dataset import open_pairs, training_dataset
from tf_fsgd.pairs.render import render_pairs
from tf_fsgd.pairs.shards import read_shard

NEUTRAL = AugmentationConfig(
    flip=False, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0
)


class NumberedPairs:
    """Pair i: A is all i, B is all 100 + i."""

    resolution = 8

    def __init__(self, count):
        self.count = count

    def pair(self, index):
        a = np.full((8, 8, 3), index, np.uint8)
        return a, a + np.uint8(100)

    def images(self):
        a, b = zip(*map(self.pair, range(self.count)), strict=True)
        return np.stack(a), np.stack(b)


@pytest.fixture
def neutral(config):
    config.training.batch_size = 4
    config.augmentation = NEUTRAL
    return config


def batches(source, config, count, **kwargs):
    stream = training_dataset(source, config, **kwargs).as_numpy_iterator()
    return list(itertools.islice(stream, count))


def numbers(images):
    return np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int).tolist()


def test_every_epoch_shows_every_pair_once_in_a_new_order(neutral):
    # Three epochs of 10 in batches of 4: batches cross the ends of epochs.
    read = batches(NumberedPairs(10), neutral, 8, seed=0)
    order = [n for a, _ in read for n in numbers(a)]
    epochs = [order[:10], order[10:20], order[20:30]]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    for a, b in read:
        assert a.shape == (4, 8, 8, 3) and a.dtype == np.float32
        assert numbers(b) == [100 + n for n in numbers(a)]


def test_the_order_depends_on_the_seed(neutral):
    (one, _), (two, _) = (
        batches(NumberedPairs(200), neutral, 1, seed=seed)[0] for seed in (0, 1)
    )
    assert numbers(one) != numbers(two)


@pytest.mark.parametrize("start_step", [1, 3, 7])
def test_a_resumed_stream_is_the_uninterrupted_one(config, start_step):
    config.training.batch_size = 4
    config.augmentation.jpeg = config.augmentation.blur = 0.5
    source = NumberedPairs(10)
    whole = batches(source, config, 9, seed=5)
    resumed = batches(source, config, 9 - start_step, seed=5, start_step=start_step)
    np.testing.assert_array_equal(whole[start_step:], resumed)


def test_the_same_pair_is_augmented_anew_each_time(config):
    config.training.batch_size = 1
    first, second = batches(NumberedPairs(1), config, 2, seed=0)
    assert np.abs(first[0] - second[0]).max() > 0


def test_from_disk_is_as_from_memory(config, monkeypatch):
    in_memory = batches(NumberedPairs(10), config, 3, seed=0)
    monkeypatch.setattr(dataset, "_LARGEST_CACHE", 0)
    np.testing.assert_array_equal(
        in_memory, batches(NumberedPairs(10), config, 3, seed=0)
    )


def test_an_empty_source_is_one_clear_line(config):
    with pytest.raises(UserError, match="none to train on"):
        training_dataset(NumberedPairs(0), config, seed=0)


@pytest.fixture
def folder(config, direction, fake_teacher, fake_classifier, tmp_path):
    render_pairs(
        config,
        tmp_path,
        teacher=fake_teacher(),
        direction=direction,
        classifier=fake_classifier(),
        progress=False,
    )
    return tmp_path


def test_the_first_pairs_are_held_out(folder, config):
    stored = [p for path in sorted(folder.glob("*.tfrecord")) for p in read_shard(path)]
    held_out, train = open_pairs(folder, "held_out"), open_pairs(folder)
    assert (held_out.count, train.count) == (4, 26)
    assert held_out.resolution == train.resolution == 16
    for source, pairs in ((held_out, stored[:4]), (train, stored[4:])):
        a, b = source.images()
        np.testing.assert_array_equal(a, [pair.a for pair in pairs])
        np.testing.assert_array_equal(b, [pair.b for pair in pairs])


def test_a_stray_shard_is_not_read(folder):
    (folder / "seeds-copy.tfrecord").symlink_to("gone")
    assert open_pairs(folder).count == 26


def test_stored_pixels_reach_the_training_loop(folder, neutral):
    neutral.training.batch_size = 26
    ((a, b),) = batches(open_pairs(folder), neutral, 1, seed=0)
    a_stored, b_stored = open_pairs(folder).images()
    stored = Counter(
        zip(numbers(a_stored / 127.5 - 1), numbers(b_stored / 127.5 - 1), strict=True)
    )
    assert Counter(zip(numbers(a), numbers(b), strict=True)) == stored


def test_what_is_no_pairs_folder(folder, tmp_path):
    with pytest.raises(UserError, match="index.json: no such file"):
        open_pairs(tmp_path / "missing")
    with pytest.raises(UserError, match="split must be one of train, held_out"):
        open_pairs(folder, "test")


def test_unfinished_rendering_is_one_clear_line(folder):
    index = dataset.Index.load(folder)
    index.count = 1000
    index.save(folder)
    with pytest.raises(UserError, match="of 1004 pairs are rendered"):
        open_pairs(folder)


@pytest.mark.parametrize("damage", ["missing", "cut short"])
@pytest.mark.parametrize("place", [0, 1])
def test_a_gap_in_the_seeds_counts_as_unfinished(folder, damage, place):
    index = dataset.Index.load(folder)
    index.held_out = index.count = 1
    index.save(folder)
    assert open_pairs(folder).count == 1
    first, second = sorted(index.shards)[:2]
    # All pairs asked for must come from beyond the gap.
    before = 0 if place == 0 else index.shards[first].stats.kept
    name = first if place == 0 else second
    if damage == "missing":
        del index.shards[name]
    else:
        index.shards[name].complete = False
        before += index.shards[name].stats.kept
    index.count = before
    index.save(folder)
    with pytest.raises(UserError, match=f"{before} of {before + 1} pairs are rendered"):
        open_pairs(folder)
