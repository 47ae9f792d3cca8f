from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd import losses
from tf_fsgd.training.state import ConstantThenLinear, TrainingState, check_shares
from tf_fsgd.training.step import Perceptual, added_up, clipped, make_train_step


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return [rng.uniform(-1, 1, (2, 16, 16, 3)).astype("float32") for _ in range(2)]


@pytest.fixture
def features():
    """A perceptual network of two maps."""
    image = keras.Input((16, 16, 3))
    first = keras.layers.Conv2D(4, 3, activation="relu")(image)
    second = keras.layers.Conv2D(4, 3, strides=2)(first)
    return perceptual(keras.Model(image, [first, second]), [0.25, 1.0])


def perceptual(network, weights):
    return Perceptual(network, partial(losses.perceptual_loss, weights=weights))


@pytest.fixture
def state(config):
    keras.utils.set_random_seed(0)
    state = TrainingState(config)
    # The residual generator starts as the identity, which hides most gradients.
    for weight in state.generator.trainable_variables:
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.05, seed=1))
    return state


def test_the_gradients_are_those_of_three_discriminator_passes(
    state, config, batch, features
):
    """pix2pixHD's own way: D(detached fake), D(real), D(fake); then both updates."""
    config.loss.perceptual = 10.0
    config.loss.unchanged = 5.0
    a, b = map(tf.constant, batch)
    b = tf.concat([a[:, :4], b[:, 4:]], axis=1)  # where the edit leaves all as it is
    with tf.GradientTape() as tape:
        fake = state.generator(a)
        real_outputs = tf.nest.map_structure(
            tf.stop_gradient, state.discriminator([a, b])
        )
        fake_outputs = state.discriminator([a, fake])
        total = (
            losses.lsgan_generator_loss(fake_outputs)
            + 10.0 * losses.feature_matching_loss(real_outputs, fake_outputs)
            + 10.0 * features.distance(features.network(fake), features.network(b))
            + losses.pixel_loss(fake, b)
            + 5.0 * losses.unchanged_loss(fake, b, a)
        )
    generator_gradients = tape.gradient(total, state.generator.trainable_variables)
    with tf.GradientTape() as tape:
        discriminator_loss = losses.lsgan_discriminator_loss(
            state.discriminator([a, b]),
            state.discriminator([a, tf.stop_gradient(fake)]),
        )
    discriminator_gradients = tape.gradient(
        discriminator_loss, state.discriminator.trainable_variables
    )
    # Plain descent at rate 1 changes each weight by its gradient.
    state.generator_optimizer = keras.optimizers.SGD(1.0)
    state.discriminator_optimizer = keras.optimizers.SGD(1.0)
    networks = (state.generator, state.discriminator)
    before = [[v.numpy() for v in n.trainable_variables] for n in networks]

    step = make_train_step(state, config.loss, ema_decay=0.0, perceptual=features)
    named = step(a, b)

    for network, old, gradients in zip(
        networks, before, (generator_gradients, discriminator_gradients), strict=True
    ):
        for variable, start, gradient in zip(
            network.trainable_variables, old, gradients, strict=True
        ):
            assert np.allclose(start - variable.numpy(), gradient, atol=2e-5)
    assert float(named["generator"]) == pytest.approx(float(total), rel=1e-5)
    assert float(named["discriminator"]) == pytest.approx(
        float(discriminator_loss), rel=1e-5
    )


def test_every_loss_is_named_and_the_total_is_their_weighted_sum(
    state, config, batch, features
):
    config.loss.perceptual, config.loss.pixel = 3.0, 2.0
    config.loss.unchanged = 5.0
    step = make_train_step(state, config.loss, ema_decay=0.0, perceptual=features)
    named = {name: float(value) for name, value in step(*batch).items()}
    assert list(named) == [
        "adversarial",
        "feature_matching",
        "perceptual",
        "pixel",
        "unchanged",
        "generator",
        "discriminator",
    ]
    assert named["generator"] == pytest.approx(
        named["adversarial"]
        + 10 * named["feature_matching"]
        + 3 * named["perceptual"]
        + 2 * named["pixel"]
        + 5 * named["unchanged"],
        rel=1e-5,
    )


