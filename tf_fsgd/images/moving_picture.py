"""GIF, animated WebP, PNG and AVIF by Pillow."""

import contextlib
import dataclasses
import itertools
import os
import warnings
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from tf_fsgd.errors import UserError
from tf_fsgd.images.animation import to_palette
from tf_fsgd.images.exif import DECODING_ERRORS, metadata_options, turned_upright
from tf_fsgd.images.film import unreadable
from tf_fsgd.images.frame import MAX_PIXELS, Frame
from tf_fsgd.images.io import is_lossless_webp
from tf_fsgd.images.photo import Photo, packed, unpacked
from tf_fsgd.storage.files import atomic_path

_FORMATS = {
    ".gif": "GIF",
    ".webp": "WEBP",
    ".png": "PNG",
    ".apng": "PNG",
    ".avif": "AVIF",
}
MOVING_SUFFIXES = tuple(_FORMATS)
# Pillow's writers hold all frames: two to four gigabytes.
_MAX_PIXELS_OF_ALL = 5 * MAX_PIXELS
_TRANSPARENT = 255  # the palette's last colour, where a GIF has transparency


@dataclasses.dataclass(frozen=True)
class MovingPicture:
    """What a moving picture's file says beside its pixels.

    Attributes:
        path: The file.
        durations: Of each frame, in milliseconds.
        skip: 1 if the first picture is none of the frames, as a PNG may have it.
        loop: How often it is shown, as its format counts; `None` if it does not say.
        transparent: Whether anything is.
        profile: The ICC profile that its pixels are to be seen by, if any.
        lossless: Of a WebP, whether its pixels are stored as they were.
        exif: As `Photo` has it.
    """

    path: Path
    durations: tuple[float, ...]
    skip: int
    loop: int | None
    transparent: bool
    profile: bytes | None
    lossless: bool
    exif: bytes | None

    @property
    def count(self) -> int:
        """How many frames it has."""
        return len(self.durations)

    def frames(self) -> Iterator[Frame]:
        """Its frames, each whole, as a browser would show it.

        Raises:
            UserError: If the file is damaged.
        """
        time = Fraction(0)
        try:
            with _open(self.path) as image:
                photos = _photos(image, self.skip)
                for (photo, _), ms in zip(photos, self.durations, strict=True):
                    duration = Fraction(ms) / 1000
                    yield Frame(self._of_its_kind(photo), time, duration)
                    time += duration
        except DECODING_ERRORS as error:
            raise unreadable(self.path, error) from None

    def write(
        self, path: str | os.PathLike, frames: Iterable[Frame], mark: str | None = None
    ) -> list[str]:
        """Writes frames that last as long as this one's and repeat as often.

        The file appears when all is written. Equal frames in a row become one.

        Args:
            path: Ends in one of `MOVING_SUFFIXES`.
            frames: As many as this has, all of one size.
            mark: What edited them, for the metadata to say.

        Returns:
            What of this picture the other does not have: nothing.
        """
        path = Path(path)
        kind = _FORMATS[path.suffix.lower()]
        options: dict[str, Any] = {"quality": 92}  # of WebP and AVIF
        options |= metadata_options(kind, self.exif, mark)
        if self.lossless:
            options["lossless"] = True
        if self.loop is not None:
            options["loop"] = self.loop
        if kind == "GIF" and self.transparent:
            options |= {"transparency": _TRANSPARENT, "disposal": 2}
        photos = (frame.photo for frame in frames)
        first, *rest = map(_palette if kind == "GIF" else packed, photos)
        with atomic_path(path) as temporary:
            first.save(
                temporary,
                format=kind,
                save_all=True,
                append_images=rest,
                duration=list(self.durations),
                icc_profile=self.profile,
                **options,
            )
        return []

    def _of_its_kind(self, photo: Photo) -> Photo:
        """With opacity where any frame has it, without where none has."""
        if not self.transparent:
            return dataclasses.replace(photo, alpha=None)
        if photo.alpha is None:
            opaque = np.full(photo.pixels.shape[:2], 255, np.uint8)
            return dataclasses.replace(photo, alpha=opaque)
        return photo


def is_moving(path: Path) -> bool:
    """Whether a file holds a picture that moves, whatever its name."""
    try:
        with _open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except DECODING_ERRORS:
        return False  # whoever reads it as a photo says what is wrong


def open_moving(path: Path) -> MovingPicture:
    """Looks through all frames.

    Raises:
        UserError: If the file is damaged or too large.
    """
    try:
        with _open(path) as image, open(path, "rb") as file:
            skip = int(bool(image.info.get("default_image")))
            count = getattr(image, "n_frames", 1) - skip
            if count * image.width * image.height > _MAX_PIXELS_OF_ALL:
                raise UserError(
                    f"{path}: a moving picture may have {_MAX_PIXELS_OF_ALL // 10**6} "
                    f"megapixels in all its frames, received {count} of "
                    f"{image.width} x {image.height}; make it a video"
                )
            loop = image.info.get("loop")
            durations, transparent, profile, exif = [], False, None, None
            for photo, milliseconds in _photos(image, skip):
                transparent |= photo.alpha is not None and (photo.alpha < 255).any()
                profile, exif = photo.profile, photo.exif
                # Browsers show frames without a duration for a tenth of a second.
                durations.append(milliseconds or 100)
            if len(durations) != count:
                raise UserError(
                    f"{path}: not a video that can be read "
                    f"({len(durations)} of {count} frames)"
                )
            return MovingPicture(
                path,
                tuple(durations),
                skip,
                loop,
                bool(transparent),
                profile,
                image.format == "WEBP" and is_lossless_webp(file),
                exif,
            )
    except UserError:
        raise
    except DECODING_ERRORS as error:
        raise unreadable(path, error) from None


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    # Opened here, for Pillow leaves a file open that the disk does not give.
    with open(path, "rb") as file:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(file, formats=sorted(set(_FORMATS.values())))
        with image:
            yield image


def _photos(image: Image.Image, skip: int) -> Iterator[tuple[Photo, float]]:
    """Each frame, upright, and its milliseconds; 0 if it does not say."""
    for picture in itertools.islice(ImageSequence.Iterator(image), skip, None):
        upright = picture.copy()  # Pillow draws the next frame on top of its own
        exif = turned_upright(upright)
        photo = dataclasses.replace(unpacked(upright), exif=exif)
        yield photo, upright.info.get("duration") or 0


def _palette(photo: Photo) -> Image.Image:
    picture = Image.fromarray(photo.pixels)
    if photo.alpha is None:
        return to_palette(picture)
    picture = to_palette(picture, colours=_TRANSPARENT)
    picture.paste(_TRANSPARENT, mask=Image.fromarray(photo.alpha < 128))
    picture.info["transparency"] = _TRANSPARENT
    return picture
