"""Whole families: the pairs of a translator of several edits and strengths.

Nothing is filtered: a slider needs the small edits as much as those that a classifier
is certain of. On two cores a family of eight pictures takes 0.6 s, nearly all of it the
teacher's, which keeps both busy.

Truncated faces are a narrow sample of people: hardly a child, a hat or a turned head
among them. A share of the families is therefore drawn wider.
"""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

import numpy as np

from tf_fsgd.config import Config
from tf_fsgd.edits import EDITS, axis_of
from tf_fsgd.images.person import PersonSegmenter
from tf_fsgd.latents.axes import family_axes
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast, truncate
from tf_fsgd.pairs.drawing import Axes, draw_batches
from tf_fsgd.pairs.family import HEAD_SIZE, Family
from tf_fsgd.pairs.shards import PairStats
from tf_fsgd.stylegan2.teacher import Teacher

# Rows of W+ that turn a head and those that move its features, which a wide family has
# in part from somebody else (VToonify, SIGGRAPH Asia 2022, varies rows 3 to 6).
_LENT = (slice(0, 2), slice(4, 6))


class WholeFamilies:
    """Draws the families of any block of seeds.

    Attributes:
        block: Seeds of one shard; 32 take about 25 s.
        lossless: Whether the pictures are to be stored as they are.
        made_by: What the pictures depend on, besides what every pair does.
    """

    block = 32
    lossless = False

    @staticmethod
    def settle_axes(config: Config) -> Axes:
        """See `render.settle_axes`."""
        axes = family_axes(config.edits)
        pairs = config.pairs
        own = [axis_of(edit) not in EDITS for edit in config.edits]
        if not pairs.strength:
            # Those of the user's own may say how far a teacher could be seen to draw
            # them. What strength 1 means follows from it, wherever the run is used.
            ranges = [axis.facts.get("range", 0) for axis, _ in compress(axes, own)]
            pairs.strength = float(max(ranges, default=0))
        return [
            (axis, pairs.strength if mine and pairs.strength else largest)
            for (axis, largest), mine in zip(axes, own, strict=True)
        ]

    def __init__(
        self, config: Config, teacher: Teacher, axes: Axes, classifier: object = None
    ):
        """Takes what `render.render_pairs` takes; no classifier is asked."""
        self._config, self._teacher, self._axes = config, teacher, axes
        self._segmenter = PersonSegmenter()
        wide = config.pairs.wide
        # Without: as the folders of earlier versions have it.
        self.made_by: dict[str, Any] = {"wide": wide} if wide else {}

    def render_block(
        self, seeds: Sequence[int], tick: Callable[[], object] = lambda: None
    ) -> tuple[list[Family], PairStats]:
        """Draws a family of each seed.

        Args:
            seeds: Of z.
            tick: Called whenever a family is done.
        """
        return family_block(self._family, seeds, tick)

    def _family(self, seed: int) -> Family:
        config, teacher = self._config, self._teacher
        w, ws = base_face(
            teacher, seed, config.teacher.truncation_psi, config.pairs.wide
        )
        readings = np.array([direction.reading(w)[0] for direction, _ in self._axes])
        ranges = np.array([largest for _, largest in self._axes], np.float32)
        strengths = draw_strengths(seed, readings, ranges)
        ws = np.repeat(ws, len(strengths), axis=0)
        for axis, (direction, _) in enumerate(self._axes):
            ws = direction.edit(ws, strengths[:, axis])
        images = draw_batches(
            teacher, ws, config.pairs.resolution, config.teacher.batch_size
        )
        heads = np.stack([self._segmenter.head(image, HEAD_SIZE) for image in images])
        return Family(seed, w[0], strengths, images, heads)


def family_block(
    family: Callable[[int], Family], seeds: Sequence[int], tick: Callable[[], object]
) -> tuple[list[Family], PairStats]:
    """A family of each seed, none left out; `tick` is called whenever one is done."""
    families = []
    for seed in seeds:
        families.append(family(seed))
        tick()
    rendered = sum(len(one.images) for one in families)
    count = len(families)
    return families, PairStats(candidates=count, kept=count, rendered=rendered)


def base_face(
    teacher: Teacher, seed: int, psi: float, wide: float
) -> tuple[np.ndarray, np.ndarray]:
    """The unedited face of a family, a function of the arguments alone.

    Args:
        teacher: Whose W it is of.
        seed: Of z.
        psi: Truncation.
        wide: Probability of a face from beyond: truncated by anything from `psi` to 1,
            pose and expression moved part of the way to another face's.

    Returns:
        w `[1, w_dim]` after truncation, and W+ `[1, num_ws, w_dim]`.
    """
    rng = np.random.default_rng([seed, 2])
    if rng.random() >= wide:
        w = sample_w(teacher, np.array([seed]), psi)
        return w, broadcast(w, teacher.num_ws)
    psi = rng.uniform(min(psi, 1.0), 1.0)
    w = sample_w(teacher, np.array([seed]), psi)
    ws = np.array(broadcast(w, teacher.num_ws))
    lender = teacher.mapping(rng.standard_normal((1, teacher.z_dim)).astype(np.float32))
    lender = truncate(lender, teacher.w_avg, psi)
    for rows in _LENT:
        share = np.float32(rng.uniform(0.0, 0.7))
        ws[:, rows] += share * (lender[:, None] - ws[:, rows])
    return w, ws


def draw_strengths(seed: int, readings: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Strengths of a family's pictures, a function of the seed and the face alone.

    The first picture is plain. Of each edit two more follow: one towards what the face
    is not (a man towards "feminine"), up to the full range, and one of either sign. The
    last has all edits at once, each weaker.

    Args:
        seed: Of the family.
        readings: `[E]`, probability that each edit has work to do on this face
            (`Direction.reading`).
        ranges: `[E]`, largest strength of each edit in standard deviations.

    Returns:
        `[2 E + 2, E]` float32.
    """
    rng = np.random.default_rng([seed, 1])
    edits = len(ranges)
    towards = np.where(np.asarray(readings) >= 0.5, 1.0, -1.0)
    strengths = np.zeros((2 * edits + 2, edits), np.float32)
    for edit in range(edits):
        strengths[1 + 2 * edit, edit] = towards[edit] * rng.uniform(0.2, 1.0)
        strengths[2 + 2 * edit, edit] = rng.choice([-1, 1]) * rng.uniform(0.1, 0.9)
    strengths[-1] = towards * rng.choice([1, -1], edits, p=[0.8, 0.2])
    strengths[-1] *= rng.uniform(0.1, 0.75, edits)
    return strengths * np.asarray(ranges, np.float32)
