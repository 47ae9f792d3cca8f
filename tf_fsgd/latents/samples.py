"""A sample of the teacher's faces, rendered once and kept.

Rendering is nearly all of the time that finding a direction takes, and does not depend
on who looks at the faces afterwards; so the faces are kept, in chunks that are written
whole or not at all, and a killed run goes on with the first missing chunk.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.latents.sampling import broadcast, truncate, z_from_seeds
from tf_fsgd.storage.archives import PIXELS, read_array
from tf_fsgd.storage.files import atomic_path, read_json, write_json
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.stylegan2.teacher import Teacher

if TYPE_CHECKING:
    from tf_fsgd.backend.cluster import Cluster, Maker

CHUNK = 250
BATCH = 5


def sample_w(teacher: Teacher, seeds: Iterable[int], psi: float) -> np.ndarray:
    """w of each seed after truncation, `[N, w_dim]`."""
    z = z_from_seeds(seeds, teacher.z_dim)
    return truncate(teacher.mapping(z), teacher.w_avg, psi)


def render_samples(
    teacher: Teacher,
    folder: Path,
    count: int,
    psi: float = 0.7,
    size: int = 128,
    cluster: "Cluster | None" = None,
    checkpoint: str = "",
) -> None:
    """Renders the faces of seeds 0 to `count` - 1 that the folder does not hold yet.

    Args:
        teacher: Who draws.
        folder: Where `faces-*.npy` go, `[250, size, size, 3]` uint8 each.
        count: How many faces, rounded up to whole chunks.
        psi: Truncation.
        size: Side in pixels, the teacher's resolution divided by a power of two.
        cluster: Where to render; `None`: here.
        checkpoint: By what `load_teacher` finds the same teacher in a cluster.

    Raises:
        UserError: If the folder holds the faces of another teacher, psi or size.
    """
    facts = {"teacher": teacher.name, "truncation_psi": psi, "size": size}
    keep_facts(folder, "samples", facts)
    chunks = ((_chunk(folder, start), start) for start in range(0, count, CHUNK))
    missing = {path.name: start for path, start in chunks if not path.exists()}
    if cluster and missing:
        start_worker = functools.partial(_worker, checkpoint, facts)
        cluster.make(missing, start_worker, folder, facts)
        return
    with tqdm(total=len(missing) * CHUNK, desc="faces", unit="face") as progress:
        for name, start in missing.items():
            _render_chunk(teacher, folder / name, start, psi, size, progress.update)


def _render_chunk(
    teacher: Teacher,
    path: Path,
    start: int,
    psi: float,
    size: int,
    drawn: Callable[[int], object] = lambda count: None,
) -> None:
    w = sample_w(teacher, range(start, start + CHUNK), psi)
    faces = np.empty((CHUNK, size, size, 3), np.uint8)
    for first in range(0, CHUNK, BATCH):
        ws = broadcast(w[first : first + BATCH], teacher.num_ws)
        images = teacher.synthesis(ws, resolution=size)
        faces[first : first + BATCH] = to_uint8(images)
        drawn(len(images))
    with atomic_path(path) as temporary:
        np.save(temporary, faces)


def _worker(checkpoint: str, facts: dict[str, Any]) -> "Maker":
    """What renders a chunk into a file, in a process of a cluster."""
    teacher = load_teacher(checkpoint)
    if teacher.name != facts["teacher"]:
        raise UserError(
            f"--teacher {checkpoint}: {teacher.name} where a worker finds it, and "
            f"{facts['teacher']} here"
        )

    def render(path: Path, start: int) -> dict[str, int]:
        if not path.exists():
            _render_chunk(teacher, path, start, facts["truncation_psi"], facts["size"])
        return {"faces": CHUNK}

    return render


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


def read_samples(folder: Path, count: int) -> Iterator[np.ndarray]:
    """The faces of seeds 0 to `count` - 1, `[250, size, size, 3]` uint8 at a time.

    Raises:
        UserError: If the folder holds fewer, or a chunk is damaged.
    """
    for start in range(0, count, CHUNK):
        chunk = _chunk(folder, start)
        if not chunk.exists():
            raise UserError(f"{folder}: {chunk.name} is missing for {count} samples")
        what = "faces of this sample; delete it to draw them again"
        faces = read_array(chunk, what, (PIXELS, (CHUNK, None, None, 3)))
        yield faces[: count - start]


def _chunk(folder: Path, start: int) -> Path:
    return folder / f"faces-{start:06d}.npy"
