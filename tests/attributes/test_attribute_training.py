import functools
import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.attributes import train
from tf_fsgd.attributes.crop_augmentation import augment
from tf_fsgd.attributes.evaluate import agreement
from tf_fsgd.attributes.model import build_classifier, load_classifier
from tf_fsgd.attributes.train import train_classifier
from tf_fsgd.cli import app
from tf_fsgd.errors import UserError
from tf_fsgd.storage.lease import lease

SETTINGS = {"batch_size": 4, "precision": "float32"}


def _weights(path):
    with np.load(path) as values:
        return {name: values[name] for name in values.files}


def test_augmentation_is_a_function_of_the_seed():
    faces = np.random.default_rng(0).integers(0, 256, (8, 144, 144, 3), np.uint8)
    seed = tf.constant([0, 1], tf.int64)
    first = augment(faces, seed, 128)
    assert first.shape == (8, 128, 128, 3) and first.dtype == tf.float32
    assert abs(float(tf.reduce_max(tf.abs(first)))) <= 1
    np.testing.assert_array_equal(first, augment(faces, seed, 128))
    other = augment(faces, tf.constant([0, 2], tf.int64), 128)
    assert float(tf.reduce_mean(tf.abs(first - other))) > 0.1


def test_augmentation_keeps_the_middle_in_the_middle():
    # A white dot on grey stays within the largest shift (5 % of 128) of the middle.
    faces = np.full((64, 144, 144, 3), 128, np.uint8)
    faces[:, 70:74, 70:74] = 255
    views = augment(faces, tf.constant([0, 3], tf.int64), 128).numpy().mean(axis=-1)
    positions = np.array([np.unravel_index(v.argmax(), v.shape) for v in views])
    # Tints and hidden rectangles differ from the rest by 0.4 at most.
    seen = views.max(axis=(1, 2)) - np.median(views, axis=(1, 2)) > 0.5
    offset = np.abs(positions[seen] - 63.5)
    assert seen.sum() > 30
    assert 3 < offset.max() <= 0.05 * 128 + 4


def test_agreement_by_hand():
    probabilities = np.array([0.9, 0.4, 0.2, 0.1, 0.6])
    labels = np.array([True, True, False, False, False])
    assert agreement(probabilities, labels, 0.3) == pytest.approx(
        # At 0.5: 1 of 2 and 2 of 3 right. At 0.3: 2 of 2 and 2 of 3.
        {
            "share": 0.4,
            "accuracy": 3 / 5,
            "balanced": (1 / 2 + 2 / 3) / 2,
            "balanced_at_share": (1 + 2 / 3) / 2,
        }
    )
    assert agreement(probabilities, labels | True, 0.3)["balanced"] is None


def _attributes(*words):
    app(["attributes", *map(str, words)], result_action="return_value")


@pytest.mark.slow
def test_training_resumes_where_it_was_killed(plain_celeba, tmp_path, monkeypatch):
    small = functools.partial(build_classifier, (8, 8, 8, 8, 8), (0, 0, 0, 0, 1))
    monkeypatch.setattr(train, "build_classifier", small)
    out = tmp_path / "out [1]"  # TensorFlow restores by patterns
    weights = train_classifier(out, plain_celeba, epochs=2, **SETTINGS)
    reference = _weights(weights)
    assert not (out / "faces.u8").exists()
    # Now the folder as a training leaves it that is killed in its second epoch.
    weights.unlink()
    state = out / "state" / "checkpoint"
    state.write_text(state.read_text().replace("ckpt-2", "ckpt-1"))
    train_classifier(out, plain_celeba, epochs=2, **SETTINGS)
    log = (out / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in log] == [1, 2, 2]
    for name, value in _weights(weights).items():
        np.testing.assert_array_equal(value, reference[name], err_msg=name)

    with pytest.raises(UserError, match="holds a training with other settings"):
        train_classifier(out, plain_celeba, epochs=3, **SETTINGS)


@pytest.mark.slow
def test_commands(plain_celeba, tmp_path, capsys):
    out = tmp_path / "out"
    common = ["--data-dir", plain_celeba]
    flags = ["--out", out, "--epochs", 1, "--batch-size", 4, "--note", "grey squares"]
    _attributes("train", *common, *flags)
    said = capsys.readouterr().out
    assert "test, 2 faces: Male" in said
    card = Path(said.splitlines()[-1].removeprefix("card: ")).read_text()
    assert "8 of its 162,770 faces" in card and "* Note: grey squares" in card
    assert json.loads((out / "celeba40.json").read_text())["report"]["faces"] == 2
    shares = load_classifier(out / "celeba40.npz").train_share
    assert shares[31] == 0.5 and shares.sum() == 0.5

    _attributes("evaluate", *common, "--weights", out / "celeba40.npz")
    assert "| Smiling | 50.0 % |" in capsys.readouterr().out

    photo = next((plain_celeba / "img_align_celeba").iterdir())
    _attributes("score", photo)
    assert str(photo) in capsys.readouterr().out


def test_one_training_at_a_time(plain_celeba, tmp_path):
    out = tmp_path / "out"
    with lease(out), pytest.raises(UserError, match="another command works here"):
        _attributes("train", "--data-dir", plain_celeba, "--out", out)
    assert [path.name for path in out.iterdir()] == ["leases"]


def test_bad_numbers(plain_celeba, tmp_path):
    with pytest.raises(UserError, match="epochs must be >= 1.*received 0"):
        train_classifier(tmp_path / "a", plain_celeba, epochs=0)
    with pytest.raises(UserError, match="batch_size 64 exceeds the 8 faces"):
        train_classifier(tmp_path / "b", plain_celeba, epochs=1)


def test_no_celeba(tmp_path):
    with pytest.raises(UserError, match="data_dir .*nothing: no such folder"):
        train_classifier(tmp_path / "out", tmp_path / "nothing")
