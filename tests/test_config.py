"""A config survives JSON, and a slip of the pen in it is one line."""

import dataclasses
import re
import subprocess
import sys

import pytest

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.presets import PRESETS, preset
from tf_fsgd.settings import override
from tf_fsgd.storage.files import read_json, write_json


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(tmp_path, name):
    config = preset(name)
    config.seed, config.training.learning_rate = 7, 0.1 + 0.2
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
    with pytest.raises(
        UserError, match="slider, quick, paper, .*-128, .*-256, morph, mix, rec"
    ):
        preset("fast")


@pytest.mark.parametrize("resolution", [128, 256])
def test_mobile_presets_are_sliders_of_three_axes(resolution):
    config = preset(f"mobile-{resolution}")
    assert config.pairs.resolution == resolution
    assert config.axes == ("feminine", "older", "smile")


def test_axes_are_those_of_a_modulated_generator_alone():
    config = Config(edit=" smile , dir/mine.npz")
    assert config.axes == () and config.choice == "certain"
    config.generator.kind = "modulated"
    assert config.edits == ("smile", "dir/mine.npz")
    assert config.axes == ("smile", "mine") and config.choice == "whole"
    assert list(config.units) == ["smile", "frown", "mine", "not mine"]
    config.pairs.folder = "mine"
    assert config.choice == "folder"


def test_what_can_be_asked_of_the_translator():
    assert Config().units == {"feminine": 3.0}
    sliders = preset("mobile-128").units
    assert list(sliders) == [
        "feminine",
        "masculine",
        "older",
        "younger",
        "smile",
        "frown",
    ]
    assert 1.5 * sliders["frown"] == pytest.approx(2.6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["edit=smile,older,smile"], "edit must name different edits, received"),
        (["edit=smile,,older"], "edit must name different edits, received"),
        (["edit=a/curls.npz,b/curls.npz"], "edit must name different edits, received"),
        (["edit="], "edit must name different edits, received ''"),
        (["pairs.folder=mine"], "pairs.folder has one edit at one strength"),
        (["pairs.resolution=72"], "a multiple of 16, at least 32, .* received 72"),
        (["generator.side_blocks=-1"], "generator.side_blocks must be at least 0"),
        (["discriminator.patch=0"], "discriminator.patch must be at least 1"),
        (
            ["discriminator.patch=3"],
            "multiple of 6 for discriminator.patch 3",
        ),
    ],
)
def test_what_no_slider_can_be_trained_from(changes, message):
    config = preset("mobile-128")
    for assignment in changes:
        override(config, assignment)
    with pytest.raises(UserError, match=message):
        config.check()


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
    write_json(path, {"format": 2, "pairs": {"strength": 2}})
    strength = Config.load(path).pairs.strength
    assert strength == 2.0 and type(strength) is float


def test_fields_that_a_file_lacks_have_their_defaults(tmp_path):
    write_json(tmp_path / "config.json", {"format": 2, "edit": "smile"})
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
        "__class__.seed=3",
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


