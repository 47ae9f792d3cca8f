"""`translate` and `ship` by edits and strengths, as a user types them."""

import dataclasses
import os
import sys

import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd import cli
from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.translator import translator


@pytest.fixture
def unfinished():
    config = Config()
    config.pairs.resolution = 16
    return config


def empty_folder(path):
    path.mkdir()
    return path


def text_file(path):
    path.write_text("no such thing")
    return path


def test_translating_what_cannot_be_translated(mistake, tmp_path, unfinished):
    config = unfinished
    run = unfinished_or_new(tmp_path / "runs", config)
    photo, out = tmp_path / "photo.png", tmp_path / "out"
    write_image(photo, np.zeros((20, 30, 3), np.uint8))
    text = text_file(tmp_path / "text.jpg")
    empty = empty_folder(tmp_path / "empty")

    def message(run_folder, photo):
        words = ("translate", "--translator", run_folder, photo, "--out", out)
        words += ("--aligned",)
        return mistake(verbs.main, *words)

    assert "must be a run folder or one of" in message(tmp_path / "missing", photo)
    assert "training has not finished" in message(run.path, photo)
    run.save_translator(build_generator(config.generator, 16))
    assert "text.jpg: not an image" in message(run.path, text)
    assert "empty: no image in this folder" in message(run.path, empty)
    assert "missing.png: no such file" in message(run.path, tmp_path / "missing.png")
    assert not out.exists()


def test_translates_a_photo(monkeypatch, capsys, tmp_path, unfinished):
    run = unfinished_or_new(tmp_path / "runs", unfinished)
    run.save_translator(build_generator(unfinished.generator, 16))  # starts as identity
    photo = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    write_image(tmp_path / "photo.png", photo)
    words = ["translate", "--translator", run.path, tmp_path / "photo.png"]
    words += ["--out", tmp_path / "out", "--aligned"]
    monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
    assert verbs.main() == 0
    np.testing.assert_array_equal(read_image(tmp_path / "out" / "photo.png"), photo)


def test_names_that_are_no_text(monkeypatch, capfd, tmp_path, brightens):
    name, odd = (os.fsdecode(name) for name in (b"caf\xe9.png", b"n\xff.png"))
    write_image(tmp_path / name, np.full((32, 32, 3), 100, np.uint8))
    (tmp_path / odd).write_text("no such thing")
    words = ["translate", name, odd, "--translator", brightens.path, "--aligned"]
    words += ["--edit", "smile", "--out", os.fsdecode(b"\xe9t\xe9")]
    monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
    monkeypatch.chdir(tmp_path)
    assert verbs.main() == 0
    left_out, summary = capfd.readouterr().out.splitlines()
    assert left_out.startswith("left out: n\\udcff.png: not an image")
    assert summary == "1 photo: \\udce9t\\udce9, 1 left out"
    assert (tmp_path / os.fsdecode(b"\xe9t\xe9") / name).is_file()


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    write_image(path, np.full((32, 32, 3), 100, np.uint8))
    return path


def brightness(monkeypatch, tmp_path, run, photo, *words):
    """Mean level of what the verb makes of the photo."""
    out = tmp_path / "out"
    words = ["translate", photo, "--translator", run.path, "--out", out, *words]
    words.append("--aligned")
    monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
    assert verbs.main() == 0
    return read_image(out / "photo.png").mean()


def test_a_slider_from_the_photo_to_the_edit(
    monkeypatch, capsys, tmp_path, brightens, photo
):
    levels = [
        brightness(monkeypatch, tmp_path, brightens, photo, *words)
        for words in (
            ["--edit", "smile", "--strength", "0"],
            ["--edit", "smile", "--strength", "0.2"],
            ["--edit", "smile=0.2"],
            ["--edit", "smile"],
            ["--edit", "smile=1", "--strength", "0.2"],
        )
    ]
    assert levels[0] == 100
    assert levels[0] < levels[1] == levels[2] < levels[3] == levels[4]


