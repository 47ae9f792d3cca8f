"""The same questions of rendered pairs and of a folder of images."""

import numpy as np
import pytest

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.pairs.origin import origin_of
from tf_fsgd.pairs.source import pictures


@pytest.fixture
def own(tmp_path):
    """A config of three pairs: A is grey i, B of twice the size."""
    folder = tmp_path / "to winter"
    for i in (10, 20, 30):
        write_image(folder / "A" / f"{i}.png", np.full((16, 16, 3), i, np.uint8))
        write_image(folder / "B" / f"{i}.png", np.full((32, 32, 3), i, np.uint8))
    config = Config(edit="")
    config.pairs.folder, config.pairs.held_out = str(folder), 1
    config.pairs.resolution = 16
    return config


def test_a_folder_names_its_edit_and_nobody_knows_its_direction(own, tmp_path):
    origin = origin_of(own)
    origin.settle("feminine")
    assert own.edit == "to-winter"
    assert "differ in size in 3 of 3 pairs" in origin.check()
    assert origin.directions() == []
    folder = tmp_path / "to winter"
    there = sorted(folder.rglob("*"))
    origin.make(folder, None)
    assert sorted(folder.rglob("*")) == there
    held_out = origin.open(folder, "held_out")
    assert pictures(held_out, 0)[:, 0, 0, 0].tolist() == [30]


def test_rendered_pairs_have_the_usual_edit_and_its_direction(tmp_path):
    config = Config(edit="")
    origin = origin_of(config)
    origin.settle("frown")
    assert config.edit == "frown"
    (direction,) = origin.directions()
    assert (direction.attribute, direction.sign) == ("Smiling", -1)
    with pytest.raises(UserError, match="index.json: no such file"):
        origin.open(tmp_path, "train")


def test_of_several_edits_there_is_a_direction_each():
    config = Config(edit="feminine,smile")
    config.generator.kind = "modulated"
    found = [direction.attribute for direction in origin_of(config).directions()]
    assert found == ["Male", "Smiling"]
