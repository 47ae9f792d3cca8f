import math

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.dataset import open_pairs
from tf_fsgd.pairs.index import Index
from tf_fsgd.pairs.render import BLOCK, drawn_resolution, render_pairs
from tf_fsgd.pairs.shards import read_shard


@pytest.fixture
def render(config, direction, fake_teacher, fake_classifier):
    def render(out, teacher=None, classifier=None):
        return render_pairs(
            config,
            out,
            teacher=teacher or fake_teacher(),
            direction=direction,
            classifier=classifier or fake_classifier(),
            progress=False,
        )

    return render


def pairs_of(folder):
    return [
        pair for path in sorted(folder.glob("*.tfrecord")) for pair in read_shard(path)
    ]


def first_entry(seed):
    return np.random.RandomState(seed).randn(512).astype(np.float32)[0]


def target_score(f):
    """P(not Male) of the fake face f, of its pixels as uint8 (see conftest.py)."""
    red = round(127.5 * (1 - f / 8)) / 127.5 - 1
    return 1 - 1 / (1 + math.exp(-32 * red))


def test_keeps_exactly_the_certain_candidates(render, config, tmp_path):
    stats = render(tmp_path)
    wanted = config.pairs.held_out + config.pairs.count

    kept, below, a_uncertain, b_uncertain = [], 0, 0, 0
    for seed in range(10_000):
        f = first_entry(seed)
        if 1 / (1 + math.exp(4 * f)) < config.pairs.preselect:
            below += 1
        elif 1 - target_score(f) < 0.9:
            a_uncertain += 1
        elif target_score(f + 1.5) < 0.9:
            b_uncertain += 1
        else:
            kept.append(seed)
        if len(kept) == wanted:
            break
    assert [pair.seed for pair in pairs_of(tmp_path)] == kept
    assert stats.candidates == seed + 1
    assert (
        stats.below_preselect,
        stats.a_uncertain,
        stats.b_uncertain,
        stats.kept,
    ) == (
        below,
        a_uncertain,
        b_uncertain,
        wanted,
    )
    assert min(below, a_uncertain, b_uncertain) > 0


def test_a_is_the_plain_face_and_b_differs_by_the_edit_alone(render, config, tmp_path):
    render(tmp_path)
    pair = pairs_of(tmp_path)[0]
    w = np.random.RandomState(pair.seed).randn(512).astype(np.float32)
    np.testing.assert_array_equal(pair.w, w)
    assert (pair.strength_a, pair.strength_b) == (0.0, config.pairs.strength)
    # Red is -f / 8 in [-1, 1], stored as uint8.
    assert pair.a.shape == (16, 16, 3)
    assert abs(pair.a[0, 0, 0] - 127.5 * (1 - w[0] / 8)) <= 0.51
    assert abs(pair.b[0, 0, 0] - 127.5 * (1 - (w[0] + 1.5) / 8)) <= 0.51
    # The fake edit moves f alone; the other channels would show another noise.
    np.testing.assert_array_equal(pair.a[..., 1:], pair.b[..., 1:])
    # Scores are those of the target class, "not Male", of the stored pixels.
    red = pair.a[0, 0, 0] / 127.5 - 1
    assert pair.score_a == pytest.approx(1 / (1 + math.exp(32 * red)), abs=1e-4)
    assert pair.score_a < 0.1 and pair.score_b > 0.9


def test_an_edit_that_adds_an_attribute_starts_without_it(
    render, config, direction, tmp_path
):
    direction.vector, direction.sign = -direction.vector, +1
    render(tmp_path)
    for pair in pairs_of(tmp_path):
        assert pair.w[0] > 0.5 and pair.score_a < 0.1 and pair.score_b > 0.9


def test_five_renders_take_a_from_before_the_plain_face(render, config, tmp_path):
    config.pairs.renders, config.pairs.preselect = 5, 0.0
    render(tmp_path)
    strengths = {(pair.strength_a, pair.strength_b) for pair in pairs_of(tmp_path)}
    assert {(0.0, 1.5), (-0.75, 0.75)} <= strengths
    for pair in pairs_of(tmp_path):
        assert pair.w[0] + pair.strength_a <= -0.5
        assert pair.w[0] + pair.strength_b >= 0.5


def test_the_same_seed_gives_the_same_bytes(render, tmp_path, digests):
    render(tmp_path / "one")
    render(tmp_path / "two")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_takes_other_candidates(render, config, tmp_path):
    config.seed = 3
    render(tmp_path)
    seeds = [pair.seed for pair in pairs_of(tmp_path)]
    assert min(seeds) >= 3_000_000 and max(seeds) < 4_000_000


def test_b_is_rendered_for_certain_a_alone_and_batches_are_full(
    render, fake_teacher, config, tmp_path
):
    config.pairs.count = 60
    teacher = fake_teacher()
    stats = render(tmp_path, teacher)
    edited = stats.kept + stats.b_uncertain
    # Renders in flight when the last pair was found come on top.
    needed = edited + stats.kept + stats.a_uncertain + stats.b_uncertain
    assert 0 <= teacher.rendered - needed <= 2 * config.teacher.batch_size
    assert teacher.rendered == stats.rendered
    blocks = len(list(tmp_path.glob("*.tfrecord")))
    short = [batch for batch in teacher.batches if len(batch) < 4]
    assert max(map(len, teacher.batches)) == 4
    assert len(short) <= 2 * blocks  # where a block ends: last A, then last B


