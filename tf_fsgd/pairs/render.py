"""Renders A/B pairs with the teacher and keeps those that the classifier is certain of.

Candidates are the seeds `config.seed * 1,000,000 + 0, 1, 2, ...`, taken in blocks of
64; each block becomes one shard. A shard depends on nothing but its block, so a killed
run goes on with the first block that has no whole shard, and gives the same bytes as a
run that was never stopped (same machine, same teacher batch size).

Almost all the time goes into the teacher (about 0.15 s an image on two cores),
therefore: a linear reading of w drops candidates before any render; a candidate's
renders are made one after the other and stop as soon as it fails (`selection.py`);
renders of several candidates share a batch, so that batches stay full.

With `pairs.head_only` B is then put together from B's head and A's surroundings, and
the classifier is asked once more.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.config import SEEDS_A_RUN, Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import resize, to_float, to_uint8
from tf_fsgd.images.person import PersonSegmenter, inside_head
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.pairs.families import HEAD_SIZE
from tf_fsgd.pairs.identity import drop_damaged, open_index
from tf_fsgd.pairs.index import PairStats, ShardEntry, shard_name
from tf_fsgd.pairs.selection import SELECTIONS, Choice, Drop, Render
from tf_fsgd.pairs.shards import Pair, write_shard

BLOCK = 64  # candidate seeds of one shard; some 20 pairs and 10 s in the quick preset
_ENOUGH_CANDIDATES = 2_000  # after so many, the acceptance below is judged
_LEAST_ACCEPTANCE = 0.01


def render_pairs(
    config: Config,
    out: Path,
    *,
    teacher: Any,
    direction: Any,
    classifier: Any,
    progress: bool = True,
) -> PairStats:
    """Renders pairs into a folder until it has the number that `config.pairs` asks for.

    The first `config.pairs.held_out` pairs, in order of seed, are the held-out split,
    the next `config.pairs.count` the training split. Running it again on the same
    folder checks what is there, re-renders damaged shards and adds what is missing;
    with a larger `count` it goes on from the pairs that exist.

    Args:
        config: `seed`, `teacher` and `pairs` are used.
        out: The folder; made when missing.
        teacher: A `stylegan2.teacher.Teacher`. It is asked for the smallest picture
            that is no smaller than `pairs.resolution`.
        direction: A `latents.directions.Direction`.
        classifier: `probabilities(images [N, R, R, 3] in [-1, 1]) -> [N, attributes]`,
            `index(attribute)`, `model` (Keras). It judges the pixels that are stored.
        progress: Whether to show pairs kept, pairs wanted and the time left.

    Returns:
        What became of all candidates, earlier runs on the folder included.

    Raises:
        UserError: If a setting breaks its rule, the folder was made with other
            settings, or fewer than 1 % of the candidates pass.
    """
    out = Path(out)
    check_rendering(config, teacher)
    index = open_index(config, out, teacher, direction, classifier)
    drop_damaged(index, out, progress)
    wanted = config.pairs.held_out + config.pairs.count
    found = sum(entry.stats.kept for entry in index.shards.values())
    renderer = _Renderer(config, teacher, direction, classifier)
    total = PairStats()
    with tqdm(
        total=wanted,
        initial=min(found, wanted),
        desc="pairs",
        unit="pair",
        disable=not progress,
        smoothing=0.05,
    ) as bar:
        for first in range(0, SEEDS_A_RUN, BLOCK):
            start = config.seed * SEEDS_A_RUN + first
            seeds = np.arange(start, start + min(BLOCK, SEEDS_A_RUN - first))
            name = shard_name(seeds[0], seeds[-1])
            entry, limit = index.shards.get(name), wanted - total.kept
            if entry and not entry.complete and entry.stats.kept < limit:
                bar.update(-entry.stats.kept)  # cut short by a smaller count
                entry = None
            if entry is None:
                entry = _render_shard(out / name, renderer, seeds, limit, bar)
                index.shards[name] = entry
                index.save(out)
            total += entry.stats
            if total.kept >= wanted:
                return total
            _check_acceptance(total, config)
    raise UserError(
        f"--seed {config.seed}: its {SEEDS_A_RUN:,} candidates gave {total.kept:,} "
        f"pairs, pairs.held_out + pairs.count asks for {wanted:,}"
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


class _Renderer:
    """The teacher, the edit and the classifier, in batches."""

    def __init__(self, config: Config, teacher: Any, direction: Any, classifier: Any):
        self.config, self.teacher = config, teacher
        self.direction, self.classifier = direction, classifier
        self.attribute = classifier.index(direction.attribute)
        self.drawn = drawn_resolution(teacher.resolution, config.pairs.resolution)
        self.segmenter = PersonSegmenter() if config.pairs.head_only else None

    def candidates(self, seeds: np.ndarray) -> list[_Candidate]:
        """The candidates whose reading of w passes."""
        w = sample_w(self.teacher, seeds, self.config.teacher.truncation_psi)
        threshold = self.config.pairs.preselect
        passed = np.ones(len(w), bool)
        if threshold > 0:
            passed = np.asarray(self.direction.reading(w)) >= threshold
        return [
            _Candidate(seed, w_i, self.config)
            for seed, w_i in zip(seeds[passed], w[passed], strict=True)
        ]

    def settle(
        self, candidates: Iterable[_Candidate], stats: PairStats
    ) -> Iterator[_Candidate]:
        """Yields the candidates in their order, each once its choice is made."""
        waiting, active = deque(candidates), deque()
        while waiting or active:
            batch = [candidate for candidate in active if candidate.choice is None]
            while waiting and len(batch) < self.config.teacher.batch_size:
                active.append(waiting.popleft())
                batch.append(active[-1])
            stats.rendered += len(batch)
            for candidate, render in zip(batch, self._render(batch), strict=True):
                candidate.receive(render)
            while active and active[0].choice is not None:
                yield active.popleft()

    def _render(self, batch: list[_Candidate]) -> Iterator[Render]:
        ws = broadcast(np.stack([c.w for c in batch]), self.teacher.num_ws)
        degrees = np.array([c.degree for c in batch])
        # Constant noise: the two sides of a pair differ by w alone.
        images = self.teacher.synthesis(
            self.direction.edit(ws, degrees * self.config.pairs.strength),
            noise_mode="const",
            resolution=self.drawn,
        )
        images = np.stack(
            [resize(image, self.config.pairs.resolution) for image in to_uint8(images)]
        )
        scores = self._scores(images)
        for candidate, image, score in zip(batch, images, scores, strict=True):
            yield Render(candidate.degree, image, float(score))

    def _scores(self, images: np.ndarray) -> np.ndarray:
        probabilities = self.classifier.probabilities(to_float(images))
        scores = np.asarray(probabilities)[:, self.attribute]
        return 1.0 - scores if self.direction.sign < 0 else scores

    def finish(self, a: Render, b: Render) -> Render:
        """B as it is stored: of a head_only pair, its head on A."""
        if self.segmenter is None:
            return b
        images = (a.image, b.image)
        heads = np.stack([self.segmenter.head(image, HEAD_SIZE) for image in images])
        image = inside_head(*images, heads)
        return Render(b.degree, image, float(self._scores(image[None])[0]))


def drawn_resolution(full: int, wanted: int) -> int:
    """Side at which a teacher draws faces that are stored at `wanted` pixels.

    That is the teacher's `full` side, halved while it stays even and large enough:
    128 px of 1024 for 128, but also for 100. The teacher halves by exact means, which
    costs it less than the full picture; what is left, below a factor of two, is
    `images.io.resize`'s.
    """
    while full % 2 == 0 and full // 2 >= wanted:
        full //= 2
    return full


def _render_shard(
    path: Path, renderer: _Renderer, seeds: np.ndarray, limit: int, bar: tqdm
) -> ShardEntry:
    """Renders one block, until it is through or has `limit` pairs, and writes it."""
    candidates = renderer.candidates(seeds)
    stats = PairStats(
        candidates=len(seeds), below_preselect=len(seeds) - len(candidates)
    )
    strength = renderer.config.pairs.strength
    pairs = []
    for candidate in renderer.settle(candidates, stats):
        if isinstance(candidate.choice, Drop):
            reason = candidate.choice.value
            setattr(stats, reason, getattr(stats, reason) + 1)
            continue
        a, b = candidate.choice
        b = renderer.finish(a, b)
        if b.score < renderer.config.pairs.confidence:
            stats.b_uncertain += 1
            continue
        pairs.append(
            Pair(
                seed=candidate.seed,
                w=candidate.w,
                strength_a=a.degree * strength,
                strength_b=b.degree * strength,
                score_a=a.score,
                score_b=b.score,
                a=a.image,
                b=b.image,
            )
        )
        bar.update()
        if len(pairs) == limit:
            break
    stats.kept = len(pairs)
    # Candidates after the last one needed were not judged: they are not counted.
    complete = stats.kept < limit
    if not complete:
        judged = seeds <= pairs[-1].seed
        passed = np.isin(seeds, [candidate.seed for candidate in candidates])
        stats.candidates = int(judged.sum())
        stats.below_preselect = int((judged & ~passed).sum())
    write_shard(path, pairs)
    return ShardEntry(path.name, complete, stats)


def check_rendering(config: Config, teacher: Any) -> None:
    """Refuses a config from which no pairs can be rendered.

    Args:
        config: All of it is checked.
        teacher: Only `resolution` is asked for.

    Raises:
        UserError: If a setting breaks its rule.
    """
    config.check()
    pairs = config.pairs
    if pairs.strength == 0 and not config.axes:
        raise UserError(f"pairs.strength must be above 0, received {pairs.strength}")
    if pairs.resolution > teacher.resolution:
        raise UserError(
            f"pairs.resolution must be at most the teacher's {teacher.resolution}, "
            f"received {pairs.resolution}"
        )


def _check_acceptance(stats: PairStats, config: Config) -> None:
    if stats.candidates < _ENOUGH_CANDIDATES:
        return
    if stats.kept >= _LEAST_ACCEPTANCE * stats.candidates:
        return
    raise UserError(
        f"pairs: {stats.kept} of {stats.candidates:,} candidates passed, "
        f"{_LEAST_ACCEPTANCE:.0%} or more must: {stats.below_preselect:,} read below "
        f"pairs.preselect {config.pairs.preselect:g}, {stats.a_uncertain:,} had an A "
        f"and {stats.b_uncertain:,} a B below pairs.confidence "
        f"{config.pairs.confidence:g}; lower these or raise pairs.strength "
        f"{config.pairs.strength:g}"
    )
