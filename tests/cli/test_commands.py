"""Commands as a user types them: a mistake is one line, code 2, and leaves nothing.

All but one run in this process, because loading TensorFlow takes seconds.
"""

import dataclasses
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd import cli, job
from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import open_run, unfinished_or_new
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator import translator

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def unfinished():
    config = Config()
    config.pairs.resolution = 16
    return config


def empty_folder(path):
    path.mkdir()
    return path


def turned_pairs(path):
    for name in ("one", "two"):
        write_image(path / "A" / f"{name}.png", np.zeros((40, 30, 3), np.uint8))
        write_image(path / "B" / f"{name}.png", np.zeros((30, 40, 3), np.uint8))


def text_file(path):
    path.write_text("no such thing")
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--preset", "nope"], "preset must be one of quick, paper, mobile-128, "),
        (["--edit", "nope"], "edit must be one of feminine, "),
        # Several edits are for sliders; preset quick has one.
        (["--edit", "smile,older"], "edit must be one of feminine, "),
        (
            ["--preset", "mobile-128", "--edit", "smile,nope"],
            "edit must be one of feminine, ",
        ),
        (
            ["--preset", "mobile-128", "--edit", "smile,smile"],
            "edit must name different edits, received 'smile,smile'",
        ),
        (
            ["--preset", "mobile-128", "--edit", "smile,frown"],
            "edit must name one end of an axis, received smile and frown",
        ),
        (
            ["--preset", "mobile-128", "--pairs", ("empty", empty_folder)],
            "pairs.folder has one edit at one strength",
        ),
        (
            ["--preset", "mobile-128", "--set", "pairs.resolution=72"],
            "pairs.resolution must be a multiple of 16, at least 32",
        ),
        (["--edit", ("a.npz", text_file)], "a.npz: not a direction"),
        (
            ["--preset", "mobile-128", "--set", "training.start_from=nope"],
            "must be a run folder or one of",
        ),
        (["--set", "foo=1"], "--set must look like training.images=4000"),
        (["--set", "training.batch_size=0"], "training.batch_size must be at least 1"),
        (["--seed", "4294"], "seed must be 0 to 4293, received 4294"),
        (["--resume", ("missing", None)], "missing: not a run folder"),
        (["--resume", "run", "--seed", "0"], "--seed belongs to a new run"),
        (["--resume", "run", "--set", "seed=1"], "--set belongs to a new run"),
        (["--data-dir", ("missing", None)], "missing: no such folder"),
        (["--data-dir", ("empty", empty_folder)], "no CelebA in this folder, missing"),
        (["--vgg19", "f"], "vgg19 needs loss.perceptual_network vgg19 or auto"),
        (
            ["--preset", "paper", "--vgg19", ("empty", empty_folder)],
            "empty: this folder holds no vgg19_weights",
        ),
        (["--pairs", "p", "--teacher", "mobile-ffhq"], "--teacher renders pairs"),
        (
            ["--pairs", ("pairs", turned_pairs), "--set", "pairs.held_out=1"],
            "both images of a pair must have one shape, received 30 x 40",
        ),
        (["--resume", ("empty", empty_folder)], "empty: not a run folder"),
        (["--pairs", ("missing", None)], "missing: no such folder"),
        (["--pairs", ("empty", empty_folder)], "must hold folders A and B"),
    ],
)
def test_a_mistake_leaves_no_run_folder(mistake, tmp_path, words, message):
    prepared = []
    for word in words:
        if isinstance(word, tuple):
            name, prepare = word
            word = tmp_path / name
            if prepare:
                prepare(word)
        prepared.append(word)
    runs = tmp_path / "runs"

    def command():
        return cli.main(["train", *sys.argv[1:]])

    assert message in mistake(command, *prepared, "--runs", runs)
    assert not runs.exists()


