"""Checkpoints that the reference implementations wrote, and what these make of them.

golden/ has, for each format, a small file and the reference's own numbers; scripts
beside this one make them. Every stage is held to them: reading, mapping, truncation,
synthesis, discriminator.
"""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint
from tf_fsgd.stylegan2.model import StyleGAN2

GOLDEN = Path(__file__).parent / "golden"
PSI, CUTOFF = 0.7, 3
MAPPING, IMAGE, LOGIT = 1e-5, 1e-4, 1e-4
"""Tolerances: of w, of pictures on [-1, 1], and of logits in proportion."""

ARCHITECTURES = {
    "tf_config_e.pkl": Architecture(
        32,
        (12, 12, 8, 4),
        z_dim=16,
        w_dim=20,
        discriminator_channels=(12, 12, 8, 4),
    ),
    "tf_config_f.pkl": Architecture(
        8, (12, 12), z_dim=16, w_dim=16, discriminator_channels=(12, 12)
    ),
    "ada_tf.pkl": Architecture(
        16,
        (12, 12, 8),
        mapping_layers=2,
        z_dim=16,
        w_dim=16,
        discriminator_channels=(12, 12, 8),
        mbstd_group_size=None,
    ),
    "ada_pytorch.pkl": Architecture(
        16,
        (12, 12, 8),
        mapping_layers=2,
        z_dim=16,
        w_dim=16,
        discriminator_channels=(12, 12, 8),
    ),
    "ada_pytorch_clamp.pkl": Architecture(
        16,
        (12, 12, 8),
        z_dim=12,
        w_dim=16,
        resample_filter=(1, 2, 2, 1),
        conv_clamp=1.5,
        discriminator_channels=(12, 12, 8),
        discriminator_clamp=1.5,
        mbstd_group_size=8,
    ),
    "stylegan3_stylegan2.pkl": Architecture(
        16,
        (12, 12, 6),
        mapping_layers=4,
        z_dim=16,
        w_dim=16,
        conv_clamp=256,
        discriminator_channels=(12, 12, 6),
        discriminator_clamp=256,
    ),
    "rosinality_zip.pt": Architecture(
        16, (12, 12, 12), z_dim=16, w_dim=16, discriminator_channels=(12, 12, 12)
    ),
    "rosinality_legacy.pt": Architecture(
        16,
        (12, 12, 12),
        mapping_layers=2,
        z_dim=16,
        w_dim=16,
        discriminator_channels=(12, 12, 12),
    ),
}
"""What the scripts asked the reference for; the readers must find it in the file."""


FORMATS = {
    "tf_": "StyleGAN2 TensorFlow pickle",
    "ada_tf": "StyleGAN2-ADA TensorFlow pickle",
    "ada_pytorch": "stylegan2-ada-pytorch pickle",
    "stylegan3_": "StyleGAN3 repository's StyleGAN2 pickle",
    "rosinality_": "rosinality stylegan2-pytorch checkpoint",
}
WITHOUT_MEAN = "rosinality_legacy.pt"


class Case:
    """One file: what we read from it, and what the reference computed."""

    def __init__(self, name):
        self.name = name
        self.checkpoint = read_checkpoint(GOLDEN / name)
        self.model = StyleGAN2.from_checkpoint(self.checkpoint)
        with np.load((GOLDEN / name).with_suffix(".npz")) as file:
            self.golden = dict(file)

    @property
    def ws(self):
        """W+ of the first two, without truncation."""
        rows = self.checkpoint.architecture.num_ws
        return np.repeat(self.golden["w"][:2, None], rows, axis=1)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def case(request):
    return Case(request.param)


def close(found, expected, atol, rtol=0):
    np.testing.assert_allclose(np.asarray(found), expected, atol=atol, rtol=rtol)


def test_architecture_is_in_the_file(case):
    assert case.checkpoint.architecture == ARCHITECTURES[case.name]


@pytest.mark.parametrize(("prefix", "format"), FORMATS.items())
def test_format_is_named(prefix, format):
    for name in ARCHITECTURES:
        if name.startswith(prefix):
            assert read_checkpoint(GOLDEN / name).format == format


def test_mapping(case):
    close(case.model.mapping(case.golden["z"]), case.golden["w"], MAPPING)


def test_mean_of_w(case):
    found = case.checkpoint.mapping["w_avg"]
    if case.name != WITHOUT_MEAN:
        close(found, case.golden["w_avg"], 0)
    else:  # the mean of other draws differs by chance
        z = np.random.RandomState(5).randn(16_384, 16).astype(np.float32)
        w = np.asarray(case.model.mapping(z))
        close(found, w.mean(0), 6 * w.std() * np.sqrt(2 / len(w)))


@pytest.mark.parametrize("noise_mode", ["const", "none"])
def test_picture(case, noise_mode):
    images = case.model.synthesis(case.ws, noise_mode)
    close(images, case.golden[f"image_{noise_mode}"], IMAGE)


def test_picture_alone(case):
    """A batch of one may take another way to the same numbers."""
    for ws, expected in zip(case.ws, case.golden["image_const"], strict=True):
        close(case.model.synthesis(ws[None])[0], expected, IMAGE)


def test_picture_with_random_noise(case, monkeypatch):
    network = case.model.synthesis_network("random")
    layers = case.checkpoint.architecture.num_ws - 1
    left = iter([case.golden[f"noise_{i}"] for i in range(layers)])

    def normal(shape, **_):
        return keras.ops.reshape(next(left), shape)  # row by row, however it is laid

    monkeypatch.setattr(keras.random, "normal", normal)
    close(network(case.ws), case.golden["image_random"], IMAGE)
    assert next(left, None) is None


def test_picture_of_mixed_rows(case):
    images = case.model.synthesis(case.golden["ws_mixed"])
    close(images, case.golden["image_mixed"], IMAGE)


@pytest.mark.parametrize(("name", "cutoff"), [("psi", None), ("cutoff", CUTOFF)])
def test_truncated_picture(case, name, cutoff):
    case.model.w_avg.assign(case.golden["w_avg"])
    images = case.model(
        case.golden["z"][:2], truncation_psi=PSI, truncation_cutoff=cutoff
    )
    close(images, case.golden[f"image_{name}"], IMAGE)


@pytest.mark.parametrize("count", [8, 4, 3])
def test_discriminator(case, count):
    images = case.golden["pictures"][:count].astype(np.float32) / 127.5 - 1
    expected = case.golden[f"logits_{count}"]
    close(case.model.discriminator(images), expected, LOGIT * np.abs(expected).max())


@pytest.mark.parametrize("name", ["tf_config_e.pkl", "rosinality_legacy.pt"])
def test_converted_file_draws_the_same(name, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out.keras"
    words = ["tf_fsgd", "convert", str(GOLDEN / name), str(out)]
    monkeypatch.setattr(sys, "argv", words)
    assert verbs.main() == 0
    assert str(out) in capsys.readouterr().out
    model = keras.saving.load_model(out)
    case = Case(name)
    close(model(case.golden["z"][:2]), case.golden["image_const"], IMAGE)
    images = case.golden["pictures"][:4].astype(np.float32) / 127.5 - 1
    logits = case.golden["logits_4"]
    close(model.discriminator(images), logits, LOGIT * np.abs(logits).max())
