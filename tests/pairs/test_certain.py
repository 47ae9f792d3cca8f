"""Certain pairs: exactly those candidates of which the classifier is certain."""

import math

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.certain import CertainPairs


def first_entry(seed):
    return np.random.RandomState(seed).randn(512).astype(np.float32)[0]


def target_score(f):
    """P(not Male) of the fake face f, of its pixels as uint8 (see conftest.py)."""
    red = round(127.5 * (1 - f / 8)) / 127.5 - 1
    return 1 - 1 / (1 + math.exp(-32 * red))


def test_keeps_exactly_the_certain_candidates(render, config, stored, tmp_path):
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
        # Blocks of 64 are rendered to their end.
        if len(kept) >= wanted and (seed + 1) % 64 == 0:
            break
    assert [pair.seed for pair in stored(tmp_path)] == kept[:wanted]
    assert (stats.candidates, stats.kept) == (seed + 1, len(kept))
    dropped = (stats.below_preselect, stats.a_uncertain, stats.b_uncertain)
    assert dropped == (below, a_uncertain, b_uncertain)
    assert min(dropped) > 0


def test_a_is_the_plain_face_and_b_differs_by_the_edit_alone(render, stored, tmp_path):
    render(tmp_path)
    pair = stored(tmp_path)[0]
    w = np.random.RandomState(pair.seed).randn(512).astype(np.float32)
    np.testing.assert_array_equal(pair.w, w)
    assert pair.condition.tolist() == [[0.0], [1.5]]
    assert pair.heads is None
    # Red is -f / 8 in [-1, 1], stored as uint8.
    a, b = pair.images
    assert a.shape == (16, 16, 3)
    assert abs(a[0, 0, 0] - 127.5 * (1 - w[0] / 8)) <= 0.51
    assert abs(b[0, 0, 0] - 127.5 * (1 - (w[0] + 1.5) / 8)) <= 0.51
    # The fake edit moves f alone; the other channels would show another noise.
    np.testing.assert_array_equal(a[..., 1:], b[..., 1:])
    # Scores are those of the target class, "not Male", of the stored pixels.
    red = a[0, 0, 0] / 127.5 - 1
    assert pair.scores[0] == pytest.approx(1 / (1 + math.exp(32 * red)), abs=1e-4)
    assert pair.scores[0] < 0.1 and pair.scores[1] > 0.9


def test_an_edit_that_adds_an_attribute_starts_without_it(
    render, direction, stored, tmp_path
):
    direction.vector, direction.sign = -direction.vector, +1
    render(tmp_path)
    for pair in stored(tmp_path):
        assert pair.w[0] > 0.5 and pair.scores[0] < 0.1 and pair.scores[1] > 0.9


def test_five_renders_take_a_from_before_the_plain_face(
    render, config, stored, tmp_path
):
    config.pairs.renders, config.pairs.preselect = 5, 0.0
    render(tmp_path)
    pairs = stored(tmp_path)
    strengths = {tuple(pair.condition[:, 0].tolist()) for pair in pairs}
    assert {(0.0, 1.5), (-0.75, 0.75)} <= strengths
    for pair in pairs:
        assert pair.w[0] + pair.condition[0, 0] <= -0.5
        assert pair.w[0] + pair.condition[1, 0] >= 0.5


class LeftHalf:
    """Whose every head is the left half of the picture."""

    def head(self, image, size):
        head = np.zeros((size, size), np.uint8)
        head[:, : size // 2] = 255
        return head


@pytest.fixture
def head_only(config, monkeypatch):
    monkeypatch.setattr("tf_fsgd.pairs.certain.PersonSegmenter", LeftHalf)
    config.pairs.head_only, config.pairs.confidence = True, 0.6


def test_a_head_only_pair_differs_inside_the_head(render, head_only, stored, tmp_path):
    render(tmp_path)
    pairs = stored(tmp_path)
    assert len(pairs) == 30
    for pair in pairs:
        a, b = pair.images
        np.testing.assert_array_equal(a[:, 9:], b[:, 9:])
        assert (a[:, :7] != b[:, :7]).any(axis=-1).all()
        # The stored picture was judged: half of the edit's 1.5 is not always enough.
        red = b[..., 0].mean() / 127.5 - 1
        assert pair.scores[1] == pytest.approx(
            1 - 1 / (1 + math.exp(-32 * red)), abs=1e-4
        )
        assert pair.scores[1] >= 0.6


@pytest.mark.parametrize(
    ("way", "digest"),
    [
        ("two", "d42d338e017c2eec8f8198f409bd6be50c25cf9a4cad7d7ebf864b1759a7bcf8"),
        ("five", "3fe527383233859a8e94323b00fbed5cb31dc6bff489ac8005b667b0ba7e3ea7"),
        ("head", "3a17698b08366e3790e68bc26974b7246a7836776eef1357de0698efdd608c9b"),
    ],
)
def test_the_same_seed_gives_the_pixels_that_it_always_gave(
    render, config, stored, pixels_digest, request, tmp_path, way, digest
):
    """As revision 2e6c09b stored them."""
    if way == "five":
        config.pairs.renders, config.pairs.preselect = 5, 0.0
    elif way == "head":
        request.getfixturevalue("head_only")
    render(tmp_path)
    assert pixels_digest(stored(tmp_path)) == digest


def test_b_is_rendered_for_certain_a_alone_and_batches_are_full(
    render, fake_teacher, config, tmp_path
):
    config.pairs.count = 60
    teacher = fake_teacher()
    stats = render(tmp_path, teacher)
    edited = stats.kept + stats.b_uncertain
    needed = edited + stats.kept + stats.a_uncertain + stats.b_uncertain
    assert teacher.rendered == stats.rendered == needed
    blocks = len(list(tmp_path.glob("*.tfrecord")))
    short = [batch for batch in teacher.batches if len(batch) < 4]
    assert max(map(len, teacher.batches)) == 4
    assert len(short) <= 2 * blocks  # where a block ends: last A, then last B


@pytest.mark.parametrize("side", [256, 257])
def test_large_pictures_alone_are_compressed(
    config, direction, fake_teacher, fake_classifier, side
):
    config.pairs.resolution = side
    renderer = CertainPairs(config, fake_teacher(), [(direction, 1)], fake_classifier())
    assert renderer.lossless == (side == 256)


@pytest.mark.parametrize(
    ("head_only", "layers", "strength"), [(True, 7, 3.0), (False, 8, 1.6)]
)
def test_a_strength_that_is_left_open_is_filled_in(config, head_only, layers, strength):
    config.pairs.head_only, config.pairs.strength = head_only, 0.0
    ((direction, settled),) = CertainPairs.settle_axes(config)
    assert (direction.name, len(direction.layers)) == ("feminine", layers)
    assert settled == config.pairs.strength == strength
    config.pairs.strength = 1.25
    assert CertainPairs.settle_axes(config)[0][1] == config.pairs.strength == 1.25


def test_an_edit_that_the_classifier_cannot_choose(config):
    config.edit, config.pairs.strength = "nose", 0.0
    with pytest.raises(UserError, match="edit nose: .* cannot choose pairs"):
        CertainPairs.settle_axes(config)
