"""Films of photos by a morph, and the files of one."""

import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.litert import LiteRTNetwork
from tf_fsgd.translator.morph import between, film
from tf_fsgd.translator.translator import Translator, load_translator

SIDE = 32
GENERATOR = GeneratorConfig(
    "morph", 4, blocks=1, side_blocks=0, detail_blocks=1, finest_blocks=1
)


@pytest.fixture(scope="module")
def morph():
    network = build_generator(GENERATOR, SIDE, 1)
    draw = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign_add(draw.normal(0, 0.1, weight.shape))
    return Translator("mine", network, SIDE, ("morph",), {"morph": 1.0}, faces=2)


def photos(count, side):
    """Smooth pictures, between black and white, where no change is clipped."""
    draw = np.random.default_rng(1)
    corners = draw.integers(100, 156, (count, 2, 2, 3))
    share = np.linspace(0, 1, side)[:, None]
    columns = (
        corners[:, :1] * (1 - share[..., None]) + corners[:, 1:] * share[..., None]
    )
    rows = columns[:, :, :1] * (1 - share) + columns[:, :, 1:] * share
    return np.rint(rows).astype(np.uint8)


@pytest.mark.parametrize("side", [SIDE, 80])
def test_both_ends_are_the_photos_at_any_size(morph, side):
    start, end = photos(2, side)
    made = between(morph, start, end, [0.0, 0.5, 1.0])
    assert made.shape == (3, side, side, 3) and made.dtype == np.uint8
    np.testing.assert_array_equal(made[0], start)
    np.testing.assert_array_equal(made[2], end)
    # The change is the network's, at its own side or brought to the photos'.
    small = between(morph, *photos(2, SIDE), [0.5])[0].astype(int)
    faded = np.rint(np.mean([start, end], axis=0, dtype=float)).astype(int)
    change = np.abs(made[1] - faded).mean()
    expected = np.abs(small - np.mean(photos(2, SIDE), axis=0)).mean()
    assert change == pytest.approx(expected, rel=0.3) and change > 3


def test_the_order_of_a_film(morph):
    a, b, c = photos(3, SIDE)
    once = film(morph, [a, b, c], 2, ease="linear", loop=False)
    np.testing.assert_array_equal(once[[0, 2, 4]], [a, b, c])
    np.testing.assert_array_equal(once[1], between(morph, a, b, [0.5])[0])
    round_trip = film(morph, [a, b, c], 2, ease="linear")
    assert len(round_trip) == 6
    np.testing.assert_array_equal(round_trip[:5], once)
    # Two faces go back as they came.
    back = film(morph, [a, b], 3)
    assert len(back) == 6
    np.testing.assert_array_equal(back[[1, 2]], back[[5, 4]])
    np.testing.assert_array_equal(back[3], b)


def test_what_is_shipped_of_it_makes_the_same(morph, tmp_path, monkeypatch):
    ship(morph, GENERATOR, tmp_path)
    monkeypatch.setattr(translators, "SHIPPED", tmp_path)
    shipped = load_translator("mine", "morph")
    assert isinstance(shipped.network, LiteRTNetwork) and shipped.faces == 2
    faces = np.concatenate(np.split(photos(4, SIDE), 2), axis=-1)
    times = np.array([[0.5], [0.8]], np.float32)
    ours, theirs = (t.translate(faces, times).astype(int) for t in (morph, shipped))
    # Weights in float16 move an output by less than a level.
    assert np.abs(ours - theirs).max() <= 1
    assert np.abs(ours - faces[..., :3]).mean() > 3
    for end, time in ((faces[..., :3], 0), (faces[..., 3:], 1)):
        made = shipped.translate(faces, np.full((2, 1), time, np.float32))
        np.testing.assert_array_equal(made, end)
    # And Keras has its weights back from the file.
    np.testing.assert_allclose(
        shipped.model([faces[:1] / 255.0, times[:1]]),
        morph.model([faces[:1] / 255.0, times[:1]]),
        atol=0.01,
    )


def test_who_edits_one_face_takes_no_morph(morph, tmp_path, monkeypatch):
    ship(morph, GENERATOR, tmp_path)
    monkeypatch.setattr(translators, "SHIPPED", tmp_path)
    with pytest.raises(UserError, match="edits one face, mine is one that morphs two"):
        load_translator("mine")


def test_who_morphs_takes_no_edit():
    with pytest.raises(UserError, match="morphs two people, mobile-128 is one"):
        load_translator("mobile-128", "morph")
