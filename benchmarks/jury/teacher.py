"""The ceiling: what the teacher makes of its own faces, as its students are shown it.

Pictures are drawn, cut and stored as pairs are (truncation, rows of W+, the edited head
on the plain face's surroundings, JPEG), but of each face at a grid of strengths. Seeds
lie beyond those of any run of fewer than 900,000 candidates; wide families, which show
rarer faces, are left out. Who lacks what an edit brings is as judge40 reads the plain
face.
"""

import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.jury.photos import lacks
from tf_fsgd.attributes.model import JUDGE_WEIGHTS, load_classifier
from tf_fsgd.config import SEEDS_A_RUN, Config
from tf_fsgd.edits import axis_of
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_float
from tf_fsgd.images.person import PersonSegmenter, inside_head
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.pairs.drawing import draw
from tf_fsgd.pairs.family import HEAD_SIZE, Family
from tf_fsgd.pairs.index import digest
from tf_fsgd.pairs.render import settle_axes
from tf_fsgd.pairs.shards import PairStats, family_spans, write_shard
from tf_fsgd.pairs.source import StoredFamilies
from tf_fsgd.storage.files import cache_dir
from tf_fsgd.stylegan2.loading import load_teacher

SHARES = (0.3, 0.5, 0.7, 0.85, 1.0)
"""Strengths as shares of the largest in training."""
FACES = 60
_CANDIDATES = range(SEEDS_A_RUN - 100_000, SEEDS_A_RUN - 100_000 + 240)


class Ceiling:
    """Pictures of one teacher, drawn once and kept in the cache folder.

    Args:
        config: Of a run whose pairs the teacher draws.

    Raises:
        UserError: If nobody knows the directions of its pairs.
    """

    def __init__(self, config: Config):
        if config.choice == "folder":
            raise UserError(
                "--teacher-pairs must be a run whose pairs the teacher draws, received "
                f"one of {config.pairs.folder}"
            )
        self._config = config
        self._axes = {
            axis_of(direction.name): (direction, largest)
            for direction, largest in settle_axes(config)
        }
        self._composed = config.choice == "whole" or config.pairs.head_only
        self._plain: tuple[np.ndarray, ...] | None = None
        self._teacher = None

    def strengths(self, edit: str) -> np.ndarray | None:
        """`[S]`, in standard deviations of w; `None` for what is in no pair."""
        if axis_of(edit) not in self._axes:
            return None
        return np.array(SHARES) * self._axes[axis_of(edit)][1]

    def pictures(self, edit: str, count: int) -> np.ndarray:
        """Plain faces of those who lack what an edit brings, and what becomes of them.

        Args:
            edit: One that has `strengths`.
            count: Faces at most.

        Returns:
            `[1 + S, N, R, R, 3]` uint8.
        """
        path = self._path(edit)
        if not path.is_file():
            self._draw(edit, path)
        spans = family_spans(path)[:count]
        families = StoredFamilies(
            [(path, span) for span in spans], self._config.pairs.resolution
        )
        images = [families.family(index).images for index in range(families.count)]
        return np.stack(images, axis=1)

    def _path(self, edit: str) -> Path:
        config = self._config
        direction, largest = self._axes[axis_of(edit)]
        facts = (
            config.teacher.checkpoint,
            config.teacher.truncation_psi,
            config.pairs.resolution,
            self._composed,
            direction.layers,
            largest,
            SHARES,
            digest(direction.vector, np.float32(direction.std)),
        )
        name = hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()
        return cache_dir() / "jury" / f"teacher-{edit}-{name}.tfrecord"

    def _draw(self, edit: str, path: Path) -> None:
        teacher, w, plain, attributes = self._candidates()
        direction, _ = self._axes[axis_of(edit)]
        sign = 1 if direction.name == edit else -1
        strengths = np.array([0.0, *self.strengths(edit)], np.float32)
        segmenter = PersonSegmenter()
        chosen = np.flatnonzero(lacks(attributes, edit))[:FACES]
        families = []
        for row in tqdm(chosen, desc=f"teacher, {edit}", unit=" faces"):
            ws = np.repeat(broadcast(w[row][None], teacher.num_ws), len(SHARES), axis=0)
            ws = direction.edit(ws, sign * strengths[1:])
            images = np.stack([plain[row], *self._render(teacher, ws)])
            if self._composed:
                heads = [segmenter.head(image, HEAD_SIZE) for image in images]
                for index, head in enumerate(heads[1:], start=1):
                    both = np.stack([heads[0], head])
                    images[index] = inside_head(images[0], images[index], both)
            seed = _CANDIDATES[row]
            families.append(Family(seed, w[row], strengths[:, None], images))
        count = len(families)
        stats = PairStats(len(_CANDIDATES), kept=count, rendered=count * len(SHARES))
        write_shard(path, families, stats, lossless=False)

    def _candidates(self) -> tuple:
        """The teacher, and of all candidates w, plain faces and attributes."""
        if self._plain is None:
            teacher = load_teacher(self._config.teacher.checkpoint)
            psi = self._config.teacher.truncation_psi
            w = sample_w(teacher, np.array(_CANDIDATES), psi)
            faces = self._render(teacher, broadcast(w, teacher.num_ws), progress=True)
            judge = load_classifier(JUDGE_WEIGHTS)
            read = judge.probabilities(to_float(faces)) >= 0.5
            self._plain = teacher, w, faces, read
        return self._plain

    def _render(self, teacher, ws: np.ndarray, progress: bool = False) -> np.ndarray:
        batch, side = self._config.teacher.batch_size, self._config.pairs.resolution
        starts = range(0, len(ws), batch)
        return np.concatenate(
            [
                draw(teacher, ws[start : start + batch], side)
                for start in tqdm(starts, desc="teacher", disable=not progress)
            ]
        )
