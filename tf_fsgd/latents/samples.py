"""A sample of the teacher's faces, rendered once and kept.

Rendering is nearly all of the time that finding a direction takes, and does not depend
on who looks at the faces afterwards; so the faces are kept, in chunks that are written
whole or not at all, and a killed run goes on with the first missing chunk.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.latents.sampling import broadcast, truncate, z_from_seeds
from tf_fsgd.storage.archives import PIXELS, read_array
from tf_fsgd.storage.files import atomic_path, read_json, write_json
from tf_fsgd.stylegan2.teacher import Teacher

CHUNK = 250
BATCH = 5


def sample_w(teacher: Teacher, seeds: Iterable[int], psi: float) -> np.ndarray:
    """w of each seed after truncation, `[N, w_dim]`."""
    z = z_from_seeds(seeds, teacher.z_dim)
    return truncate(teacher.mapping(z), teacher.w_avg, psi)


def render_samples(
    teacher: Teacher, folder: Path, count: int, psi: float = 0.7, size: int = 128
) -> None:
    """Renders the faces of seeds 0 to `count` - 1 that the folder does not hold yet.

    Args:
        teacher: Who draws.
        folder: Where `faces-*.npy` go, `[250, size, size, 3]` uint8 each.
        count: How many faces, rounded up to whole chunks.
        psi: Truncation.
        size: Side in pixels, the teacher's resolution divided by a power of two.

    Raises:
        UserError: If the folder holds the faces of another teacher, psi or size.
    """
    facts = {"teacher": teacher.name, "truncation_psi": psi, "size": size}
    keep_facts(folder, "samples", facts)
    starts = range(0, count, CHUNK)
    missing = [start for start in starts if not _chunk(folder, start).exists()]
    with tqdm(total=len(missing) * CHUNK, desc="faces", unit="face") as progress:
        for start in missing:
            w = sample_w(teacher, range(start, start + CHUNK), psi)
            faces = np.empty((CHUNK, size, size, 3), np.uint8)
            for first in range(0, CHUNK, BATCH):
                ws = broadcast(w[first : first + BATCH], teacher.num_ws)
                images = teacher.synthesis(ws, resolution=size)
                faces[first : first + BATCH] = to_uint8(images)
                progress.update(len(images))
            with atomic_path(_chunk(folder, start)) as temporary:
                np.save(temporary, faces)


def keep_facts(folder: Path, kind: str, facts: dict[str, Any]) -> None:
    """Writes what a folder's files depend on as `KIND.json`, or compares with it.

    Raises:
        UserError: If the folder holds files of other facts.
    """
    path = folder / f"{kind}.json"
    if not path.exists():
        write_json(path, facts)
    elif (found := read_json(path)) != facts:
        raise UserError(f"{folder}: holds {kind} of {found}, asked for {facts}")


def read_samples(folder: Path, count: int) -> np.ndarray:
    """The faces of seeds 0 to `count` - 1, `[count, size, size, 3]` uint8.

    Raises:
        UserError: If the folder holds fewer, or a chunk is damaged.
    """
    chunks = [_chunk(folder, start) for start in range(0, count, CHUNK)]
    for chunk in chunks:
        if not chunk.exists():
            raise UserError(f"{folder}: {chunk.name} is missing for {count} samples")
    what = "faces of this sample; delete it to draw them again"
    need = (PIXELS, (CHUNK, None, None, 3))
    return np.concatenate([read_array(chunk, what, need) for chunk in chunks])[:count]


def _chunk(folder: Path, start: int) -> Path:
    return folder / f"faces-{start:06d}.npy"
