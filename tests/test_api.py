"""The front door: what an import costs, and what a call gives."""

import ast
import copy
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

import tf_fsgd
from tf_fsgd import job
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.pix2pixhd.layers import Spread

REPOSITORY = Path(__file__).parents[1]
LIGHT = ("Config", "UserError", "preset")
"""Names that need no framework."""


def test_the_import_loads_nothing_slow():
    code = f"""
import sys
import tf_fsgd
missing = {{*tf_fsgd.__all__}} - {{*dir(tf_fsgd)}}
assert not missing, missing
assert not {{"numpy", "keras", "tensorflow"}} & {{*sys.modules}}
from tf_fsgd import {", ".join(LIGHT)}
assert preset("quick") == Config()
assert not {{"keras", "tensorflow"}} & {{*sys.modules}}
"""
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)


def test_every_name_is_there():
    for name in tf_fsgd.__all__:
        assert getattr(tf_fsgd, name).__name__ == name
    with pytest.raises(AttributeError, match="'tf_fsgd' has no attribute 'nope'"):
        tf_fsgd.nope  # noqa: B018


def test_type_checkers_see_the_same_names():
    source = Path(tf_fsgd.__file__).read_text(encoding="utf-8")
    seen = {
        alias.asname: node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("tf_fsgd.")
        for alias in node.names
    }
    assert seen == tf_fsgd._HOMES


@pytest.fixture(scope="module")
def brighter(brightens):
    """The translator of a run: 32 px, smile and frown."""
    return tf_fsgd.load(brightens.path)


def picture(side, seed=0):
    """Noise that an edit of a tenth does not drive out of 0 to 255."""
    rng = np.random.default_rng(seed)
    return rng.integers(70, 180, (side, side, 3), np.uint8)


def test_a_run_is_loaded_by_its_path(brighter, brightens):
    assert isinstance(brighter, tf_fsgd.Translator)
    assert brighter.name == brightens.path.name
    assert brighter.edits == ("smile", "frown")


def test_a_call_is_the_network_at_its_own_size(brighter):
    faces = np.stack([picture(32, seed) for seed in range(3)])
    edited = brighter(faces, smile=0.1)
    np.testing.assert_array_equal(edited, brighter.translate(faces, {"smile": 0.1}))
    one = brighter(faces[1], smile=0.1)
    assert one.shape == (32, 32, 3)
    np.testing.assert_array_equal(one, edited[1])
    assert (edited.mean() - faces.mean()) > 5


@pytest.mark.parametrize("side", [16, 48, 64, 200])
def test_another_size_keeps_its_own_pixels(brighter, side):
    face = picture(side)
    edited = brighter(face, smile=0.1).astype(int)
    # A plain change: what is added to every pixel, up to the border, is the same.
    small = np.full((32, 32, 3), 120, np.uint8)
    levels = brighter(small, smile=0.1).astype(int).mean() - 120
    assert levels > 5
    np.testing.assert_allclose(edited - face, levels, atol=2)
    np.testing.assert_array_equal(brighter(face, smile=0), face)


def test_one_edit_need_not_be_named():
    image, strengths = keras.Input((8, 8, 3)), keras.Input((1,))
    network = keras.Model([image, strengths], image + Spread(8)(strengths * 0.1))
    snow = tf_fsgd.Translator("stub", network, 8, ("to-winter",), {"to-winter": 2.0})
    face = np.full((8, 8, 3), 100, np.uint8)
    # 0.1 of [-1, 1] a standard deviation, two of them: 25.5 levels.
    assert abs(snow(face).astype(int) - 125.5).max() <= 0.5
    np.testing.assert_array_equal(snow(face), snow(face, **{"to-winter": 1}))


@pytest.mark.parametrize(
    ("faces", "edits", "message"),
    [
        (np.zeros((8, 9, 3), np.uint8), {"smile": 1}, r"received uint8 \[8, 9, 3\]"),
        (np.zeros((8, 8), np.uint8), {"smile": 1}, r"received uint8 \[8, 8\]"),
        (np.zeros((8, 8, 4), np.uint8), {"smile": 1}, r"received uint8 \[8, 8, 4\]"),
        (np.zeros((0, 0, 3), np.uint8), {"smile": 1}, r"received uint8 \[0, 0, 3\]"),
        (np.zeros((8, 8, 3)), {"smile": 1}, r"received float64 \[8, 8, 3\]"),
        ("face.jpg", {"smile": 1}, r"faces must be uint8 .* received <U8 \[\]"),
        (picture(8), {}, "edit must be one or more of smile, frown, received none"),
        (picture(8), {"ears": 1}, "edit must be one of smile, frown, received 'ears'"),
        (picture(8), {"smile": float("inf")}, "strength of smile must be finite"),
        (picture(8)[None][:0], {"ears": 1}, "received 'ears'"),
    ],
)
def test_what_cannot_be_edited(brighter, faces, edits, message):
    with pytest.raises(UserError, match=message) as caught:
        brighter(faces, **edits)
    assert "\n" not in str(caught.value)


