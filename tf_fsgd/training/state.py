"""All that changes while training: networks, optimizers, averaged weights, step.

What is not here is a function of the config and the step: the data order, the learning
rate and the averaging's warm-up. So a restored state goes on bit for bit as if it had
never been stopped.
"""

import errno
import logging
from pathlib import Path

import keras
import tensorflow as tf

from tf_fsgd.config import Config, TrainingConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.discriminator import multiscale_discriminator
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.training.precision import dtype_policy, resolve_policy

_KEPT = 3  # checkpoints

logger = logging.getLogger(__name__)


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


class TrainingState:
    """The variables of a run, made from its config.

    Attributes:
        policy: The Keras dtype policy that both networks in training compute with.
        generator, discriminator: The networks in training.
        average: The generator with exponentially averaged weights, always float32. It
            is what samples show and what becomes the translator.
        generator_optimizer, discriminator_optimizer: Adam; for float16, scaling losses.
        step: int64 variable, steps done.
    """

    def __init__(self, config: Config):
        """Builds everything anew.

        Weights are drawn from Keras' global seed (`keras.utils.set_random_seed`).
        """
        resolution = config.pairs.resolution
        self.batch_size = config.training.batch_size
        self.policy = resolve_policy(config.training.precision)
        with dtype_policy(self.policy):
            self.generator = build_generator(config.generator, resolution)
            self.discriminator = multiscale_discriminator(
                config.discriminator, resolution
            )
        with dtype_policy("float32"):
            self.average = build_generator(config.generator, resolution)
        self.average.set_weights(self.generator.get_weights())
        self.generator_optimizer = self._optimizer(config.training, self.generator)
        self.discriminator_optimizer = self._optimizer(
            config.training, self.discriminator
        )
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")

    def _optimizer(self, config: TrainingConfig, network: keras.Model):
        optimizer = keras.optimizers.Adam(
            ConstantThenLinear(
                config.learning_rate, config.images, config.decay, config.batch_size
            ),
            beta_1=config.beta_1,
            beta_2=0.999,
        )
        if self.policy == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        # Checkpoints restore only variables that exist.
        optimizer.build(network.trainable_variables)
        return optimizer

    @property
    def images(self) -> int:
        """Images shown so far."""
        return int(self.step) * self.batch_size

    @property
    def variables(self) -> list[tf.Variable]:
        """Everything that a checkpoint holds."""
        owners = (
            self.generator,
            self.discriminator,
            self.average,
            self.generator_optimizer,
            self.discriminator_optimizer,
        )
        held = [variable.value for owner in owners for variable in owner.variables]
        return [*held, self.step]

    def is_finite(self) -> bool:
        """Whether no variable holds a NaN or an infinity."""
        floats = [v for v in self.variables if v.dtype.is_floating]
        return all(bool(tf.reduce_all(tf.math.is_finite(v))) for v in floats)


class Checkpoints:
    """The last few saved states in a folder."""

    def __init__(self, state: TrainingState, folder: Path):
        """Saves `state` to and restores it from `folder`, which is made when absent."""
        self._state = state
        # A plain list: names inside Keras' objects may change between its versions.
        self._checkpoint = tf.train.Checkpoint(variables=state.variables)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(folder), max_to_keep=_KEPT
        )

    @property
    def latest(self) -> str | None:
        """Path prefix of the newest checkpoint."""
        return self._manager.latest_checkpoint

    def save(self) -> None:
        """Saves the state; one that is not finite stops the run instead.

        Raises:
            UserError: If a variable is NaN or infinite.
            OSError: If the disk is full.
        """
        if not self._state.is_finite():
            raise self.diverged("the weights")
        try:
            self._manager.save(checkpoint_number=int(self._state.step))
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(
                errno.ENOSPC, "No space left on device", self._manager.directory
            ) from error

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole.

        Returns:
            Whether there was one; otherwise the state is as built.

        Raises:
            UserError: If all are damaged or they do not fit the config.
        """
        damaged = []
        for path in reversed(self._manager.checkpoints):
            try:
                self._checkpoint.restore(path).assert_consumed()
            except (tf.errors.DataLossError, tf.errors.NotFoundError):
                logger.warning("%s: damaged; trying the one before it", path)
                damaged.append(path)
            except (AssertionError, ValueError) as error:
                reason = str(error).strip().splitlines()[0]
                raise UserError(f"{path}: not of this config ({reason})") from None
            else:
                return True
        if damaged:
            raise UserError(
                f"{self._manager.directory}: every checkpoint is damaged; "
                "remove the folder to train from the start"
            )
        return False

    def diverged(self, what: str) -> UserError:
        """The error that stops a run whose numbers are no longer finite.

        Args:
            what: What was seen to be NaN or infinite.
        """
        last = self.latest or "none yet"
        return UserError(
            f"training diverged: {what} became NaN or infinite by step "
            f"{int(self._state.step)}; last good checkpoint: {last}; a lower "
            "training.learning_rate or training.precision float32 may help"
        )
