"""What a photo's numbers mean: its ICC profile, and the ways to sRGB and back.

The networks have seen sRGB only, and phones write Display P3. A photo keeps its own
numbers and its profile; what the networks look at is brought to sRGB, and what they
change is brought back.
"""

import functools
import io
import struct
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
"""The profile of L*a*b* pixels, which need none of their own."""

_SRGB_GAMMA = 0.45455
# g, a, b, c, d of IEC 61966-2-1: (a x + b) ** g from d on, c x below.
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
# White, red, green, blue; x and y of each.
_SRGB_POINTS = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_D50 = np.array([0.9642, 1.0, 0.8249])  # of every ICC profile
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def profile_of(image: Image.Image) -> bytes | None:
    """The ICC profile of a picture, or one that says what it says otherwise.

    Args:
        image: As opened.

    Returns:
        An ICC profile, perhaps a damaged one; `None` for sRGB, and where nothing is
        said, which means sRGB.
    """
    if profile := image.info.get("icc_profile"):
        return profile
    if nclx := image.info.get("nclx_profile"):  # HEIC's, by libheif
        points = tuple(
            nclx[f"color_primary_{colour}_{axis}"]
            for colour in ("white", "red", "green", "blue")
            for axis in "xy"
        )
        as_srgb = np.allclose(points, _SRGB_POINTS, atol=1e-3)
        return None if as_srgb else gamma_profile(None, points)
    if image.format != "PNG" or "srgb" in image.info:
        return None
    gamma = image.info.get("gamma", 0)
    points = image.info.get("chromaticity", _SRGB_POINTS)
    as_srgb = np.allclose(points, _SRGB_POINTS, atol=1e-3)
    if not gamma > 0 or (as_srgb and abs(gamma - _SRGB_GAMMA) < 1e-3):
        return None
    return gamma_profile(gamma, points)


def gamma_profile(gamma: float | None, points: tuple[float, ...]) -> bytes | None:
    """An ICC profile (version 4, three primaries and one curve) in the words of a PNG.

    Args:
        gamma: The exponent that has made the numbers out of light, such as 0.45; `None`
            for sRGB's curve.
        points: Chromaticities x, y of white, red, green and blue.

    Returns:
        The profile; `None` if the points span no colours.
    """
    xy = np.array(points, np.float64).reshape(4, 2)
    if not (np.isfinite(xy).all() and (xy[:, 1] > 0).all()):
        return None
    white, *primaries = (np.array([x, y, 1 - x - y]) / y for x, y in xy)
    primaries = np.stack(primaries, axis=1)
    if abs(np.linalg.det(primaries)) < 1e-6:
        return None
    primaries = primaries * np.linalg.solve(primaries, white)
    # von Kries' adaptation, in Bradford's cones, from the file's white to D50.
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adaptation = np.linalg.solve(_BRADFORD, scale[:, None] * _BRADFORD)
    red, green, blue = (adaptation @ primaries).T
    kind, numbers = (3, _SRGB_CURVE) if gamma is None else (0, [1 / gamma])
    curve = struct.pack(">4s4xH2x", b"para", kind) + _fixed(numbers)
    tags = {
        b"desc": _text("primaries and curve as the file gave them"),
        b"cprt": _text("none"),
        b"wtpt": b"XYZ " + bytes(4) + _fixed(_D50),
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation.ravel()),
        b"rXYZ": b"XYZ " + bytes(4) + _fixed(red),
        b"gXYZ": b"XYZ " + bytes(4) + _fixed(green),
        b"bXYZ": b"XYZ " + bytes(4) + _fixed(blue),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, tag in tags.items():
        table += name + struct.pack(">II", start + len(data), len(tag))
        data += tag
    header = struct.pack(
        ">I4sI4s4s4s12x4s28x12s48x",
        start + len(data),
        bytes(4),
        0x04300000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
        _fixed(_D50),
    )
    return header + table + data


def _fixed(numbers: Iterable[float]) -> bytes:
    """ICC's s15Fixed16Number; what is beyond them is cut."""
    scaled = np.clip(np.rint(np.array([*numbers]) * 65_536), -(2.0**31), 2.0**31 - 1)
    return scaled.astype(">i4").tobytes()


def _text(text: str) -> bytes:
    letters = text.encode("utf-16-be")
    record = struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(letters), 28)
    padding = bytes(-len(letters) % 4)
    return b"mluc" + bytes(4) + record + letters + padding


@functools.lru_cache(maxsize=8)
def to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from pixels of a profile to sRGB.

    Args:
        profile: ICC.
        mode: Pillow's, of the pixels: "RGB", "L", "CMYK" or "LAB".

    Returns:
        `None` where the profile is damaged or of other pixels; viewers ignore it then.
    """
    return _transform(profile, mode, back=False)


@functools.lru_cache(maxsize=8)
def from_srgb(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """The way from sRGB to RGB pixels of a profile; `None` where there is none."""
    return _transform(profile, "RGB", back=True)


def _transform(profile: bytes, mode: str, *, back: bool):
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ends = (_SRGB, own) if back else (own, _SRGB)
        modes = ("RGB", mode) if back else (mode, "RGB")
        return ImageCms.buildTransform(*ends, *modes)
    except (ImageCms.PyCMSError, OSError):
        return None


def applied(
    pixels: np.ndarray, transform: ImageCms.ImageCmsTransform | None
) -> np.ndarray:
    """Brings RGB pixels, `[H, W, 3]` uint8, from one space to another, if there is a
    way."""
    if transform is None:
        return pixels
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(ImageCms.applyTransform(picture, transform))