def test_no_face_gives_no_face(brighter):
    none = np.zeros((0, 40, 40, 3), np.uint8)
    assert brighter(none, smile=1).shape == none.shape


def fade(inputs):
    faces, times = inputs
    times = times[..., None, None]
    return (1 - times) * faces[..., :3] + times * faces[..., 3:]


MORPH = dict(resolution=8, axes=("morph",), units={"morph": 1.0}, faces=2)


def test_two_people_in_one_pass():
    morph = tf_fsgd.Translator("mine", fade, **MORPH)
    dark, light = (np.full((20, 20, 3), level, np.uint8) for level in (40, 80))
    film = morph.morph([dark, light], 4, ease="linear")
    assert film.shape == (8, 20, 20, 3)
    assert film[:, 9, 9, 0].tolist() == [40, 50, 60, 70, 80, 70, 60, 50]


@pytest.mark.parametrize(
    ("faces", "how", "message"),
    [
        ([np.zeros((8, 8, 3), np.uint8)], {}, "two or more uint8 .*, received 1 of"),
        ([], {}, "two or more uint8 .*, received 0 of"),
        ([np.zeros((8, 9, 3), np.uint8)] * 2, {}, "received 2 of .*8, 9, 3, 'uint8'"),
        ([np.zeros((8, 8, 3))] * 2, {}, "received 2 of .*'float64'"),
        ([np.zeros((8, 8, 3), np.uint8)] * 2, {"frames": 0}, "frames must be at least"),
        ([np.zeros((8, 8, 3), np.uint8)] * 2, {"ease": "in"}, "ease must be one of"),
    ],
)
def test_what_cannot_be_morphed(faces, how, message):
    with pytest.raises(UserError, match=message):
        tf_fsgd.Translator("mine", fade, **MORPH).morph(faces, **how)


def test_a_morph_edits_nobody_and_an_edit_morphs_nobody(brighter, tmp_path):
    morph = tf_fsgd.Translator("mine", fade, **MORPH)
    face = np.zeros((8, 8, 3), np.uint8)
    calls = (morph, morph.edit_photo, lambda face: morph.export(tmp_path / "out"))
    for call in calls:
        with pytest.raises(
            UserError, match="edits one face, mine is one that morphs two"
        ):
            call(face)
    with pytest.raises(UserError, match="morphs two people, .* edits one face"):
        brighter.morph([face, face])
    assert not (tmp_path / "out").exists()


def test_threads_share_a_translator(brighter):
    faces = [picture(48, seed) for seed in range(16)]
    strengths = np.linspace(0, 0.3, 16)
    expected = [
        brighter(face, smile=strength)
        for face, strength in zip(faces, strengths, strict=True)
    ]
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(lambda face, s: brighter(face, smile=s), faces, strengths)
        )
    np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def two_faces(teacher):
    """Two generated faces side by side, [256, 512, 3] uint8."""
    from tf_fsgd.latents.studio import Studio

    return np.concatenate(Studio(teacher, truncation_psi=0.5).sample([0, 1]), axis=1)


def test_the_faces_of_a_photo(brighter, two_faces, tmp_path):
    def changes(edited):
        middles = edited[100:160, 100:160], edited[100:160, 356:416]
        befores = two_faces[100:160, 100:160], two_faces[100:160, 356:416]
        return [
            (after.astype(int) - before).mean()
            for after, before in zip(middles, befores, strict=True)
        ]

    before = two_faces.copy()
    both = brighter.edit_photo(two_faces, smile=0.1)
    assert min(changes(both)) > 5
    np.testing.assert_array_equal(two_faces, before)  # a copy was edited
    second = changes(brighter.edit_photo(two_faces, smile=0.1, face=2))
    assert second[0] == 0 and second[1] > 5
    write_image(tmp_path / "photo.png", two_faces)
    for path in (tmp_path / "photo.png", str(tmp_path / "photo.png")):
        np.testing.assert_array_equal(brighter.edit_photo(path, smile=0.1), both)


MIX = dict(resolution=8, axes=("mix",), units={"mix": 1.0}, faces=2)


