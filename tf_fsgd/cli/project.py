"""`tf-fsgd project photo.jpg --out DIR`: the latent of a real face."""

import collections
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tf_fsgd.cli.options import (
    DEFAULT_TEACHER,
    AlignedPhotos,
    Int,
    Strength,
    Teacher,
    check_at_least,
)
from tf_fsgd.errors import UserError

if TYPE_CHECKING:
    import numpy as np

_RESOLUTION = 256  # pixels, where the teacher has as many
_SMALLEST = 32  # less is too little for the networks that compare
_LARGEST_SEED = 2**31 - 1


def project(
    photos: AlignedPhotos,
    /,
    *,
    out: Path,
    teacher: Teacher = DEFAULT_TEACHER,
    steps: Int = 300,
    space: Literal["w", "w+"] = "w+",
    resolution: Int | None = None,
    loss: Literal["lpips", "vgg19", "classifier"] = "lpips",
    seed: Int = 0,
    edit: str | None = None,
    strength: Strength = None,
    save_video: bool = False,
) -> None:
    """Finds the latent of a real face, each photo's in a folder of its own.

    Args:
        out: Folder of those folders.
        steps: Of the optimisation.
        space: w: one latent for all layers; w+: one for each, more like the photo,
            held together so that edits work.
        resolution: Side at which face and photo are compared (256, or the teacher's).
        loss: Network that compares, beside the face classifier.
        edit: Also draw the projection after this edit, or several:
            smile=0.8,brows=1.
        save_video: Write the search as projection.webp.

    Raises:
        UserError: If a photo is missing, unreadable or not square, a flag breaks its
            rule, or a folder holds a projection that was made otherwise.
        KeyboardInterrupt: When the user stops it; the same command goes on.
    """
    from tf_fsgd.edits import parse_edits
    from tf_fsgd.latents.expressions import expression_of
    from tf_fsgd.projection.folder import ProjectionFolder
    from tf_fsgd.projection.likeness import load_likeness
    from tf_fsgd.projection.projector import ProjectionSettings, Projector
    from tf_fsgd.stylegan2.loading import load_teacher
    from tf_fsgd.training.interrupt import stop_request

    check_at_least("--steps", steps, 1)
    if not 0 <= seed <= _LARGEST_SEED:
        raise UserError(f"--seed must be 0 to {_LARGEST_SEED}, received {seed}")
    settings = ProjectionSettings(steps=steps, space=space, seed=seed)
    if edit is None and strength is not None:
        raise UserError("--strength belongs to --edit, received it alone")
    asked = None if edit is None else expression_of(parse_edits(edit, strength))
    faces = _read_photos(photos)
    drawing = load_teacher(teacher)
    if resolution is None:
        resolution = min(_RESOLUTION, drawing.resolution)
    check_at_least("--resolution", resolution, _SMALLEST)
    projector = Projector(drawing, resolution, load_likeness(loss), settings)
    with stop_request() as stop:
        for number, (path, photo) in enumerate(faces.items(), start=1):
            title = f"{path.name} ({number} of {len(faces)}, {loss})"
            folder = ProjectionFolder(out / path.stem, drawing, projector, loss)
            folder.project(path, photo, title, stop, asked, save_video)
    print(f"{len(faces)} photos: {out}")


def _read_photos(paths: list[str]) -> "dict[Path, np.ndarray]":
    """All photos, before anything is done: a bad one stops the command."""
    from tf_fsgd.images.finding import find_images
    from tf_fsgd.images.io import read_image

    photos = {path: read_image(path) for path in find_images(paths)}
    for path, photo in photos.items():
        height, width = photo.shape[:2]
        if height != width:
            raise UserError(
                f"{path}: must be square, cut as FFHQ cuts faces, received "
                f"{width} x {height} pixels"
            )
    for stem, count in collections.Counter(path.stem for path in photos).items():
        if count > 1:
            raise UserError(
                f"PHOTO: results go to folders named as the photos, received {count} "
                f"named {stem}"
            )
    return photos