def test_before_and_after_side_by_side(monkeypatch, capsys, tmp_path, brightens, photo):
    words = ("--edit", "frown=0.5", "--couple")
    brightness(monkeypatch, tmp_path, brightens, photo, *words)
    couple = read_image(tmp_path / "out" / "photo.png")
    assert couple.shape == (32, 64, 3)
    assert (couple[:, :32] == 100).all() and (couple[:, 32:] != 100).any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "edit must be one or more of smile, frown"),
        (["--edit", "ears"], "edit must be one of smile, frown, received 'ears'"),
        (["--edit", "smile=very"], "must look like smile=0.8,younger, received"),
        (["--edit", "smile="], "must look like smile=0.8,younger, received 'smile='"),
        (["--edit", "smile=4"], "strength of smile must be -3 to 3, received 4"),
        (["--edit", "smile=nan"], "strength of smile must be -3 to 3, received nan"),
        (
            ["--edit", "smile", "--strength", "-3.5"],
            "strength of smile must be -3 to 3, received -3.5",
        ),
        (["--edit", "smile,smile=1"], "edit must name different edits, received"),
        (["--edit", "smile,"], "edit must name different edits, received 'smile,'"),
        (["--edit", ""], "edit must name different edits, received ''"),
    ],
)
def test_edits_that_a_slider_does_not_have(
    mistake, tmp_path, brightens, photo, words, message
):
    out = tmp_path / "out"
    words = ["translate", photo, "--translator", brightens.path, "--out", out, *words]
    assert message in mistake(verbs.main, *words)
    assert not out.exists()


@pytest.fixture
def fixed(tmp_path):
    """A finished run of one fixed edit that makes any face brighter."""
    config = Config()
    config.pairs.resolution = 32
    config.generator = GeneratorConfig(
        filters=4, downsamplings=1, blocks=0, strided_ends=False
    )
    run = unfinished_or_new(tmp_path / "runs", config)
    network = build_generator(config.generator, 32)
    network.weights[-1].assign(np.full(3, 0.4))
    run.save_translator(network)
    return run


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ([], 151),
        (["--strength", "0.5"], 125.5),
        (["--edit", "feminine=0.5"], 125.5),
        (["--edit", "feminine", "--strength", "0"], 100),
    ],
)
def test_a_fixed_edit_has_a_slider(
    monkeypatch, capsys, tmp_path, fixed, photo, words, level
):
    # 0.4 of [-1, 1] is 51 of 255.
    found = brightness(monkeypatch, tmp_path, fixed, photo, *words)
    assert found == pytest.approx(level, abs=0.5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--strength", "1.5"], "strength of feminine must be 0 to 1"),
        (["--edit", "feminine=-1"], "strength of feminine must be 0 to 1"),
        (["--edit", "masculine"], "edit must be one of feminine, received 'masculine'"),
    ],
)
def test_a_fixed_edit_has_no_opposite(mistake, tmp_path, fixed, photo, words, message):
    out = tmp_path / "out"
    words = ["translate", photo, "--translator", fixed.path, "--out", out, *words]
    assert message in mistake(verbs.main, *words)
    assert not out.exists()


def test_a_fixed_edit_on_a_sheet(monkeypatch, capsys, tmp_path, fixed, photo):
    out = tmp_path / "sheet.png"
    words = ["sliders", photo, "--translator", fixed.path, "--out", out]
    monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
    assert verbs.main() == 0
    sheet = read_image(out)
    assert sheet[5, -5].tolist() == [100] * 3 and sheet[-5, -5].tolist() == [151] * 3


def test_sliders_start_from_sliders_only(mistake, tmp_path, fixed):
    start = f"training.start_from={fixed.path}"
    runs = tmp_path / "new"
    words = ["--preset", "mobile-128", "--edit", "feminine", "--set", start]

    def command():
        return cli.main(["train", *sys.argv[1:]])

    line = mistake(command, *words, "--runs", runs)
    assert "training.start_from must be a modulated generator, of two faces" in line
    assert not runs.exists()


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ("smile=2.7", "--units: smile must be above 0 and at most 2.6"),
        ("smile=-1", "--units: smile must be above 0"),
        ("smile=0", "--units: smile must be above 0"),
        ("ears=1", "--units must be of smile, frown, received 'ears'"),
        ("smile=wide", "--units must look like"),
    ],
)
def test_units_that_training_has_not_shown(
    mistake, monkeypatch, tmp_path, brightens, units, message
):
    monkeypatch.setattr("tf_fsgd.translator.translator.SHIPPED", tmp_path / "shipped")
    words = ["ship", brightens.path, "mine", "--units", units]
    assert message in mistake(verbs.main, *words)
    assert not (tmp_path / "shipped").exists()


def test_a_folder_does_not_hide_what_is_shipped(
    monkeypatch, capsys, tmp_path, brightens, photo
):
    monkeypatch.setattr(translator, "SHIPPED", tmp_path / "shipped")
    ship(
        dataclasses.replace(translator.load_translator(brightens.path), name="mine"),
        brightens.config.generator,
        tmp_path / "shipped",
    )
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ["translate", "photo.png", "--translator", "mine", "--edit", "smile"]
    words.append("--aligned")
    monkeypatch.setattr(sys, "argv", ["tf_fsgd", *words])
    assert verbs.main() == 0
    assert read_image(tmp_path / "translated" / "photo.png").mean() > 100
