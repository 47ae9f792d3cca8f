"""Whole families: strengths that follow the rules, pictures that are the edits."""

import dataclasses

import numpy as np
import pytest

from tf_fsgd.latents.directions import load_direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.pairs.whole import WholeFamilies, base_face, draw_strengths

RANGES = np.array([2.0, 4.0])
MAN = np.array([0.9, 0.2])  # lacks what the first edit adds, not what the second does
MEMBERS = 6  # of two edits


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


def test_a_share_of_the_faces_is_wide(fake_teacher):
    teacher = fake_teacher()
    narrow = {seed: sample_w(teacher, [seed], 0.5)[0] for seed in range(200)}
    faces = {seed: base_face(teacher, seed, 0.5, 0.25) for seed in range(200)}
    wide = [seed for seed in faces if (faces[seed][0] != narrow[seed]).any()]
    assert len(wide) == pytest.approx(50, abs=15)
    for seed in set(faces) - set(wide):
        w, ws = faces[seed]
        assert (w == narrow[seed]).all() and (ws == w[:, None]).all()


@pytest.mark.parametrize(("num_ws", "lent"), [(2, [0, 1]), (8, [0, 1, 4, 5])])
def test_a_wide_face_lies_farther_out_and_has_a_part_of_anothers_pose(
    fake_teacher, num_ws, lent
):
    teacher = fake_teacher()
    teacher.num_ws = num_ws
    for seed in range(20):
        w, ws = base_face(teacher, seed, 0.5, 1.0)
        # The mean face is 0, so that truncation by psi makes w psi times as long.
        psi = np.linalg.norm(w) / np.linalg.norm(sample_w(teacher, [seed], 1.0))
        assert 0.5 <= psi <= 1.0
        assert w.shape == (1, 512) and ws.shape == (1, num_ws, 512)
        moved = np.flatnonzero((ws != w[:, None]).any(axis=(0, 2)))
        assert moved.tolist() == lent
        again = base_face(teacher, seed, 0.5, 1.0)
        np.testing.assert_array_equal(ws, again[1])


def test_the_pictures_are_the_edits(config, whole, render, stored, tmp_path):
    stats = render(tmp_path, axes=whole)
    assert (stats.candidates, stats.kept, stats.rendered) == (12, 12, 12 * MEMBERS)
    families = stored(tmp_path)
    assert [family.seed for family in families] == list(range(12))
    for family in families:
        w = np.random.RandomState(family.seed).randn(512).astype(np.float32)
        np.testing.assert_array_equal(family.w, w)
        assert family.images.shape == (MEMBERS, 16, 16, 3)
        # "feminine" has work where w[0] is low, "mine" where w[1] is (see `reading`).
        drawn = draw_strengths(family.seed, [w[0] < 0, w[1] < 0], np.array([2.0, 3.0]))
        np.testing.assert_array_equal(family.condition, drawn)
        red = 127.5 * (1 - (w[0] + drawn[:, 0]) / 8)
        green = 127.5 * (1 + (w[1] + 0.5 * drawn[:, 1]) / 8)
        # JPEG moves a flat colour by a level or two.
        assert np.abs(family.images[:, 8, 8, 0] - red).max() < 4
        assert np.abs(family.images[:, 8, 8, 1] - green).max() < 4
        # Heads are read from the pixels before JPEG, each from its own picture.
        assert np.abs(family.heads[:, 0, 0] - red).max() <= 0.51


def test_the_same_seed_gives_the_pixels_that_it_always_gave(
    config, whole, fake_teacher, pixels_digest
):
    """As revision 2e6c09b drew them, before JPEG."""
    renderer = WholeFamilies(config, fake_teacher(), whole)
    ticks = []
    families, _ = renderer.render_block(range(12), lambda: ticks.append(1))
    assert pixels_digest(families) == (
        "c74c699ec9b5bbf2a076260f30b38ecf3020f75b6fa819bf75fab99054ec4e30"
    )
    assert len(ticks) == 12


def test_the_teacher_draws_in_batches(config, whole, render, fake_teacher, tmp_path):
    config.teacher.batch_size = 4
    teacher = fake_teacher()
    render(tmp_path, teacher, axes=whole)
    assert {len(batch) for batch in teacher.batches} == {4, 2}
    assert teacher.rendered == 12 * MEMBERS


@pytest.mark.parametrize(("edit", "known"), [("feminine,smile", True), ("ears", False)])
def test_axes_are_those_of_the_edits(config, edit, known):
    config.edit, config.generator.kind = edit, "modulated"
    if known:
        axes = WholeFamilies.settle_axes(config)
        assert [direction.name for direction, _ in axes] == edit.split(",")
        assert config.pairs.strength == 1.5  # of pairs alone: it stays as it is
    else:
        with pytest.raises(ValueError, match="ears"):
            WholeFamilies.settle_axes(config)


def test_a_direction_of_ones_own_brings_its_range(config, tmp_path):
    own = dataclasses.replace(load_direction("smile"), name="grin", facts={"range": 3})
    own.save(tmp_path / "grin.npz")
    config.generator.kind = "modulated"
    config.edit, config.pairs.strength = f"older,{tmp_path / 'grin.npz'}", 0.0
    older, grin = WholeFamilies.settle_axes(config)
    assert (older[1], grin[1], config.pairs.strength) == (3.6, 3, 3)
    assert config.units == {
        **{"older": 2.4, "younger": 2.4},
        **{"grin": 2.0, "not grin": 2.0},
    }
    config.pairs.strength = 1.5  # as the user has it
    assert WholeFamilies.settle_axes(config)[1][1] == 1.5
    assert config.units["grin"] == 1.0
