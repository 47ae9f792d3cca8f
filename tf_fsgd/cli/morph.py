"""`tf-fsgd morph --seeds 3,17,42 --out morph.gif`: faces into one another."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tf_fsgd.cli.options import RENDERING, Int, Rendering, Several, wants_film


def morph(
    *,
    seeds: Annotated[list[str], Several, Parameter(alias="--ends")],
    out: Path = Path("morph.gif"),
    space: Literal["w", "z"] = "w",
    path: Literal["linear", "spherical"] | None = None,
    ease: Literal["linear", "smoothstep"] | None = None,
    frames: Int | None = None,
    loop: Annotated[bool | None, Parameter(negative="--no-loop")] = None,
    fps: float = 20,
    rendering: Rendering = RENDERING,
) -> None:
    """Turns faces into one another.

    Args:
        seeds: Two or more faces to visit: seeds such as 3,17,42 or 0-5, and .npz files
            of projected photos.
        out: .gif, .webp or .mp4 for an animation, .png or .jpg for a strip with a row
            for every transition.
        space: W, or Z, which wanders past other people.
        path: Straight, or an arc: in W about the mean face, which keeps the faces
            between from becoming average; in Z about 0 (linear in W, spherical in Z).
        ease: Smoothstep dwells on every face (smoothstep; a strip: linear).
        frames: Steps from one face to the next (24; a strip: 6).
        loop: Return to the first face, and play for ever (yes; a strip: no).
        fps: Frames a second.

    Raises:
        UserError: For fewer than two faces, photos in Z, a file that cannot be
            written, or what the teacher cannot do.
    """
    import numpy as np

    from tf_fsgd.images.animation import write_animation
    from tf_fsgd.images.grid import image_grid
    from tf_fsgd.images.io import check_image, write_image
    from tf_fsgd.latents.faces import parse_faces

    faces = parse_faces(seeds, "--seeds")
    strip = not wants_film(out, fps)
    frames = (6 if strip else 24) if frames is None else frames
    ease = ease or ("linear" if strip else "smoothstep")
    loop = not strip if loop is None else loop
    rows = len(faces) - 1 + loop
    studio = rendering.studio()
    if strip:
        check_image(out, rows * studio.side, (frames + 1) * studio.side)

    pictures = studio.morph(faces, frames, space=space, path=path, ease=ease, loop=loop)
    if strip:
        # A row for every transition, with both its faces in it.
        index = np.arange(rows)[:, None] * frames + np.arange(frames + 1)
        stops = [face.label for face in faces] + [faces[0].label]
        names = [f"{stops[row]} to {stops[row + 1]}" for row in range(rows)]
        shown = pictures[index.ravel() % len(pictures)]
        write_image(out, image_grid(shown, frames + 1, row_labels=names))
    else:
        write_animation(out, pictures, fps=fps, loop=loop)
    print(out)
