"""Samples of families: composited by the head, chosen by seed and position alone."""

import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.families import Family, encode_family
from tf_fsgd.pairs.family_dataset import (
    FamilyPairs,
    choose_members,
    family_dataset,
)
from tf_fsgd.pairs.shards import record_spans

NEUTRAL = AugmentationConfig(
    flip=False, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0
)
MEMBERS = 4


class NumberedFamilies:
    """Member m of family i is 10 i + m all over; its strengths are (m, 2 m)."""

    resolution = 8
    members = MEMBERS

    def __init__(self, count):
        self.count = count

    def family(self, index, members=None):
        members = range(MEMBERS) if members is None else members
        images = [np.full((8, 8, 3), 10 * index + m, np.uint8) for m in members]
        strengths = np.array([[m, 2 * m] for m in members], np.float32)
        heads = np.full((len(images), 64, 64), 255, np.uint8)
        return Family(index, np.zeros(512), strengths, np.stack(images), heads)

    sample = FamilyPairs.sample


@pytest.fixture
def neutral(config):
    config.training.batch_size = 4
    config.augmentation = NEUTRAL
    return config


def batches(source, config, count, **kwargs):
    stream = family_dataset(source, config, **kwargs).as_numpy_iterator()
    return list(itertools.islice(stream, count))


def numbers(images):
    return np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int)


def test_most_samples_begin_with_the_plain_picture():
    chosen = [choose_members(3, position, 8) for position in range(4000)]
    assert all(source != target for source, target in chosen)
    # 70 % on purpose, and an eighth of the 15 % that are any two pictures.
    shares = Counter(source == 0 for source, _ in chosen)
    assert shares[True] / 4000 == pytest.approx(0.7 + 0.15 / 8, abs=0.02)
    shares = Counter(target == 0 for _, target in chosen)
    assert shares[True] / 4000 == pytest.approx(0.15 + 0.15 / 8, abs=0.02)
    # Every ordered pair comes up, and from the plain picture each edit equally often.
    count = Counter(chosen)
    assert len(count) == 8 * 7
    from_plain = [count[0, target] for target in range(1, 8)]
    assert min(from_plain) > 0.8 * max(from_plain)


def test_members_depend_on_seed_and_position_alone():
    first = [choose_members(3, position, 8) for position in range(50)]
    assert first == [choose_members(3, position, 8) for position in range(50)]
    assert first != [choose_members(4, position, 8) for position in range(50)]


def test_a_sample_is_two_members_and_the_edit_between_them(neutral):
    read = batches(NumberedFamilies(10), neutral, 5, seed=6)
    position = 0
    for (a, strengths), b in read:
        assert a.shape == b.shape == (4, 8, 8, 3) and a.dtype == np.float32
        assert strengths.shape == (4, 2) and strengths.dtype == np.float32
        for one, other, edit in zip(numbers(a), numbers(b), strengths, strict=True):
            source, target = choose_members(6, position, MEMBERS)
            assert (one % 10, other % 10) == (source, target)
            assert one // 10 == other // 10
            assert edit.tolist() == [target - source, 2 * (target - source)]
            position += 1


def test_every_epoch_shows_every_family_once_in_a_new_order(neutral):
    # Three epochs of 10 in batches of 4: batches cross the ends of epochs.
    read = batches(NumberedFamilies(10), neutral, 8, seed=0)
    order = [n // 10 for (a, _), _ in read for n in numbers(a)]
    epochs = [order[:10], order[10:20], order[20:30]]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


@pytest.mark.parametrize("start_step", [1, 4])
def test_a_resumed_stream_is_the_uninterrupted_one(config, start_step):
    config.training.batch_size = 3
    config.augmentation.jpeg = config.augmentation.blur = 0.5
    source = NumberedFamilies(5)
    whole = batches(source, config, 6, seed=5)
    resumed = batches(source, config, 6 - start_step, seed=5, start_step=start_step)
    for (inputs, b), (inputs_again, b_again) in zip(
        whole[start_step:], resumed, strict=True
    ):
        for one, other in zip((*inputs, b), (*inputs_again, b_again), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_same_family_is_augmented_anew_each_time(config):
    config.augmentation = dataclasses.replace(NEUTRAL, colour=0.25)
    config.training.batch_size = 1
    source = NumberedFamilies(1)
    colours = [float(a.mean()) for (a, _), _ in batches(source, config, 8, seed=0)]
    # Four members have four colours; brightness adds as many as there are samples.
    assert len(set(colours)) > MEMBERS


def test_an_empty_source_is_one_clear_line(config):
    with pytest.raises(UserError, match="none to train on"):
        family_dataset(NumberedFamilies(0), config, seed=0)


@pytest.fixture
def stored(tmp_path):
    """Two families on disk, opened."""
    path = tmp_path / "families.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for index in (3, 7):
            writer.write(encode_family(NumberedFamilies(8).family(index)))
    spans = record_spans(path, expected=2)
    return FamilyPairs([(path, *span) for span in spans], 8, MEMBERS)


def test_families_are_read_one_at_a_time(stored):
    assert (stored.count, stored.resolution, stored.members) == (2, 8, MEMBERS)
    second = stored.family(1)
    assert second.seed == 7
    assert np.abs(second.images[:, 0, 0, 0].astype(int) - [70, 71, 72, 73]).max() <= 1
    assert stored.family(0, [2]).strengths.tolist() == [[2, 4]]


def test_a_stored_sample(stored):
    a, b, strengths = stored.sample(0, 3, 1)
    assert abs(int(a.mean()) - 33) <= 1 and abs(int(b.mean()) - 31) <= 1
    assert strengths.tolist() == [-2, -4]