@pytest.mark.parametrize("again", ["the same words", "--resume"])
def test_of_the_same_command_twice_the_second_is_one_line(
    mistake, monkeypatch, capfd, tmp_path, again
):
    for number in range(2):
        for side in "AB":
            picture = np.full((128, 128, 3), number, np.uint8)
            write_image(tmp_path / "pairs" / side / f"{number}.png", picture)
    words = ["--edit", "smile", "--pairs", tmp_path / "pairs"]
    words += ["--set", "pairs.held_out=1", "--runs", tmp_path / "runs"]
    lines = []

    def command():
        return cli.main(["train", *sys.argv[1:]])

    def load_classifier():
        (run,) = (open_run(path) for path in (tmp_path / "runs").iterdir())
        capfd.readouterr()
        typed = ["--resume", run.path] if again == "--resume" else words
        lines.append(mistake(command, *typed))
        raise UserError("that is enough")

    monkeypatch.setattr(job, "load_classifier", load_classifier)
    monkeypatch.setattr(sys, "argv", ["train.py", *map(str, words)])
    assert command() == 2
    assert capfd.readouterr().err == "error: that is enough\n"
    (run,) = (open_run(path) for path in (tmp_path / "runs").iterdir())
    assert lines[0].startswith(f"error: {run.path}: another command works here")
    assert f"process {os.getpid()} on {socket.gethostname()} since 20" in lines[0]


@pytest.mark.parametrize("again", ["the same words", "--resume"])
def test_an_earlier_versions_unfinished_run_is_one_line(
    mistake, tmp_path, earlier_configs, again
):
    for side in "AB":
        picture = np.zeros((128, 128, 3), np.uint8)
        write_image(tmp_path / "pairs" / side / "1.png", picture)
        write_image(tmp_path / "pairs" / side / "2.png", picture)
    runs = tmp_path / "runs"
    earlier = runs / "00007-smile-quick-r128"
    values = earlier_configs["first"]
    values["edit"], values["pairs"]["folder"] = "smile", str(tmp_path / "pairs")
    write_json(earlier / "config.json", values)
    words = ["--edit", "smile", "--pairs", tmp_path / "pairs", "--runs", runs]
    words += ["--set", "pairs.held_out=1"]

    def command():
        return cli.main(["train", *sys.argv[1:]])

    line = mistake(command, *(["--resume", earlier] if again == "--resume" else words))
    assert line == (
        f"error: {earlier}: an earlier version has begun this run, and this one cannot "
        "go on with it; finish it with that version, or delete or move away this run's "
        "folder to start anew\n"
    )
    # Nothing is made beside it or in it, not even a lease.
    assert list(runs.iterdir()) == [earlier]
    assert [path.name for path in earlier.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("TFDS_DATA_DIR", "typo: no such folder"),
        ("TF_FSGD_WEIGHTS", "TF_FSGD_WEIGHTS must be a folder, received"),
    ],
)
def test_a_variable_that_names_no_folder(
    mistake, tmp_path, monkeypatch, variable, message
):
    monkeypatch.setenv(variable, str(tmp_path / "typo"))

    def command():
        return cli.main(["train", *sys.argv[1:]])

    assert message in mistake(command, "--runs", tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_pairs_of_ones_own_name_their_run(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.delenv("TF_FSGD_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "to winter"
    for number in range(3):
        for side, size in (("A", 40), ("B", 20)):
            picture = np.zeros((size, size, 3), np.uint8)
            write_image(folder / side / f"{number}.png", picture)

    made = []
    monkeypatch.setattr(job, "make", lambda run, *_, **__: made.append(run) or {})

    def opened(*words):
        words = ["train", "--runs", tmp_path / "runs", *words]
        assert cli.main([*map(str, words), "--set", "pairs.held_out=1"]) == 0
        return made[-1]

    run = opened("--pairs", folder)
    assert run.path.name == "00000-to-winter-quick-r128"
    assert run.config.edit == "to-winter"
    assert "differ in size in 3 of 3 pairs" in capsys.readouterr().err
    assert opened("--pairs", folder) == run  # the same command goes on with it
    named = opened("--pairs", folder, "--edit", "snow")
    assert named.path.name == "00001-snow-quick-r128"
    assert opened("--set", f"pairs.folder={folder}") == run


def test_a_file_in_the_place_of_the_runs(mistake, tmp_path):
    def command():
        return cli.main(["train", *sys.argv[1:]])

    line = mistake(command, "--runs", text_file(tmp_path / "runs"))
    assert "runs: expected a folder, found a file" in line


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
    assert "training.start_from must be a modulated generator, for a run" in line
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


@pytest.mark.slow
def test_train_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, REPOSITORY / "train.py", "--set", "foo=1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: --set must look like")
    assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
