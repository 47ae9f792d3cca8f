"""Renders pairs with the teacher, block after block of seeds.

Seeds are `config.seed * 1,000,000 + 0, 1, 2, ...`; each block of them becomes one shard
that depends on nothing but its seeds and the settings. So a killed run goes on with the
blocks of which no whole shard is there, and gives the same bytes as a run that was
never stopped (same machine, same teacher batch size). A block is always rendered to its
end; who reads the folder takes as many pairs as were asked for.

What a block gives is for one of four ways of choosing: faces of which a classifier is
certain (`certain.py`), whole families, nothing filtered (`whole.py`), two people and
the faces between them (`two.py`), or either in the colours of the other (`mixed.py`).

One process keeps every core busy: of its time on a CPU TensorFlow takes 93 %, on as
many threads as there are, head masks 5 % and the encoding of pictures below 1 %. So
there is no pool of processes here. A cluster renders what is surely needed ahead, and
the process that asked it does the rest as if it had been alone.
"""

import functools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.config import SEEDS_A_RUN, Config
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.certain import CertainPairs
from tf_fsgd.pairs.drawing import Axes
from tf_fsgd.pairs.index import Index, digest
from tf_fsgd.pairs.mixed import MixedFaces
from tf_fsgd.pairs.shards import PairStats, check_shard, shard_name, write_shard
from tf_fsgd.pairs.two import TwoFaces
from tf_fsgd.pairs.whole import WholeFamilies
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.stylegan2.teacher import Teacher

if TYPE_CHECKING:
    from tf_fsgd.backend.cluster import Cluster, Maker

_log = logging.getLogger(__name__)

_ENOUGH_CANDIDATES = 2_000  # after so many, the acceptance below is judged
_LEAST_ACCEPTANCE = 0.01

_CHOICES: dict[str, type[CertainPairs] | type[WholeFamilies] | type[TwoFaces]] = {
    "certain": CertainPairs,
    "whole": WholeFamilies,
    "two": TwoFaces,
    "mix": MixedFaces,
}


def settle_axes(config: Config) -> Axes:
    """The directions of a config's edits, each with the largest strength of its pairs.

    Args:
        config: A `pairs.strength` that is left open and plays a part is filled in.

    Raises:
        UserError: If an edit is unknown, or does not go with the way of choosing.
    """
    return _CHOICES[config.choice].settle_axes(config)


def render_pairs(
    config: Config,
    out: Path,
    *,
    teacher: Teacher,
    axes: Axes,
    classifier: AttributeClassifier | None = None,
    progress: bool = True,
    cluster: "Cluster | None" = None,
) -> PairStats:
    """Renders pairs into a folder until it has the number that `config.pairs` asks for.

    The first `config.pairs.held_out` families, in order of seed, are the held-out
    split, the next `config.pairs.count` the training split. Running it again on the
    same folder checks what is there, re-renders damaged shards and adds what is
    missing; with a larger `count` it goes on from the pairs that exist.

    Args:
        config: `seed`, `teacher`, `pairs` and `choice` are used.
        out: The folder; made when missing.
        teacher: It is asked for the smallest picture that is no smaller than
            `pairs.resolution`.
        axes: As `settle_axes` gives them.
        classifier: Of certain pairs (default: the shipped one); it judges the pixels
            that are stored.
        progress: Whether to show families kept, families wanted and the time left.
        cluster: Where to render all but the last blocks, with the shipped classifier.

    Returns:
        What became of the candidates of all blocks, earlier runs on the folder
        included.

    Raises:
        UserError: If a setting breaks its rule, the folder was made with other
            settings, or fewer than 1 % of the candidates pass.
    """
    out = Path(out)
    check_rendering(config, teacher, axes)
    renderer = _CHOICES[config.choice](config, teacher, axes, classifier)
    wanted = config.pairs.held_out + config.pairs.count
    made_by = {**_made_by(config, teacher, axes), **renderer.made_by}
    Index(made_by, config.pairs.held_out, config.pairs.count).save(out)
    stored = _stored(out, progress)
    if cluster:
        start = functools.partial(_worker, config, axes, made_by)
        while lacking := _surely_needed(config, renderer.block, stored):
            cluster.make(lacking, start, out, made_by)
            stored |= {name: check_shard(out / name) for name in lacking}
            _check_acceptance(sum(stored.values(), PairStats()), config)
    found = sum(stats.kept for stats in stored.values())
    total = PairStats()
    with tqdm(
        total=wanted,
        initial=min(found, wanted),
        desc="pairs",
        unit="pair",
        disable=not progress,
        smoothing=0.05,
    ) as bar:

        def tick() -> None:
            # The last block goes on to its end.
            bar.update(min(1, wanted - bar.n))

        for seeds in _blocks(config, renderer.block):
            name = shard_name(seeds)
            if name not in stored:
                families, stored[name] = renderer.render_block(seeds, tick)
                write_shard(
                    out / name, families, stored[name], lossless=renderer.lossless
                )
            total += stored[name]
            if total.kept >= wanted:
                return total
            _check_acceptance(total, config)
    raise UserError(
        f"seed {config.seed}: its {SEEDS_A_RUN:,} candidates gave {total.kept:,} "
        f"pairs, pairs.held_out + pairs.count asks for {wanted:,}"
    )


