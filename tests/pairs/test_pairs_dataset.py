"""Samples: chosen by seed and position alone, composited by the head."""

import dataclasses
import hashlib
import itertools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.config import AugmentationConfig
from tf_fsgd.errors import UserError
from tf_fsgd.images.person import inside_head
from tf_fsgd.pairs import dataset
from tf_fsgd.pairs.dataset import choose_between, choose_members, training_dataset
from tf_fsgd.pairs.family import Family
from tf_fsgd.pairs.source import open_pairs

NEUTRAL = AugmentationConfig(
    flip=False, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0
)


class Numbered:
    """Member m of family i is 10 i + m all over; its condition is (m, 2 m)."""

    resolution = 8

    def __init__(self, count, members=4, head=None):
        self.count, self.members, self.head = count, members, head

    def family(self, index, members=None):
        members = range(self.members) if members is None else members
        images = [np.full((8, 8, 3), 10 * index + m, np.uint8) for m in members]
        condition = np.array([[m, 2 * m] for m in members], np.float32)
        heads = None
        if self.head is not None:
            heads = np.stack([self.head] * len(images))
        return Family(index, np.zeros(512), condition, np.stack(images), heads)


@pytest.fixture
def neutral(config):
    config.training.batch_size = 4
    config.augmentation = NEUTRAL
    return config


def batches(source, config, count, **kwargs):
    stream = training_dataset(source, config, **kwargs).as_numpy_iterator()
    return list(itertools.islice(stream, count))


def numbers(images):
    return np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int)


def assert_same(ones, others):
    for (inputs, b), (inputs_again, b_again) in zip(ones, others, strict=True):
        for one, other in zip((*inputs, b), (*inputs_again, b_again), strict=True):
            np.testing.assert_array_equal(one, other)


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


def test_a_pair_goes_one_way():
    assert {choose_members(3, position, 2) for position in range(100)} == {(0, 1)}


def test_members_depend_on_seed_and_position_alone():
    first = [choose_members(3, position, 8) for position in range(50)]
    assert first == [choose_members(3, position, 8) for position in range(50)]
    assert first != [choose_members(4, position, 8) for position in range(50)]


class Between(Numbered):
    """Of a morph: the fourth picture is a quarter of the way from A to C."""

    def family(self, index, members=None):
        times = np.array([[0], [1], [0.5], [0.25]], np.float32)
        family = super().family(index)
        family.condition = times
        return family if members is None else family.only(members)


def test_a_sample_of_a_morph_goes_either_way(neutral):
    neutral.generator.kind = "morph"
    seen = Counter()
    for (faces, share), b in batches(Between(10), neutral, 50, seed=6):
        assert faces.shape == (4, 8, 8, 6) and share.shape == (4, 1)
        start, end = numbers(faces), numbers(faces[..., 3:])
        assert (start // 10 == end // 10).all() and (
            start // 10 == numbers(b) // 10
        ).all()
        seen.update(
            zip(start % 10, end % 10, numbers(b) % 10, share[:, 0], strict=True)
        )
    # From C to A what was a quarter of the way is three quarters of it.
    assert set(seen) == {
        (0, 1, 2, 0.5),
        (1, 0, 2, 0.5),
        (0, 1, 3, 0.25),
        (1, 0, 3, 0.75),
    }
    assert min(seen.values()) > 30  # of 200, 50 each expected
    assert choose_between(6, 0, 4) == choose_between(6, 0, 4)


@pytest.mark.parametrize("members", [2, 4])
def test_a_sample_is_two_members_and_the_edit_between_them(neutral, members):
    read = batches(Numbered(10, members), neutral, 5, seed=6)
    position = 0
    for (a, condition), b in read:
        assert a.shape == b.shape == (4, 8, 8, 3) and a.dtype == np.float32
        assert condition.shape == (4, 2) and condition.dtype == np.float32
        for one, other, edit in zip(numbers(a), numbers(b), condition, strict=True):
            source, target = choose_members(6, position, members)
            assert (one % 10, other % 10) == (source, target)
            assert one // 10 == other // 10
            assert edit.tolist() == [target - source, 2 * (target - source)]
            position += 1


