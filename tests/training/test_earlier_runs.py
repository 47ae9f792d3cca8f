"""Finished runs of three earlier versions load and translate.

Their configs are real; the networks are made here, from the layers that all versions
have had under the names of today.
"""

import numpy as np
import pytest

from tf_fsgd.config import Config
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import open_run
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator.translator import load_translator


@pytest.mark.parametrize(
    ("name", "units", "last_layer", "level"),
    [
        # A fixed edit's 1 is what its pairs were drawn with, a slider's two thirds of
        # the most that any family showed.
        ("first", {"feminine": 3.0}, "head_conv", 0.2),
        ("last", {"feminine": 3.0}, "head_conv", 0.2),
        (
            "sliders",
            {"feminine": 2.4, "masculine": 2.4, "smile": 2.6 / 1.5, "frown": 2.6 / 1.5},
            "change_conv",
            1.0,
        ),
    ],
)
def test_a_finished_run_of_an_earlier_version(
    tmp_path, earlier_configs, name, units, last_layer, level
):
    path = tmp_path / "00000-earlier"
    write_json(path / "config.json", earlier_configs[name])
    run = open_run(path)
    config = run.config
    side, edits = config.pairs.resolution, len(config.axes)
    network = build_generator(config.generator, side, edits)
    # The change is nothing in a new network; now it is a level everywhere.
    bias = network.get_layer(last_layer).bias
    bias.assign(np.full(bias.shape, level))
    run.save_translator(network)
    run.finish()

    translator = load_translator(path)
    assert translator.units == pytest.approx(units)
    assert translator.resolution == side
    face = np.full((1, side, side, 3), 100, np.uint8)
    rest = translator.translate(face, {"feminine": 0})
    assert np.array_equal(rest, face)
    edited = translator.translate(face, {"feminine": 1})
    # 0.2 of [-1, 1] is 25.5 levels; the gate of a slider is nearly open at strength 1.
    assert 20 <= int(edited.min()) - 100 <= int(edited.max()) - 100 <= 26


def test_they_are_of_the_first_format(earlier_configs):
    assert len(earlier_configs) == 3
    for values in earlier_configs.values():
        assert "format" not in values
        # They are whole: what they lack, no field was there for.
        assert set(values) == set(vars(Config()))
