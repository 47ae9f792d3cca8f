"""On what terms a run's weights are, by its config."""

import pytest

from tf_fsgd.config import Config
from tf_fsgd.presets import preset
from tf_fsgd.settings import override
from tf_fsgd.translator.licence import licence_of

BOUND = "non-commercial research only: derived from "
FREE = "that of what it was made with: "
TEACHER = "the teacher mobile-ffhq (FFHQ or NVIDIA's terms)"
DIRECTIONS = "shipped directions (FFHQ, CelebA)"
CLASSIFIER = "the attribute classifier (CelebA, unless yours is in its place)"
SQUEEZENET = "SqueezeNet (ImageNet)"
OWN = ("teacher.checkpoint=/a/net.pkl", "edit=b/smile.npz")


@pytest.mark.parametrize(
    ("name", "changes", "licence"),
    [
        ("quick", (), f"{BOUND}{TEACHER}, {DIRECTIONS}, {CLASSIFIER}"),
        ("mobile-256", (), f"{BOUND}{TEACHER}, {DIRECTIONS}"),
        # What README.md says that a company may ship, and what it says is not enough.
        ("quick", OWN, f"{BOUND}{CLASSIFIER}"),
        ("quick", (*OWN, "loss.perceptual=0"), f"{BOUND}{CLASSIFIER}"),
        (
            "mobile-256",
            OWN,
            f"{FREE}the teacher net.pkl, the direction smile.npz, {SQUEEZENET}",
        ),
        (
            "mobile-256",
            (*OWN, "loss.perceptual=0"),
            f"{FREE}the teacher net.pkl, the direction smile.npz",
        ),
        (
            "mobile-256",
            (*OWN, "loss.perceptual_network=vgg19"),
            f"{FREE}the teacher net.pkl, the direction smile.npz, VGG19 (ImageNet)",
        ),
        (
            "morph",
            ("teacher.checkpoint=/a/net.pkl", "training.start_from="),
            f"{FREE}the teacher net.pkl, {SQUEEZENET}",
        ),
        ("quick", ("pairs.folder=my/winter",), f"{BOUND}{CLASSIFIER}"),
        (
            "quick",
            ("pairs.folder=my/winter", "loss.perceptual=0"),
            f"{FREE}the pairs of winter",
        ),
        (
            "mobile-256",
            (*OWN, "loss.perceptual=0", "training.start_from=mobile-128"),
            f"{BOUND}the translator mobile-128",
        ),
    ],
)
def test_what_a_config_derives_from(name, changes, licence):
    config = preset(name)
    for change in changes:
        override(config, change)
    assert licence_of(config) == licence


def test_a_run_that_another_starts_from_counts(tmp_path):
    (tmp_path / "00003-smile").mkdir()
    earlier = preset("mobile-128")
    earlier.save(tmp_path / "00003-smile" / "config.json")
    config = Config()
    config.pairs.folder, config.loss.perceptual = "winter", 0.0
    config.training.start_from = str(tmp_path / "00003-smile")
    assert licence_of(config) == licence_of(earlier)
    config.training.start_from = str(tmp_path / "moved")
    assert licence_of(config) == f"{FREE}the pairs of winter, the translator moved"