def test_a_face_in_the_style_of_anothers(two_faces, tmp_path):
    """The fake style is the mean of the other face, and half of it is blended in."""

    face = two_faces[:, :256]

    def blend(inputs):
        faces, share = inputs
        style = faces[..., 3:].mean(axis=(1, 2), keepdims=True)
        return faces[..., :3] + share[..., None, None] / 2 * (style - faces[..., :3])

    mix = tf_fsgd.Translator("mine", blend, **MIX)
    write_image(tmp_path / "her.png", face)
    her = mix.like(tmp_path / "her.png")
    assert her.edits == ("mix",)
    grey = np.full((8, 8, 3), 100, np.uint8)
    whole, half = her(grey), her(grey, mix=0.5)
    style = whole.astype(float) * 2 - 100
    assert np.ptp(style, axis=(0, 1)).max() == 0 and np.abs(style - 100).max() > 20
    np.testing.assert_allclose(half, 0.75 * grey + 0.25 * style, atol=1)
    np.testing.assert_array_equal(mix.like(face)(grey), whole)
    np.testing.assert_array_equal(her(grey, mix=0), grey)
    assert (her.edit_photo(face) != face).any()
    with pytest.raises(UserError, match="no face found"):
        mix.like(grey)
    with pytest.raises(UserError, match="gives a face the style .* mine is one that e"):
        her.like(face)
    with pytest.raises(UserError, match="edits one face, mine is one that gives a"):
        mix(grey)
    with pytest.raises(UserError, match="received mine with somebody's style"):
        her.export(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_face_that_is_not_there(brighter, two_faces, number):
    with pytest.raises(UserError, match=f"face must be 1 to 2, received {number}"):
        brighter.edit_photo(two_faces, smile=1, face=number)


def test_what_is_no_photo(brighter, tmp_path):
    wall = np.full((60, 90, 3), 90, np.uint8)
    with pytest.raises(UserError, match="no face found"):
        brighter.edit_photo(wall, smile=1)
    with pytest.raises(UserError, match=r"received float32 \[60, 90, 3\]"):
        brighter.edit_photo(wall.astype(np.float32), smile=1)
    with pytest.raises(UserError, match=r"received uint8 \[0, 90, 3\]"):
        brighter.edit_photo(wall[:0], smile=1)
    with pytest.raises(UserError, match="received 'ears'"):
        brighter.edit_photo(wall, ears=1)
    with pytest.raises(UserError, match="party.jpg: no such file"):
        brighter.edit_photo(tmp_path / "party.jpg", smile=1)


@pytest.fixture
def made(monkeypatch):
    """The runs that were made; making one saves a network that changes nothing."""
    made = []

    def make(run, origin, **how):
        made.append((run, how))
        run.save_translator(build_generator(run.config.generator, 16))

    monkeypatch.setattr(job, "make", make)
    return made


@pytest.fixture
def winter(tmp_path):
    """A config that learns from pictures of its own."""
    folder = tmp_path / "to-winter"
    for number in range(3):
        write_image(folder / "A" / f"{number}.png", picture(16, number))
        write_image(folder / "B" / f"{number}.png", 255 - picture(16, number))
    config = tf_fsgd.preset("quick")
    config.pairs.folder, config.pairs.held_out = os.path.relpath(folder), 1
    config.pairs.resolution = 16
    return config


def test_training_gives_the_translator_of_a_run(winter, made, tmp_path):
    asked = copy.deepcopy(winter)
    trained = tf_fsgd.train(winter, tmp_path / "runs", data_dir=None)
    assert winter == asked  # what was left open is filled in a copy
    assert trained.edits == ("to-winter",)
    ((run, how),) = made
    assert run.path == tmp_path / "runs" / trained.name
    assert Path(run.config.pairs.folder).is_absolute()
    assert how == {"data_dir": None, "vgg19": None}
    np.testing.assert_array_equal(trained(picture(16)), picture(16))
    # Not finished, the same call goes on with it.
    assert tf_fsgd.train(winter, tmp_path / "runs").name == trained.name


def test_a_config_from_which_nothing_comes_leaves_no_run(winter, made, tmp_path):
    winter.training.batch_size = 0
    with pytest.raises(UserError, match="training.batch_size must be at least 1"):
        tf_fsgd.train(winter, tmp_path / "runs")
    assert made == [] and not (tmp_path / "runs").exists()


def test_measuring_no_photo_is_a_mistake(brighter, tmp_path):
    with pytest.raises(UserError, match="count must be at least 1, received 0"):
        tf_fsgd.evaluate(brighter, tmp_path / "out", count=0)
    assert not (tmp_path / "out").exists()
