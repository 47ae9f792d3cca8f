"""Read and write pictures: uint8 at the edges, float32 in [-1, 1] inside.

What users hand over is not always what its name says, so reading treats every file as
hostile: only raster formats are tried (none that starts an interpreter, as EPS does),
the size in the header is checked before a pixel is decoded, and whatever a decoder
raises on a damaged file becomes one line that names the file.
"""

import dataclasses
import os
import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from tf_fsgd.errors import UserError
from tf_fsgd.images.exif import DECODING_ERRORS, metadata_options, turned_upright
from tf_fsgd.images.photo import Photo, on_white, packed, unpacked
from tf_fsgd.storage.files import atomic_path

# The largest phones have 200 megapixels.
MAX_PIXELS = 300_000_000
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow's own limit is lower, and global

READABLE = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF")
"""Pillow's names of the formats that are tried."""
register_heif_opener()
# By suffix: Pillow's name, the longest side, options.
_WRITTEN = {
    # 4:4:4, because halved chroma bleeds at lips and at the labels of a grid.
    ".jpg": ("JPEG", 65_500, {"quality": 92, "subsampling": 0}),
    ".jpeg": ("JPEG", 65_500, {"quality": 92, "subsampling": 0}),
    ".png": ("PNG", 2**31 - 1, {}),
    ".webp": ("WEBP", 16_383, {"quality": 92}),
}
WRITABLE_SUFFIXES = tuple(_WRITTEN)
_TURNED = (5, 6, 7, 8)  # EXIF orientations that lie on their side


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Reads a picture as a viewer shows it on white: RGB, upright, in sRGB.

    Args:
        path: As for `read_photo`.

    Returns:
        `[H, W, 3]` uint8.

    Raises:
        UserError: As `read_photo`.
    """
    return read_photo(path).seen()


def read_photo(path: str | os.PathLike) -> Photo:
    """Reads a picture, upright, and what it needs to be written again as it was.

    EXIF orientation is applied; 16 bits become 8; of an animation the first frame is
    read.

    Args:
        path: A JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, AVIF or HEIC file; the content
            decides, not the suffix.

    Raises:
        UserError: If the file is missing or cannot be read, is not an image, is
            damaged, or has more than `MAX_PIXELS` pixels.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise UserError(f"{path}: expected an image, received a folder")
        if not path.is_file():
            raise UserError(f"{path}: no such file")
        with open(path, "rb") as file, warnings.catch_warnings():
            # Damage that is worth a word raises; the rest is noise to the user.
            warnings.simplefilter("ignore")
            return _decode(file, path)
    except UserError:
        raise
    except Image.UnidentifiedImageError:
        what = "unknown format" if path.stat().st_size else "the file is empty"
        raise UserError(f"{path}: not an image ({what})") from None
    except Image.DecompressionBombError:
        raise _too_large(path) from None
    except DECODING_ERRORS as error:
        # An errno is the disk's word, not the decoder's: no fault of the picture.
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from None
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path}: not an image that can be read ({reason})") from None


def image_size(path: str | os.PathLike) -> tuple[int, int]:
    """Height and width of what `read_image` would return, by the header alone.

    Args:
        path: As for `read_image`.

    Raises:
        UserError: As `read_image`; damage behind the header goes unseen.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=READABLE) as image:
                width, height = image.size
                turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
        except DECODING_ERRORS:
            # Reading all of it says what is wrong with the file, or makes do.
            return read_image(path).shape[:2]
    if turned and image.format != "TIFF":  # whose size Pillow has turned already
        width, height = height, width
    return height, width


def _too_large(path: Path) -> UserError:
    limit = MAX_PIXELS // 1_000_000
    return UserError(
        f"{path}: an image may have {limit} megapixels at most, it has more"
    )


def _decode(file: BinaryIO, path: Path) -> Photo:
    with Image.open(file, formats=READABLE) as image:
        if image.width * image.height > MAX_PIXELS:
            raise _too_large(path)
        if image.mode == "F":
            raise UserError(f"{path}: floating-point images are not supported")
        image.load()
        exif = turned_upright(image)
        photo = unpacked(image)
        lossless = image.format == "WEBP" and is_lossless_webp(file)
        return dataclasses.replace(photo, exif=exif, lossless=lossless)


def is_lossless_webp(file: BinaryIO) -> bool:
    """Whether a WebP's picture, or its first frame, is: Pillow does not say."""
    file.seek(len(b"RIFFsizeWEBP"))
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name in (b"VP8 ", b"VP8L"):
            return name == b"VP8L"
        # A frame has its place and time before the chunks of its picture.
        file.seek(16 if name == b"ANMF" else size + size % 2, os.SEEK_CUR)
    return False


