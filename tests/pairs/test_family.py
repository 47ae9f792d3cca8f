"""A record gives back the family that went in; of earlier versions as well."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.family import Family, decode_family, encode_family


@pytest.fixture
def family():
    """Three members: flat pictures, which JPEG keeps, and heads of noise."""
    rng = np.random.default_rng(0)
    colours = np.array([[10, 20, 30], [40, 50, 60], [200, 100, 0]], np.uint8)
    return Family(
        seed=3_000_007,
        w=rng.normal(size=512).astype(np.float32),
        condition=np.array([[0, 0], [1.5, 0], [0.1, -2.5]], np.float32),
        images=np.broadcast_to(colours[:, None, None], (3, 16, 16, 3)).copy(),
        heads=rng.integers(0, 256, (3, 64, 64), np.uint8),
    )


@pytest.fixture
def pair():
    """Pictures of noise, which PNG keeps; scores and no heads."""
    rng = np.random.default_rng(1)
    return Family(
        seed=2**32 - 1,
        w=rng.normal(size=512).astype(np.float32),
        condition=np.array([[0], [3]], np.float32),
        images=rng.integers(0, 256, (2, 16, 16, 3), np.uint8),
        scores=np.array([0.0625, 0.9375], np.float32),
    )


def assert_same(one, other):
    assert one.seed == other.seed
    for name in ("w", "condition", "images", "heads", "scores"):
        mine, theirs = getattr(one, name), getattr(other, name)
        np.testing.assert_array_equal(mine, theirs)
        assert mine is None or mine.dtype == theirs.dtype


def test_a_pair_comes_back_as_it_was(pair):
    record = encode_family(pair, lossless=True)
    assert record == encode_family(pair, lossless=True)
    assert_same(decode_family(record, Path("shard")), pair)


def test_a_family_comes_back_but_for_jpeg(family):
    record = encode_family(family, lossless=False)
    assert record == encode_family(family, lossless=False)
    read = decode_family(record, Path("shard"))
    assert np.abs(read.images.astype(int) - family.images).max() <= 2
    read.images = family.images
    assert_same(read, family)


def test_jpeg_is_of_high_quality():
    y, x = np.mgrid[:264, :264]
    image = np.uint8(np.stack([x * 255 / 263, y * 255 / 263, 255 - x / 2], axis=-1))
    family = Family(0, np.zeros(512, np.float32), np.float32([[0]]), image[None])
    record = encode_family(family, lossless=False)
    data = feature_of(record)["images"].bytes_list.value[0]
    assert data.startswith(b"\xff\xd8")
    back = decode_family(record, Path("shard")).images[0].astype(int)
    assert np.abs(back - image).mean() < 1.5


def test_other_programs_can_read_it(pair):
    features = {
        "seed": tf.io.FixedLenFeature([], tf.int64),
        "w": tf.io.FixedLenFeature([512], tf.float32),
        "condition": tf.io.FixedLenFeature([2], tf.float32),
        "images": tf.io.FixedLenFeature([2], tf.string),
    }
    record = encode_family(pair, lossless=True)
    values = tf.io.parse_single_example(record, features)
    assert int(values["seed"]) == 2**32 - 1
    np.testing.assert_array_equal(values["condition"], [0, 3])
    np.testing.assert_array_equal(values["w"], pair.w)
    np.testing.assert_array_equal(tf.io.decode_png(values["images"][1]), pair.images[1])


def test_only_some_pictures(family, pair):
    part = family.only([2, 0])
    for name in ("condition", "images", "heads"):
        expected = getattr(family, name)[[2, 0]]
        np.testing.assert_array_equal(getattr(part, name), expected)
    assert part.scores is None and part.seed == family.seed
    assert pair.only([1]).scores.tolist() == [0.9375]


def test_some_members_in_the_order_asked_for(family):
    record = encode_family(family, lossless=False)
    read = decode_family(record, Path("shard"), [2, 0])
    np.testing.assert_array_equal(read.condition, family.condition[[2, 0]])
    np.testing.assert_array_equal(read.heads, family.heads[[2, 0]])
    assert np.abs(read.images.astype(int) - family.images[[2, 0]]).max() <= 2


def feature_of(record):
    return tf.train.Example.FromString(record).features.feature


def renamed(record, names):
    """A record whose features have other names."""
    example = tf.train.Example.FromString(record)
    feature = example.features.feature
    for old, new in names.items():
        feature[new].CopyFrom(feature.pop(old))
    return example.SerializeToString()


def test_a_family_of_format_1(family):
    record = encode_family(family, lossless=True)
    record = renamed(record, {"condition": "strengths"})
    assert_same(decode_family(record, Path("shard")), family)


def test_a_pair_of_format_1(pair):
    example = tf.train.Example.FromString(encode_family(pair, lossless=True))
    feature = example.features.feature
    for index, side in enumerate("ab"):
        image = feature["images"].bytes_list.value[index]
        feature[side].bytes_list.value.append(image)
        feature[f"strength_{side}"].float_list.value.append(3.0 * index)
        feature[f"score_{side}"].float_list.value.append(pair.scores[index])
    for name in ("images", "condition", "scores"):
        del feature[name]
    record = example.SerializeToString()
    assert_same(decode_family(record, Path("shard")), pair)
    assert_same(decode_family(record, Path("shard"), [1]), pair.only([1]))


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
        lambda record: changed(record, lambda f: f.pop("condition")),
        lambda record: changed(record, lambda f: f["condition"].float_list.value.pop()),
        lambda record: changed(record, lambda f: f["heads"].bytes_list.value.pop()),
        lambda record: changed(record, cut_last_image),
    ],
    ids="cut text empty seed condition conditions heads image".split(),
)
def test_what_is_no_family_is_one_line(family, spoil):
    with pytest.raises(UserError, match="shard: not a shard of pairs") as caught:
        decode_family(spoil(encode_family(family, lossless=False)), Path("shard"))
    assert "\n" not in str(caught.value)
