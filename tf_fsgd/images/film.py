"""MP4, MOV, Matroska and WebM by ffmpeg, a frame at a time; `sound` copies the rest.

Rates vary within one file (every phone's does), so frames carry the file's own time
stamps from end to end, in its own unit.
"""

import dataclasses
import heapq
import itertools
import operator
import os
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.images.frame import MAX_PIXELS, Frame
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.sound import copy_facts, copy_tracks, muxer_options, packets
from tf_fsgd.storage.files import atomic_path

# Without B-frames, which are stored before their turn, MP4 states durations exactly.
_H264 = ("libx264", {"crf": "18", "bf": "0"})
_VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "5"})
_CODECS = dict.fromkeys((".mp4", ".mov", ".m4v", ".mkv"), _H264) | {".webm": _VP9}
FILM_SUFFIXES = tuple(_CODECS)
# Playlists, which ffmpeg also opens under any name, would lead to other files.
_FILES_ONLY = {
    "format_whitelist": "mov,matroska,webm,avi,mpegts,gif",
    "protocol_whitelist": "file",
}
# What is no UTF-8 goes through as it is.
_ANY_TEXT = {"metadata_errors": "surrogateescape"}
# What says which colours the numbers stand for.
_COLOURS = ("colorspace", "color_range", "color_primaries", "color_trc")
_RGB, _UNSPECIFIED = 0, 2  # of "colorspace"


@dataclasses.dataclass(frozen=True)
class Film:
    """What a film's header says.

    Attributes:
        path: The file.
        count: About how many frames it has; `None` if it does not say.
        time_base: The unit of its time stamps, in seconds.
        rate: Frames a second on average: what an encoder may expect.
        pixel_aspect: Width of a pixel, upright, by its height.
        colours: ffmpeg's numbers for matrix, range, primaries and transfer function.
    """

    path: Path
    count: int | None
    time_base: Fraction
    rate: Fraction
    pixel_aspect: Fraction
    colours: Mapping[str, int]

    def frames(self) -> Iterator[Frame]:
        """Its frames, upright, as they are decoded.

        Raises:
            UserError: If the file is damaged.
        """
        yield from self._readable(self._frames(import_av(self.path)))

    def _readable(self, found: Iterator) -> Iterator:
        """What is read from this film; damage is one line."""
        av = import_av(self.path)
        try:
            yield from found
        except (av.FFmpegError, OSError) as error:
            raise unreadable(self.path, error) from None

    def _frames(self, av: ModuleType) -> Iterator[Frame]:
        last: Frame | None = None
        gap, size = 1 / self.rate, {}
        with _open(av, self.path) as container:
            stream = container.streams.best("video")
            stream.thread_type = "AUTO"
            for picture in container.decode(stream):
                if picture.pts is None:
                    raise UserError(f"{self.path}: a frame has no time stamp")
                time = picture.pts * self.time_base
                if last is not None:
                    if time <= last.time:
                        continue  # it has no moment of its own
                    gap = time - last.time
                    yield dataclasses.replace(last, duration=gap)
                # Calls change their size on the way; all is drawn in the first.
                size = size or {"width": picture.width, "height": picture.height}
                pixels = picture.to_ndarray(
                    format="rgb24", interpolation=_exactly(av), **size
                )
                if (matrix := _matrix(picture)) is not None:
                    pixels = _upright(pixels, matrix)
                lasts = picture.duration * self.time_base
                last = Frame(Photo(pixels), time, lasts)
        if last is not None:
            yield dataclasses.replace(last, duration=last.duration or gap)

    def write(
        self, path: str | os.PathLike, frames: Iterable[Frame], mark: str | None = None
    ) -> list[str]:
        """Writes frames at their moments, with the colours and the sound of this film.

        The file appears when all is written. The last row and column of odd sizes are
        repeated.

        Args:
            path: Ends in one of `FILM_SUFFIXES`.
            frames: At least one, all of one size, their times in this film's unit.
            mark: What edited them, for the file's comment to say.

        Returns:
            What of this film the other does not have, a line each.

        Raises:
            UserError: If the frames are too large for the format, or this film is
                damaged.
        """
        path = Path(path)
        av = import_av(path)
        with atomic_path(path) as temporary, _open(av, self.path) as source:
            name, how = os.path.abspath(temporary), muxer_options(source)
            try:
                with av.open(name, "w", container_options=how, **_ANY_TEXT) as target:
                    copy_facts(source, target, mark)
                    suffix = path.suffix.lower()
                    return self._encode(av, source, target, suffix, iter(frames))
            except av.FFmpegError as error:
                if isinstance(error, OSError):
                    # PyAV's kind does not let `atomic_path` name the file.
                    raise OSError(error.errno, error.strerror) from None
                raise UserError(
                    f"{path}: ffmpeg cannot write it ({error.strerror})"
                ) from None

    def _encode(
        self,
        av: ModuleType,
        source: Any,
        container: Any,
        suffix: str,
        frames: Iterator[Frame],
    ) -> list[str]:
        first = next(frames)
        codec, options = _CODECS[suffix]
        stream = container.add_stream(codec, self.rate, options=dict(options))
        height, width, _ = first.photo.pixels.shape
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = self.time_base
        stream.codec_context.sample_aspect_ratio = self.pixel_aspect
        for name, value in self.colours.items():
            setattr(stream.codec_context, name, value)
        try:
            stream.codec_context.open()
        except av.FFmpegError:
            raise UserError(
                f"a frame of {width} x {height} is too large for {codec}"
            ) from None
        copies, lost = copy_tracks(source, container)
        durations: dict[int, int] = {}
        pictures = ((frame.time, frame) for frame in itertools.chain([first], frames))
        beside = self._readable(packets(source, container, copies))
        by_time = heapq.merge(pictures, beside, key=operator.itemgetter(0))
        for _, item in by_time:
            if not isinstance(item, Frame):
                container.mux(item)
                continue
            picture = self._picture(av, item)
            durations[picture.pts] = round(item.duration / self.time_base)
            _mux(container, stream.encode(picture), durations)
        _mux(container, stream.encode(None), durations)
        return [f"{what}, which cannot be copied into {suffix}" for what in lost]

    def _picture(self, av, frame: Frame):
        pixels = frame.photo.pixels
        height, width, _ = pixels.shape
        even = ((0, height % 2), (0, width % 2), (0, 0))
        picture = av.VideoFrame.from_ndarray(np.pad(pixels, even, "edge"))
        picture = picture.reformat(
            format="yuv420p",
            interpolation=_exactly(av),
            dst_colorspace=self.colours["colorspace"],
            dst_color_range=self.colours["color_range"],
        )
        picture.time_base = self.time_base
        picture.pts = int(frame.time / self.time_base)
        return picture


