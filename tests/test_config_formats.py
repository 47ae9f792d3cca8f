"""Configs of three earlier versions, as their real runs have them, and a later one's.

What a version did before there was a field for it is written down here by hand.
"""

import dataclasses

import pytest

from tf_fsgd.config import Config
from tf_fsgd.config_formats import FORMAT, migrated
from tf_fsgd.errors import UserError
from tf_fsgd.presets import PRESETS, preset
from tf_fsgd.storage.files import read_json, write_json


@pytest.fixture
def load(tmp_path):
    def load(values):
        write_json(tmp_path / "config.json", values)
        return Config.load(tmp_path / "config.json")

    return load


def test_what_is_written_says_its_format(tmp_path):
    Config().save(tmp_path / "config.json")
    values = read_json(tmp_path / "config.json")
    assert list(values)[0] == "format" and values["format"] == FORMAT == 2


def test_the_first_runs_did_what_has_a_field_now(load, earlier_configs):
    config = load(earlier_configs["first"])
    # Their networks computed at full resolution, whole pictures moved, both networks
    # learnt at one rate, and no loss held what should stay.
    assert not config.generator.strided_ends
    assert not config.pairs.head_only
    assert config.loss.unchanged == 0.0
    assert config.training.learning_rate == 0.0002
    assert config.training.discriminator_learning_rate == 0.0002
    # And what they said themselves.
    assert (config.generator.blocks, config.pairs.strength) == (6, 3.0)
    assert config.training.decay == 0.5


def test_an_early_slider_keeps_what_it_said(load, earlier_configs):
    config = load(earlier_configs["sliders"])
    assert config.axes == ("feminine", "smile")
    assert (config.generator.patch, config.generator.detail_blocks) == (4, 0)
    assert config.training.discriminator_learning_rate == 0.0004
    assert config.loss.unchanged == 0.0 and not config.pairs.head_only


def test_the_last_without_a_format_is_taken_at_its_word(load, earlier_configs):
    values = earlier_configs["last"]
    assert (values["loss"]["unchanged"], values["pairs"]["head_only"]) == (20.0, True)
    found = dataclasses.asdict(load(values))
    for name, value in values.items():
        assert found[name] == (
            found[name] | value if isinstance(value, dict) else value
        )


def test_a_local_enhancer_of_the_first_runs_is_not_refused(load, earlier_configs):
    # Strided ends, today's default, do not go with it.
    values = earlier_configs["first"]
    values["generator"] |= {"kind": "local", "downsamplings": 2}
    assert load(values).generator.kind == "local"


@pytest.mark.parametrize("name", PRESETS)
def test_this_versions_configs_are_not_touched(name, tmp_path):
    preset(name).save(tmp_path / "config.json")
    values = read_json(tmp_path / "config.json")
    del values["pairs"]["head_only"]  # as a file that a hand has shortened
    before = {**values}
    fields = migrated(values, "here")
    assert values == before
    assert fields == {k: v for k, v in values.items() if k != "format"}


@pytest.mark.parametrize("strange", [3, 0, "2", None, [2]])
def test_a_format_that_nobody_knows(load, strange):
    with pytest.raises(UserError) as caught:
        load({"format": strange})
    message = str(caught.value)
    assert f"config.json: format must be 1 or 2, received {strange!r}" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "expected an object"),
        ({"pairs": []}, r"pairs: expected an object, received \[\]"),
        ({"training": 3}, "training: expected an object, received 3"),
        ({"training": {"learning_rate": "x"}}, "learning_rate must be float"),
        ({"pairs": {"cuont": 1}}, "unknown field 'cuont'"),
    ],
)
def test_a_damaged_config_without_a_format(load, values, message):
    with pytest.raises(UserError, match=message):
        load(values)
