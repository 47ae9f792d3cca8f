"""All that changes while training: networks, optimizers, averaged weights, step.

What is not here is a function of the config and the step: the data order, the learning
rate and the averaging's warm-up. So a restored state goes on bit for bit as if it had
never been stopped.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_fsgd.backend.hardware import dtype_policy
from tf_fsgd.config import MORPH, Config, TrainingConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.discriminator import multiscale_discriminator
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.pix2pixhd.growth import grow
from tf_fsgd.training.fused_adam import FusedAdam
from tf_fsgd.training.precision import resolve_policy


class ConstantThenLinear(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that stays, then falls linearly to 0 (pix2pixHD's schedule).

    Args:
        initial_rate: The rate of the first part.
        images: Images shown in all.
        decay: Share of `images`, at the end, over which the rate falls.
        batch_size: Images a step.
    """

    def __init__(self, initial_rate: float, images: int, decay: float, batch_size: int):
        self.initial_rate = initial_rate
        self.images = images
        self.decay = decay
        self.batch_size = batch_size

    def __call__(self, step):
        seen = keras.ops.cast(step, "float32") * self.batch_size
        falling = max(self.decay * self.images, 1.0)
        left = (self.images - seen) / falling
        return self.initial_rate * keras.ops.clip(left, 0.0, 1.0)

    def get_config(self) -> dict:
        return {
            "initial_rate": self.initial_rate,
            "images": self.images,
            "decay": self.decay,
            "batch_size": self.batch_size,
        }


def check_shares(plan: TrainingConfig, replicas: int) -> None:
    """Refuses a training that so many replicas cannot share.

    Raises:
        UserError: If a batch cannot be cut into equal slices, or the precision is
            float16, whose scale of the losses Keras keeps for one replica only.
    """
    if plan.batch_size % replicas:
        raise UserError(
            f"training.batch_size must be a multiple of {replicas}, the GPUs and "
            f"workers that share a batch, received {plan.batch_size}"
        )
    if replicas > 1 and plan.precision == "mixed_float16":
        raise UserError(
            "training.precision must be another than mixed_float16 where several GPUs "
            "or workers train together"
        )


class TrainingState:
    """The variables of a run, made from its config.

    Attributes:
        policy: The Keras dtype policy that both networks in training compute with.
        generator, discriminator: The networks in training.
        average: The generator with exponentially averaged weights, always float32. It
            is what samples show and what becomes the translator.
        generator_optimizer, discriminator_optimizer: Adam; for float16, scaling losses.
        step: int64 variable, steps done.
        strategy: The one in whose scope it was made; its replicas hold all this alike.
    """

    def __init__(self, config: Config):
        """Builds everything anew.

        Weights are drawn from Keras' global seed (`keras.utils.set_random_seed`).
        """
        self.strategy = tf.distribute.get_strategy()
        resolution, edits = config.pairs.resolution, len(config.axes)
        self.batch_size = config.training.batch_size
        self.policy = resolve_policy(config.training.precision)
        with dtype_policy(self.policy):
            self.generator = build_generator(config.generator, resolution, edits)
            self.discriminator = multiscale_discriminator(
                config.discriminator,
                resolution,
                edits,
                config.generator.faces,
                between=config.generator.kind == MORPH,
            )
        with dtype_policy("float32"):
            self.average = build_generator(config.generator, resolution, edits)
        self.average.set_weights(self.generator.get_weights())
        plan = config.training
        self.generator_optimizer = self._optimizer(
            plan, plan.learning_rate, self.generator
        )
        self.discriminator_optimizer = self._optimizer(
            plan, plan.discriminator_learning_rate, self.discriminator
        )
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")

    def start_from(
        self,
        network: keras.Model,
        axes: Sequence[int | None],
        judged_by: Mapping[str, np.ndarray],
    ) -> None:
        """Gives the networks the weights of trained ones.

        Args:
            network: The generator's, taken as `growth.grow` does.
            axes: The same.
            judged_by: Variables of a checkpoint, by name. If its discriminator is of
                the same shape, it is taken: a new one takes a thousand images to say
                anything of use.

        Raises:
            UserError: If the generators do not fit.
        """
        grow(network, self.generator, axes)
        self.average.set_weights(self.generator.get_weights())
        mine = {
            name: variable
            for name, variable in self.variables.items()
            if name.startswith("discriminator/")
        }
        if all(
            name in judged_by and judged_by[name].shape == tuple(variable.shape)
            for name, variable in mine.items()
        ):
            for name, variable in mine.items():
                variable.assign(judged_by[name])

    def _optimizer(self, config: TrainingConfig, rate: float, network: keras.Model):
        optimizer = FusedAdam(
            ConstantThenLinear(rate, config.images, config.decay, config.batch_size),
            beta_1=config.beta_1,
            beta_2=0.999,
            # Keras would count up the names of its objects in a process.
            name="adam",
        )
        if self.policy == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(
                optimizer, name="loss_scale"
            )
        # Without this its variables would appear only at the first step.
        optimizer.build(network.trainable_variables)
        return optimizer

    @property
    def images(self) -> int:
        """Images shown so far."""
        return int(self.step.numpy()) * self.batch_size

    @property
    def variables(self) -> dict[str, tf.Variable]:
        """All that a checkpoint holds, by owner and path in it.

        A rebuilt state repeats the names, and no two variables share one, for every
        layer and optimizer has a name of its own. Numbers would give a layer's values
        to its like where the two have changed places.
        """
        owners = {
            "generator": self.generator,
            "discriminator": self.discriminator,
            "average": self.average,
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }
        held = {
            f"{name}/{variable.path}": variable.value
            for name, owner in owners.items()
            for variable in owner.variables
        }
        return {**held, "step": self.step}

    def is_finite(self) -> bool:
        """Whether no variable holds a NaN or an infinity."""
        floats = [v for v in self.variables.values() if v.dtype.is_floating]
        return all(bool(tf.reduce_all(tf.math.is_finite(v))) for v in floats)
