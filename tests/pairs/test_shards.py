"""Shards: a block's account, then its families; cut or foreign files are refused."""

import errno

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.family import Family, decode_family
from tf_fsgd.pairs.shards import (
    PairStats,
    check_shard,
    family_spans,
    read_span,
    record_spans,
    shard_name,
    without_gap,
    write_shard,
)

STATS = PairStats(64, 36, 20, 6, 2, 54)


@pytest.fixture
def families():
    random = np.random.RandomState(0)

    def pair(seed):
        w = random.randn(512).astype(np.float32)
        images = random.randint(0, 256, (2, 16, 16, 3)).astype(np.uint8)
        return Family(seed, w, np.float32([[0], [3]]), images)

    return [pair(seed) for seed in (7, 2**32 - 1)]


@pytest.fixture
def shard(families, tmp_path):
    write_shard(tmp_path / "x.tfrecord", families, STATS, lossless=True)
    return tmp_path / "x.tfrecord"


def test_families_are_found_without_reading_them(shard, families):
    spans = family_spans(shard)
    for span, family in zip(spans, families, strict=True):
        read = decode_family(read_span(shard, span), shard)
        assert read.seed == family.seed
        np.testing.assert_array_equal(read.images, family.images)


def test_a_shard_says_what_became_of_its_block(shard):
    assert check_shard(shard) == STATS
    account = next(iter(tf.data.TFRecordDataset(str(shard))))
    values = tf.io.parse_single_example(
        account, {"below_preselect": tf.io.FixedLenFeature([], tf.int64)}
    )
    assert int(values["below_preselect"]) == 36


def test_a_block_without_pairs(tmp_path):
    write_shard(tmp_path / "x.tfrecord", [], PairStats(64, 64), lossless=True)
    assert check_shard(tmp_path / "x.tfrecord") == PairStats(64, 64)
    assert family_spans(tmp_path / "x.tfrecord") == []


def test_stats_add_up():
    assert STATS + PairStats(1, 2, 3, 4, 5, 6) == PairStats(65, 38, 23, 10, 7, 60)


def test_a_shard_that_is_cut(shard):
    data = shard.read_bytes()
    last_offset, _ = record_spans(shard)[-1]
    for rest in (data[:-1], b"", data[:20]):
        shard.write_bytes(rest)
        for use in (check_shard, family_spans):
            with pytest.raises(UserError, match=r"x.tfrecord: .*(half-written|not a)"):
                use(shard)
    # Cut between two records all checksums are good.
    shard.write_bytes(data[: last_offset - 12])
    for use in (check_shard, family_spans):
        with pytest.raises(UserError, match="half-written TFRecord, 1 of 2 records"):
            use(shard)
    shard.unlink()
    for use in (check_shard, family_spans):
        with pytest.raises(UserError, match="x.tfrecord: no such file"):
            use(shard)


def test_another_tfrecord_is_one_clear_line(tmp_path):
    path = tmp_path / "x.tfrecord"
    for record in (tf.train.Example().SerializeToString(), b"no protobuf at all"):
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(record)
        for use in (check_shard, family_spans):
            with pytest.raises(UserError, match="not a shard of pairs"):
                use(path)
    path.write_text("this is text and no TFRecord at all")
    for use in (check_shard, family_spans):
        with pytest.raises(UserError, match="damaged or half-written"):
            use(path)


def test_shards_follow_each_other_without_a_gap(tmp_path):
    names = [shard_name(range(first, first + 64)) for first in (64, 128, 256)]
    assert names[0] == "seeds-0000000064-0000000127.tfrecord"
    for name in (*names, "index.json", "seeds-mine.tfrecord", f".{names[0]}"):
        (tmp_path / name).touch()
    assert [path.name for path in without_gap(tmp_path, 64)] == names[:2]
    assert list(without_gap(tmp_path, 0)) == []
    # Whole families had a name of their own.
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "families-0000000000-0000000031.tfrecord").touch()
    assert len(list(without_gap(tmp_path / "old", 0))) == 1


def test_a_full_disk_is_the_machines_limit_and_leaves_no_file(
    families, tmp_path, monkeypatch
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
        write_shard(tmp_path / "x.tfrecord", families, STATS, lossless=True)
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
