"""The likeness of a projection: which networks, what weights, finite gradients."""

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.features.lpips import load_lpips, unit_length
from tf_fsgd.projection.likeness import load_likeness


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No network's weights are at hand."""
    monkeypatch.setenv("TF_FSGD_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


def images(count, size=64):
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


def squares(maps):
    """Squared lengths of the features of every position, a mean for each map."""
    return [float(tf.reduce_mean(tf.reduce_sum(m**2, axis=-1))) for m in maps]


def test_unit_length_and_its_gradient_at_nothing():
    features = tf.constant([[3.0, 4.0], [0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        scaled = unit_length(features)
        first = tf.reduce_sum(scaled[:, 0])
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0, 0]], atol=1e-6)
    # d/dx of x / sqrt(x^2 + y^2) is y^2 / (x^2 + y^2)^(3/2), d/dy -xy over the same.
    gradient = tape.gradient(first, features).numpy()
    np.testing.assert_allclose(gradient[0], [16 / 125, -12 / 125], atol=1e-6)
    assert np.isfinite(gradient).all()


def test_the_classifier_alone():
    maps = load_likeness("classifier")(images(1, 128))
    assert [m.shape[1:] for m in maps] == [
        (64, 64, 32),
        (32, 32, 48),
        (16, 16, 96),
        (8, 8, 192),
        (4, 4, 320),
    ]
    # Unit length, times the weights that the perceptual loss of training has.
    np.testing.assert_allclose(squares(maps), [0.1, 0.1, 0.2, 0.3, 0.3], rtol=0.02)


def test_the_classifier_reads_every_size():
    likeness = load_likeness("classifier")
    small = images(1, 128)
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    for ours, theirs in zip(likeness(large), likeness(small), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert [m.shape for m in likeness(images(1, 64))] == [
        m.shape for m in likeness(small)
    ]


def test_lpips_and_the_classifier_stand_side_by_side():
    likeness = load_likeness()
    first, second = images(2)[:1], images(2)[1:]
    differences = squares(
        [a - b for a, b in zip(likeness(first), likeness(second), strict=True)]
    )
    assert sum(differences[:7]) == pytest.approx(
        float(load_lpips().distance(first, second)[0]), rel=1e-4
    )
    alone = load_likeness("classifier")
    expected = squares(
        [a - b for a, b in zip(alone(first), alone(second), strict=True)]
    )
    np.testing.assert_allclose(differences[7:], 0.3 * np.array(expected), rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", "loss must be one of lpips, vgg19, classifier, received 'nope'"),
        ("vgg19", "loss vgg19 needs vgg19_weights_tf_dim_ordering_tf_kernels_notop"),
    ],
)
def test_a_network_that_is_not_there(nowhere, name, message):
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        load_likeness(name)
