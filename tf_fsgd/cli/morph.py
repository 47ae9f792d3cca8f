"""`tf-fsgd morph a.jpg c.jpg`, or `morph --seeds 3,17,42`: faces into one another."""

import dataclasses
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.cli.options import (
    RENDERING,
    Int,
    Rendering,
    Several,
    check_at_least,
    wants_film,
)
from tf_fsgd.errors import UserError

_SIDE = 256  # pixels of a photo's face where the user does not say
_LEAST = 16


def morph(
    photos: Annotated[list[str] | None, Parameter(name="PHOTO")] = None,
    /,
    *,
    seeds: Annotated[list[str] | None, Several, Parameter(alias="--ends")] = None,
    translator: str | None = None,
    out: Path = Path("morph.gif"),
    space: Literal["w", "z"] | None = None,
    path: Literal["linear", "spherical"] | None = None,
    ease: Literal["linear", "smoothstep"] | None = None,
    frames: Int | None = None,
    loop: Annotated[bool | None, Parameter(negative="--no-loop")] = None,
    fps: float = 20,
    rendering: Rendering = RENDERING,
) -> None:
    """Turns faces into one another.

    Args:
        photos: Two or more photos, of each its largest face; a small network makes the
            faces between, in seconds.
        seeds: Instead of photos two or more of the teacher's faces: seeds such as
            3,17,42 or 0-5, and .npz files of projected photos.
        translator: For photos: the folder of a finished run of train.py --preset morph
            (morph-128, which is shipped).
        out: .gif, .webp or .mp4 for an animation, .png or .jpg for a strip with a row
            for every transition.
        space: For seeds: W, or Z, which wanders past other people.
        path: For seeds: straight, or an arc, in W about the mean face, which keeps the
            faces between from becoming average, in Z about 0 (linear in W, spherical
            in Z).
        ease: Smoothstep dwells on every face (smoothstep; a strip: linear).
        frames: Steps from one face to the next (24; a strip: 6).
        loop: Return to the first face, and play for ever (yes; a strip: no).
        fps: Frames a second.

    Raises:
        UserError: For fewer than two faces, photos and seeds at once, a photo without a
            face, a projected photo in Z, a file that cannot be written, or what the
            teacher cannot do.
    """
    if bool(photos) == bool(seeds):
        received = "both" if photos else "neither"
        raise UserError(f"morph takes photos or --seeds, received {received}")
    check_at_least("--frames", frames, 1)
    strip = not wants_film(out, fps)
    frames = (6 if strip else 24) if frames is None else frames
    loop = not strip if loop is None else loop
    how: dict[str, Any] = {"ease": ease or ("linear" if strip else "smoothstep")}
    how["loop"] = loop
    with output_to(os.devnull):  # TensorFlow and LiteRT greet from C++
        if photos:
            _refuse("photos", space=space, path=path, teacher=_drawn(rendering))
            shown = _of_photos(photos, translator, rendering.resolution)
        else:
            _refuse("--seeds", translator=translator)
            shown = _of_seeds(seeds or [], rendering)
            how |= dict(space=space or "w", path=path)
    import numpy as np

    from tf_fsgd.images.animation import write_animation
    from tf_fsgd.images.grid import image_grid
    from tf_fsgd.images.io import check_image, write_image

    rows = len(shown.names) - 1 + loop
    if strip:
        check_image(out, rows * shown.side, (frames + 1) * shown.side)
    pictures = shown.film(frames, **how)
    if strip:
        # A row for every transition, with both its faces in it.
        index = np.arange(rows)[:, None] * frames + np.arange(frames + 1)
        stops = [*shown.names, shown.names[0]]
        names = [f"{stops[row]} to {stops[row + 1]}" for row in range(rows)]
        cells = pictures[index.ravel() % len(pictures)]
        write_image(out, image_grid(cells, frames + 1, row_labels=names))
    else:
        write_animation(out, pictures, fps=fps, loop=loop)
    print(out)


class _Shown(NamedTuple):
    """Faces to morph: their names, pixels of a side, and what makes their film."""

    names: list[str]
    side: int
    film: Callable


def _of_seeds(seeds: list[str], rendering: Rendering) -> _Shown:
    from tf_fsgd.latents.faces import parse_faces

    faces = parse_faces(seeds, "--seeds")
    studio = rendering.studio()
    names = [face.label for face in faces]
    return _Shown(names, studio.side, partial(studio.morph, faces))


def _of_photos(photos: list[str], translator: str | None, side: int | None) -> _Shown:
    from tf_fsgd.images.detection import FaceDetector
    from tf_fsgd.translator.morph import film
    from tf_fsgd.translator.photos import largest_face_of
    from tf_fsgd.translator.translator import load_translator

    if len(photos) < 2:
        raise UserError(f"morph takes two photos or more, received {len(photos)}")
    check_at_least("--resolution", side, _LEAST)
    side = side or _SIDE
    model, detector = load_translator(translator, "morph"), FaceDetector()
    faces = [largest_face_of(detector, path, side) for path in photos]
    return _Shown(
        [Path(path).stem for path in photos], side, partial(film, model, faces)
    )


def _drawn(rendering: Rendering) -> str | None:
    """What is asked of a teacher, beside the side of its pictures."""
    plain = dataclasses.replace(rendering, resolution=None) == RENDERING
    return None if plain else rendering.teacher


def _refuse(what: str, **flags: str | None) -> None:
    """Refuses flags that say nothing about what is morphed."""
    for name, value in flags.items():
        if value is not None:
            raise UserError(f"--{name} does not go with {what}, received {value!r}")