@pytest.mark.parametrize(
    ("assignment", "rule"),
    [
        ("seed=-1", "0 to 4293"),
        ("seed=4294", "0 to 4293"),
        ("teacher.truncation_psi=0", "above 0"),
        ("teacher.batch_size=0", "at least 1"),
        ("pairs.count=0", "at least 1"),
        ("pairs.held_out=0", "at least 1"),
        ("pairs.resolution=15", "at least 16"),
        ("pairs.strength=-1", "at least 0"),
        ("pairs.renders=3", "one of 2, 5"),
        ("pairs.confidence=0.5", "above 0.5 and below 1"),
        ("pairs.confidence=1", "above 0.5 and below 1"),
        ("pairs.preselect=1", "at least 0 and below 1"),
        ("generator.kind=unet", "one of global, local, modulated"),
        ("discriminator.scales=0", "at least 1"),
        ("loss.pixel=-1", "at least 0"),
        (
            "loss.perceptual_network=vgg",
            "one of attributes, readings, lpips, vgg19, auto",
        ),
        ("augmentation.rotation=181", "0 to 180"),
        ("augmentation.crop=1", "at least 0 and below 1"),
        ("augmentation.jpeg=1.5", "0 to 1"),
        ("training.images=0", "at least 1"),
        ("training.decay=1.1", "0 to 1"),
        ("training.batch_size=0", "at least 1"),
        ("training.learning_rate=0", "above 0"),
        ("training.learning_rate=nan", "a finite number"),
        ("training.learning_rate=inf", "a finite number"),
        ("training.beta_1=1", "at least 0 and below 1"),
        ("training.ema_decay=1.5", "0 to 1"),
        ("training.precision=float8", "one of auto, float32, mixed_bfloat16"),
        ("training.sample_every=0", "at least 1"),
        ("training.checkpoint_every=0", "at least 1"),
        ("training.log_every=0", "at least 1"),
    ],
)
def test_a_value_out_of_range(assignment, rule):
    config = Config()
    override(config, assignment)
    with pytest.raises(UserError) as caught:
        config.check()
    field = assignment.partition("=")[0]
    message = str(caught.value)
    assert message.startswith(f"{field} must be {rule}") and ", received " in message


@pytest.mark.parametrize(
    ("section", "field", "value", "message"),
    [
        ("training", "images", "many", "training: images must be int, received 'many'"),
        ("pairs", "renders", 3, "pairs.renders must be one of 2, 5, received 3"),
        ("loss", "pixel", None, "loss: pixel must be float, received None"),
    ],
)
def test_what_python_assigns_is_checked(section, field, value, message):
    config = Config()
    setattr(getattr(config, section), field, value)
    with pytest.raises(UserError) as caught:
        config.check()
    assert str(caught.value) == message


def test_a_config_alone_needs_no_pydantic():
    # Photos are edited by a network whose form is a GeneratorConfig.
    script = (
        "import sys; from tf_fsgd.config import GeneratorConfig; GeneratorConfig(); "
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["pairs.resolution=100"], "pairs.resolution must be a multiple of 8"),
        (["pairs.resolution=16", "discriminator.scales=4"], "must be at least 32 for"),
        (
            ["pairs.resolution=24", "loss.perceptual_network=lpips"],
            "at least 32 for loss.perceptual_network lpips, received 24",
        ),
        # Two to this power would not fit in any memory; 4 * 2**64 says enough.
        (
            [f"discriminator.scales={10**30}"],
            f"at least 73786976294838206464 for {10**30} discriminator scales",
        ),
        (
            ["generator.kind=global", f"generator.downsamplings={10**30}"],
            f"a multiple of 18446744073709551616, .* for {10**30} halvings",
        ),
    ],
)
def test_a_resolution_that_the_networks_cannot_take(changes, message):
    config = Config()
    for assignment in changes:
        override(config, assignment)
    with pytest.raises(UserError, match=message):
        config.check()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_the_rules(name):
    preset(name).check()


def test_a_file_that_breaks_a_rule_is_named(tmp_path):
    message = changed(tmp_path, lambda v: v["training"].update(batch_size=0))
    assert "training.batch_size must be at least 1, received 0" in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("edit=smile", "edit must be {0} for generator.kind {0}, received 'smile'"),
        ("loss.unchanged=1", "loss.unchanged must be 0 for generator.kind {0}"),
        ("augmentation.cover=0.5", "augmentation.cover must be 0 for generator.kind"),
        ("pairs.folder=a", "generator.kind {0} needs rendered families"),
    ],
)
@pytest.mark.parametrize(("kind", "choice"), [("morph", "two"), ("mix", "mix")])
def test_a_morph_and_a_mix_are_of_two_whole_faces(kind, choice, change, message):
    config, message = preset(kind), message.format(kind)
    assert (config.axes, config.units) == ((kind,), {kind: 1.0})
    assert (config.choice, config.generator.faces) == (choice, 2)
    override(config, change)
    with pytest.raises(UserError, match=re.escape(message)):
        config.check()
