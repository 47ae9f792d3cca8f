"""`tf-fsgd evaluate` as a user types it, with a translator that is tiny."""

import json
import sys

import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd.evaluation import inputs
from tf_fsgd.images.io import write_image
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.presets import preset
from tf_fsgd.runs import unfinished_or_new

SIZE = 32


@pytest.fixture
def run(tmp_path):
    """A run of a new network, which changes nothing yet, and no pairs."""
    config = preset("mobile-128")
    config.pairs.resolution = SIZE
    config.generator.filters = 4
    config.generator.blocks = config.generator.side_blocks = 1
    made = unfinished_or_new(tmp_path / "runs", config)
    network = build_generator(config.generator, SIZE, len(config.axes))
    made.save_translator(network)
    return made


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(6):
        face = rng.integers(0, 256, (48, 48, 3), np.uint8)
        write_image(tmp_path / "photos" / f"{number}.png", face)
    return tmp_path / "photos"


@pytest.fixture
def evaluate(nothing_at_hand, monkeypatch):
    """Runs the verb where neither CelebA nor any judge is at hand."""

    def evaluate(*words):
        monkeypatch.setattr(sys, "argv", ["tf_fsgd", "evaluate", *map(str, words)])
        return verbs.main()

    return evaluate


def test_a_run_on_photos_of_ones_own(evaluate, run, photos, capsys):
    assert evaluate(run.path, "--faces", photos, "--photos", "2") == 0
    out = capsys.readouterr().out
    assert "Change at strength 0" in out and str(run.path / "report.html") in out
    report = json.loads((run.path / "report.json").read_text())
    assert "6 photos of photos" in report["photos"]
    assert "not installed" in report["notes"]["identity"]
    assert "took part in no loss" in report["notes"]["classifier"]
    # The classifier reads noise as it likes, but the same before and after.
    for values in report["edits"].values():
        full = values["strengths"]["1"]
        assert full["mean_absolute_pixel_change"]["mean"] == 0
        assert full["effect"]["moved"]["mean"] == 0
    assert "photos of photos" in (run.path / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--photos", "0"], "--photos must be at least 1, received 0"),
        ([], "no faces to try the edits on: name a folder (faces)"),
        (["--faces", "nowhere"], "nowhere: no such file or folder"),
        (["--beside", "nowhere"], "must be a run folder or one of mix-128, "),
        (["--pairs", "nowhere"], "nowhere: not a run folder"),
        (["--classifier", "nowhere"], "nowhere: no such file"),
        (["--projection", "nowhere"], "nowhere: no such file"),
        (["--data-dir", "nowhere"], "data_dir nowhere: no such folder"),
        (["--data-dir", "a", "--faces", "b"], "--faces stands in for CelebA"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    evaluate, run, capsys, words, message
):
    assert evaluate(run.path, *words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error
    assert error.count("\n") == 1
    assert not (run.path / "report.json").exists()


@pytest.fixture
def fixed(tmp_path):
    """A run of one fixed edit that changes nothing yet."""
    config = preset("quick")
    config.pairs.resolution = SIZE
    config.generator.filters, config.generator.blocks = 4, 0
    made = unfinished_or_new(tmp_path / "fixed", config)
    made.save_translator(build_generator(config.generator, SIZE))
    return made


def test_a_run_of_one_edit_has_the_same_report(evaluate, fixed, photos, tmp_path):
    out = tmp_path / "out"
    words = ("--faces", photos, "--beside", fixed.path, "--out", out)
    assert evaluate(fixed.path, *words) == 0
    report = json.loads((out / "report.json").read_text())
    (values,) = report["edits"].values()
    assert values["attribute"] == "Male" and values["present"] is False
    assert list(values["beside"]) == [fixed.path.name]
    assert list(values["strengths"])[-1] == "1"


def test_pairs_of_another_edit_are_refused(evaluate, run, fixed, photos, capsys):
    assert evaluate(run.path, "--pairs", fixed.path, "--faces", photos) == 2
    error = capsys.readouterr().err
    message = "--pairs must be a run of feminine, masculine, older, younger, smile, "
    assert message + "frown, received one of feminine" in error


def test_what_is_no_table_of_projections(evaluate, run, tmp_path, capsys):
    path = tmp_path / "table.json"
    path.write_text('{"table": 3}')
    assert evaluate(run.path, "--projection", path) == 2
    assert "not a table of benchmarks/projection.py" in capsys.readouterr().err


def test_an_unknown_translator(evaluate, capsys):
    assert evaluate("nobody-64") == 2
    assert "translator must be a run folder or one of" in capsys.readouterr().err


def test_only_exported_files_are_measured(tmp_path):
    run = unfinished_or_new(tmp_path, preset("quick"))
    (run.export / "tflite").mkdir(parents=True)
    for name in ("tf_fsgd_smile_128_fp16.tflite", "mine.tflite"):
        (run.export / "tflite" / name).touch()
    (found,) = inputs.supplement_of(run).tflite
    assert found.name == "tf_fsgd_smile_128_fp16.tflite"