def test_the_edit_is_taken_inside_the_head(neutral):
    head = np.zeros((64, 64), np.uint8)
    head[:, :32] = 255
    ((a, _), b), *_ = batches(Numbered(10, head=head), neutral, 1, seed=6)
    assert (b[..., 5:, :] == a[..., 5:, :]).all()
    assert (b[..., :3, :] != a[..., :3, :]).all()
    source, target = choose_members(6, 0, 4)
    pictures = Numbered(10, head=head).family(numbers(a)[0] // 10, [source, target])
    expected = inside_head(*pictures.images, pictures.heads)
    np.testing.assert_allclose((b[0] + 1) * 127.5, expected, atol=1e-4)


def test_every_epoch_shows_every_family_once_in_a_new_order(neutral):
    # Three epochs of 10 in batches of 4: batches cross the ends of epochs.
    read = batches(Numbered(10), neutral, 8, seed=0)
    order = [n // 10 for (a, _), _ in read for n in numbers(a)]
    epochs = [order[:10], order[10:20], order[20:30]]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_the_order_depends_on_the_seed(neutral):
    one, two = (
        batches(Numbered(25, 2), neutral, 2, seed=seed)[1][0][0] for seed in (0, 1)
    )
    assert numbers(one).tolist() != numbers(two).tolist()


@pytest.mark.parametrize("members", [2, 4])
@pytest.mark.parametrize("start_step", [1, 7])
def test_a_resumed_stream_is_the_uninterrupted_one(config, start_step, members):
    config.training.batch_size = 3
    config.augmentation.jpeg = config.augmentation.blur = 0.5
    source = Numbered(5, members)
    whole = batches(source, config, 9, seed=5)
    resumed = batches(source, config, 9 - start_step, seed=5, start_step=start_step)
    assert_same(whole[start_step:], resumed)


def test_the_same_family_is_augmented_anew_each_time(config):
    config.augmentation = dataclasses.replace(NEUTRAL, colour=0.25)
    config.training.batch_size = 1
    colours = [float(a.mean()) for (a, _), _ in batches(Numbered(1), config, 8, seed=0)]
    # Four members have four colours; brightness adds as many as there are samples.
    assert len(set(colours)) > 4


def test_from_disk_is_as_from_memory(config, monkeypatch):
    config.training.batch_size = 4
    source = Numbered(10, head=np.full((64, 64), 200, np.uint8))
    in_memory = batches(source, config, 3, seed=0)
    monkeypatch.setattr(dataset, "_LARGEST_CACHE", 0)
    assert_same(in_memory, batches(source, config, 3, seed=0))


def test_an_empty_source_is_one_clear_line(config):
    with pytest.raises(UserError, match="none to train on"):
        training_dataset(Numbered(0), config, seed=0)


def test_stored_pixels_reach_the_training_loop(render, stored, neutral, tmp_path):
    render(tmp_path)
    neutral.training.batch_size = 26
    (((a, condition), b),) = batches(open_pairs(tmp_path), neutral, 1, seed=0)
    pairs = [family.images[:, 0, 0, 0].tolist() for family in stored(tmp_path)[4:]]
    read = zip(numbers(a).tolist(), numbers(b).tolist(), strict=True)
    assert Counter(map(tuple, pairs)) == Counter(read)
    assert (condition == 1.5).all()


def test_the_same_seed_gives_the_order_that_it_always_gave(neutral):
    """As revision 2e6c09b shuffled and chose; of the pixels see the augmentation."""
    sha = hashlib.sha256()
    for members in (2, 4):
        for (a, _), b in batches(Numbered(10, members), neutral, 6, seed=3):
            sha.update(numbers(a).tobytes() + numbers(b).tobytes())
    assert sha.hexdigest() == (
        "735c823db330f88a3afb12e8778764db9ca21c35e0dd7e2e56d5f3b3fc72dc94"
    )


def test_a_cover_lies_on_both_sides_alike(neutral):
    """Members differ all over; under a cover they agree, and it moves no draw."""
    plain = batches(Numbered(3), neutral, 4, seed=0)
    neutral.augmentation.cover = 1.0
    ones = batches(Numbered(3), neutral, 4, seed=0)
    agree = np.concatenate([(b == a).all(-1).mean((1, 2)) for (a, _), b in ones])
    assert (agree > 0).mean() > 0.5 and (agree < 1).all()
    for ((_, condition), _), ((_, again), _) in zip(plain, ones, strict=True):
        np.testing.assert_array_equal(condition, again)


@pytest.mark.parametrize(("processes", "replicas"), [(2, 2), (2, 4), (4, 4)])
def test_shares_are_stretches_of_the_batch_that_one_would_see(
    neutral, processes, replicas
):
    whole = batches(Numbered(10), neutral, 3, seed=6, start_step=2)
    local = replicas // processes
    shares = [
        batches(
            Numbered(10),
            neutral,
            3 * local,
            seed=6,
            start_step=2,
            share=tf.distribute.InputContext(processes, process, replicas),
        )
        for process in range(processes)
    ]
    for step, ((a, condition), b) in enumerate(whole):
        parts = [
            part for share in shares for part in share[step * local :][:local]
        ]  # replica by replica
        assert len(parts) == replicas
        assert_same(
            [((a, condition), b)],
            [
                (
                    tuple(
                        np.concatenate([part[0][i] for part in parts]) for i in (0, 1)
                    ),
                    np.concatenate([part[1] for part in parts]),
                )
            ],
        )
