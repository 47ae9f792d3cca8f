"""Sheets and films of a translator that can be followed by hand."""

import sys

import keras
import numpy as np
import pytest
from PIL import Image

import tf_fsgd.__main__ as verbs
from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.pix2pixhd.layers import Spread
from tf_fsgd.training import samples
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.translator import Translator


@pytest.fixture
def translator():
    """Adds its one strength to every channel, 0.1 a standard deviation."""
    image, strengths = keras.Input((8, 8, 3)), keras.Input((1,))
    brighter = Spread(8)(strengths * 0.1)
    network = keras.Model([image, strengths], image + brighter)
    return Translator("stub", network, 8, ("smile",), {"smile": 2.0, "frown": 2.0})


def test_a_film_comes_and_goes(translator, monkeypatch):
    grey = np.full((1, 8, 8, 3), 100, np.uint8)
    shown = []
    grid = samples.image_grid
    monkeypatch.setattr(
        samples,
        "image_grid",
        lambda faces, *rest, **more: (
            shown.append(int(faces[0, 0, 0, 0])) or grid(faces, *rest, **more)
        ),
    )
    frames = samples.edits_film(translator, grey, {"smile": 1.0, "frown": 0.5}, 4)
    assert len(frames) == 8 and len({frame.shape for frame in frames}) == 1
    # 0, half, all and half of 2 * 0.1 in [-1, 1], that is of 25.5 levels; then darker.
    assert shown == [100, 113, 126, 113, 100, 94, 87, 94]


@pytest.fixture
def command(translator, monkeypatch, tmp_path, capsys):
    write_image(tmp_path / "face.png", np.full((8, 8, 3), 100, np.uint8))
    monkeypatch.setattr(translators, "load_translator", lambda name: translator)

    def run(*words):
        words = ["sliders", tmp_path / "face.png", *words]
        monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
        code = verbs.main()
        return code, capsys.readouterr().err

    return run


def test_a_sheet_has_a_row_for_every_edit(command, tmp_path):
    out = tmp_path / "sheet.png"
    assert command("--out", out)[0] == 0
    picture = read_image(out)
    assert picture.shape[0] >= 3 * 8  # the photo, smile, frown
    levels = set(np.unique(picture[:, -4]))
    assert {100, 126, 74} <= levels  # at strength 1: 25.5 levels up and down


def test_a_film_is_written(command, tmp_path):
    out = tmp_path / "film.webp"
    # Labels of different widths must not stop it.
    assert command("--out", out, "--edit", "smile,frown", "--frames", "2")[0] == 0
    with Image.open(out) as film:
        assert film.n_frames == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "film.txt"], "--out must end in one of .gif, .webp, .mp4, .png"),
        (["--frames", "1"], "--frames must be at least 2, received 1"),
        (["--edit", "older"], "edit must be one of smile, frown, received 'older'"),
        (["--edit", "smile=9"], "strength of smile must be -3 to 3, received 9"),
    ],
)
def test_mistakes(command, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, error = command(*words)
    assert code == 2 and message in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["face.png"]
