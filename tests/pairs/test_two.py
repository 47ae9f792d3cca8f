"""Two people and the faces between them, as the seed has it."""

import numpy as np
import pytest

from tf_fsgd.latents.samples import sample_w
from tf_fsgd.pairs.family import encode_family
from tf_fsgd.pairs.render import render_pairs, settle_axes
from tf_fsgd.pairs.source import open_pairs
from tf_fsgd.pairs.two import TwoFaces, draw_times


@pytest.fixture
def morph(config):
    config.edit, config.generator.kind, config.generator.patch = "morph", "morph", 2
    config.loss.unchanged, config.teacher.truncation_psi = 0.0, 0.5
    config.pairs.held_out, config.pairs.count = 1, 2
    return config


def test_ends_middle_and_one_on_either_side_of_it():
    times = np.array([draw_times(seed) for seed in range(500)])
    assert times.dtype == np.float32
    assert (times[:, :3] == [0, 1, 0.5]).all()
    before, after = times[:, 3], times[:, 4]
    assert 0.15 <= before.min() < 0.16 and 0.49 < before.max() <= 0.5
    assert 0.5 <= after.min() < 0.51 and 0.84 < after.max() <= 0.85


def test_the_pictures_are_the_teachers_on_a_straight_line(morph, fake_teacher):
    teacher = fake_teacher()
    (family,), stats = TwoFaces(morph, teacher, []).render_block([7])
    assert (stats.kept, stats.rendered) == (1, 5)
    first, second = sample_w(teacher, [7, 2**31 + 7], 0.5)
    np.testing.assert_array_equal(family.w, first)
    times = draw_times(7)
    np.testing.assert_array_equal(family.condition, times[:, None])
    # Green is w[1] / 8, in [-1, 1].
    green = (1 - times) * first[1] / 8 + times * second[1] / 8
    found = family.images[:, 0, 0, 1]
    np.testing.assert_allclose(found, (green + 1) * 127.5, atol=1)
    assert np.ptp(found.astype(int)) > 5
    again, _ = TwoFaces(morph, fake_teacher(), []).render_block([7])
    encoded = [encode_family(one, lossless=False) for one in (family, *again)]
    assert encoded[0] == encoded[1]


def test_a_folder_of_them(morph, fake_teacher, tmp_path):
    axes = settle_axes(morph)
    assert axes == []
    stats = render_pairs(
        morph, tmp_path, teacher=fake_teacher(), axes=axes, progress=False
    )
    assert stats.kept == 32  # a whole block
    assert open_pairs(tmp_path, "held_out").family(0).condition.shape == (5, 1)
    assert open_pairs(tmp_path).count == 2
