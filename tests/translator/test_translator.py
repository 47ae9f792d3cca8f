"""Edits by name become strengths, and strengths become pictures, all by hand."""

import keras
import numpy as np
import pytest

from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.edits import EDITS, default_units, family_range, opposite
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.shipping import halve, ship
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.pix2pixhd.layers import Spread
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.storage.files import read_json, write_json
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.translator import Translator, load_translator, of_run

AXES = ("feminine", "older", "smile")
UNITS = {
    "feminine": 2.4,
    "masculine": 2.0,
    "older": 2.5,
    "younger": 1.5,
    "smile": 1.6,
    "frown": 1.4,
}


@pytest.fixture(scope="module")
def translator():
    """Adds each strength, a tenth a standard deviation, to a channel of its own."""
    image, strengths = keras.Input((8, 8, 3)), keras.Input((3,))
    network = keras.Model([image, strengths], image + Spread(8)(strengths * 0.1))
    return Translator("stub", network, 8, AXES, UNITS)


def faces(count, side=8):
    """Face i is of grey level 10 i."""
    levels = 10 * np.arange(count, dtype=np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, side, side, 3)).copy()


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({}, [0, 0, 0]),
        ({"feminine": 1}, [2.4, 0, 0]),
        ({"masculine": 1}, [-2.0, 0, 0]),
        ({"smile": 0.5, "younger": 2}, [0, -3.0, 0.8]),
        # A negative edit is the opposite one, in that one's units.
        ({"feminine": -1}, [-2.0, 0, 0]),
        ({"frown": -0.5}, [0, 0, 0.8]),
        # Both ends of an axis add up.
        ({"older": 1, "younger": 1}, [0, 1.0, 0]),
    ],
)
def test_strengths_by_hand(translator, edits, expected):
    strengths = translator.strengths(edits)
    assert strengths.dtype == np.float32
    np.testing.assert_allclose(strengths, expected, rtol=1e-6)


def test_what_is_no_edit(translator):
    assert translator.edits == tuple(UNITS)
    with pytest.raises(UserError, match="of feminine, .*, frown, received 'ears'"):
        translator.strengths({"smile": 1, "ears": 1})
    with pytest.raises(UserError, match="strength of .* must be finite, received nan"):
        translator.strengths({"smile": float("nan")})


def test_opposites():
    for edit in (*UNITS, "eyes", "squint", "mouth", "mine"):
        assert opposite(opposite(edit)) == edit != opposite(edit)
    assert opposite("smile") == "frown"
    assert opposite("mine") == "not mine"


def test_one_and_a_half_is_the_most_that_was_trained():
    units = default_units(("smile", "dir/mine.npz"))
    assert list(units) == ["smile", "frown", "mine", "not mine"]
    assert 1.5 * units["smile"] == 1.5 * units["frown"] == pytest.approx(2.6)
    assert units["mine"] == pytest.approx(2.0 / 1.5)
    # Whichever end of the axis was named.
    assert default_units(("frown",)) == default_units(("smile",))


def test_an_edit_moves_all_faces(translator):
    edited = translator.translate(faces(3), {"smile": 0.5})
    assert edited.dtype == np.uint8
    # 0.5 of 1.6 standard deviations: 0.08 of [-1, 1], 10 levels in blue.
    assert edited[:, 4, 4].tolist() == [[g, g, g + 10] for g in (0, 10, 20)]


def test_strengths_of_each_face(translator):
    strengths = np.array([[0, 0, 0], [1, 0, 0], [0, -0.4, 0]])
    edited = translator.translate(faces(3), strengths)
    # 0.1 is 13 levels of 255, 0.04 five.
    assert edited[:, 0, 0].tolist() == [[0, 0, 0], [23, 10, 10], [20, 15, 20]]


@pytest.mark.parametrize("batch_size", [1, 2, 5, 8])
def test_batches_do_not_show(translator, batch_size):
    strengths = np.linspace(0, 1, 15).reshape(5, 3)
    np.testing.assert_array_equal(
        translator.translate(faces(5), strengths, batch_size=batch_size),
        translator.translate(faces(5), strengths, batch_size=3),
    )


def test_faces_of_another_size_are_resized(translator):
    edited = translator.translate(faces(3, side=20), {"smile": 0.5})
    np.testing.assert_array_equal(
        edited, translator.translate(faces(3), {"smile": 0.5})
    )
    assert translator.translate(faces(0), {"smile": 1}).shape == (0, 8, 8, 3)