def open_film(path: Path) -> Film:
    """Reads a film's header.

    Raises:
        UserError: If the file is damaged or no film or too large, or PyAV is missing.
    """
    av = import_av(path)
    try:
        with _open(av, path) as container:
            stream = container.streams.best("video")
            if stream is None or stream.codec_context is None:
                raise UserError(f"{path}: not a video that can be read (no picture)")
            if stream.width * stream.height > MAX_PIXELS:
                raise UserError(f"{path}: a frame has too many pixels")
            first = next(container.decode(stream), None)
            if first is None:
                raise UserError(f"{path}: not a video that can be read (no frame)")
            matrix = _matrix(first)
            aspect = stream.sample_aspect_ratio or Fraction(1)
            if matrix is not None and _is_sideways(matrix):
                aspect = 1 / aspect
            colours = {name: getattr(first, name) for name in _COLOURS}
            if colours["colorspace"] == _RGB:
                colours["colorspace"] = _UNSPECIFIED
            rate = stream.average_rate or Fraction(25)
            seconds = Fraction(container.duration or 0, av.time_base)
            count = stream.frames or round(seconds * rate) or None
            return Film(path, count, stream.time_base, rate, aspect, colours)
    except (av.FFmpegError, OSError) as error:
        raise unreadable(path, error) from None


def import_av(path: Path):
    """PyAV, which is optional.

    Raises:
        UserError: If it is missing.
    """
    try:
        import av
    except ImportError:
        raise UserError(
            f"{path}: needs the package av; install it, or use .gif"
        ) from None
    return av


def unreadable(path: Path, error: Exception) -> UserError:
    """The one line for a damaged file."""
    text = getattr(error, "strerror", None) or str(error)
    reason = " ".join(text.split()) or type(error).__name__
    return UserError(f"{path}: not a video that can be read ({reason})")


def _open(av: ModuleType, path: Path):
    # An absolute path, because "concat:a.mp4" would be more than a name.
    return av.open(os.path.abspath(path), options=_FILES_ONLY, **_ANY_TEXT)


def _exactly(av: ModuleType) -> int:
    """How colours are computed: by default each way there and back darkens by one."""
    way = av.video.reformatter.Interpolation
    return way.BILINEAR | way.ACCURATE_RND | way.FULL_CHR_H_INT | way.FULL_CHR_H_INP


def _matrix(picture) -> np.ndarray | None:
    """`[9]` int32: how a frame is to be turned, if at all."""
    data = picture.side_data.get("DISPLAYMATRIX")
    return None if data is None else np.frombuffer(data, np.int32)


def _is_sideways(matrix: np.ndarray) -> bool:
    return abs(matrix[1]) > abs(matrix[0])


def _upright(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Turns and mirrors as a display matrix says.

    Args:
        pixels: `[H, W, 3]`.
        matrix: `[9]`: a pixel at (x, y) is shown at (a x + c y, b x + d y) for its
            elements a, b, _, c, d. Only turns by 90 degrees are seen in practice.
    """
    a, b, _, c, d = matrix[:5]
    if _is_sideways(matrix):
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])


def _mux(container, packets, durations: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = durations.pop(packet.pts)
        container.mux(packet)
