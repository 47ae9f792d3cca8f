"""`python -m tf_fsgd project photo.jpg --out DIR`: the latent of a real face."""

import argparse
import collections
import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.edits import parse_edits
from tf_fsgd.errors import UserError
from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import (
    read_image,
    resize,
    to_float,
    to_uint8,
    write_image,
)
from tf_fsgd.latents.expressions import Expression, expression_of
from tf_fsgd.projection.likeness import NETWORKS, load_likeness
from tf_fsgd.projection.projector import SPACES, ProjectionSettings, Projector
from tf_fsgd.projection.state import ProjectionState, load_state
from tf_fsgd.storage.archives import write_arrays
from tf_fsgd.storage.files import sha256
from tf_fsgd.storage.lease import lease
from tf_fsgd.stylegan2.loading import TEACHER_HELP, load_teacher
from tf_fsgd.stylegan2.teacher import Teacher
from tf_fsgd.training.interrupt import StopRequest, stop_request

_RESOLUTION = 256  # pixels, where the teacher has as many
_SMALLEST = 32  # less is too little for the networks that compare
_LARGEST_SEED = 2**31 - 1
_SAVE_EVERY = 5  # seconds
_COMPARED = 512  # pixels a side in comparison.png
_ANIMATED = 256
_FRAMES_PER_SECOND = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags, named as in NVIDIA's projector where it has them."""
    defaults = ProjectionSettings()
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="images or folders of faces aligned as FFHQ aligns them",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--teacher", default="mobile-ffhq", help=TEACHER_HELP)
    parser.add_argument(
        "--steps",
        type=int,
        default=defaults.steps,
        help="of the optimisation (%(default)s)",
    )
    parser.add_argument(
        "--space",
        choices=SPACES,
        default=defaults.space,
        help="w: one latent for all layers; w+: one for each, more like the photo, "
        "held together so that edits work (%(default)s)",
    )
    parser.add_argument(
        "--resolution",
        type=int,
        help=f"side at which face and photo are compared ({_RESOLUTION}, or the "
        "teacher's)",
    )
    parser.add_argument(
        "--loss",
        choices=NETWORKS,
        help="network that compares, beside the face classifier; by default the first "
        "whose weights are here",
    )
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument(
        "--edit",
        metavar="EDITS",
        help="also draw the projection after this edit, or several: smile=0.8,brows=1",
    )
    parser.add_argument(
        "--strength", type=float, help="of edits without a number (1, a clear edit)"
    )
    parser.add_argument(
        "--save-video", action="store_true", help="write the search as projection.webp"
    )


def run(arguments: argparse.Namespace) -> None:
    """Projects each photo into a folder of its own.

    Raises:
        UserError: If a photo is missing, unreadable or not square, a flag breaks its
            rule, or a folder holds a projection that was made otherwise.
        KeyboardInterrupt: When the user stops it; the same command goes on.
    """
    settings = _settings(arguments)
    edit = _edit(arguments)
    photos = _read_photos(arguments.photos)
    teacher = load_teacher(arguments.teacher)
    resolution = arguments.resolution
    if resolution is None:
        resolution = min(_RESOLUTION, teacher.resolution)
    if resolution < _SMALLEST:
        raise UserError(
            f"--resolution must be {_SMALLEST} or more, received {resolution}"
        )
    loss, likeness = load_likeness(arguments.loss)
    projector = Projector(teacher, resolution, likeness, settings)
    with stop_request() as stop:
        for number, (path, photo) in enumerate(photos.items(), start=1):
            folder = arguments.out / path.stem
            made_with = {
                "photo_sha256": sha256(path),
                "teacher": teacher.name,
                "resolution": resolution,
                "loss": loss,
                **dataclasses.asdict(settings),
            }
            title = f"{path.name} ({number} of {len(photos)}, {loss})"
            with lease(folder, "project"):
                state = _project(projector, photo, folder, made_with, title, stop)
                _write_projection(folder, teacher, projector.ws(state.w), photo, edit)
                if arguments.save_video:
                    frames = [projector.ws(w) for w in state.trail]
                    _write_animation(folder, teacher, frames, photo)
    print(f"{len(photos)} photos: {arguments.out}")


def _settings(arguments: argparse.Namespace) -> ProjectionSettings:
    if arguments.steps < 1:
        raise UserError(f"--steps must be 1 or more, received {arguments.steps}")
    if not 0 <= arguments.seed <= _LARGEST_SEED:
        raise UserError(
            f"--seed must be 0 to {_LARGEST_SEED}, received {arguments.seed}"
        )
    return ProjectionSettings(
        steps=arguments.steps, space=arguments.space, seed=arguments.seed
    )


def _edit(arguments: argparse.Namespace) -> Expression | None:
    if arguments.edit is None:
        if arguments.strength is not None:
            raise UserError("--strength belongs to --edit, received it alone")
        return None
    return expression_of(parse_edits(arguments.edit, arguments.strength))


def _read_photos(paths: list[str]) -> dict[Path, np.ndarray]:
    """All photos, before anything is done: a bad one stops the command."""
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


def _project(
    projector: Projector,
    photo: np.ndarray,
    folder: Path,
    made_with: dict[str, Any],
    title: str,
    stop: StopRequest,
) -> ProjectionState:
    """Makes the steps that the folder's state lacks."""
    path, steps = folder / "state.npz", projector.settings.steps
    target = projector.target(to_float(resize(photo, projector.resolution)))
    state = load_state(path, made_with) if path.exists() else projector.start()
    saved = time.monotonic()
    with tqdm(total=steps, initial=state.step, desc=title, unit="step") as bar:
        while state.step < steps:
            state, losses = projector.advance(state, target)
            bar.update()
            bar.set_postfix({k: f"{v:.3f}" for k, v in losses.items()}, refresh=False)
            done = state.step == steps
            if done or stop or time.monotonic() - saved > _SAVE_EVERY:
                state.save(path, made_with)
                saved = time.monotonic()
            if stop and not done:
                raise KeyboardInterrupt
    return state


def _write_projection(
    folder: Path,
    teacher: Teacher,
    ws: np.ndarray,
    photo: np.ndarray,
    edit: Expression | None,
) -> None:
    write_arrays(folder / "projected_w.npz", {"w": ws})  # NVIDIA's name and shape
    pictures = {"photo": photo, "projection": to_uint8(teacher.synthesis(ws)[0])}
    write_image(folder / "projected.png", pictures["projection"])
    if edit is not None:
        name = ", ".join(
            f"{edit.directions[name].name} {strength:+g}"
            for name, strength in edit.strengths.items()
        )
        pictures[name] = to_uint8(teacher.synthesis(edit.apply(ws, 1.0))[0])
        write_image(folder / "edited.png", pictures[name])
    side = min(_COMPARED, teacher.resolution)
    write_image(
        folder / "comparison.png",
        image_grid(
            [resize(picture, side) for picture in pictures.values()],
            len(pictures),
            column_labels=list(pictures),
        ),
    )


def _write_animation(
    folder: Path, teacher: Teacher, moments: list[np.ndarray], photo: np.ndarray
) -> None:
    side = min(_ANIMATED, teacher.resolution)
    photo = resize(photo, side)
    frames = [
        np.concatenate([photo, to_uint8(teacher.synthesis(ws, resolution=side)[0])], 1)
        for ws in tqdm(moments, desc="animation", unit="frame", leave=False)
    ]
    frames += [frames[-1]] * _FRAMES_PER_SECOND  # a second to look at the result
    write_animation(folder / "projection.webp", frames, fps=_FRAMES_PER_SECOND)