def check_rendering(config: Config, teacher: Teacher, axes: Axes) -> None:
    """Refuses a config from which no pairs can be rendered.

    Args:
        config: All of it is checked.
        teacher: It draws nothing, but maps one z.
        axes: As `settle_axes` gives them.

    Raises:
        UserError: If a setting breaks its rule, or a direction is of another W.
    """
    config.check()
    (w,) = teacher.mapping(np.zeros((1, teacher.z_dim), np.float32))
    for direction, _ in axes:
        direction.check(teacher.num_ws, len(w))
    pairs = config.pairs
    if not all(largest > 0 for _, largest in axes):
        raise UserError(f"pairs.strength must be above 0, received {pairs.strength}")
    if pairs.resolution > teacher.resolution:
        raise UserError(
            f"pairs.resolution must be at most the teacher's {teacher.resolution}, "
            f"received {pairs.resolution}"
        )
    wanted = pairs.held_out + pairs.count
    if wanted > SEEDS_A_RUN:
        raise UserError(
            f"pairs.held_out + pairs.count must be at most {SEEDS_A_RUN:,}, "
            f"received {wanted:,}"
        )


def _made_by(config: Config, teacher: Teacher, axes: Axes) -> dict[str, Any]:
    """What the pairs depend on, whatever the way of choosing, except their number."""
    return {
        "seed": config.seed,
        "teacher": teacher.name,
        "truncation_psi": config.teacher.truncation_psi,
        "resolution": config.pairs.resolution,
        "held_out": config.pairs.held_out,
        "choice": config.choice,
        "strength": [float(largest) for _, largest in axes],
        "direction": [direction.name for direction, _ in axes],
        "direction_std": [float(direction.std) for direction, _ in axes],
        "direction_layers": [
            [int(layer) for layer in direction.layers] for direction, _ in axes
        ],
        "direction_sha256": [
            digest(direction.vector, direction.reading_vector, direction.reading_bias)
            for direction, _ in axes
        ],
    }


def _blocks(config: Config, size: int) -> Iterator[range]:
    """The seeds of a run, block after block."""
    start = config.seed * SEEDS_A_RUN
    for first in range(start, start + SEEDS_A_RUN, size):
        yield range(first, first + size)


def _stored(out: Path, progress: bool) -> dict[str, PairStats]:
    """The whole shards of a folder, by name; what is damaged is rendered again."""
    stored = {}
    paths = sorted(out.glob("seeds-*.tfrecord"))
    for path in tqdm(paths, desc="checking", leave=False, disable=not progress):
        if stats := _whole(path):
            stored[path.name] = stats
    return stored


def _whole(path: Path) -> PairStats | None:
    try:
        return check_shard(path)
    except UserError as error:
        _log.warning("%s; rendering it again", error)
    return None


def _surely_needed(
    config: Config, size: int, stored: dict[str, PairStats]
) -> dict[str, range]:
    """Shards that are not there and that one process would come to, by name.

    How many there are depends on what they keep, which is not known before. What is
    there says it within a tenth; before anything is, a block may keep all.
    """
    wanted = config.pairs.held_out + config.pairs.count
    most = float(size)
    if stored:
        kept = sum(stats.kept for stats in stored.values()) / len(stored)
        most = min(most, max(1.1 * kept, most / 10))
    lacking: dict[str, range] = {}
    found = 0.0
    for seeds in _blocks(config, size):
        name = shard_name(seeds)
        more = stored[name].kept if name in stored else most
        if found + more > wanted:
            break
        found += more
        if name not in stored:
            lacking[name] = seeds
    return lacking


def _worker(config: Config, axes: Axes, made_by: dict[str, Any]) -> "Maker":
    """What renders a block into a file, in a process of a cluster."""
    teacher = load_teacher(config.teacher.checkpoint)
    renderer = _CHOICES[config.choice](config, teacher, axes)
    mine = {**_made_by(config, teacher, axes), **renderer.made_by}
    for name, value in made_by.items():
        if mine[name] != value:
            raise UserError(f"a worker finds {name} {mine[name]!r}, not {value!r}")

    def render(path: Path, seeds: range) -> dict[str, int]:
        stats = _whole(path) if path.exists() else None
        if stats is None:
            families, stats = renderer.render_block(seeds)
            write_shard(path, families, stats, lossless=renderer.lossless)
        return {"faces": stats.rendered, "kept": stats.kept}

    return render


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