def test_what_leaves_the_range_is_clipped(translator):
    white = np.full((1, 8, 8, 3), 250, np.uint8)
    assert translator.translate(white, {"smile": 1.5}).max() == 255
    assert translator.translate(faces(1), {"frown": 1.5}).min() == 0


@pytest.fixture
def run(tmp_path):
    config = Config(edit="feminine,smile")
    config.generator = GeneratorConfig(
        kind="modulated", filters=4, blocks=1, side_blocks=0
    )
    config.pairs.resolution = 32
    return unfinished_or_new(tmp_path / "runs", config)


def trained(run):
    network = build_generator(run.config.generator, 32, 2)
    network.get_layer("change_conv").bias.assign(np.linspace(-3, 3, 48))
    return network


def test_a_run_and_what_is_shipped_of_it_make_the_same(run, tmp_path, monkeypatch):
    run.save_translator(trained(run))
    translator = load_translator(str(run.path))
    assert translator.name == run.path.name and translator.resolution == 32
    assert translator.axes == ("feminine", "smile")
    assert translator.units == default_units(translator.axes)
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    edited = translator.translate(photos, {"smile": 1})
    assert np.abs(edited.astype(int) - photos).mean() > 10

    ship(translator, run.config.generator, tmp_path / "shipped")
    monkeypatch.setattr(translators, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setitem(translators.DEFAULTS, "edit", run.path.name)
    for name in (run.path.name, "shipped"):
        shipped = load_translator(name)
        assert shipped.units == translator.units and shipped.axes == translator.axes
        again = shipped.translate(photos, {"smile": 1})
        # Weights in float16 move an output by less than a level.
        assert np.abs(edited.astype(int) - again).max() <= 1


def test_a_halved_translator_makes_the_halved_change(run):
    run.save_translator(trained(run))
    translator = load_translator(str(run.path))
    half, generator = halve(translator, run.config.generator)
    assert (half.resolution, half.network.input_shape[0][1]) == (16, 16)
    assert generator.patch == run.config.generator.patch // 2
    assert half.units == translator.units
    small = np.random.default_rng(0).integers(64, 192, (2, 16, 16, 3), np.uint8)
    large = translator.translate(
        small.repeat(2, axis=1).repeat(2, axis=2), {"smile": 1}
    )
    fours = large.reshape(2, 16, 2, 16, 2, 3)
    clipped = ((fours == 0) | (fours == 255)).any(axis=(2, 4))
    made = half.translate(small, {"smile": 1})
    assert np.abs(made.astype(int) - small).mean() > 10
    assert clipped.mean() < 0.3
    assert np.abs(made - fours.mean(axis=(2, 4)))[~clipped].max() <= 1


def test_what_cannot_be_loaded(run, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="must be a run folder or one of .*'nope'"):
        load_translator("nope")
    with pytest.raises(UserError, match="not a run folder"):
        load_translator(tmp_path)
    with pytest.raises(UserError, match="training has not finished"):
        load_translator(run.path)
    fixed = unfinished_or_new(tmp_path / "runs", Config(edit="smile"))
    with pytest.raises(UserError, match="training has not finished"):
        load_translator(fixed.path)


@pytest.fixture(params=["none", "instance"])
def fixed(tmp_path, request):
    """A run of one fixed edit, with weights; and f, the network that training keeps."""
    config = Config(edit="feminine")
    config.generator = GeneratorConfig(
        filters=4, downsamplings=1, blocks=1, norm=request.param, strided_ends=False
    )
    config.pairs.resolution = 16
    network = build_generator(config.generator, 16)
    rng = np.random.default_rng(0)
    for variable in network.variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    run = unfinished_or_new(tmp_path / "runs", config)
    run.save_translator(network)
    return run, network


def test_a_fixed_edit_is_mixed_with_the_photo(fixed):
    run, network = fixed
    translator = load_translator(run.path)
    assert (translator.axes, translator.edits) == (("feminine",), ("feminine",))
    # What the pairs of a head-only feminine were made with.
    assert translator.units == {"feminine": 3.0}
    images = np.random.default_rng(1).uniform(-1, 1, (3, 16, 16, 3))
    images = images.astype(np.float32)
    edited = keras.ops.convert_to_numpy(network(images))
    assert np.abs(edited - images).mean() > 0.1

    def at(strength):
        strengths = np.full((3, 1), 3 * strength, np.float32)
        return keras.ops.convert_to_numpy(translator.network([images, strengths]))

    np.testing.assert_array_equal(at(0), images)
    np.testing.assert_allclose(at(1), edited, atol=1e-6)
    for strength in (0.25, 0.5):
        mixed = images + strength * (edited - images)
        np.testing.assert_allclose(at(strength), mixed, atol=1e-6)
    # Beyond its ends nothing is extrapolated.
    np.testing.assert_array_equal(at(-1), images)
    np.testing.assert_array_equal(at(1.5), at(1))
    faces = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 3), np.uint8)
    same = translator.translate(faces, {"feminine": 0})
    np.testing.assert_array_equal(same, faces)


