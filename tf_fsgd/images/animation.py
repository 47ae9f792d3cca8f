"""Animations: GIF, animated WebP, MP4."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.film import import_av
from tf_fsgd.images.io import as_uint8
from tf_fsgd.storage.files import atomic_path

SUFFIXES = (".gif", ".webp", ".mp4")
_SLOWEST, _FASTEST = 0.1, 50  # a GIF's frame shorter than 20 ms is shown for 100 ms


def write_animation(
    path: str | os.PathLike,
    frames: Iterable[np.ndarray],
    *,
    fps: float = 10,
    loop: bool = True,
) -> None:
    """Writes frames as an animation, atomically; the suffix chooses the format.

    Args:
        path: Ends in .gif, .webp or .mp4. A GIF has 256 colours a frame, so that faces
            are dithered; WebP is smaller and smooth. MP4 needs the package av, and
            repeats the last row and column of odd sizes.
        frames: `[H, W, 3]`, uint8 or float in [-1, 1], all of one size, at least one.
        fps: Frames a second, 0.1 to 50. A GIF counts hundredths of a second: single
            frames are off by half of one, the whole is not.
        loop: Whether GIF and WebP start again at the end, for ever.

    Raises:
        UserError: If the suffix is another, there is no frame, sizes differ, `fps` is
            out of range, or MP4 is asked for without the package av.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    check_animation(path, fps)
    frames = [as_uint8(frame) for frame in frames]
    shapes = {frame.shape[:2] for frame in frames}
    if len(shapes) != 1:
        received = f"sizes {sorted(shapes)}" if shapes else "no frame"
        raise UserError(f"{path}: frames must have one size, received {received}")
    with atomic_path(path) as temporary:
        if suffix == ".mp4":
            _write_mp4(temporary, frames, fps)
            return
        pictures = [Image.fromarray(frame) for frame in frames]
        # 0 repeats for ever; a GIF without the field is shown once, a WebP by 1.
        options: dict[str, Any] = {"loop": 0} if loop else {}
        if suffix == ".gif":
            pictures = [to_palette(picture) for picture in pictures]
        else:
            options = {"loop": 0 if loop else 1, "quality": 85}
        pictures[0].save(
            temporary,
            save_all=True,
            append_images=pictures[1:],
            duration=_durations(len(pictures), fps, 10 if suffix == ".gif" else 1),
            **options,
        )


def check_animation(path: str | os.PathLike, fps: float) -> None:
    """Refuses what `write_animation` would, before the frames are made.

    Raises:
        UserError: If the suffix is another, `fps` is out of range, or MP4 is asked for
            without the package av.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path}: an animation ends in {', '.join(SUFFIXES)}")
    if not _SLOWEST <= fps <= _FASTEST:
        raise UserError(
            f"{path}: fps must be from {_SLOWEST} to {_FASTEST}, received {fps}"
        )
    if suffix == ".mp4":
        import_av(Path(path))


def to_palette(picture: Image.Image, colours: int = 256) -> Image.Image:
    """As many colours of the picture's own, dithered: faces differ, and skin bands.

    Measured on faces: an octree's colours, dithered, leave half the error that the
    median cut's leave to an eye that averages over a few pixels, in a thirtieth of the
    time.
    """
    palette = picture.quantize(colours, method=Image.Quantize.FASTOCTREE)
    # Pillow dithers only towards a palette that it is given.
    return picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _durations(count: int, fps: float, unit: int) -> list[int]:
    """Milliseconds of each frame, multiples of `unit`, without a drift."""
    ticks = np.rint(np.arange(count + 1) * 1000 / fps / unit)
    return (np.diff(ticks).astype(int) * unit).tolist()


def _write_mp4(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    import imageio.v3 as imageio

    height, width, _ = frames[0].shape
    # H.264 halves the chroma.
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), "edge")
    # Encoded in memory, because what PyAV says of a full disk does not name it.
    film = imageio.imwrite(
        "<bytes>",
        even,
        extension=".mp4",
        plugin="pyav",
        fps=fps,
        codec="libx264",
        out_pixel_format="yuv420p",
    )
    path.write_bytes(film)
