"""A shipped translator is one .tflite file, and Keras has its weights back from it."""

import dataclasses

import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.pix2pixhd.modulation import unit_norm
from tf_fsgd.storage import flatbuffer
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.litert import LiteRTNetwork
from tf_fsgd.translator.shipped import read_network
from tf_fsgd.translator.translator import Translator, load_translator
from tf_fsgd.translator.variables import find_variables, read_variables

SIDE = 32
UNITS = {"older": 2.0, "younger": 1.5, "smile": 1.5, "frown": 1.0}
# Every part that a modulated network can have, and as many as there are of each.
WHOLE = GeneratorConfig(
    kind="modulated",
    filters=8,
    blocks=1,
    side_blocks=1,
    patch=4,
    detail_blocks=1,
    finest_blocks=1,
)


def network_of(config, seed):
    network = build_generator(config, SIDE, 2)
    rng = np.random.default_rng(seed)
    for variable in network.weights:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    # As after training with weights kept at 0: the converter drops what adds nothing.
    network.get_layer("down1").bias.assign(np.zeros(16))
    return network


@pytest.fixture(scope="module")
def network():
    return network_of(WHOLE, 0)


@pytest.fixture(scope="module")
def shipped(network, tmp_path_factory):
    """The folder of what was shipped."""
    folder = tmp_path_factory.mktemp("shipped")
    ship(Translator("mine", network, SIDE, ("older", "smile"), UNITS), WHOLE, folder)
    return folder


@pytest.fixture
def loaded(shipped, monkeypatch):
    monkeypatch.setattr(translators, "SHIPPED", shipped)
    return load_translator("mine")


def without_places(model):
    return flatbuffer.embed(model, {"name": "mine"})


def test_it_is_one_file_and_its_facts(shipped):
    names = sorted(path.name for path in shipped.iterdir())
    assert names == ["mine.json", "mine.tflite"]


def test_keras_has_the_weights_back(network, loaded):
    assert [each.path for each in loaded.model.weights] == [
        each.path for each in network.weights
    ]
    kinds = {"as float16": 0, "of unit norm": 0, "scaled": 0}
    for before, after in zip(network.weights, loaded.model.weights, strict=True):
        expected, found = np.asarray(before.value), np.asarray(after.value)
        if before.path.endswith("_expand/kernel"):
            kinds["of unit norm"] += 1
            np.testing.assert_allclose(found, unit_norm(expected), rtol=1e-3, atol=1e-7)
        elif "_conv/" in before.path and "up" not in before.path:
            kinds["scaled"] += 1  # by `Rescaling`, before it is rounded
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
        else:
            kinds["as float16"] += 1
            rounded = expected.astype(np.float16)
            np.testing.assert_array_equal(found, rounded.astype(np.float32))
    # Kernel and bias of change, detail and finest; a kernel of each of seven blocks.
    assert (kinds["scaled"], kinds["of unit norm"]) == (6, 7)


def test_litert_and_keras_make_the_same(network, loaded):
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (3, SIDE, SIDE, 3)).astype(np.float32)
    strengths = rng.normal(0, 2, (3, 2)).astype(np.float32)
    by_litert = loaded.network([images, strengths])
    assert np.abs(by_litert - images).mean() > 0.05
    # Half a level of 255, and one where float16 has rounded.
    for each, apart in ((loaded.model, 1 / 255), (network, 2 / 255)):
        by_keras = np.clip(each([images, strengths]), -1, 1)
        np.testing.assert_allclose(by_litert, by_keras, atol=apart)


def test_what_was_read_is_shipped_as_the_same(loaded, tmp_path):
    again = dataclasses.replace(loaded, name="again")
    ship(again, WHOLE, tmp_path)
    faces = np.random.default_rng(2).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    edits = {"smile": 1, "younger": 0.5}
    network = LiteRTNetwork(tmp_path / "again.tflite")
    second = dataclasses.replace(again, network=network).translate(faces, edits)
    first = loaded.translate(faces, edits)
    assert np.abs(first.astype(int) - second).max() <= 1


def test_a_file_of_another_network(network, shipped, monkeypatch):
    model = (shipped / "mine.tflite").read_bytes()
    places = flatbuffer.read_facts(model)["variables"]
    assert places.keys() < {each.path for each in network.weights}
    narrow = build_generator(dataclasses.replace(WHOLE, filters=4), SIDE, 2)
    with pytest.raises(UserError, match=r"^mine: stem/kernel must be of shape \[3, 3"):
        read_variables(narrow, model, places, "mine")
    without = build_generator(dataclasses.replace(WHOLE, finest_blocks=0), SIDE, 2)
    with pytest.raises(UserError, match=r"^mine: not a file of this network \(finest_"):
        read_variables(without, model, places, "mine")
    with pytest.raises(ValueError, match="the .tflite file does not hold stem/kernel"):
        find_variables(network_of(WHOLE, 1), model)


@pytest.mark.parametrize("content", [lambda model: model[:999], without_places])
def test_a_damaged_file(shipped, tmp_path, content):
    path = tmp_path / "mine.tflite"
    path.with_suffix(".json").write_bytes((shipped / "mine.json").read_bytes())
    path.write_bytes(content((shipped / path.name).read_bytes()))
    with pytest.raises(UserError, match="mine.tflite: not a shipped translator"):
        read_network(path)
