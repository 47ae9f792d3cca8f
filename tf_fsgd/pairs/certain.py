"""Pairs of which a classifier is certain: a plain face and an edited one.

Almost all the time goes into the teacher (about 0.15 s an image on two cores),
therefore: a linear reading of w drops candidates before any render; a candidate's
renders are made one after the other and stop as soon as it fails (`selection.py`);
renders of several candidates share a batch, so that batches stay full.

With `pairs.head_only` B is then put together from B's head and A's surroundings, and
the classifier is asked once more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier, load_classifier
from tf_fsgd.config import Config
from tf_fsgd.edits import pair_strength
from tf_fsgd.images.io import to_float
from tf_fsgd.images.person import PersonSegmenter, inside_head
from tf_fsgd.latents.axes import family_axis
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.pairs.drawing import Axes, draw
from tf_fsgd.pairs.family import HEAD_SIZE, Family
from tf_fsgd.pairs.index import digest
from tf_fsgd.pairs.selection import SELECTIONS, Choice, Drop, Render
from tf_fsgd.pairs.shards import PairStats
from tf_fsgd.stylegan2.teacher import Teacher

_LARGEST_PNG = 256  # side in pixels; above, 50,000 pairs would take 39 GB and not 12


class CertainPairs:
    """The teacher, the edit and the classifier; gives the pairs of any block of seeds.

    Attributes:
        block: Candidate seeds of one shard; some 20 pairs and 10 s in the quick preset.
        lossless: Whether the pictures are to be stored as they are.
        made_by: What the pictures depend on, besides what every pair does.
    """

    block = 64

    @staticmethod
    def settle_axes(config: Config) -> Axes:
        """See `render.settle_axes`."""
        pairs = config.pairs
        if pairs.head_only:
            direction, _ = family_axis(config.edit)
        else:
            direction = load_direction(config.edit)
        pairs.strength = pairs.strength or pair_strength(config.edit, pairs.head_only)
        return [(direction, pairs.strength)]

    def __init__(
        self,
        config: Config,
        teacher: Teacher,
        axes: Axes,
        classifier: AttributeClassifier | None = None,
    ):
        """Takes what `render.render_pairs` takes; of the axes there is one."""
        ((self._direction, self._strength),) = axes
        self._config, self._teacher = config, teacher
        self._classifier = classifier or load_classifier()
        self._attribute = self._classifier.index(self._direction.attribute)
        self._segmenter = PersonSegmenter() if config.pairs.head_only else None
        self.lossless = config.pairs.resolution <= _LARGEST_PNG
        self.made_by = {
            "attribute": self._direction.attribute,
            "attribute_sign": int(self._direction.sign),
            "classifier_sha256": digest(*self._classifier.model.get_weights()),
            "renders": config.pairs.renders,
            "confidence": config.pairs.confidence,
            "preselect": config.pairs.preselect,
            "head_only": config.pairs.head_only,
        }

    def render_block(
        self, seeds: Sequence[int], tick: Callable[[], object] = lambda: None
    ) -> tuple[list[Family], PairStats]:
        """Draws the candidates of a block and keeps those that pass.

        Args:
            seeds: Of z.
            tick: Called whenever a pair is done.
        """
        candidates = self._candidates(np.asarray(seeds))
        stats = PairStats(
            candidates=len(seeds), below_preselect=len(seeds) - len(candidates)
        )
        families = []
        for candidate, choice in self._settle(candidates, stats):
            if isinstance(choice, Drop):
                reason = choice.value
                setattr(stats, reason, getattr(stats, reason) + 1)
                continue
            a, b = choice
            b = self._finish(a, b)
            if b.score < self._config.pairs.confidence:
                stats.b_uncertain += 1
                continue
            families.append(self._family(candidate, a, b))
            tick()
        stats.kept = len(families)
        return families, stats

    def _candidates(self, seeds: np.ndarray) -> list["_Candidate"]:
        """The candidates whose reading of w passes."""
        w = sample_w(self._teacher, seeds, self._config.teacher.truncation_psi)
        threshold = self._config.pairs.preselect
        passed = np.ones(len(w), bool)
        if threshold > 0:
            passed = np.asarray(self._direction.reading(w)) >= threshold
        return [
            _Candidate(seed, w_i, self._config)
            for seed, w_i in zip(seeds[passed], w[passed], strict=True)
        ]

    def _settle(
        self, candidates: Iterable["_Candidate"], stats: PairStats
    ) -> Iterator[tuple["_Candidate", Choice]]:
        """Yields the candidates in their order, each once its choice is made."""
        waiting, active = deque(candidates), deque()
        while waiting or active:
            batch = [candidate for candidate in active if candidate.choice is None]
            while waiting and len(batch) < self._config.teacher.batch_size:
                active.append(waiting.popleft())
                batch.append(active[-1])
            stats.rendered += len(batch)
            for candidate, render in zip(batch, self._render(batch), strict=True):
                candidate.receive(render)
            while active and (choice := active[0].choice) is not None:
                yield active.popleft(), choice

    def _render(self, batch: list["_Candidate"]) -> Iterator[Render]:
        ws = broadcast(np.stack([c.w for c in batch]), self._teacher.num_ws)
        degrees = np.array([c.degree for c in batch])
        images = draw(
            self._teacher,
            self._direction.edit(ws, degrees * self._strength),
            self._config.pairs.resolution,
        )
        scores = self._scores(images)
        for candidate, image, score in zip(batch, images, scores, strict=True):
            yield Render(candidate.degree, image, float(score))

    def _scores(self, images: np.ndarray) -> np.ndarray:
        probabilities = self._classifier.probabilities(to_float(images))
        scores = np.asarray(probabilities)[:, self._attribute]
        return 1.0 - scores if self._direction.sign < 0 else scores

    def _finish(self, a: Render, b: Render) -> Render:
        """B as it is stored: of a head_only pair, its head on A."""
        if self._segmenter is None:
            return b
        images = (a.image, b.image)
        heads = np.stack([self._segmenter.head(image, HEAD_SIZE) for image in images])
        image = inside_head(*images, heads)
        return Render(b.degree, image, float(self._scores(image[None])[0]))

    def _family(self, candidate: "_Candidate", a: Render, b: Render) -> Family:
        return Family(
            seed=candidate.seed,
            w=candidate.w,
            condition=np.array(
                [[r.degree * self._strength] for r in (a, b)], np.float32
            ),
            images=np.stack([a.image, b.image]),
            scores=np.array([a.score, b.score], np.float32),
        )


class _Candidate:
    """One latent on its way through the selection."""

    def __init__(self, seed: int, w: np.ndarray, config: Config):
        self.seed, self.w = int(seed), w
        self.selection = SELECTIONS[config.pairs.renders](config.pairs.confidence)
        self.choice: Choice | None = None
        self.degree = next(self.selection)  # of the edit, to be rendered next

    def receive(self, render: Render) -> None:
        try:
            self.degree = self.selection.send(render)
        except StopIteration as stop:
            self.choice = stop.value
