"""Projection: the latent whose face looks most like a photo, by optimisation.

StyleGAN2's projector (Karras et al. 2020, arXiv 1912.04958, appendix D), in the terms
of this project. The search starts at w_avg; Adam moves w down the gradient of a
perceptual distance plus a squared difference of pixels; noise on w, at first a
twentieth of W's own spread and gone after three quarters of the steps, keeps it from
settling in the nearest hollow. What is left out is the optimisation of the synthesis
network's noise maps, and their regularisation with it: our teachers keep their constant
noise, so that a projection is a latent and nothing else.

Space `w` finds one w for all rows. Space `w+` finds a w for each row, which is more
like the photo and less like the faces that directions were found on; a penalty on the
rows' spread around their mean (as in Tov et al. 2021, arXiv 2102.02766) keeps them
where edits still work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.projection.state import ProjectionState
from tf_fsgd.settings import Count, Natural, Positive, Settings, Weight, check_fields
from tf_fsgd.stylegan2.teacher import Teacher

_STATISTICS = 10_000  # draws that W's spread is measured on
_RAMP_UP = 0.05  # share of the steps in which the learning rate rises, linearly
_RAMP_DOWN = 0.25  # and falls at the end, as half a cosine
_NOISE = 0.05  # in units of W's spread
_NOISE_STEPS = 0.75
_TRAIL = 60  # moments whose w is kept for an animation
_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


@dataclass(frozen=True)
class ProjectionSettings(Settings):
    """What a projection depends on, beside teacher, photo and likeness.

    Attributes:
        steps: Of the optimisation; one is a render and its gradient.
        space: `w`, or `w+` for a w of its own in every row.
        seed: Of the noise on w.
        learning_rate: Adam's, at its height.
        pixels: Weight of the mean squared difference of pixels in [-1, 1].
        spread: Weight, in `w+`, of the rows' mean squared distance from their mean, in
            units of W's own.
    """

    steps: Count = 300
    space: Literal["w", "w+"] = "w+"
    seed: Natural = 0
    learning_rate: Positive = 0.1
    pixels: Weight = 0.1
    spread: Weight = 0.3


class Projector:
    """Projects photos, one after the other.

    Args:
        teacher: Whose latents are searched.
        resolution: Side at which face and photo are compared, the teacher's divided by
            a power of two.
        likeness: Images `[1, R, R, 3]` in [-1, 1] to a list of maps, whose squared
            differences, summed over channels and averaged over positions, are added up.
        settings: Steps and weights.

    Raises:
        UserError: If one of the settings breaks its rule, or the teacher has no such
            resolution.
    """

    def __init__(
        self,
        teacher: Teacher,
        resolution: int,
        likeness: Callable[[tf.Tensor], list[tf.Tensor]],
        settings: ProjectionSettings,
    ):
        check_fields(settings)
        self.resolution = resolution
        self.settings = settings
        self._likeness = likeness
        self._network = teacher.network(resolution)
        self._num_ws = teacher.num_ws
        self._w_avg = np.asarray(teacher.w_avg, np.float32)
        self._spread = w_spread(teacher)
        self._compiled = tf.function(self._advance)

    def start(self) -> ProjectionState:
        """The mean face, before the first step."""
        rows = self._num_ws if self.settings.space == "w+" else 1
        w = np.repeat(self._w_avg[None], rows, axis=0)
        zeros = np.zeros_like(w)
        return ProjectionState(0, w, zeros, zeros, w[None])

    def target(self, photo: np.ndarray) -> list[tf.Tensor]:
        """What the faces are compared with.

        Args:
            photo: `[R, R, 3]` float32 in [-1, 1], R as in the constructor.

        Returns:
            The photo and its likeness's maps, for `advance`.

        Raises:
            UserError: If the photo has another shape.
        """
        expected = (self.resolution, self.resolution, 3)
        if photo.shape != expected:
            raise UserError(f"photo must be {expected}, received {photo.shape}")
        images = tf.constant(photo[None], tf.float32)
        return [images, *map(tf.convert_to_tensor, self._likeness(images))]

    def advance(
        self, state: ProjectionState, target: list[tf.Tensor]
    ) -> tuple[ProjectionState, dict[str, float]]:
        """Makes one step.

        Args:
            state: `start()`, or what the last step returned.
            target: Of the photo.

        Returns:
            The new state, and the losses before the step, of a render with noise on w,
            each as it counts in the sum: `likeness`, `pixels`, in `w+` also `spread`.
        """
        step = tf.constant(state.step, tf.int32)
        w, first, second, losses = self._compiled(
            step, *map(tf.constant, (state.w, state.first, state.second)), target
        )
        done, trail = state.step + 1, state.trail
        w = w.numpy()
        if (
            done * _TRAIL // self.settings.steps
            > state.step * _TRAIL // self.settings.steps
        ):
            trail = np.concatenate([trail, w[None]])
        state = ProjectionState(done, w, first.numpy(), second.numpy(), trail)
        return state, {name: float(value) for name, value in losses.items()}

    def ws(self, w: np.ndarray) -> np.ndarray:
        """A state's w, `[rows, w_dim]`, for the teacher: `[1, num_ws, w_dim]`."""
        return np.repeat(w, self._num_ws // len(w), axis=0)[None]

    def _advance(self, step, w, first, second, target):
        noise = tf.random.stateless_normal(w.shape, (self.settings.seed, step))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(w)
            losses = self._losses(w, noise * self._noise_scale(step), target)
            loss = tf.add_n(list(losses.values()))
        gradient = tape.gradient(loss, w)
        # Adam (Kingma & Ba 2015), written out so that its state is plain arrays.
        count = tf.cast(step + 1, tf.float32)
        first = _BETAS[0] * first + (1 - _BETAS[0]) * gradient
        second = _BETAS[1] * second + (1 - _BETAS[1]) * tf.square(gradient)
        unbiased_first = first / (1 - _BETAS[0] ** count)
        unbiased_second = second / (1 - _BETAS[1] ** count)
        w -= self._rate(step) * unbiased_first / (tf.sqrt(unbiased_second) + _EPSILON)
        return w, first, second, losses

    def _losses(self, w, noise, target):
        ws = tf.broadcast_to((w + noise)[None], (1, self._num_ws, w.shape[-1]))
        images = self._network(ws, training=False)
        photo, *maps = target
        distances = [
            tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(a, b), axis=-1))
            for a, b in zip(self._likeness(images), maps, strict=True)
        ]
        losses = {
            "likeness": tf.add_n(distances),
            "pixels": self.settings.pixels
            * tf.reduce_mean(tf.math.squared_difference(images, photo)),
        }
        if self.settings.space == "w+":
            deviation = w - tf.reduce_mean(w, axis=0)
            distance = tf.reduce_mean(tf.reduce_sum(tf.square(deviation), axis=-1))
            losses["spread"] = self.settings.spread * distance / self._spread**2
        return losses

    def _done(self, step):
        """Share of the steps, at the middle of this one: no rate is quite 0."""
        return (tf.cast(step, tf.float32) + 0.5) / self.settings.steps

    def _noise_scale(self, step):
        done = self._done(step)
        left = tf.maximum(0.0, 1 - done / _NOISE_STEPS)
        return _NOISE * self._spread * tf.square(left)

    def _rate(self, step):
        done = self._done(step)
        down = tf.minimum(1.0, (1 - done) / _RAMP_DOWN)
        up = tf.minimum(1.0, done / _RAMP_UP)
        return self.settings.learning_rate * up * (0.5 - 0.5 * tf.cos(np.pi * down))


def w_spread(teacher: Teacher) -> float:
    """The root of the mean squared distance of w from w_avg, over 10,000 draws."""
    z = np.random.RandomState(0).randn(_STATISTICS, teacher.z_dim)
    w = teacher.mapping(z.astype(np.float32))
    return float(np.sqrt(np.mean(np.sum((w - teacher.w_avg) ** 2, axis=-1))))
