"""`tf-fsgd express --seed 7 --edit smile --out smile.gif`: expressions by degrees."""

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tf_fsgd.cli.options import (
    RENDERING,
    Int,
    Rendering,
    Several,
    check_at_least,
    wants_film,
)
from tf_fsgd.errors import UserError

_SWING = 1.0  # to either side, for edits without a number


def express(
    *,
    seeds: Annotated[list[str], Several, Parameter(alias="--seed")],
    edit: str,
    first: Annotated[float | None, Parameter(name="--from")] = None,
    last: Annotated[float | None, Parameter(name="--to")] = None,
    out: Path = Path("express.gif"),
    frames: Int | None = None,
    fps: float = 20,
    rendering: Rendering = RENDERING,
) -> None:
    """Gives faces an expression, by degrees.

    Args:
        seeds: Faces, shown side by side: seeds such as 3,17,42 or 0-5, and .npz files
            of projected photos.
        edit: Such as smile, or several with their strengths, 1 a clear edit:
            smile=0.8,brows=0.5,eyes=-0.3; among feminine, masculine, older, younger,
            smile, frown, mouth, brows, bushy, eyes, squint, nose, pointy and a
            direction's .npz.
        first: Times the edits at the start (-1; with strengths: 0).
        last: Times the edits at the turn, or a strip's end (1).
        out: .gif, .webp or .mp4 for a film there and back, .png or .jpg for a strip
            with a row for every face.
        frames: Of the film, or columns of the strip (40; 7).
        fps: Frames a second.

    Raises:
        UserError: For an unknown edit or face, a degree that is not a number, a file
            that cannot be written, or what the teacher cannot do.
    """
    import numpy as np

    from tf_fsgd.edits import parse_edits
    from tf_fsgd.images.animation import write_animation
    from tf_fsgd.images.grid import image_grid
    from tf_fsgd.images.io import write_image
    from tf_fsgd.latents.expressions import degrees_of, expression_of
    from tf_fsgd.latents.faces import parse_faces

    faces = parse_faces(seeds, "--seeds")
    expression = expression_of(parse_edits(edit))
    strip = not wants_film(out, fps)
    if first is None:
        first = 0.0 if "=" in edit else -_SWING
    last = _SWING if last is None else last
    if not (math.isfinite(first) and math.isfinite(last)):
        raise UserError(f"--from and --to must be numbers, received {first} and {last}")
    frames = (7 if strip else 40) if frames is None else frames
    check_at_least("--frames", frames, 1)
    studio = rendering.studio()

    degrees = degrees_of(first, last, frames, there_and_back=not strip)
    # A film comes back as it went: what has been drawn is shown again.
    distinct, shown = np.unique(degrees, return_inverse=True)
    pictures = studio.express(faces, expression, distinct)[shown]
    if strip:
        sheet = image_grid(
            pictures.swapaxes(0, 1).reshape(-1, *pictures.shape[2:]),
            frames,
            row_labels=[face.label for face in faces],
            column_labels=[f"{degree:+.3g}" for degree in degrees],
        )
        write_image(out, sheet)
    else:
        columns = math.ceil(math.sqrt(len(faces)))
        film = [image_grid(frame, columns, gap=0) for frame in pictures]
        write_animation(out, film, fps=fps)
    print(out)
