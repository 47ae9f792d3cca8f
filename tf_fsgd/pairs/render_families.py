"""Renders families with the teacher: the pairs of a conditional translator.

Seeds are `config.seed * 1,000,000 + 0, 1, 2, ...`, in blocks of 32; each block becomes
one shard and depends on nothing else, so a killed run goes on with the first block that
is missing. Nothing is filtered: a slider needs the small edits as much as those that a
classifier is certain of. On two cores a family of eight pictures takes 0.8 s.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_fsgd.config import SEEDS_A_RUN, Config
from tf_fsgd.disk import disk_errors
from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path
from tf_fsgd.images.io import resize, to_uint8
from tf_fsgd.images.person import PersonSegmenter
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.pairs.dataset import SPLITS
from tf_fsgd.pairs.families import (
    HEAD_SIZE,
    Family,
    draw_strengths,
    encode_family,
)
from tf_fsgd.pairs.family_dataset import FamilyPairs
from tf_fsgd.pairs.family_index import FamilyIndex, shard_name
from tf_fsgd.pairs.render import drawn_resolution
from tf_fsgd.pairs.shards import read_records, record_spans

BLOCK = 32  # seeds of one shard; about 25 s


def render_families(
    config: Config,
    out: Path,
    *,
    teacher: Any,
    axes: Sequence[tuple[Any, float]],
    progress: bool = True,
) -> None:
    """Renders until the folder has `pairs.held_out + pairs.count` families.

    Args:
        config: `seed`, `teacher` and `pairs` are used.
        out: The folder; made when missing.
        teacher: A `stylegan2.teacher.Teacher`.
        axes: Direction and largest strength of each edit (`axes.family_axis`).
        progress: Whether to show families, and the time left.

    Raises:
        UserError: If the folder was made with other settings, or more is asked for than
            a seed has.
    """
    wanted = config.pairs.held_out + config.pairs.count
    if wanted > SEEDS_A_RUN:
        raise UserError(
            f"pairs.held_out + pairs.count must be at most {SEEDS_A_RUN:,}, "
            f"received {wanted:,}"
        )
    FamilyIndex.open(out, config, teacher, axes)
    segmenter = PersonSegmenter()
    start = config.seed * SEEDS_A_RUN
    blocks = range(start, start + wanted, BLOCK)
    with tqdm(
        total=len(blocks) * BLOCK,
        desc="families",
        unit="family",
        disable=not progress,
        smoothing=0.05,
    ) as bar:
        for first in blocks:
            path = out / shard_name(first, first + BLOCK - 1)
            if _whole(path):
                bar.update(BLOCK)
                continue
            seeds = range(first, first + BLOCK)
            with (
                atomic_path(path) as temporary,
                disk_errors(path),
                tf.io.TFRecordWriter(str(temporary)) as writer,
            ):
                for family in _families(seeds, config, teacher, axes, segmenter):
                    writer.write(encode_family(family))
                    bar.update()


def _whole(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        read_records(path, expected=BLOCK)
    except UserError:  # damaged: it is rendered again
        return False
    return True


def _families(
    seeds: Iterable[int],
    config: Config,
    teacher: Any,
    axes: Sequence[tuple[Any, float]],
    segmenter: PersonSegmenter,
) -> Iterator[Family]:
    resolution = config.pairs.resolution
    drawn = drawn_resolution(teacher.resolution, resolution)
    ranges = np.array([largest for _, largest in axes], np.float32)
    batch = config.teacher.batch_size
    for seed in seeds:
        w = sample_w(teacher, np.array([seed]), config.teacher.truncation_psi)
        readings = np.array([direction.reading(w)[0] for direction, _ in axes])
        strengths = draw_strengths(seed, readings, ranges)
        ws = np.repeat(broadcast(w, teacher.num_ws), len(strengths), axis=0)
        for axis, (direction, _) in enumerate(axes):
            ws = direction.edit(ws, strengths[:, axis])
        images = np.concatenate(
            [
                to_uint8(
                    teacher.synthesis(
                        ws[first : first + batch],
                        noise_mode="const",
                        resolution=drawn,
                    )
                )
                for first in range(0, len(ws), batch)
            ]
        )
        images = np.stack([resize(image, resolution) for image in images])
        heads = np.stack([segmenter.head(image, HEAD_SIZE) for image in images])
        yield Family(seed, w[0], strengths, images, heads)


def open_families(folder: str | Path, split: str = "train") -> FamilyPairs:
    """Opens one split of a folder that `render_families` wrote.

    Args:
        folder: The folder with `index.json`.
        split: "train" or "held_out": the first `held_out` families are held out.

    Raises:
        UserError: If the split is unknown, the folder is no families folder, rendering
            has not finished, or a shard is half-written.
    """
    if split not in SPLITS:
        raise UserError(f"split must be one of {', '.join(SPLITS)}, received {split!r}")
    folder = Path(folder)
    index = FamilyIndex.load(folder)
    first, last = {
        "held_out": (0, index.held_out),
        "train": (index.held_out, index.held_out + index.count),
    }[split]
    start = index.made_by["seed"] * SEEDS_A_RUN
    records = []
    for seed in range(start + first // BLOCK * BLOCK, start + last, BLOCK):
        path = folder / shard_name(seed, seed + BLOCK - 1)
        if not path.exists():
            raise UserError(
                f"{folder}: {path.name} is not rendered; run the same command again"
            )
        records += [(path, *span) for span in record_spans(path, expected=BLOCK)]
    skipped = first % BLOCK
    return FamilyPairs(
        records[skipped : skipped + last - first],
        index.made_by["resolution"],
        2 * len(index.made_by["axes"]) + 2,
    )
