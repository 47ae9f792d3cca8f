"""Splits of a folder that was rendered, by this version or an earlier one."""

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.family import decode_family
from tf_fsgd.pairs.shards import check_shard, family_spans, read_span
from tf_fsgd.pairs.source import open_pairs, pictures
from tf_fsgd.storage.files import read_json, write_json


@pytest.fixture
def folder(render, tmp_path):
    render(tmp_path)
    return tmp_path


def change_index(folder, **changes):
    index = read_json(folder / "index.json")
    write_json(folder / "index.json", {**index, **changes})


def test_the_first_families_are_held_out(folder):
    in_order = [
        decode_family(read_span(path, span), path)
        for path in sorted(folder.glob("*.tfrecord"))
        for span in family_spans(path)
    ]
    held_out, train = open_pairs(folder, "held_out"), open_pairs(folder)
    assert (held_out.count, train.count) == (4, 26)
    assert held_out.resolution == train.resolution == 16
    for source, families in ((held_out, in_order[:4]), (train, in_order[4:30])):
        for member in (0, 1):
            np.testing.assert_array_equal(
                pictures(source, member),
                [family.images[member] for family in families],
            )


def test_the_first_pictures_alone(folder):
    source = open_pairs(folder)
    np.testing.assert_array_equal(pictures(source, 1, 3), pictures(source, 1)[:3])
    assert pictures(source, 0, 99).shape == (26, 16, 16, 3)


def test_a_split_may_begin_inside_a_shard(render, whole, tmp_path):
    render(tmp_path, axes=whole)
    held_out, train = open_pairs(tmp_path, "held_out"), open_pairs(tmp_path)
    seeds = [
        [source.family(index).seed for index in range(source.count)]
        for source in (held_out, train)
    ]
    assert seeds == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11]]
    part = train.family(2, [5, 1])
    np.testing.assert_array_equal(part.condition, train.family(2).condition[[5, 1]])
    assert part.images.shape == (2, 16, 16, 3)


def test_what_is_no_pairs_folder(folder, tmp_path):
    with pytest.raises(UserError, match="index.json: no such file"):
        open_pairs(tmp_path / "missing")
    with pytest.raises(
        UserError, match="split must be one of train, held_out, received 'test'"
    ):
        open_pairs(folder, "test")


def test_unfinished_rendering_is_one_clear_line(folder):
    change_index(folder, count=1000)
    with pytest.raises(UserError, match="of 1004 pairs are rendered"):
        open_pairs(folder)
    assert open_pairs(folder, "held_out").count == 4


@pytest.mark.parametrize("place", [0, 1])
def test_a_gap_in_the_seeds_counts_as_unfinished(folder, place):
    shards = sorted(folder.glob("*.tfrecord"))
    before = sum(check_shard(path).kept for path in shards[:place])
    shards[place].unlink()
    change_index(folder, held_out=1, count=before)
    with pytest.raises(UserError, match=f"{before} of {before + 1} pairs are rendered"):
        open_pairs(folder)


@pytest.mark.parametrize(
    ("earlier", "name"), [(1, "seeds"), ("families 1", "families")]
)
def test_a_finished_folder_of_an_earlier_version_can_be_read(
    folder, stored, pixels_digest, earlier, name
):
    """Its shards have no account; what records looked like is test_family's."""
    before = pixels_digest(stored(folder))
    for path in sorted(folder.glob("*.tfrecord")):
        records = [read_span(path, span) for span in family_spans(path)]
        path.unlink()
        path = path.with_name(path.name.replace("seeds", name))
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
    change_index(folder, format=earlier, shards=[])
    assert pixels_digest(stored(folder)) == before
