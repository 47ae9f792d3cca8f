"""Faces as a user names them: seeds, and files of projected photos, in one list."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import MAX_SEED, broadcast, parse_seeds
from tf_fsgd.storage.archives import NUMBERS, check_arrays, read_arrays
from tf_fsgd.stylegan2.teacher import Teacher


@dataclass(frozen=True)
class Face:
    """Somebody whom a teacher can draw: a seed, or a file."""

    source: int | Path

    @property
    def label(self) -> str:
        """What stands beside the face in a picture."""
        return self.source.stem if isinstance(self.source, Path) else str(self.source)


Who = Face | int | str | os.PathLike
"""Anything that `as_faces` takes for a face."""


def as_faces(seeds: Iterable[Who]) -> list[Face]:
    """Faces of seeds and of files.

    Args:
        seeds: Faces, whole numbers, or paths of .npz files of projected photos.

    Raises:
        UserError: If there is none, or one is something else.
    """
    faces = []
    for who in seeds:
        if isinstance(who, Integral) and 0 <= int(who) <= MAX_SEED:
            who = Face(int(who))
        elif isinstance(who, str | os.PathLike) and Path(who).is_file():
            who = Face(Path(who))
        if not isinstance(who, Face):
            raise UserError(
                f"a seed must be 0 to {MAX_SEED} or an existing .npz file of a "
                f"projected photo, received {who!r}"
            )
        faces.append(who)
    if not faces:
        raise UserError("seeds must name one face or more, received none")
    return faces


def parse_faces(words: Sequence[str], argument: str) -> list[Face]:
    """Reads the words of an argument, such as `3,17 anna.npz`.

    Args:
        words: Each a list of seeds, or a file that ends in .npz.
        argument: Named in messages.

    Raises:
        UserError: If a word is neither, or a file is missing.
    """
    faces = []
    for word in words:
        if Path(word).suffix.lower() != ".npz":
            faces += map(Face, parse_seeds(word, argument))
        elif Path(word).is_file():
            faces.append(Face(Path(word)))
        else:
            raise UserError(f"{argument}: {word}: no such file")
    return faces


def faces_ws(teacher: Teacher, faces: Sequence[Face], psi: float) -> np.ndarray:
    """W+ of each face, `[N, num_ws, w_dim]` float32.

    Truncation applies to seeds; a projected photo is what it is.

    Raises:
        UserError: If a file does not hold latents of this teacher.
    """
    seeds = [face.source for face in faces if not isinstance(face.source, Path)]
    drawn = iter(sample_w(teacher, seeds, psi) if seeds else ())
    return np.stack(
        [
            read_ws(face.source, teacher)
            if isinstance(face.source, Path)
            else broadcast(next(drawn)[None], teacher.num_ws)[0]
            for face in faces
        ]
    )


def read_ws(path: Path, teacher: Teacher) -> np.ndarray:
    """Reads a projected latent in NVIDIA's convention.

    Args:
        path: An .npz file with an array `w` (or `ws`): `[1, num_ws, w_dim]` as
            `project` and NVIDIA's projector write it, `[num_ws, w_dim]`, or `[w_dim]`
            for every row.
        teacher: Whose latent it must be.

    Returns:
        `[num_ws, w_dim]` float32.

    Raises:
        UserError: If it is no such file, or of a teacher of another size.
    """
    what = "an .npz file with an array w"
    arrays = read_arrays(path, what)
    key = "ws" if "ws" in arrays and "w" not in arrays else "w"
    check_arrays(path, what, arrays, {key: (NUMBERS, None)})
    ws = arrays[key].astype(np.float32)
    while ws.ndim > 1 and len(ws) == 1:
        ws = ws[0]
    if ws.ndim == 1:
        ws = broadcast(ws[None], teacher.num_ws)[0]
    expected = (teacher.num_ws, *teacher.w_avg.shape)
    if ws.shape != expected:
        raise UserError(
            f"{path}: w must be of shape {list(expected)} for {teacher.name}, "
            f"received {list(ws.shape)}"
        )
    if not np.isfinite(ws).all():  # float64 beyond float32
        raise UserError(f"{path}: w must be finite numbers")
    return ws
