"""A face in another's colours: rows of W+ from both, as the seed has it."""

from collections import Counter

import numpy as np
import pytest

from tf_fsgd.latents.samples import sample_w
from tf_fsgd.pairs.dataset import training_dataset
from tf_fsgd.pairs.family import Family, encode_family
from tf_fsgd.pairs.mixed import MixedFaces, draw_shares, mixed
from tf_fsgd.pairs.render import render_pairs, settle_axes
from tf_fsgd.pairs.source import open_pairs


@pytest.fixture
def mix(config):
    config.edit, config.generator.kind, config.generator.patch = "mix", "mix", 2
    config.loss.unchanged, config.teacher.truncation_psi = 0.0, 0.5
    config.pairs.held_out, config.pairs.count = 1, 2
    return config


@pytest.fixture
def teacher(fake_teacher, monkeypatch):
    """Whose pictures show the red of row 0 and the green of row 7."""

    def synthesis(ws, noise_mode="const", resolution=None):
        images = np.zeros((len(ws), resolution, resolution, 3), np.float32)
        images[..., 0] = ws[:, 0, None, None, 0] / 8
        images[..., 1] = ws[:, 7, None, None, 1] / 8
        return images

    made = fake_teacher()
    monkeypatch.setattr(made, "num_ws", 8, raising=False)
    monkeypatch.setattr(made, "synthesis", synthesis)
    return made


def test_shares():
    shares = np.array([draw_shares(seed) for seed in range(500)])
    assert shares.dtype == np.float32
    assert (shares[:, :4] == [0, 0, 1, -1]).all()
    ours, theirs = shares[:, 4], -shares[:, 5]
    for drawn in (ours, theirs):
        assert 0.2 <= drawn.min() < 0.21 and 0.99 < drawn.max() <= 1


def test_rows_from_six_on_are_the_others():
    first, second = np.zeros((8, 2), np.float32), np.ones((8, 2), np.float32)
    assert mixed(first, second, 0.25)[:, 0].tolist() == [0] * 6 + [0.25] * 2
    assert mixed(first, second, -1)[:, 1].tolist() == [1] * 6 + [0] * 2
    assert not first.any()  # untouched


def test_the_pictures_are_the_teachers(mix, teacher):
    (family,), stats = MixedFaces(mix, teacher, []).render_block([7])
    assert (stats.kept, stats.rendered) == (1, 6)
    first, second = sample_w(teacher, [7, 2**31 + 7], 0.5)
    shares = draw_shares(7)
    np.testing.assert_array_equal(family.w, first)
    np.testing.assert_array_equal(family.condition, shares[:, None])
    assert family.heads.shape == (6, 64, 64)
    ours, theirs = shares[4], -shares[5]
    own = [first, second, first, second, first, second]
    style = [
        first,
        second,
        second,
        first,
        (1 - ours) * first + ours * second,
        (1 - theirs) * second + theirs * first,
    ]
    expected = np.array([[a[0], b[1]] for a, b in zip(own, style, strict=True)]) / 8
    np.testing.assert_allclose(
        family.images[:, 0, 0, :2], (expected + 1) * 127.5, atol=1
    )
    again, _ = MixedFaces(mix, teacher, []).render_block([7])
    encoded = [encode_family(one, lossless=False) for one in (family, *again)]
    assert encoded[0] == encoded[1]


def test_a_folder_of_them(mix, teacher, tmp_path):
    axes = settle_axes(mix)
    assert axes == []
    stats = render_pairs(mix, tmp_path, teacher=teacher, axes=axes, progress=False)
    assert stats.kept == 32  # a whole block
    assert open_pairs(tmp_path, "held_out").family(0).condition.shape == (6, 1)
    assert open_pairs(tmp_path).count == 2


class Numbered:
    """Ten times the family's number and the picture's, as a grey; all is head."""

    count, resolution = 10, 8

    def family(self, index, members=None):
        greys = 10 * index + np.arange(6, dtype=np.uint8)
        images = np.tile(greys[:, None, None, None], (1, 8, 8, 3))
        shares = np.array([[0], [0], [1], [-1], [0.5], [-0.25]], np.float32)
        heads = np.full((6, 64, 64), 255, np.uint8)
        family = Family(index, np.zeros(512), shares, images, heads)
        return family if members is None else family.only(members)


def test_a_sample_is_a_face_another_and_the_first_in_the_seconds_style(mix):
    settings = mix.augmentation
    settings.flip, settings.rotation, settings.crop = False, 0.0, 0.0
    settings.colour = settings.blur = settings.jpeg = settings.cover = 0.0
    mix.training.batch_size = 4
    seen = Counter()
    stream = training_dataset(Numbered(), mix, seed=6).take(50)
    for (faces, share), b in stream.as_numpy_iterator():
        assert faces.shape == (4, 8, 8, 6) and share.shape == (4, 1)
        a, other, made = (
            np.rint((one[:, 0, 0, 0] + 1) * 127.5).astype(int)
            for one in (faces, faces[..., 3:], b)
        )
        assert (a // 10 == other // 10).all() and (a // 10 == made // 10).all()
        seen.update(zip(a % 10, other % 10, made % 10, share[:, 0], strict=True))
    assert {*seen} == {(0, 1, 2, 1), (1, 0, 3, 1), (0, 1, 4, 0.5), (1, 0, 5, 0.25)}
