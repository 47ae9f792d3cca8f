"""`directions` from flags to files, with the simplest teacher and classifier."""

import numpy as np
import pytest

from tf_fsgd.attributes import model
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.cli import app
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_float
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.storage.lease import lease
from tf_fsgd.stylegan2 import loading


class GreyTeacher:
    """Draws a plain picture as bright as row 0 of W+ says in its first number."""

    name = "grey"
    num_ws, z_dim, resolution = 8, 512, 128
    w_avg = np.zeros(512, np.float32)

    def mapping(self, z):
        return z

    def synthesis(self, ws, noise_mode="const", resolution=None):
        grey = np.tanh(ws[:, 0, 0])[:, None, None, None]
        return np.broadcast_to(grey, (len(ws), resolution, resolution, 3))


class GreyClassifier:
    """Finds bright pictures to smile, and is unsure of everything else."""

    def probabilities(self, images):
        images = to_float(images) if images.dtype == np.uint8 else images
        found = np.random.default_rng(0).normal(
            0.5, 0.01, (len(images), len(ATTRIBUTES))
        )
        brightness = np.clip(images.mean(axis=(1, 2, 3)), -0.999, 0.999)
        found[:, ATTRIBUTES.index("Smiling")] = 0.5 + brightness / 2
        return found


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "load_teacher", lambda name: GreyTeacher())
    monkeypatch.setattr(model, "load_classifier", GreyClassifier)

    def run(*words):
        words = ["directions", "--out", str(tmp_path), *words]
        app(words, result_action="return_value")
        return tmp_path

    return run


@pytest.mark.parametrize("method", ["centres", "logistic"])
def test_finds_what_the_classifier_sees(run, method):
    words = ["--edits", "smile", "--count", "1000", "--confidence", "0.7"]
    out = run(*words, "--method", method)
    direction = load_direction(str(out / "smile.npz"))
    assert direction.facts["edit"] == "smile" and direction.layers == list(range(8))
    assert np.abs(direction.vector).argmax() == 0
    assert np.linalg.norm(direction.vector) == pytest.approx(1, abs=1e-5)
    shares = direction.facts["share_with_attribute"]
    assert shares["-3"] < 0.2 < 0.8 < shares["+3"]
    assert next(iter(direction.facts["moves"])) == "Smiling"
    assert (out / "smile.jpg").exists()


def test_one_command_at_a_time(run, tmp_path):
    with lease(tmp_path, "directions"):
        with pytest.raises(UserError, match="another command works here"):
            run("--edits", "smile")
    assert [path.name for path in tmp_path.iterdir()] == ["leases"]


def test_refuses_too_few_certain_faces(run):
    with pytest.raises(UserError, match="each class needs 50 certain faces, found 0"):
        run("--edits", "feminine", "--count", "250")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--edits", "wink"], "--edits must be among feminine"),
        (["--orthogonal-to", "Tall"], "'Tall' is not a CelebA attribute"),
        (["--layers", "0-8"], "--layers must lie in 0-7, received '0-8'"),
        (["--confidence", "0.4"], "--confidence must be above 0.5 and below 1"),
        (["--gradients", "4"], "--gradients must be at least 5, received 4"),
        (["--method", "pure", "--orthogonal-to", "Male"], "already holds every"),
    ],
)
def test_refuses_bad_flags_before_drawing(run, words, message):
    with pytest.raises(UserError, match=message):
        run(*words)
