"""Animations: GIF, animated WebP, MP4."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path

SUFFIXES = (".gif", ".webp", ".mp4")


def write_animation(
    path: str | os.PathLike,
    frames: Sequence[np.ndarray],
    *,
    fps: float = 10,
    loop: bool = True,
) -> None:
    """Writes frames as an animation, atomically; the suffix chooses the format.

    Args:
        path: Ends in .gif, .webp or .mp4. Faces band in a GIF's 256 colours; WebP is
            smaller and does not. MP4 needs the package imageio-ffmpeg.
        frames: uint8 `[H, W, 3]`, all of one size, at least one.
        fps: Frames a second; a GIF counts hundredths of a second.
        loop: Whether GIF and WebP start again at the end.

    Raises:
        UserError: If the suffix is another, there is no frame, sizes differ, or MP4 is
            asked for without imageio-ffmpeg.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: an animation ends in {', '.join(SUFFIXES)}")
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1:
        raise UserError(f"{path}: frames must have one size, received {len(shapes)}")
    if not fps > 0:
        raise UserError(f"{path}: fps must be above 0, received {fps}")
    with atomic_path(path) as temporary:
        if suffix == ".mp4":
            _write_mp4(temporary, frames, fps)
            return
        pictures = [Image.fromarray(frame) for frame in frames]
        # 0 repeats for ever; a GIF without the field is shown once, a WebP by 1.
        options = {"loop": 0} if loop else {}
        if suffix == ".gif":
            # A palette for each frame: one for all would change colours where faces
            # differ. Floyd-Steinberg is what keeps skin from banding.
            pictures = [picture.quantize(256) for picture in pictures]
        else:
            options = {"loop": 0 if loop else 1, "quality": 85}
        pictures[0].save(
            temporary,
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 / fps),
            **options,
        )


def _write_mp4(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    try:
        import imageio.v3 as imageio
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        raise UserError(
            f"{path.suffix}: needs the package imageio-ffmpeg; install it, or write .gif"
        ) from None
    imageio.imwrite(path, np.stack(frames), fps=fps, codec="libx264")
