"""`train` as a user types it: a mistake is one line, code 2, and leaves nothing.

All but one run in this process, because loading TensorFlow takes seconds.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd import cli, job
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.runs import open_run
from tf_fsgd.storage.files import write_json

REPOSITORY = Path(__file__).parents[2]


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
        (["--preset", "nope"], "preset must be one of slider, quick, paper, mobile-"),
        (["--edit", "nope"], "edit must be one of feminine, "),
        # Several edits are for sliders; preset quick has one.
        (
            ["--preset", "quick", "--edit", "smile,older"],
            "edit must be one of feminine, ",
        ),
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

    words = ["--preset", "paper", "--runs", tmp_path / "runs"]  # it needs VGG19
    assert message in mistake(command, *words)
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
    assert opened("--preset", "quick", "--set", f"pairs.folder={folder}") == run


def test_a_file_in_the_place_of_the_runs(mistake, tmp_path):
    def command():
        return cli.main(["train", *sys.argv[1:]])

    line = mistake(command, "--runs", text_file(tmp_path / "runs"))
    assert "runs: expected a folder, found a file" in line


@pytest.mark.slow
def test_train_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, REPOSITORY / "train.py", "--set", "foo=1"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: --set must look like")
    assert run.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
