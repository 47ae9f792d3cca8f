"""Rendering families: the pictures are the edits, and a kill costs one block.

The fake teacher's picture (conftest.py) is red -w[0] / 8 and green w[1] / 8; the first
axis moves w[0], the second w[1] by half as much, so that strengths show as colours.
"""

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.files import read_json, write_json
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs import render_families
from tf_fsgd.pairs.families import draw_strengths
from tf_fsgd.pairs.render_families import open_families

BLOCK = 4
MEMBERS = 6  # of two edits
LARGEST = (2.0, 3.0)


class FakeSegmenter:
    """The head is as red as the picture."""

    def head(self, image, size):
        return np.full((size, size), image[0, 0, 0], np.uint8)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(render_families, "BLOCK", BLOCK)
    monkeypatch.setattr(render_families, "PersonSegmenter", FakeSegmenter)


@pytest.fixture
def config(config):
    """Twelve families in three blocks; the split lies inside the second."""
    config.pairs.held_out, config.pairs.count = 5, 7
    return config


@pytest.fixture
def axes(direction):
    vector = np.eye(512, dtype=np.float32)[1]
    second = Direction("mine", vector, 0.5, [0, 1], "Smiling", 1, vector, 0.0)
    return list(zip((direction, second), LARGEST, strict=True))


@pytest.fixture
def render(config, axes, fake_teacher):
    def render(out, teacher=None):
        render_families.render_families(
            config, out, teacher=teacher or fake_teacher(), axes=axes, progress=False
        )

    return render


def w_of(seed):
    return np.random.RandomState(seed).randn(512).astype(np.float32)


def test_the_pictures_are_the_edits(render, tmp_path):
    render(tmp_path)
    held_out = open_families(tmp_path, "held_out")
    for index in range(held_out.count):
        family = held_out.family(index)
        w = w_of(index)
        assert family.seed == index
        np.testing.assert_array_equal(family.w, w)
        assert family.images.shape == (MEMBERS, 16, 16, 3)
        # "feminine" has work where w[0] is low, "mine" where w[1] is (see `reading`).
        drawn = draw_strengths(index, [w[0] < 0, w[1] < 0], np.array(LARGEST))
        np.testing.assert_array_equal(family.strengths, drawn)
        red = 127.5 * (1 - (w[0] + drawn[:, 0]) / 8)
        green = 127.5 * (1 + (w[1] + 0.5 * drawn[:, 1]) / 8)
        # JPEG moves a flat colour by a level or two.
        assert np.abs(family.images[:, 8, 8, 0] - red).max() < 4
        assert np.abs(family.images[:, 8, 8, 1] - green).max() < 4
        # Heads are read from the pixels before JPEG, each from its own picture.
        assert np.abs(family.heads[:, 0, 0] - red).max() <= 0.51


def test_the_teacher_draws_in_batches(render, config, fake_teacher, tmp_path):
    config.teacher.batch_size = 4
    teacher = fake_teacher()
    render(tmp_path, teacher)
    assert {len(batch) for batch in teacher.batches} == {4, 2}
    assert teacher.rendered == 12 * MEMBERS


def test_the_first_families_are_held_out(render, config, tmp_path):
    config.seed = 2
    render(tmp_path)
    held_out, train = open_families(tmp_path, "held_out"), open_families(tmp_path)
    assert (held_out.count, train.count) == (5, 7)
    assert (train.resolution, train.members) == (16, MEMBERS)
    seeds = [
        [source.family(index).seed - 2_000_000 for index in range(source.count)]
        for source in (held_out, train)
    ]
    assert seeds == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11]]