@pytest.mark.parametrize(("renders", "shards"), [(10, 0), (100, 1), (170, 3)])
def test_a_killed_run_goes_on_where_it_was(
    render, fake_teacher, config, tmp_path, digests, renders, shards
):
    config.pairs.count = 60
    whole = fake_teacher()
    render(tmp_path / "whole", whole)
    with pytest.raises(KeyboardInterrupt):
        render(tmp_path / "killed", fake_teacher(stop_after=renders))
    # kill -9 leaves its temporary file.
    (tmp_path / "killed" / ".seeds-0-1-x.tfrecord").write_bytes(b"half")
    safe = Index.load(tmp_path / "killed").shards.values()
    assert len(safe) == shards
    second = fake_teacher()
    render(tmp_path / "killed", second)
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")
    assert second.rendered == whole.rendered - sum(e.stats.rendered for e in safe)


def test_a_finished_folder_is_not_rendered_again(render, fake_teacher, tmp_path):
    stats = render(tmp_path)
    again = fake_teacher(stop_after=0)
    assert render(tmp_path, again) == stats


def test_a_larger_count_goes_on_from_what_is_there(render, config, tmp_path, digests):
    render(tmp_path / "grown")
    held_out = open_pairs(tmp_path / "grown", "held_out").images()
    config.pairs.count = 70
    render(tmp_path / "grown")
    render(tmp_path / "at_once")
    assert digests(tmp_path / "grown") == digests(tmp_path / "at_once")
    np.testing.assert_array_equal(
        held_out, open_pairs(tmp_path / "grown", "held_out").images()
    )


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "last record"])
def test_a_damaged_shard_is_one_clear_line_and_is_rendered_again(
    render, tmp_path, digests, damage
):
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
    with pytest.raises(UserError, match=f"{shard.name}: .*(TFRecord|no such file)"):
        open_pairs(tmp_path)
    render(tmp_path)
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("pairs", "strength", 2.0),
        ("pairs", "confidence", 0.8),
        ("pairs", "held_out", 5),
    ],
)
def test_a_folder_never_mixes_settings(
    render, config, tmp_path, digests, section, name, value
):
    render(tmp_path)
    before = digests(tmp_path)
    setattr(getattr(config, section), name, value)
    with pytest.raises(UserError, match=f"made with {name} .* asks for {value}"):
        render(tmp_path)
    assert digests(tmp_path) == before


def test_a_folder_never_mixes_classifiers(render, fake_classifier, tmp_path):
    render(tmp_path)
    with pytest.raises(UserError, match="made with classifier_sha256"):
        render(tmp_path, classifier=fake_classifier(seed=1))


def test_an_index_that_is_none_is_one_clear_line(render, tmp_path):
    (tmp_path / "index.json").write_text('{"format": 1, "shards": 3}')
    with pytest.raises(UserError, match="not an index of pairs"):
        render(tmp_path)


def test_stops_when_hardly_any_candidate_passes(render, config, tmp_path):
    config.pairs.strength = 0.01
    with pytest.raises(UserError, match="0 of 2,048 candidates passed, 1% or more"):
        render(tmp_path)
    # Stopping depends on the candidates alone, not on where a run was stopped.
    assert len(Index.load(tmp_path).shards) == 2048 // BLOCK


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


def test_drawn_resolution_is_the_smallest_that_is_large_enough():
    assert [
        drawn_resolution(1024, wanted) for wanted in (1024, 513, 512, 128, 100)
    ] == [
        1024,
        1024,
        512,
        128,
        128,
    ]


class LeftHalf:
    """Whose every head is the left half of the picture."""

    def head(self, image, size):
        head = np.zeros((size, size), np.uint8)
        head[:, : size // 2] = 255
        return head


def test_a_head_only_pair_differs_inside_the_head(
    render, config, tmp_path, monkeypatch
):
    monkeypatch.setattr("tf_fsgd.pairs.render.PersonSegmenter", LeftHalf)
    config.pairs.head_only, config.pairs.confidence = True, 0.6
    stats = render(tmp_path)
    pairs = pairs_of(tmp_path)
    assert stats.kept == len(pairs) == 30
    for pair in pairs:
        np.testing.assert_array_equal(pair.a[:, 9:], pair.b[:, 9:])
        assert (pair.a[:, :7] != pair.b[:, :7]).any(axis=-1).all()
        # The stored picture was judged: half of the edit's 1.5 is not always enough.
        red = pair.b[..., 0].mean() / 127.5 - 1
        assert pair.score_b == pytest.approx(
            1 - 1 / (1 + math.exp(-32 * red)), abs=1e-4
        )
        assert pair.score_b >= 0.6