def test_a_loss_of_weight_0_is_left_out(state, config, batch):
    config.loss.feature_matching = config.loss.pixel = config.loss.unchanged = 0.0
    step = make_train_step(state, config.loss, ema_decay=0.0)
    assert list(step(*batch)) == ["adversarial", "generator", "discriminator"]


def pixels_as_features(side):
    """A perceptual network of one side; the loss is twice the pixels' difference."""
    image = keras.Input((side, side, 3))
    maps = [keras.layers.Rescaling(factor)(image) for factor in (1.0, 3.0)]
    return perceptual(keras.Model(image, maps), [0.5, 0.5])


def test_a_perceptual_network_of_half_the_side_sees_means_of_four_pixels(config, batch):
    state = TrainingState(config)  # starts as identity
    config.loss.perceptual = 1.0
    step = make_train_step(
        state, config.loss, ema_decay=0.0, perceptual=pixels_as_features(8)
    )
    difference = (batch[0] - batch[1]).reshape(2, 8, 2, 8, 2, 3).mean(axis=(2, 4))
    expected = 2 * np.abs(difference).mean()
    assert float(step(*batch)["perceptual"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("side", [6, 24])
def test_a_perceptual_network_of_any_side(config, side):
    state = TrainingState(config)
    config.loss.perceptual = 1.0
    step = make_train_step(
        state, config.loss, ema_decay=0.0, perceptual=pixels_as_features(side)
    )
    dark, light = (np.full((2, 16, 16, 3), level, np.float32) for level in (-0.5, 0.25))
    assert float(step(dark, light)["perceptual"]) == pytest.approx(1.5, rel=1e-5)


def test_both_networks_are_told_the_strengths(slider_config):
    keras.utils.set_random_seed(0)
    state = TrainingState(slider_config)
    for weight in state.generator.trainable_variables:
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.05, seed=1))
    step = make_train_step(state, slider_config.loss, ema_decay=0.0)
    start = [
        v.numpy() for v in (*state.generator.weights, *state.discriminator.weights)
    ]
    rng = np.random.default_rng(1)
    a, b = (rng.uniform(-1, 1, (2, 32, 32, 3)).astype("float32") for _ in range(2))
    found = []
    for row in ([1, 0], [0, -1], [0, 0]):
        variables = (*state.generator.weights, *state.discriminator.weights)
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        losses = step((a, np.float32([row, row])), b)
        found.append((float(losses["pixel"]), float(losses["discriminator"])))
    pixel, discriminator = zip(*found, strict=True)
    assert len(set(pixel)) == len(set(discriminator)) == 3
    # At strength 0 the generator gives the photo back.
    assert pixel[2] == pytest.approx(np.abs(a - b).mean(), rel=1e-5)


def test_a_perceptual_loss_needs_a_network(state, config):
    config.loss.perceptual = 10.0
    with pytest.raises(UserError, match="loss.perceptual is 10"):
        make_train_step(state, config.loss, ema_decay=0.0)


class Twins:
    """One of two replicas that find the same gradients."""

    def all_reduce(self, operation, values):
        assert operation == tf.distribute.ReduceOp.SUM
        self.sent = {value.dtype.name for value in tf.nest.flatten(values)}
        return tf.nest.map_structure(lambda value: value + value, values)


@pytest.mark.parametrize(
    ("policy", "sent", "total"),
    [
        ("float32", "float32", 2.0078125),
        # 1 + 1/256 lies between two bfloat16, which are 1/128 apart there.
        ("mixed_bfloat16", "bfloat16", 2.0),
    ],
)
def test_gradients_travel_as_they_were_computed(policy, sent, total):
    twins, gradient = Twins(), tf.constant([1 + 1 / 256])
    generator, discriminator = added_up(twins, ([gradient], [gradient]), policy)
    assert twins.sent == {sent}
    for (value,) in (generator, discriminator):
        assert value.dtype == tf.float32 and value.numpy().item() == total