def write_image(path: str | os.PathLike, image: np.ndarray) -> None:
    """Writes a picture, atomically.

    Args:
        path: As for `write_photo`.
        image: `[H, W, 3]`, uint8 or float in [-1, 1], sRGB.

    Raises:
        UserError: As `write_photo`.
    """
    write_photo(path, Photo(as_uint8(image)))


def write_photo(path: str | os.PathLike, photo: Photo, mark: str | None = None) -> None:
    """Writes a photo with its opacity, profile and EXIF, atomically.

    Args:
        path: Its suffix chooses the format: .jpg, .jpeg, .png or .webp. A JPEG has no
            opacity: it shows the photo on white.
        photo: What to write.
        mark: What edited it, for the metadata to say; `None` if nothing has.

    Raises:
        UserError: If the suffix is another one, or the format cannot hold the size.
    """
    path = Path(path)
    check_image(path, *photo.pixels.shape[:2])
    name, _, options = _WRITTEN[path.suffix.lower()]
    if name == "WEBP" and photo.lossless:
        # Exact, or colours under full transparency would be lost.
        options = {"lossless": True, "exact": True}
    if name == "JPEG" and photo.alpha is not None:
        pixels = on_white(photo.pixels, photo.alpha)
        photo = dataclasses.replace(photo, pixels=pixels, alpha=None)
    metadata = metadata_options(name, photo.exif, mark)
    if photo.profile:
        metadata["icc_profile"] = photo.profile
    with atomic_path(path) as temporary:
        packed(photo).save(temporary, format=name, **options, **metadata)


def check_image(path: str | os.PathLike, height: int, width: int) -> None:
    """Refuses what `write_image` would, before the picture is made.

    Raises:
        UserError: If the suffix is another one, or the format cannot hold the size.
    """
    path = Path(path)
    if path.suffix.lower() not in _WRITTEN:
        raise UserError(
            f"{path}: an image's suffix must be one of {', '.join(_WRITTEN)}, "
            f"received {path.suffix!r}"
        )
    name, limit, _ = _WRITTEN[path.suffix.lower()]
    if max(height, width) > limit:
        raise UserError(
            f"{path}: {name} holds {limit} pixels a side at most, "
            f"received {width} x {height}"
        )


def to_float(image: np.ndarray) -> np.ndarray:
    """uint8 of any shape to float32 in [-1, 1]."""
    return np.asarray(image).astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Float of any shape, nominally in [-1, 1], to uint8: rounded and clipped."""
    image = np.asarray(image).astype(np.float32)
    return np.clip(np.rint((image + 1) * 127.5), 0, 255).astype(np.uint8)


def as_uint8(image: np.ndarray) -> np.ndarray:
    """Passes a uint8 picture through, converts a float one.

    Args:
        image: `[H, W, 3]`, uint8 or float in [-1, 1].

    Raises:
        ValueError: If the shape or the type is another one.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"image must be [H, W, 3], received shape {image.shape}")
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind not in "fV":  # V: NumPy's view of bfloat16
        raise ValueError(f"image must be uint8 or float, received {image.dtype}")
    return to_uint8(image)


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resizes to a square with an antialiased Lanczos filter.

    Args:
        image: `[H, W, 3]` uint8; the longer side is cut at both ends when H is not W.
        size: Side of the result in pixels.

    Returns:
        `[size, size, 3]` uint8.
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    if side == size:
        return square.copy()
    picture = Image.fromarray(np.ascontiguousarray(square))
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))


def resized(faces: np.ndarray, size: int) -> np.ndarray:
    """Faces `[N, S, S, 3]` uint8 as `[N, size, size, 3]`, as `resize` makes them."""
    if faces.shape[1] == size or not len(faces):
        return faces
    return np.stack([resize(face, size) for face in faces])


def square_uint8(images: np.ndarray) -> np.ndarray:
    """Square pictures as they are, checked.

    Args:
        images: `[N, R, R, 3]` uint8, any R.

    Returns:
        The same as an array.

    Raises:
        ValueError: If they are not uint8 or not `[N, R, R, 3]`.
    """
    images = np.asarray(images)
    square = images.ndim == 4 and images.shape[1] == images.shape[2]
    if not square or images.shape[3] != 3 or images.dtype != np.uint8:
        raise ValueError(
            "images must be uint8 [N, R, R, 3], "
            f"received {images.dtype} {list(images.shape)}"
        )
    return images
