"""Videos, a frame at a time: films by ffmpeg, moving pictures by Pillow."""

import os
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.images.film import FILM_SUFFIXES, Film, open_film
from tf_fsgd.images.moving_picture import (
    MOVING_SUFFIXES,
    MovingPicture,
    is_moving,
    open_moving,
)

VIDEO_SUFFIXES = (*FILM_SUFFIXES, *MOVING_SUFFIXES)


def is_video(path: str | os.PathLike) -> bool:
    """Whether a file is a film by its name, or a picture that moves."""
    path = Path(path)
    return path.suffix.lower() in FILM_SUFFIXES or (path.is_file() and is_moving(path))


def open_video(path: str | os.PathLike) -> Film | MovingPicture:
    """Reads what a video's file says beside its pixels.

    Args:
        path: A film (.mp4, .mov, .m4v, .mkv, .webm; these need the package av), or a
            GIF, WebP, PNG or AVIF file that moves.

    Raises:
        UserError: If the file is missing, no video or too large, or the package is.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    film = path.suffix.lower() in FILM_SUFFIXES
    return open_film(path) if film else open_moving(path)
