"""Block after block: a kill costs one, and a folder never mixes two origins."""

import dataclasses

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.pairs import certain
from tf_fsgd.pairs import render as rendering
from tf_fsgd.pairs.shards import PairStats, check_shard, shard_name
from tf_fsgd.pairs.source import open_pairs
from tf_fsgd.storage.files import read_json, write_json

BLOCK = 64


class FakeCluster:
    """Makes files last first, each twice, as if workers had died at their ends."""

    def __init__(self):
        self.made = []

    def make(self, items, start, folder, key):
        maker = start()
        for name, item in reversed(items.items()):
            assert maker(folder / name, item) == maker(folder / name, item)
            self.made.append(name)


@pytest.fixture
def cluster(monkeypatch, fake_teacher, fake_classifier):
    monkeypatch.setattr(rendering, "load_teacher", lambda checkpoint: fake_teacher())
    monkeypatch.setattr(certain, "load_classifier", fake_classifier)
    return FakeCluster()


@pytest.fixture(params=["certain", "whole"])
def axes(request, config):
    """Of either way of choosing, with blocks enough."""
    if request.param == "certain":
        config.pairs.count = 60
        return None
    return request.getfixturevalue("whole")


def test_the_same_seed_gives_the_same_bytes(render, axes, tmp_path, digests):
    render(tmp_path / "one", axes=axes)
    render(tmp_path / "two", axes=axes)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert len(digests(tmp_path / "one")) > 3


def test_another_seed_takes_other_candidates(render, axes, config, stored, tmp_path):
    config.seed = 3
    render(tmp_path, axes=axes)
    seeds = [family.seed for family in stored(tmp_path)]
    assert min(seeds) >= 3_000_000 and max(seeds) < 4_000_000


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_a_killed_run_goes_on_where_it_was(
    render, axes, fake_teacher, tmp_path, digests, blocks
):
    whole = fake_teacher()
    render(tmp_path / "whole", whole, axes=axes)
    rendered = [
        check_shard(path).rendered
        for path in sorted((tmp_path / "whole").glob("*.tfrecord"))
    ]
    assert len(rendered) > 2 and sum(rendered) == whole.rendered
    killed = fake_teacher(stop_after=sum(rendered[:blocks]) + 10)
    with pytest.raises(KeyboardInterrupt):
        render(tmp_path / "killed", killed, axes=axes)
    with pytest.raises(UserError, match="pairs are rendered; run the same command"):
        open_pairs(tmp_path / "killed")
    second = fake_teacher()
    render(tmp_path / "killed", second, axes=axes)
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    assert second.rendered == sum(rendered[blocks:])


def test_a_cluster_gives_the_same_bytes(render, axes, cluster, tmp_path, digests):
    render(tmp_path / "alone", axes=axes)
    render(tmp_path / "together", axes=axes, cluster=cluster)
    assert digests(tmp_path / "together") == digests(tmp_path / "alone")
    shards = [name for name in digests(tmp_path / "alone") if "seeds" in name]
    assert len(shards) - len(cluster.made) <= 2
    assert len({*cluster.made}) == len(cluster.made) >= 2


def test_a_cluster_renders_what_is_damaged(render, axes, cluster, tmp_path, digests):
    render(tmp_path, axes=axes)
    before = digests(tmp_path)
    shard = min(tmp_path.glob("*.tfrecord"))
    shard.write_bytes(shard.read_bytes()[:-7])
    render(tmp_path, axes=axes, cluster=cluster)
    assert digests(tmp_path) == before
    assert cluster.made == [shard.name]


def test_workers_must_have_the_same_teacher(
    render, config, cluster, monkeypatch, fake_teacher, tmp_path
):
    config.pairs.count = 60
    other = fake_teacher()
    other.name = "other"
    monkeypatch.setattr(rendering, "load_teacher", lambda checkpoint: other)
    with pytest.raises(UserError, match="a worker finds teacher 'other', not 'fake'"):
        render(tmp_path, cluster=cluster)


@pytest.mark.parametrize(
    ("wanted", "kept", "blocks"),
    [
        (100, [], range(3)),  # three of 32 if all pass, and then 4 to go
        (64, [32, None], [1]),
        # 16 of 32 passed, a tenth more may: 17.6 a block, 84 more are wanted.
        (100, [16], range(1, 5)),
        (100, [0], range(1, 32)),  # 3.2 a block, whatever was seen: 31.25
        (32, [32], []),
    ],
)
def test_only_what_is_surely_needed_is_rendered_ahead(config, wanted, kept, blocks):
    config.pairs.held_out, config.pairs.count = 10, wanted - 10
    names = [shard_name(range(32 * i, 32 * i + 32)) for i in range(40)]
    stored = {
        name: PairStats(kept=number)
        for name, number in zip(names, kept, strict=False)
        if number is not None
    }
    lacking = rendering._surely_needed(config, 32, stored)
    assert [*lacking] == [names[block] for block in blocks]


def test_a_finished_folder_is_not_rendered_again(render, axes, fake_teacher, tmp_path):
    stats = render(tmp_path, axes=axes)
    assert render(tmp_path, fake_teacher(stop_after=0), axes=axes) == stats


