"""One step of pix2pixHD training as a single `tf.function`.

Several replicas share a step: each takes its slice of the batch, their gradients are
added up, and all make the same update.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from tf_fsgd.backend.averaging import update_average
from tf_fsgd.config import LossConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd import losses
from tf_fsgd.training.precision import with_policy
from tf_fsgd.training.state import TrainingState

Inputs: TypeAlias = tf.Tensor | tuple[tf.Tensor, tf.Tensor]
_FARTHEST = 4  # pixels that equivariance moves a photo by, at most


@dataclass(frozen=True)
class Perceptual:
    """The perceptual loss's network, and how its maps of two images are compared.

    Attributes:
        network: From images `[N, R, R, 3]` float32 in [-1, 1] to a list of maps.
        distance: From the maps of translated images and those of the true ones to a
            scalar.
    """

    network: keras.Model
    distance: Callable[[Sequence[tf.Tensor], Sequence[tf.Tensor]], tf.Tensor]


TrainStep = Callable[[Inputs, tf.Tensor], dict[str, tf.Tensor]]


def make_train_step(
    state: TrainingState,
    config: LossConfig,
    *,
    ema_decay: float,
    largest_norm: float = 0.0,
    perceptual: Perceptual | None = None,
) -> TrainStep:
    """Makes the function that shows one batch to both networks and updates everything.

    Both gradients are taken at the same weights, as in pix2pixHD, so each image passes
    each network once: the fake's features serve both losses, and the real's features
    serve the discriminator's loss and, detached, feature matching. The graph drops what
    an update does not need: no gradient of the discriminator's loss goes on into the
    generator, and none of the generator's loss into the discriminator's weights.

    Args:
        state: Updated in place: networks, optimizers, averaged weights, step.
        config: Weights of the losses; a loss of weight 0 is not computed.
        ema_decay: Largest decay a step of the averaged weights; 0 copies the weights.
        largest_norm: To which the gradients of a network, all together, are scaled down
            where they are longer; 0: they are taken as they are.
        perceptual: Needed if its loss has a weight.

    Returns:
        A `tf.function` of ((a, condition), b), float32, images `[N, R, R, 3]` in
        [-1, 1] and condition `[N, C]`, that returns float32 scalars: each loss before
        its weight, "generator" (the weighted sum) and "discriminator". A generator of
        one input is not told the condition; for it, a may stand alone.

    Raises:
        UserError: If the perceptual loss has a weight but no network.
    """
    if config.perceptual:
        if perceptual is None:
            raise UserError(
                f"loss.perceptual is {config.perceptual:g}, but no network was given "
                "for it"
            )
        features = with_policy(perceptual.network, state.policy)
        distance = perceptual.distance
    generator, discriminator = state.generator, state.discriminator
    replicas = state.strategy.num_replicas_in_sync

    def replica_step(inputs: Inputs, b: tf.Tensor) -> dict[str, tf.Tensor]:
        replica = tf.distribute.get_replica_context()
        asked = tf.nest.flatten(inputs)[: len(generator.inputs)]
        with tf.GradientTape(persistent=True) as tape:
            fake = generator(
                keras.tree.pack_sequence_as(generator.input, asked), training=True
            )
            real_outputs = discriminator([*asked, b], training=True)
            fake_outputs = discriminator([*asked, fake], training=True)

            terms = {"adversarial": losses.lsgan_generator_loss(fake_outputs)}
            if config.feature_matching:
                terms["feature_matching"] = losses.feature_matching_loss(
                    real_outputs, fake_outputs
                )
            if config.perceptual:
                terms["perceptual"] = distance(
                    features(_fitted(fake, features), training=False),
                    features(_fitted(b, features), training=False),
                )
            if config.pixel:
                terms["pixel"] = losses.pixel_loss(fake, b)
            if config.unchanged:
                terms["unchanged"] = losses.unchanged_loss(fake, b, asked[0])
            if config.equivariance:
                # Of one sample a step, the whole batch's first: each costs a pass
                # through the generator. A mean over the replicas makes up for the rest.
                holds_it = not tf.get_static_value(replica.replica_id_in_sync_group)
                terms["equivariance"] = (
                    replicas * equivariance(asked, fake) if holds_it else tf.zeros([])
                )
            total = sum(getattr(config, name) * term for name, term in terms.items())
            discriminator_loss = losses.lsgan_discriminator_loss(
                real_outputs, fake_outputs
            )
            # The mean of a slice, as a share in the mean of the batch. The scale is 1
            # unless the policy is float16.
            scaled_total = state.generator_optimizer.scale_loss(total / replicas)
            scaled_discriminator_loss = state.discriminator_optimizer.scale_loss(
                discriminator_loss / replicas
            )

        named = {**terms, "generator": total, "discriminator": discriminator_loss}
        gradients = (
            tape.gradient(scaled_total, generator.trainable_variables),
            tape.gradient(scaled_discriminator_loss, discriminator.trainable_variables),
        )
        shares = tf.stack(list(named.values())) / replicas
        if replicas > 1:  # alone, no weight waits for the gradients of others
            gradients = added_up(replica, gradients, state.policy)
            shares = replica.all_reduce(tf.distribute.ReduceOp.SUM, shares)
        generator_gradients, discriminator_gradients = gradients
        state.generator_optimizer.apply(
            clipped(generator_gradients, largest_norm), generator.trainable_variables
        )
        state.discriminator_optimizer.apply(
            clipped(discriminator_gradients, largest_norm),
            discriminator.trainable_variables,
        )
        return dict(zip(named, tf.unstack(shares), strict=True))

    def equivariance(asked: list[tf.Tensor], fake: tf.Tensor) -> tf.Tensor:
        margin = min(_FARTHEST, fake.shape[1] // 8)
        offset = tf.random.stateless_uniform(
            [2], tf.stack([state.step, 0]), 0, 2 * margin + 1, tf.int32
        )
        first = [value[:1] for value in asked]
        first[0] = losses.shifted(first[0], offset, margin)
        moved = generator(
            keras.tree.pack_sequence_as(generator.input, first), training=True
        )
        return losses.equivariance_loss(moved, fake[:1], offset, margin)

    # No branch depends on a tensor, so AutoGraph would only rewrite the losses, from
    # whatever their source files hold by now.
    @tf.function(autograph=False)
    def train_step(inputs: Inputs, b: tf.Tensor) -> dict[str, tf.Tensor]:
        named = state.strategy.run(replica_step, args=(inputs, b))
        with state.strategy.scope():
            update_average(
                [variable.value for variable in state.average.variables],
                [variable.value for variable in state.generator.variables],
                state.step,
                ema_decay,
            )
        state.step.assign_add(1)
        # Every replica has the same.
        return {
            name: state.strategy.experimental_local_results(loss)[0]
            for name, loss in named.items()
        }

    return train_step


def added_up(replica: tf.distribute.ReplicaContext, gradients: Any, policy: str) -> Any:
    """The sum of all replicas' gradients.

    They travel as they were computed. In bfloat16 a weight's gradient has 8 bits, and
    to send the 24 that its float32 weight gives it room for takes twice as long.

    Args:
        replica: This one.
        gradients: Tensors in any structure, float32.
        policy: The Keras dtype policy that the networks compute with.

    Returns:
        The same structure of float32.
    """
    travels = tf.as_dtype(keras.DTypePolicy(policy).compute_dtype)
    sent = tf.nest.map_structure(lambda each: tf.cast(each, travels), gradients)
    total = replica.all_reduce(tf.distribute.ReduceOp.SUM, sent)
    return tf.nest.map_structure(lambda each: tf.cast(each, tf.float32), total)


def clipped(gradients: Sequence[tf.Tensor], largest_norm: float) -> list[tf.Tensor]:
    """Gradients whose length, all together, is `largest_norm` at most; 0: any.

    A least-squares discriminator without normalisation has no bound: one step out of a
    thousand was seen to be a hundred thousand times as long as the others, and a
    training that had gone well was gone.
    """
    if not largest_norm:
        return list(gradients)
    return tf.clip_by_global_norm(gradients, largest_norm)[0]


def _fitted(images: tf.Tensor, network: keras.Model) -> tf.Tensor:
    """Images at the side that a network of a fixed side reads."""
    side = network.input_shape[1]
    if side in (None, images.shape[1]):
        return images
    if images.shape[1] % side == 0:
        # The gradient of a general resize runs on one core.
        return keras.ops.average_pool(images, images.shape[1] // side)
    return keras.ops.image.resize(images, (side, side), "bilinear", antialias=True)