def test_training_and_its_file_keep_the_network_as_it_is(fixed):
    run, network = fixed
    assert [each.shape for each in run.load_translator().inputs] == [(None, 16, 16, 3)]
    weights = load_translator(run.path).network.weights
    assert [each.path for each in weights] == [each.path for each in network.weights]


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ({"feminine": -0.1}, "strength of feminine must be 0 to 1, .* received -0.1"),
        ({"feminine": 1.5}, "strength of feminine must be 0 to 1, .* received 1.5"),
        ({"feminine": float("nan")}, "strength of feminine must be finite"),
        ({"masculine": 1}, "edit must be one of feminine, received 'masculine'"),
        ({"smile": 1}, "edit must be one of feminine, received 'smile'"),
    ],
)
def test_what_a_fixed_edit_does_not_have(fixed, edits, message):
    with pytest.raises(UserError, match=message):
        load_translator(fixed[0].path).strengths(edits)


@pytest.mark.parametrize(
    ("settings", "units"),
    [
        ({"strength": 1.25}, {"feminine": 1.25}),
        ({"head_only": False}, {"feminine": 1.6}),
        # Nobody knows what was drawn, nor how many standard deviations it is.
        ({"folder": "my/drawings"}, {"drawings": 1.0}),
        ({"edit": "my/direction.npz"}, {"direction": 2.0}),
    ],
)
def test_what_a_fixed_edits_strength_stands_for(fixed, settings, units):
    run, network = fixed
    for name, value in settings.items():
        setattr(run.config if name == "edit" else run.config.pairs, name, value)
    translator = of_run(run, network)
    assert translator.units == units and translator.axes == tuple(units)
    assert ("FFHQ" in translator.licence) == ("folder" not in settings)
    assert "CelebA" in translator.licence  # by the loss, whatever the pairs are
    full = translator.strengths(dict.fromkeys(units, 1))
    assert full.tolist() == pytest.approx([*units.values()])


def test_a_fixed_edit_can_be_shipped(fixed, tmp_path, monkeypatch):
    run, _ = fixed
    translator = load_translator(run.path)
    ship(translator, run.config.generator, tmp_path / "shipped")
    monkeypatch.setattr(translators, "SHIPPED", tmp_path / "shipped")
    shipped = load_translator(run.path.name)
    assert shipped.units == translator.units and shipped.licence == translator.licence
    faces = np.random.default_rng(2).integers(0, 256, (2, 16, 16, 3), np.uint8)
    for strength in (0, 0.5, 1):
        found, expected = (
            each.translate(faces, {"feminine": strength}).astype(int)
            for each in (shipped, translator)
        )
        assert np.abs(found - expected).max() <= 1
    with pytest.raises(UserError, match="halving needs a generator.kind of modulated"):
        halve(translator, run.config.generator)


def test_what_is_shipped_says_its_format(fixed, tmp_path, monkeypatch):
    run, _ = fixed
    ship(load_translator(run.path), run.config.generator, tmp_path)
    path = tmp_path / f"{run.path.name}.json"
    facts = read_json(path)
    assert facts["format"] == 2
    monkeypatch.setattr(translators, "SHIPPED", tmp_path)
    write_json(path, {**facts, "format": 3})
    with pytest.raises(UserError, match=r"\.json: format must be 2, received 3$"):
        load_translator(run.path.name)


def test_strength_1_of_what_is_shipped_was_learnt():
    cards = [read_json(card) for card in sorted(translators.SHIPPED.glob("*.json"))]
    one_face = [facts for facts in cards if facts.get("faces", 1) == 1]
    assert (len(cards), len(one_face)) == (4, 2)
    for facts in one_face:
        for edit, unit in facts["units"].items():
            assert edit in EDITS and 0 < unit <= family_range(edit)
