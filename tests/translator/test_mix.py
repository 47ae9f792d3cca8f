"""The file of a mix, and what `translate --like` makes of it."""

import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.litert import LiteRTNetwork
from tf_fsgd.translator.translator import Translator, load_translator

SIDE = 32
GENERATOR = GeneratorConfig(
    "mix", 4, blocks=1, side_blocks=0, detail_blocks=1, finest_blocks=1
)


@pytest.fixture(scope="module")
def mix():
    network = build_generator(GENERATOR, SIDE, 1)
    draw = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign_add(draw.normal(0, 0.1, weight.shape))
    return Translator("mine", network, SIDE, ("mix",), {"mix": 1.0}, faces=2)


@pytest.fixture
def faces():
    return np.random.default_rng(1).integers(100, 156, (3, SIDE, SIDE, 3), np.uint8)


def test_what_is_shipped_of_it_makes_the_same(mix, faces, tmp_path, monkeypatch):
    ship(mix, GENERATOR, tmp_path)
    monkeypatch.setattr(translators, "SHIPPED", tmp_path)
    shipped = load_translator("mine", "mix")
    assert isinstance(shipped.network, LiteRTNetwork)
    ours, theirs = (
        one.like(faces[2]).translate(faces[:2], {"mix": 0.7}).astype(int)
        for one in (mix, shipped)
    )
    # Weights in float16 move an output by less than a level.
    assert np.abs(ours - theirs).max() <= 1
    assert np.abs(ours - faces[:2]).mean() > 3
    # And Keras has its weights back from the file.
    both = np.concatenate([faces[:1], faces[1:2]], axis=-1) / np.float32(255)
    share = np.ones((1, 1), np.float32)
    np.testing.assert_allclose(
        shipped.model([both, share]), mix.model([both, share]), atol=0.01
    )


def test_nobody_is_changed_by_themselves_or_by_a_share_of_nothing(mix, faces):
    hers = mix.like(faces[0])
    asked = np.array([[1], [0], [1]], np.float32)
    made = hers.translate(faces, asked)
    np.testing.assert_array_equal(made[:2], faces[:2])
    assert (made[2] != faces[2]).mean() > 0.5
