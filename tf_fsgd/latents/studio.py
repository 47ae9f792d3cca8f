"""A teacher at work: faces by seed, between seeds, of mixed styles, with edits.

    studio = Studio(load_teacher("mobile-ffhq"))
    faces = studio.sample(range(8))
    smiling = studio.edit(range(8), smile=1)

The verbs draw with it, and so does whoever has asked `tf_fsgd.load_teacher`.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.latents.expressions import Expression, expression_of, fitted
from tf_fsgd.latents.faces import Face, Who, as_faces, faces_ws
from tf_fsgd.latents.interpolation import EASES, PATHS, interpolate
from tf_fsgd.latents.mixing import mix
from tf_fsgd.latents.sampling import broadcast, truncate, z_from_seeds
from tf_fsgd.stylegan2.teacher import Teacher

SIDE = 256  # pixels of a face where the user does not say
_PATH = {"w": "linear", "z": "spherical"}


@dataclass(frozen=True)
class Studio:
    """A teacher, and how it is to draw.

    Faces are named by seeds, 0 to 4294967295, or by .npz files of projected photos,
    which truncation leaves as they are. Pictures are uint8, R (`side`) pixels a side.

    Attributes:
        teacher: Who draws.
        truncation_psi: Below 1: nearer to the mean face, fewer flaws.
        resolution: R, the teacher's divided by a power of two; `None`: 256, or the
            teacher's where that is less.
        noise_mode: Fine texture: "const", the same in every picture; "random"; "none".

    Raises:
        UserError: If the psi is not a number, or the teacher has no such resolution or
            noise mode.
    """

    teacher: Teacher
    truncation_psi: float = 0.7
    resolution: int | None = None
    noise_mode: str = "const"

    def __post_init__(self):
        if not math.isfinite(self.truncation_psi):
            raise UserError(
                f"truncation_psi must be a number, received {self.truncation_psi}"
            )
        self.teacher.network(self.side, self.noise_mode)

    @property
    def side(self) -> int:
        """R in pixels."""
        if self.resolution is None:
            return min(SIDE, self.teacher.resolution)
        return self.resolution

    def sample(self, seeds: Iterable[Who]) -> np.ndarray:
        """Draws a face for each seed, `[N, R, R, 3]`.

        Raises:
            UserError: If there is none, or one is neither a seed nor a latent's file.
        """
        return self._draw(self._ws(seeds))

    def edit(self, seeds: Iterable[Who], **edits: float) -> np.ndarray:
        """Draws each face with edits, `[N, R, R, 3]`.

        Args:
            seeds: As for `sample`.
            **edits: Strengths, 1 a clear edit, for example smile=1; also of a
                direction's file: **{"mine.npz": 1}.

        Raises:
            UserError: As `sample` and `expression_of`.
        """
        return self.express(seeds, expression_of(edits), [1.0])[0]

    def express(
        self, seeds: Iterable[Who], expression: Expression, degrees: Collection[float]
    ) -> np.ndarray:
        """Draws each face at every degree of an expression.

        Args:
            seeds: As for `sample`.
            expression: Rows that the teacher lacks are left out, which is logged.
            degrees: Times the whole expression; 0 is the plain face.

        Returns:
            `[degrees, N, R, R, 3]` uint8.

        Raises:
            UserError: As `sample`.
        """
        expression = fitted(expression, self.teacher)
        ws = self._ws(seeds)
        moved = [expression.apply(ws, degree) for degree in degrees]
        pictures = self._draw(np.concatenate(moved))
        return pictures.reshape(len(degrees), len(ws), *pictures.shape[1:])

    def morph(
        self,
        seeds: Iterable[Who],
        frames: int = 24,
        *,
        space: str = "w",
        path: str | None = None,
        ease: str = "smoothstep",
        loop: bool = True,
    ) -> np.ndarray:
        """Draws a film that visits every face in turn, `[F, R, R, 3]`.

        Args:
            seeds: As for `sample`, two or more; in Z without files.
            frames: From one face to the next.
            space: "w", or "z", which wanders past other people.
            path: "linear", or "spherical": an arc about the mean face, in Z about 0;
                `None`: linear in W, spherical in Z.
            ease: "linear", or "smoothstep", which dwells on every face.
            loop: Whether to return to the first face; the film stops one frame short
                of it. Two faces go back as they came.

        Raises:
            UserError: As `sample`, or if an argument is none of these.
        """
        faces = as_faces(seeds)
        if len(faces) < 2:
            raise UserError(f"seeds must name two faces or more, received {len(faces)}")
        if frames < 1:
            raise UserError(f"frames must be at least 1, received {frames}")
        _check("space", space, _PATH)
        path = path or _PATH[space]
        _check("path", path, PATHS)
        _check("ease", ease, EASES)
        return_as_came = loop and len(faces) == 2
        turns = loop and not return_as_came
        teacher = self.teacher
        if space == "w":
            ends, centre = self._ws(faces), teacher.w_avg
            ws = interpolate(
                ends, frames, path=path, ease=ease, loop=turns, centre=centre
            )
        else:
            ends = _z(faces, teacher)
            z = interpolate(ends, frames, path=path, ease=ease, loop=turns)
            w = truncate(teacher.mapping(z), teacher.w_avg, self.truncation_psi)
            ws = broadcast(w, teacher.num_ws)
        film = self._draw(ws, "frame")
        return np.concatenate([film, film[-2:0:-1]]) if return_as_came else film

    def mix(
        self, rows: Iterable[Who], cols: Iterable[Who], layers: Collection[int]
    ) -> np.ndarray:
        """Draws every face of `rows` with some styles of every face of `cols`.

        Args:
            rows: As for `sample`: who lend all else.
            cols: As for `sample`: who lend `layers`.
            layers: Rows of W+: 0 to 3 pose and shape, 4 to 7 features, then colours.

        Returns:
            `[rows, cols, R, R, 3]` uint8.

        Raises:
            UserError: As `sample`, or for layers that the teacher does not have.
        """
        layers, last = list(layers), self.teacher.num_ws - 1
        if not all(0 <= layer <= last for layer in layers):
            raise UserError(f"layers must be from 0 to {last}, received {layers}")
        ws = mix(self._ws(rows), self._ws(cols), layers)
        pictures = self._draw(ws.reshape(-1, *ws.shape[2:]))
        return pictures.reshape(*ws.shape[:2], *pictures.shape[1:])

    def _ws(self, seeds: Iterable[Who]) -> np.ndarray:
        return faces_ws(self.teacher, as_faces(seeds), self.truncation_psi)

    def _draw(self, ws: np.ndarray, unit: str = "face") -> np.ndarray:
        """Draws W+ `[N, num_ws, w_dim]` one after the other, with the time left."""
        synthesis = self.teacher.synthesis
        return np.stack(
            [
                to_uint8(synthesis(one[None], self.noise_mode, self.side)[0])
                for one in tqdm(ws, desc="rendering", unit=unit, leave=False)
            ]
        )


def _z(faces: Iterable[Face], teacher: Teacher) -> np.ndarray:
    """z of faces that are seeds, `[N, z_dim]`."""
    photos = [face.label for face in faces if isinstance(face.source, Path)]
    if photos:
        names = ", ".join(photos)
        raise UserError(f"space z: a photo has no z, received {names}")
    seeds = [face.source for face in faces if isinstance(face.source, int)]
    return z_from_seeds(seeds, teacher.z_dim)


def _check(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise UserError(f"{name} must be one of {', '.join(known)}, received {value!r}")