def test_long_gradients_are_scaled_down_together():
    gradients = [tf.constant([3.0]), tf.constant([[4.0]])]  # of length 5
    short = [value.numpy().item() for value in clipped(gradients, 1.0)]
    assert short == pytest.approx([0.6, 0.8])
    for largest in (0.0, 10.0):
        assert [v.numpy().item() for v in clipped(gradients, largest)] == [3.0, 4.0]


def test_averages_warm_up(state, config, batch):
    step = make_train_step(state, config.loss, ema_decay=0.105)
    state.average.set_weights([np.ones(w.shape) for w in state.average.weights])
    step(*batch)  # decay (1 + 0) / (10 + 0)
    first = [w.numpy() for w in state.generator.weights]
    for mean, weight in zip(state.average.weights, first, strict=True):
        assert np.allclose(mean.numpy(), 0.1 * 1 + 0.9 * weight, atol=1e-6)
    before = [mean.numpy() for mean in state.average.weights]
    step(*batch)  # decay 0.105, less than 2 / 11
    for mean, old, weight in zip(
        state.average.weights, before, state.generator.weights, strict=True
    ):
        expected = 0.105 * old + 0.895 * weight.numpy()
        assert np.allclose(mean.numpy(), expected, atol=1e-6)
    assert int(state.step) == 2


def test_decay_0_copies_the_weights(state, config, batch):
    make_train_step(state, config.loss, ema_decay=0.0)(*batch)
    for mean, weight in zip(
        state.average.weights, state.generator.weights, strict=True
    ):
        assert np.array_equal(mean.numpy(), weight.numpy())


def second_losses(config, batch, precision):
    """The state after two steps and the second step's losses."""
    config.training.precision = precision
    keras.utils.set_random_seed(0)
    state = TrainingState(config)
    step = make_train_step(state, config.loss, ema_decay=0.5)
    step(*batch)
    return state, {name: float(value) for name, value in step(*batch).items()}


def test_mixed_precision_stays_near_float32(config, batch):
    _, expected = second_losses(config, batch, "float32")
    for precision in ("mixed_bfloat16", "mixed_float16"):
        state, named = second_losses(config, batch, precision)
        assert named == pytest.approx(expected, rel=0.03)
        assert state.is_finite()
        assert state.discriminator.layers[-1].compute_dtype != "float32"
        assert all(weight.dtype == "float32" for weight in state.generator.weights)
        assert state.average(batch[0]).dtype == "float32"


def test_the_rate_stays_then_falls_linearly_to_0():
    rate = ConstantThenLinear(2e-4, images=100, decay=0.4, batch_size=10)
    steps = [0, 5, 6, 7, 8, 9, 10, 11]
    expected = [2e-4, 2e-4, 2e-4, 1.5e-4, 1e-4, 0.5e-4, 0, 0]
    assert np.allclose([float(rate(step)) for step in steps], expected, atol=1e-10)


def test_a_decay_of_0_keeps_the_rate_to_the_last_step():
    rate = ConstantThenLinear(1.0, images=100, decay=0.0, batch_size=10)
    assert [float(rate(step)) for step in (0, 9)] == [1.0, 1.0]


def test_equivariance_is_asked_of_the_generator(state, config, batch):
    config.loss.perceptual = 0.0
    config.loss.equivariance = 3.0
    named = make_train_step(state, config.loss, ema_decay=0.0)(*batch)
    assert named["equivariance"] > 0
    # A translator that changes nothing moves along with the photo.
    for weight in state.generator.trainable_variables:
        weight.assign(tf.zeros_like(weight))
    named = make_train_step(state, config.loss, ema_decay=0.0)(*batch)
    assert named["equivariance"] == 0


def test_a_batch_is_shared_in_equal_slices(config):
    config.training.batch_size = 8
    for replicas in (1, 2, 8):
        check_shares(config.training, replicas)
    rule = "batch_size must be a multiple of 3, the GPUs and workers .* received 8"
    with pytest.raises(UserError, match=rule):
        check_shares(config.training, 3)
    config.training.precision = "mixed_float16"
    check_shares(config.training, 1)
    with pytest.raises(UserError, match="precision must be another than mixed_float16"):
        check_shares(config.training, 2)
