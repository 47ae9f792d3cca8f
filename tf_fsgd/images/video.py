"""Videos, a frame at a time: MP4 and WebM by ffmpeg, GIF by Pillow. No sound."""

import contextlib
import dataclasses
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path
from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.io import MAX_PIXELS

FFMPEG_SUFFIXES = (".mp4", ".webm")
VIDEO_SUFFIXES = (*FFMPEG_SUFFIXES, ".gif")
_FASTEST_GIF, _SLOWEST_GIF = 50.0, 0.1
_CODECS = {
    ".mp4": {"codec": "libx264", "output_params": ["-crf", "18"]},
    ".webm": {
        "codec": "libvpx-vp9",
        "output_params": "-crf 24 -b:v 0 -deadline good -cpu-used 5".split(),
    },
}


@dataclasses.dataclass(frozen=True)
class Video:
    """What a video's header says.

    Attributes:
        path: The file.
        fps: Frames a second; of a GIF, whose frames may differ, the mean.
        count: About how many frames it has.
    """

    path: Path
    fps: float
    count: int

    def frames(self) -> Iterator[np.ndarray]:
        """Its frames, `[H, W, 3]` uint8, upright, as they are decoded.

        Raises:
            UserError: If the file is damaged.
        """
        read = _gif_frames if self.path.suffix.lower() == ".gif" else _ffmpeg_frames
        try:
            yield from read(self.path)
        except (OSError, SyntaxError, EOFError, RuntimeError) as error:
            raise _unreadable(self.path, error) from None


def is_video(path: str | os.PathLike) -> bool:
    """Whether a file is a video by its name; a GIF, if it moves."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix != ".gif" or not path.is_file():
        return suffix in FFMPEG_SUFFIXES
    try:
        with Image.open(path, formats=["GIF"]) as image:
            return getattr(image, "n_frames", 1) > 1
    except (OSError, SyntaxError, EOFError):
        return False  # whoever reads it as a photo says what is wrong


def open_video(path: str | os.PathLike) -> Video:
    """Reads a video's header.

    Args:
        path: Ends in .mp4, .webm (these need the package imageio-ffmpeg) or .gif.

    Raises:
        UserError: If the file is missing, no video or too large, or the package is.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    if path.suffix.lower() == ".gif":
        return _open_gif(path)
    imageio = _imageio(path)
    try:
        facts = imageio.immeta(path, plugin="FFMPEG")
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise _unreadable(path, error) from None
    fps, (width, height) = float(facts["fps"]), facts["size"]
    if width * height > MAX_PIXELS or not fps > 0:
        raise UserError(f"{path}: not a video that can be read ({width} x {height})")
    return Video(path, fps, max(1, round(fps * facts["duration"])))


@contextlib.contextmanager
def video_writer(
    path: str | os.PathLike, fps: float
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that takes the frames, `[H, W, 3]` uint8, one after the other.

    The file appears when the block succeeds. The last row and column of odd sizes are
    repeated in MP4 and WebM.

    Args:
        path: Ends in .mp4, .webm or .gif.
        fps: Frames a second.

    Raises:
        UserError: If a package is missing that the format needs.
    """
    path = Path(path)
    if path.suffix.lower() == ".gif":
        frames: list[np.ndarray] = []
        yield frames.append
        write_animation(path, frames, fps=np.clip(fps, _SLOWEST_GIF, _FASTEST_GIF))
        return
    _imageio(path)
    from imageio import v2

    with atomic_path(path) as temporary:
        writer = v2.get_writer(
            temporary,
            format="FFMPEG",
            fps=fps,
            macro_block_size=2,
            quality=None,
            ffmpeg_log_level="error",
            **_CODECS[path.suffix.lower()],
        )

        def append(frame: np.ndarray) -> None:
            height, width, _ = frame.shape
            even = ((0, height % 2), (0, width % 2), (0, 0))
            writer.append_data(np.pad(frame, even, "edge"))

        try:
            yield append
        except BaseException:
            # Ctrl-C ends ffmpeg too; what it then says is of no interest.
            with contextlib.suppress(OSError):
                writer.close()
            raise
        writer.close()


def _imageio(path: Path):
    try:
        import imageio.v3
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        raise UserError(
            f"{path}: needs the package imageio-ffmpeg; install it, or use .gif"
        ) from None
    return imageio.v3


def _open_gif(path: Path) -> Video:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=["GIF"]) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UserError(f"{path}: a frame has too many pixels")
                # Browsers show frames without a duration for a tenth of a second.
                milliseconds = [
                    frame.info.get("duration") or 100
                    for frame in ImageSequence.Iterator(image)
                ]
        except (OSError, SyntaxError, EOFError) as error:
            raise _unreadable(path, error) from None
    fps = 1000 * len(milliseconds) / sum(milliseconds)
    return Video(path, fps, len(milliseconds))


def _gif_frames(path: Path) -> Iterator[np.ndarray]:
    with Image.open(path, formats=["GIF"]) as image:
        for frame in ImageSequence.Iterator(image):
            yield np.asarray(frame.convert("RGB"))


def _ffmpeg_frames(path: Path) -> Iterator[np.ndarray]:
    yield from _imageio(path).imiter(path, plugin="FFMPEG")


def _unreadable(path: Path, error: Exception) -> UserError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UserError(f"{path}: not a video that can be read ({reason})")
