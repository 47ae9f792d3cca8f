import keras
import numpy as np
import pytest
from PIL import Image

from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.pix2pixhd.layers import Spread
from tf_fsgd.training import samples
from tf_fsgd.training.samples import (
    edits_grid,
    read_samples,
    write_sample,
    write_training_animation,
)
from tf_fsgd.translator.translator import Translator


@pytest.mark.parametrize(("count", "side", "cell"), [(3, 8, 8), (2, 256, 128)])
def test_every_edit_stands_under_the_faces(monkeypatch, count, side, cell):
    laid = {}
    monkeypatch.setattr(
        samples,
        "image_grid",
        lambda images, columns, row_labels: laid.update(
            images=images, columns=columns, labels=row_labels
        ),
    )
    image, strengths = keras.Input((side, side, 3)), keras.Input((1,))
    brighter = keras.Model([image, strengths], image + Spread(side)(strengths))
    units = {"bright": 0.4, "not bright": 0.2}
    translator = Translator("stub", brighter, side, ("bright",), units)
    faces = np.full((count, side, side, 3), 100, np.uint8)
    faces += np.arange(count, dtype=np.uint8)[:, None, None, None]
    edits_grid(translator, faces)
    assert (laid["columns"], laid["labels"]) == (
        count,
        ["input", "bright", "not bright"],
    )
    assert {each.shape for each in laid["images"]} == {(cell, cell, 3)}
    # A face in each column; 0.4 of [-1, 1] is 51 levels of 255.
    levels = np.array([each[0, 0, 0] for each in laid["images"]]).reshape(3, count)
    expected = np.arange(100, 100 + count) + np.array([[0], [51], [-25.5]])
    assert np.abs(levels - expected).max() <= 0.5


def test_samples_are_named_by_images_seen(tmp_path):
    grid = np.full((8, 16, 3), 200, np.uint8)
    path = write_sample(tmp_path / "samples", 12_000, grid)
    assert path == tmp_path / "samples" / "000012000.jpg"
    assert np.abs(read_image(path).astype(int) - 200).max() <= 2


def test_the_animation_shows_the_grids_in_order(tmp_path, monkeypatch):
    shown = {}
    monkeypatch.setattr(
        samples,
        "write_animation",
        lambda path, frames, fps: shown.update(path=path, frames=frames),
    )
    monkeypatch.setattr(samples, "_LONGEST_ANIMATION", 3)
    for images in (40, 0, 10, 20, 30):
        write_sample(tmp_path, images, np.full((8, 8, 3), images, np.uint8))
    write_training_animation(tmp_path / "training.gif", tmp_path)
    assert [int(frame.mean().round()) for frame in shown["frames"]] == [0, 20, 40]


def test_only_the_grids_of_training_are_read(tmp_path):
    write_sample(tmp_path, 0, np.full((10, 10, 3), 50, np.uint8))  # of other faces
    write_sample(tmp_path, 4, np.full((8, 16, 3), 100, np.uint8))
    for name in ("holiday.jpg", "000000004 (1).jpg", "4.jpg", ".000000005-x.jpg"):
        write_image(tmp_path / name, np.full((50, 50, 3), 255, np.uint8))
    frames = read_samples(tmp_path, 5)
    assert [(frame.shape, round(frame.mean())) for frame in frames] == [
        ((8, 16, 3), 50),
        ((8, 16, 3), 100),
    ]
    write_training_animation(tmp_path / "training.gif", tmp_path)
    with Image.open(tmp_path / "training.gif") as animation:
        assert (animation.n_frames, animation.size) == (2, (16, 8))
