"""What files say about a picture beside its pixels: EXIF, and a mark of who edited it.

Pillow reads and writes EXIF in JPEG, PNG, WebP and AVIF, and reads it in HEIC and TIFF.
"""

import struct
import zlib
from typing import Any

from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo

DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    AttributeError,
    RuntimeError,
    AssertionError,
    MemoryError,  # the size that a header claims
    Image.DecompressionBombError,
    struct.error,
    zlib.error,
)
"""Pillow raises all of these on damaged files, from decoders and after them."""

_MOST_EXIF = 65_533  # bytes in a JPEG

_KEPT = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)
# About the old file's pixels and layout; a maker's note counts its offsets from the old
# file's start, and may hold a preview of the old face.
_STALE = (
    ExifTags.Base.MakerNote,
    ExifTags.Base.ExifImageWidth,
    ExifTags.Base.ExifImageHeight,
    ExifTags.Base.ExifInteroperabilityOffset,
    ExifTags.Base.SubjectLocation,
    0x9214,  # SubjectArea
)


def turned_upright(image: Image.Image) -> bytes | None:
    """Turns a picture, in place, as its EXIF wants it.

    Returns:
        What of the EXIF stays true: date, place and camera, neither an orientation nor
        a thumbnail. `None` if there is nothing of it.
    """
    try:
        ImageOps.exif_transpose(image, in_place=True)
        found, kept = image.getexif(), Image.Exif()
        for tag in _KEPT:
            if tag in found:
                kept[tag] = found[tag]
        details = found.get_ifd(ExifTags.IFD.Exif)
        parts = {
            ExifTags.IFD.Exif: {t: v for t, v in details.items() if t not in _STALE},
            ExifTags.IFD.GPSInfo: found.get_ifd(ExifTags.IFD.GPSInfo),
        }
        kept.update({tag: part for tag, part in parts.items() if part})
        return _packed(kept) if len(kept) else None
    except DECODING_ERRORS:
        # Pixels that decode are worth more than the metadata beside them.
        return None


def metadata_options(kind: str, exif: bytes | None, mark: str | None) -> dict[str, Any]:
    """What Pillow's `save` is to be told of both.

    Args:
        kind: Pillow's name of a format.
        exif: As `turned_upright` returns it.
        mark: What edited the picture: EXIF's Software, a PNG's text of that name, a
            GIF's comment. `None` leaves what the EXIF says.
    """
    if kind == "GIF":
        return {"comment": mark} if mark else {}
    if mark:
        tags = Image.Exif()
        tags.load(exif or b"")
        tags[ExifTags.Base.Software] = mark
        exif = _packed(tags)
    found: dict[str, Any] = {}
    if exif and not (kind == "JPEG" and len(exif) > _MOST_EXIF):
        found["exif"] = exif
    if mark and kind == "PNG":
        found["pnginfo"] = PngInfo()
        found["pnginfo"].add_text("Software", mark)
    return found


def _packed(exif: Image.Exif) -> bytes:
    # Pillow reads text as Latin-1, whatever it is, and would write "?" for an umlaut.
    texts = {tag: text for tag, text in exif.items() if isinstance(text, str)}
    exif.update({tag: text.encode("latin-1") for tag, text in texts.items()})
    return exif.tobytes()
