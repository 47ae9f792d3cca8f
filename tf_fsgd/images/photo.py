"""A photo in memory: its own pixels, and all that says how they look.

Photos of phones have up to 200 megapixels. Whatever goes through a whole one goes band
by band, so that beside the pixels themselves there is never more than Pillow's copy.
"""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from tf_fsgd.images.colour import LAB, applied, from_srgb, profile_of, to_srgb

_BAND = 4_000_000  # pixels

# Pillow's modes by what their colours are; what is not here converts to RGB by itself.
_GREY = ("1", "L", "LA", "La")


@dataclasses.dataclass
class Photo:
    """A photo, upright.

    Attributes:
        pixels: `[H, W, 3]` uint8, in the photo's own colour space.
        alpha: `[H, W]` uint8, opacity; `None` for a photo that has none.
        profile: The ICC profile that `pixels` are to be seen by; `None` for sRGB.
        exif: Who, when, where and with what, as EXIF; no orientation, no thumbnail.
        lossless: Whether a format that can be either should be written without loss.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    lossless: bool = False

    def seen(self) -> np.ndarray:
        """The photo as sRGB, on white: what networks look at.

        Returns:
            `[H, W, 3]` uint8; `pixels` themselves, no copy, where they are that.
        """
        if self.profile is None and self.alpha is None:
            return self.pixels
        seen = np.empty_like(self.pixels)
        for rows in bands(*self.pixels.shape[:2]):
            band = self.pixels[rows]
            if self.profile is not None:
                band = applied(band, to_srgb(self.profile, "RGB"))
            if self.alpha is not None:
                band = on_white(band, self.alpha[rows])
            seen[rows] = band
        return seen

    def own(self, faces: np.ndarray) -> np.ndarray:
        """Brings sRGB to the photo's own colour space.

        Args:
            faces: `[N, R, R, 3]` uint8.

        Returns:
            The same shape and type.
        """
        if self.profile is None:
            return faces
        column = faces.reshape(-1, *faces.shape[2:])
        return applied(column, from_srgb(self.profile)).reshape(faces.shape)

    def beside(self, other: "Photo") -> "Photo":
        """This photo and, right of it, another one of the same size and kind."""
        pixels = np.concatenate([self.pixels, other.pixels], axis=1)
        alpha = self.alpha
        if alpha is not None:
            alpha = np.concatenate([alpha, other.alpha], axis=1)
        return dataclasses.replace(self, pixels=pixels, alpha=alpha)


def unpacked(image: Image.Image) -> Photo:
    """A photo of a decoded picture of any of Pillow's modes, except floating point.

    RGB keeps its numbers and its profile. What no format that is written holds, CMYK,
    L*a*b* and grey with a profile, becomes what it looks like in sRGB; 16 bits become
    8.
    """
    profile, convert = profile_of(image), None
    wide = image.mode.startswith("I")
    grey = wide or image.mode in _GREY
    mode = "L" if grey and "icc_profile" in image.info else "RGB"
    if image.mode in ("CMYK", "LAB"):
        mode = image.mode
        profile = LAB if mode == "LAB" else profile
    if profile is not None:
        convert = to_srgb(profile, mode)
        # A scanner's profile may know one way only.
        if mode == "RGB" and convert is not None and from_srgb(profile) is not None:
            convert = None
        else:
            profile = None
    transparent = image.has_transparency_data and not wide
    shape = (image.height, image.width)
    pixels = np.empty((*shape, 3), np.uint8)
    alpha = np.empty(shape, np.uint8) if transparent else None
    for rows in bands(*shape):
        band = image.crop((0, rows.start, image.width, rows.stop))
        if wide:
            band = _eight_bits(band)
        if alpha is not None:
            band = band.convert("RGBA")
            alpha[rows] = np.asarray(band.getchannel("A"))
        band = band.convert(mode)
        if convert is not None:
            band = convert.apply(band)
        pixels[rows] = np.asarray(band.convert("RGB"))
    return Photo(pixels, alpha, profile)


def packed(photo: Photo) -> Image.Image:
    """RGB, or RGBA, for Pillow to write."""
    picture = Image.fromarray(photo.pixels)
    if photo.alpha is not None:
        picture.putalpha(Image.fromarray(photo.alpha))
    return picture


def on_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lays pixels `[H, W, 3]` uint8 of an opacity `[H, W]` uint8 over white."""
    dark = (255 - pixels).astype(np.uint16) * alpha[..., None]
    return ((65_025 + 127 - dark) // 255).astype(np.uint8)


def bands(height: int, width: int, whole: int = 1) -> Iterator[slice]:
    """Cuts a picture's rows so that each band has some megapixels only.

    Args:
        height: Rows.
        width: Pixels of a row.
        whole: All bands but the last have a multiple of so many rows.
    """
    step = whole * max(1, _BAND // (width * whole))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def reduced(
    cut: Callable[[slice], np.ndarray], height: int, width: int, factors: tuple
) -> Image.Image:
    """Pillow's `reduce`, means of boxes, without its copy of the whole picture.

    Args:
        cut: Gives rows of the picture, `[h, W, 3]` uint8.
        height: H.
        width: W.
        factors: Width and height of a box in pixels.
    """
    parts = [
        np.asarray(Image.fromarray(cut(rows)).reduce(factors))
        for rows in bands(height, width, factors[1])
    ]
    return Image.fromarray(np.concatenate(parts))


def _eight_bits(band: Image.Image) -> Image.Image:
    # Pillow would clip 16-bit grey at 255 instead of scaling it.
    grey = np.clip(np.asarray(band).astype(np.float64) / 257, 0, 255)
    return Image.fromarray(np.rint(grey).astype(np.uint8))