def test_a_larger_count_goes_on_from_what_is_there(
    render, axes, config, stored, pixels_digest, tmp_path, digests
):
    render(tmp_path / "grown", axes=axes)
    before = stored(tmp_path / "grown")
    config.pairs.count += 30
    render(tmp_path / "grown", axes=axes)
    render(tmp_path / "at_once", axes=axes)
    assert digests(tmp_path / "grown") == digests(tmp_path / "at_once")
    grown = stored(tmp_path / "grown")
    assert len(grown) == len(before) + 30
    assert pixels_digest(grown[: len(before)]) == pixels_digest(before)


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "last record"])
def test_a_damaged_shard_is_one_clear_line_and_is_rendered_again(
    render, axes, tmp_path, digests, caplog, damage
):
    render(tmp_path, axes=axes)
    before = digests(tmp_path)
    shard = min(tmp_path.glob("*.tfrecord"))
    data = bytearray(shard.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    elif damage == "cut":
        del data[-7:]
    elif damage == "last record":  # the rest has only good checksums
        account = 12 + int.from_bytes(data[:8], "little") + 4
        first = int.from_bytes(data[account : account + 8], "little")
        del data[account + 12 + first + 4 :]
    if damage == "missing":
        shard.unlink()
        message = "0 of .* pairs are rendered; run the same command again"
    else:
        shard.write_bytes(data)
        message = f"{shard.name}: .*TFRecord"
    with pytest.raises(UserError, match=message):
        open_pairs(tmp_path)
    render(tmp_path, axes=axes)
    assert digests(tmp_path) == before
    assert ("rendering it again" in caplog.text) == (damage != "missing")


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("pairs", "resolution", 32),
        ("pairs", "held_out", 6),
        ("teacher", "truncation_psi", 0.5),
        (None, "seed", 1),
    ],
)
def test_a_folder_never_mixes_settings(
    render, axes, config, tmp_path, digests, section, name, value
):
    render(tmp_path, axes=axes)
    before = digests(tmp_path)
    setattr(getattr(config, section) if section else config, name, value)
    with pytest.raises(UserError, match=f"made with {name} .* asks for {value}"):
        render(tmp_path, axes=axes)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "value", "received"),
    [
        ("strength", 2.0, r"\[2.0\]"),
        ("confidence", 0.8, 0.8),
        ("preselect", 0.2, 0.2),
        ("renders", 5, 5),
    ],
)
def test_a_folder_never_mixes_ways_of_choosing(
    render, config, tmp_path, digests, name, value, received
):
    render(tmp_path)
    before = digests(tmp_path)
    setattr(config.pairs, name, value)
    with pytest.raises(UserError, match=f"made with {name} .* asks for {received}"):
        render(tmp_path)
    assert digests(tmp_path) == before


def test_a_folder_never_mixes_classifiers(render, fake_classifier, tmp_path):
    render(tmp_path)
    with pytest.raises(UserError, match="made with classifier_sha256"):
        render(tmp_path, classifier=fake_classifier(seed=1))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("direction", lambda axes: axes.reverse()),
        ("direction", lambda axes: axes.append(axes[0])),
        ("strength", lambda axes: axes.__setitem__(0, (axes[0][0], 2.5))),
        ("direction_layers", lambda axes: axes[1][0].layers.pop()),
        ("direction_sha256", lambda axes: axes[1][0].vector.__setitem__(7, 0.1)),
        ("direction_std", lambda axes: setattr(axes[1][0], "std", 0.4)),
    ],
    ids="order number range rows vector std".split(),
)
def test_a_folder_never_mixes_axes(render, whole, tmp_path, digests, name, change):
    render(tmp_path, axes=whole)
    before = digests(tmp_path)
    change(whole)
    with pytest.raises(UserError, match=f"made with {name} "):
        render(tmp_path, axes=whole)
    assert digests(tmp_path) == before


@pytest.mark.parametrize("earlier", [1, "families 1"])
def test_a_folder_of_an_earlier_version_is_not_gone_on_with(
    render, tmp_path, digests, earlier
):
    render(tmp_path)
    index = read_json(tmp_path / "index.json")
    write_json(tmp_path / "index.json", {**index, "format": earlier})
    before = digests(tmp_path)
    with pytest.raises(UserError, match=f"of format {earlier!r}, which .* does not go"):
        render(tmp_path)
    assert digests(tmp_path) == before


def test_stops_when_hardly_any_candidate_passes(render, config, tmp_path):
    config.pairs.strength = 0.01
    with pytest.raises(UserError, match="0 of 2,048 candidates passed, 1% or more"):
        render(tmp_path)
    # Stopping depends on the candidates alone, not on where a run was stopped.
    assert len(list(tmp_path.glob("*.tfrecord"))) == 2048 // BLOCK


def test_more_than_a_seed_has(render, config, tmp_path):
    config.pairs.count = 999_997
    with pytest.raises(UserError, match="at most 1,000,000, received 1,000,001"):
        render(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pairs.count", 0),
        ("pairs.held_out", -1),
        ("pairs.resolution", 65),
        ("pairs.resolution", 8),
        ("pairs.strength", 0.0),
        ("pairs.renders", 3),
        ("pairs.confidence", 0.5),
        ("pairs.preselect", 1.0),
        ("teacher.batch_size", 0),
        ("seed", -1),
        ("seed", 4294),
    ],
)
def test_settings_that_break_a_rule(render, config, tmp_path, field, value):
    *section, name = field.split(".")
    setattr(getattr(config, section[0]) if section else config, name, value)
    with pytest.raises(UserError, match=f"{field} must be .*, received {value}"):
        render(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vector": np.ones(16, np.float32) / 4}, "mine is of 16 dimensions"),
        ({"layers": [0, 2]}, "mine moves row 2 of W.*, the teacher has rows 0 to 1"),
    ],
)
def test_a_direction_of_another_w_leaves_no_folder(
    render, direction, tmp_path, change, message
):
    other = dataclasses.replace(direction, name="mine", **change)
    with pytest.raises(UserError, match=message):
        render(tmp_path / "out", axes=[(other, 1.5)])
    assert not (tmp_path / "out").exists()
