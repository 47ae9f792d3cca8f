"""Two people and the faces between them: what a morph is learnt from.

The teacher's faces on a straight line in W look right all along it (`latents.
interpolation`), and nothing but the two ends has to be shown to the student. The paper
(arXiv 2003.03581) takes the middle alone; here two more shares of the way are drawn by
the seed, so that the student can be asked for any.
"""

from collections.abc import Callable, Sequence

import numpy as np

from tf_fsgd.config import Config
from tf_fsgd.latents.interpolation import linear
from tf_fsgd.pairs.drawing import Axes, draw_batches
from tf_fsgd.pairs.family import Family
from tf_fsgd.pairs.shards import PairStats
from tf_fsgd.pairs.whole import base_face, family_block
from tf_fsgd.stylegan2.teacher import Teacher

_SEEDS = 2**32
# From A's seed to C's: no C is another family's A, in training or held out.
_OTHER = _SEEDS // 2
_LEAST = 0.15  # of the way, where the student's change is half of what it is midway


class TwoFaces:
    """Draws the families of any block of seeds: A, C, midway, and two between.

    The condition of each picture is its share t of the way from A (0) to C (1). `w` is
    A's.

    Attributes:
        block: Seeds of one shard.
        lossless: Whether the pictures are to be stored as they are.
        made_by: What the pictures depend on, besides what every pair does.
    """

    block = 32
    lossless = False

    @staticmethod
    def settle_axes(config: Config) -> Axes:
        """See `render.settle_axes`; a morph has no direction."""
        return []

    def __init__(
        self, config: Config, teacher: Teacher, axes: Axes, classifier: object = None
    ):
        """Takes what `render.render_pairs` takes; no classifier is asked."""
        self._config, self._teacher = config, teacher
        self.made_by = {"wide": config.pairs.wide}

    def render_block(
        self, seeds: Sequence[int], tick: Callable[[], object] = lambda: None
    ) -> tuple[list[Family], PairStats]:
        """Draws a family of each seed.

        Args:
            seeds: Of A's z.
            tick: Called whenever a family is done.
        """
        return family_block(self._family, seeds, tick)

    def _family(self, seed: int) -> Family:
        config, teacher = self._config, self._teacher
        psi, wide = config.teacher.truncation_psi, config.pairs.wide
        w, start = base_face(teacher, seed, psi, wide)
        _, end = base_face(teacher, other_seed(seed), psi, wide)
        times = draw_times(seed)
        ws = linear(start[0], end[0], times).astype(np.float32)
        images = draw_batches(
            teacher, ws, config.pairs.resolution, config.teacher.batch_size
        )
        return Family(seed, w[0], times[:, None], images)


def other_seed(seed: int) -> int:
    """C's seed, by A's."""
    return (seed + _OTHER) % _SEEDS


def draw_times(seed: int) -> np.ndarray:
    """Shares of the way of a family's pictures, `[5]` float32, by its seed alone.

    Both ends, the middle, and one before and one after it.
    """
    before, after = np.random.default_rng([seed, 1]).uniform(_LEAST, 0.5, 2)
    return np.array([0, 1, 0.5, before, 1 - after], np.float32)