@pytest.mark.parametrize(("renders", "shards"), [(10, 0), (30, 1), (70, 2)])
def test_a_killed_run_goes_on_where_it_was(
    render, fake_teacher, tmp_path, digests, renders, shards
):
    render(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        render(tmp_path / "killed", fake_teacher(stop_after=renders))
    assert len(list((tmp_path / "killed").glob("families-*.tfrecord"))) == shards
    with pytest.raises(UserError, match="is not rendered; run the same command again"):
        open_families(tmp_path / "killed")
    # kill -9 leaves its temporary file.
    (tmp_path / "killed" / ".families-0-3-x.tfrecord").write_bytes(b"half")
    second = fake_teacher()
    render(tmp_path / "killed", second)
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    assert second.rendered == (3 - shards) * BLOCK * MEMBERS


def test_a_finished_folder_is_not_rendered_again(render, fake_teacher, tmp_path):
    render(tmp_path)
    render(tmp_path, fake_teacher(stop_after=0))


def test_a_larger_count_goes_on_from_what_is_there(render, config, tmp_path, digests):
    render(tmp_path / "grown")
    config.pairs.count = 12
    render(tmp_path / "grown")
    render(tmp_path / "at_once")
    assert digests(tmp_path / "grown") == digests(tmp_path / "at_once")
    assert open_families(tmp_path / "grown").count == 12


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "last record"])
def test_a_damaged_shard_is_rendered_again(render, tmp_path, digests, damage):
    render(tmp_path)
    before = digests(tmp_path)
    shard = min(tmp_path.glob("*.tfrecord"))
    data = bytearray(shard.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "cut":
        del data[-7:]
    elif damage == "last record":  # the rest has only good checksums
        del data[12 + int.from_bytes(data[:8], "little") + 4 :]
    if damage == "missing":
        shard.unlink()
    else:
        shard.write_bytes(data)
    if damage != "flip":  # only rendering reads every byte
        with pytest.raises(UserError, match=rf"{shard.name}.*(TFRecord|not rendered)"):
            open_families(tmp_path, "held_out")
    render(tmp_path)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("pairs", "resolution", 32),
        ("teacher", "truncation_psi", 0.5),
        (None, "seed", 1),
    ],
)
def test_a_folder_never_mixes_settings(
    render, config, tmp_path, digests, section, name, value
):
    render(tmp_path)
    before = digests(tmp_path)
    setattr(getattr(config, section) if section else config, name, value)
    with pytest.raises(UserError, match=f"made with {name} .* asks for {value}"):
        render(tmp_path)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda axes: axes.reverse(),
        lambda axes: axes.append(axes[0]),
        lambda axes: axes.__setitem__(0, (axes[0][0], 2.5)),
        lambda axes: axes[1][0].layers.pop(),
        lambda axes: axes[1][0].vector.__setitem__(7, 0.1),
    ],
    ids="order number range rows vector".split(),
)
def test_a_folder_never_mixes_axes(render, axes, tmp_path, digests, change):
    render(tmp_path)
    before = digests(tmp_path)
    change(axes)
    with pytest.raises(UserError, match="made with axes"):
        render(tmp_path)
    assert digests(tmp_path) == before


def test_more_than_a_seed_has(render, config, tmp_path):
    config.pairs.count = 999_996
    with pytest.raises(UserError, match="at most 1,000,000, received 1,000,001"):
        render(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index.update(format=1), "unknown format 1"),
        (lambda index: index.pop("held_out"), "not an index of families"),
        (lambda index: index.pop("format"), "not an index of families"),
    ],
)
def test_an_index_that_is_none_is_one_clear_line(render, tmp_path, change, message):
    render(tmp_path)
    index = read_json(tmp_path / "index.json")
    change(index)
    write_json(tmp_path / "index.json", index)
    for use in (render, open_families):
        with pytest.raises(UserError, match=f"index.json: {message}"):
            use(tmp_path)


def test_what_is_no_folder_of_families(tmp_path):
    with pytest.raises(UserError, match="index.json: no such file"):
        open_families(tmp_path)
    write_json(tmp_path / "index.json", [])
    with pytest.raises(UserError, match="not an index of families"):
        open_families(tmp_path)


def test_an_unknown_split(tmp_path):
    message = "split must be one of train, held_out, received 'test'"
    with pytest.raises(UserError, match=message):
        open_families(tmp_path, "test")
