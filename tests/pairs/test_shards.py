import errno

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.shards import (
    Pair,
    decode_pair,
    read_records,
    read_shard,
    record_spans,
    write_shard,
)


@pytest.fixture
def pairs():
    random = np.random.RandomState(0)

    def pair(seed):
        w = random.randn(512).astype(np.float32)
        a, b = random.randint(0, 256, (2, 16, 16, 3)).astype(np.uint8)
        return Pair(seed, w, 0.0, 3.0, 0.0625, 0.9375, a, b)

    return [pair(seed) for seed in (7, 2**32 - 1)]


def assert_same(one, two):
    assert vars(one).keys() == vars(two).keys()
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(two, name))


def test_a_pair_comes_back_as_it_was(pairs, tmp_path):
    path = tmp_path / "x.tfrecord"
    write_shard(path, pairs)
    for one, two in zip(pairs, read_shard(path, expected=2), strict=True):
        assert_same(one, two)


def test_other_programs_can_read_it(pairs, tmp_path):
    path = tmp_path / "x.tfrecord"
    write_shard(path, pairs)
    features = {
        "seed": tf.io.FixedLenFeature([], tf.int64),
        "w": tf.io.FixedLenFeature([512], tf.float32),
        "strength_b": tf.io.FixedLenFeature([], tf.float32),
        "a": tf.io.FixedLenFeature([], tf.string),
    }
    record = next(iter(tf.data.TFRecordDataset(str(path))))
    values = tf.io.parse_single_example(record, features)
    assert (int(values["seed"]), float(values["strength_b"])) == (7, 3.0)
    np.testing.assert_array_equal(values["w"], pairs[0].w)
    np.testing.assert_array_equal(tf.io.decode_png(values["a"]), pairs[0].a)


def test_large_images_are_jpeg_of_high_quality(tmp_path):
    y, x = np.mgrid[:264, :264]
    image = np.uint8(np.stack([x * 255 / 263, y * 255 / 263, 255 - x / 2], axis=-1))
    pair = Pair(0, np.zeros(512, np.float32), 0.0, 3.0, 0.0, 1.0, image, image)
    write_shard(tmp_path / "x.tfrecord", [pair])
    (record,) = read_records(tmp_path / "x.tfrecord")
    data = tf.train.Example.FromString(record).features.feature["a"].bytes_list.value[0]
    assert data.startswith(b"\xff\xd8")
    back = read_shard(tmp_path / "x.tfrecord")[0].a.astype(int)
    assert np.abs(back - image).mean() < 1.5


def test_records_are_found_without_reading_them(pairs, tmp_path):
    path = tmp_path / "x.tfrecord"
    write_shard(path, pairs)
    data = path.read_bytes()
    spans = record_spans(path, expected=2)
    for (offset, length), pair in zip(spans, pairs, strict=True):
        assert_same(decode_pair(data[offset : offset + length], path), pair)
    with pytest.raises(UserError, match="half-written"):
        record_spans(path, expected=3)
    path.write_bytes(data[:-1])
    with pytest.raises(UserError, match="half-written"):
        record_spans(path, expected=2)


def test_a_block_without_pairs_is_an_empty_shard(tmp_path):
    write_shard(tmp_path / "x.tfrecord", [])
    assert read_shard(tmp_path / "x.tfrecord", expected=0) == []
    assert record_spans(tmp_path / "x.tfrecord", expected=0) == []


def test_another_tfrecord_is_one_clear_line(tmp_path):
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(tf.train.Example().SerializeToString())
    with pytest.raises(UserError, match="not a shard of pairs"):
        read_shard(path)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"no protobuf at all")
    with pytest.raises(UserError, match="not a shard of pairs"):
        read_shard(path)
    path.write_text("this is text and no TFRecord at all")
    with pytest.raises(UserError, match="damaged or half-written"):
        read_shard(path)


def test_a_full_disk_is_the_machines_limit_and_leaves_no_file(
    pairs, tmp_path, monkeypatch
):
    class FullDisk:
        def __init__(self, path):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def write(self, record):
            raise tf.errors.ResourceExhaustedError(
                None, None, "No space left on device"
            )

    monkeypatch.setattr(tf.io, "TFRecordWriter", FullDisk)
    with pytest.raises(OSError) as caught:
        write_shard(tmp_path / "x.tfrecord", pairs)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
