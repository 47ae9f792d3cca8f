"""A family: strengths that follow the rules, a record that gives back what went in."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.families import (
    Family,
    decode_family,
    draw_strengths,
    encode_family,
)

RANGES = np.array([2.0, 4.0])
MAN = np.array([0.9, 0.2])  # lacks what the first edit adds, not what the second does


@pytest.fixture
def family():
    """Three members: flat pictures, which JPEG keeps, and heads of noise."""
    rng = np.random.default_rng(0)
    colours = np.array([[10, 20, 30], [40, 50, 60], [200, 100, 0]], np.uint8)
    return Family(
        seed=3_000_007,
        w=rng.normal(size=512).astype(np.float32),
        strengths=np.array([[0, 0], [1.5, 0], [0.1, -2.5]], np.float32),
        images=np.broadcast_to(colours[:, None, None], (3, 16, 16, 3)).copy(),
        heads=rng.integers(0, 256, (3, 64, 64), np.uint8),
    )


def test_strengths_of_one_family():
    plain, *edited, every = draw_strengths(5, MAN, RANGES)
    assert len(edited) == 4
    assert not plain.any()
    # Two members an edit, in order, that have this edit alone.
    assert [np.flatnonzero(row).tolist() for row in edited] == [[0], [0], [1], [1]]
    assert np.count_nonzero(every) == 2


def test_strengths_over_many_families():
    drawn = np.array([draw_strengths(seed, MAN, RANGES) for seed in range(500)])
    assert drawn.dtype == np.float32
    drawn /= RANGES  # now in shares of the range
    towards = drawn[:, [1, 3], [0, 1]] * [1, -1]
    assert 0.2 <= towards.min() < 0.22 and 0.98 < towards.max() <= 1
    either = drawn[:, [2, 4], [0, 1]]
    assert 0.1 <= np.abs(either).min() < 0.12 and 0.88 < np.abs(either).max() <= 0.9
    assert np.mean(either > 0) == pytest.approx(0.5, abs=0.05)
    every = drawn[:, 5] * [1, -1]
    assert 0.1 <= np.abs(every).min() < 0.12 and 0.73 < np.abs(every).max() <= 0.75
    assert np.mean(every > 0) == pytest.approx(0.8, abs=0.05)


def test_the_seed_and_the_face_alone_decide():
    first = draw_strengths(1, MAN, RANGES)
    np.testing.assert_array_equal(first, draw_strengths(1, MAN, RANGES))
    assert (first != draw_strengths(2, MAN, RANGES))[1:].any(axis=1).all()
    # Of the reading only its side of 0.5 counts.
    np.testing.assert_array_equal(first, draw_strengths(1, [0.5, 0.49], RANGES))
    np.testing.assert_array_equal(first[1, 0], -draw_strengths(1, [0, 0], RANGES)[1, 0])


def test_a_record_gives_back_the_family(family):
    record = encode_family(family)
    assert record == encode_family(family)
    read = decode_family(record, Path("shard"))
    assert read.seed == family.seed
    for name in ("w", "strengths", "heads"):
        np.testing.assert_array_equal(getattr(read, name), getattr(family, name))
        assert getattr(read, name).dtype == getattr(family, name).dtype
    assert read.images.dtype == np.uint8
    assert np.abs(read.images.astype(int) - family.images).max() <= 2


def test_some_members_in_the_order_asked_for(family):
    read = decode_family(encode_family(family), Path("shard"), [2, 0])
    np.testing.assert_array_equal(read.strengths, family.strengths[[2, 0]])
    np.testing.assert_array_equal(read.heads, family.heads[[2, 0]])
    assert np.abs(read.images.astype(int) - family.images[[2, 0]]).max() <= 2


def changed(record, change):
    example = tf.train.Example.FromString(record)
    change(example.features.feature)
    return example.SerializeToString()


def cut_last_image(feature):
    images = feature["images"].bytes_list
    images.value[2] = images.value[2][:-100]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record[:-9],
        lambda record: b"no such thing",
        lambda record: b"",
        lambda record: changed(record, lambda f: f.pop("seed")),
        lambda record: changed(record, lambda f: f.pop("heads")),
        lambda record: changed(record, lambda f: f["strengths"].float_list.value.pop()),
        lambda record: changed(record, cut_last_image),
    ],
    ids="cut text empty seed heads strengths image".split(),
)
def test_what_is_no_family_is_one_line(family, spoil):
    with pytest.raises(UserError, match="shard: not a shard of families") as caught:
        decode_family(spoil(encode_family(family)), Path("shard"))
    assert "\n" not in str(caught.value)
