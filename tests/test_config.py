"""A config survives JSON, and a slip of the pen in it is one line."""

import dataclasses

import pytest

from tf_fsgd.config import PRESETS, Config, preset
from tf_fsgd.errors import UserError
from tf_fsgd.files import read_json, write_json
from tf_fsgd.settings import override


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(tmp_path, name):
    config = preset(name)
    config.edit, config.training.learning_rate = "smile", 0.1 + 0.2
    config.save(tmp_path / "config.json")
    assert Config.load(tmp_path / "config.json") == config
    assert preset(name) != config  # presets are fresh


def test_presets_are_what_they_are_called():
    assert [preset(name).preset for name in PRESETS] == list(PRESETS)


def test_paper_preset_is_pix2pixhd_at_512():
    config = preset("paper")
    assert (config.pairs.count, config.pairs.resolution) == (50_000, 512)
    generator = config.generator
    assert (generator.filters, generator.downsamplings, generator.blocks) == (64, 4, 9)
    # 100 epochs at a constant rate and 100 with a falling one.
    assert config.training.images == 200 * config.pairs.count
    assert config.training.decay == 0.5


def test_unknown_preset_lists_the_known():
    with pytest.raises(UserError, match="quick, paper, received 'fast'"):
        preset("fast")


def changed(tmp_path, change) -> str:
    """The message for a saved default config after `change` of its dict."""
    path = tmp_path / "config.json"
    Config().save(path)
    values = read_json(path)
    change(values)
    write_json(path, values)
    with pytest.raises(UserError) as caught:
        Config.load(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message


def test_unknown_field(tmp_path):
    message = changed(tmp_path, lambda v: v["pairs"].update(cuont=1))
    assert "pairs: unknown field 'cuont'; known: count," in message


@pytest.mark.parametrize(
    ("section", "field", "value", "type_name"),
    [
        ("pairs", "count", 10.5, "int"),
        ("pairs", "count", "10", "int"),
        ("pairs", "count", True, "int"),
        ("pairs", "strength", "3", "float"),
        ("pairs", "strength", None, "float"),
        ("augmentation", "flip", 1, "bool"),
        ("generator", "kind", 3, "str"),
    ],
)
def test_wrong_type(tmp_path, section, field, value, type_name):
    message = changed(tmp_path, lambda v: v[section].update({field: value}))
    assert f"{section}: {field} must be {type_name}, received {value!r}" in message


def test_a_section_that_is_no_object(tmp_path):
    message = changed(tmp_path, lambda v: v.update(pairs=[]))
    assert "pairs: expected an object, received []" in message


def test_a_file_that_is_no_object(tmp_path):
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(UserError, match="expected an object"):
        Config.load(tmp_path / "config.json")


def test_a_whole_number_does_for_a_float(tmp_path):
    path = tmp_path / "config.json"
    write_json(path, {"pairs": {"strength": 2}})
    strength = Config.load(path).pairs.strength
    assert strength == 2.0 and type(strength) is float


def test_fields_that_a_file_lacks_have_their_defaults(tmp_path):
    write_json(tmp_path / "config.json", {"edit": "smile"})
    assert Config.load(tmp_path / "config.json") == Config(edit="smile")


@pytest.mark.parametrize(
    ("assignment", "section", "field", "value"),
    [
        ("edit=smile", None, "edit", "smile"),
        ("seed=7", None, "seed", 7),
        ("training.images=4000", "training", "images", 4000),
        (" pairs.strength = 2 ", "pairs", "strength", 2.0),
        ("training.learning_rate=1e-3", "training", "learning_rate", 1e-3),
        ("augmentation.flip=false", "augmentation", "flip", False),
        ("generator.residual=True", "generator", "residual", True),
        ("pairs.folder=a=b", "pairs", "folder", "a=b"),
        ("pairs.folder=", "pairs", "folder", ""),
    ],
)
def test_override_sets_one_field(assignment, section, field, value):
    config, expected = Config(), dataclasses.asdict(Config())
    override(config, assignment)
    (expected[section] if section else expected)[field] = value
    assert dataclasses.asdict(config) == expected
    owner = getattr(config, section) if section else config
    assert type(getattr(owner, field)) is type(value)


@pytest.mark.parametrize(
    "assignment",
    [
        "training.images",
        "",
        "=3",
        "training.image=3",
        "nothing.images=3",
        "training.images.more=3",
        "training=3",
        "save=3",
        "pairs.__class__=3",
    ],
)
def test_override_of_no_field(assignment):
    config = Config()
    with pytest.raises(UserError, match="--set must look like"):
        override(config, assignment)
    assert config == Config()


@pytest.mark.parametrize(
    ("assignment", "type_name"),
    [
        ("training.images=many", "int"),
        ("training.images=1.5", "int"),
        ("pairs.strength=", "float"),
        ("augmentation.flip=1", "bool"),
    ],
)
def test_override_by_a_value_of_another_type(assignment, type_name):
    config = Config()
    with pytest.raises(UserError, match=f"must be {type_name}, received"):
        override(config, assignment)
    assert config == Config()
