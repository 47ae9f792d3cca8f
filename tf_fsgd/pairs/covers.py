"""What stands in front of a face: hands, microphones, sunglasses, hair, sheets.

StyleGAN hardly ever draws such things, so a translator that has only seen its faces
takes a hand for skin and paints a beard on it. Shapes of our own, drawn on both sides
of a pair alike, teach it to leave alone what is no face. They need not look real: they
need edges, shades and colours of skin, cloth and metal where a face would be.
"""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_FINER = 2  # times the side at which shapes are drawn, for smooth edges
# RGB from the darkest skin to the palest; a hand has any mixture of two neighbours.
_SKIN = ((58, 36, 26), (110, 70, 48), (168, 116, 86), (214, 164, 132), (240, 204, 180))
_HAIR = ((24, 18, 16), (70, 44, 28), (130, 88, 50), (196, 160, 104), (170, 168, 166))
# Where FFHQ's framing puts the eyes, in shares of the side, and how far apart.
_EYES_Y, _EYES_APART = 0.47, 0.25
_NOSE = (0.5, 0.6)  # rows there, in shares of the side, are skin from cheek to cheek
_OWN = 0.6  # probability that a hand has the face's own colour


def draw_cover(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """One thing for the front of a face.

    Args:
        rng: All choices are its.
        image: `[S, S, 3]` uint8, the face in FFHQ's framing; hands are mostly its own.

    Returns:
        `[S, S, 4]` uint8, colour and opacity, transparent where nothing is.
    """
    size = len(image)
    side = size * _FINER
    shape = Image.new("L", (side, side))
    kind = _KINDS[rng.integers(len(_KINDS))]
    colour = kind(rng, ImageDraw.Draw(shape), side)
    if kind is _hand and rng.random() < _OWN:
        first, last = (round(share * size) for share in _NOSE)
        colour = image[first:last, first:last].mean(axis=(0, 1))
    opacity = np.asarray(shape.resize((size, size), Image.Resampling.BOX), np.float32)
    pixels = _shaded(rng, opacity, np.array(colour, np.float32))
    return np.rint(np.dstack([pixels, opacity])).astype(np.uint8)


def covered(image: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """A picture behind a cover.

    Args:
        image: `[S, S, 3]` uint8.
        cover: `[S, S, 4]` uint8, as `draw_cover` gives it.
    """
    opacity = cover[..., 3:].astype(np.float32) / 255
    front = cover[..., :3].astype(np.float32)
    return np.rint(image + opacity * (front - image)).astype(np.uint8)


def _hand(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int):
    """A palm at the border of the face, and some fingers spread towards its middle."""
    palm = side * _around(rng, 0.38)
    towards = math.atan2(side / 2 - palm[1], side / 2 - palm[0]) + rng.uniform(
        -0.5, 0.5
    )
    width = side * rng.uniform(0.045, 0.075)
    reach = side * rng.uniform(0.22, 0.36)
    radius = 2.1 * width
    draw.ellipse([*(palm - radius), *(palm + radius)], fill=255)
    _stick(draw, palm, palm - 2 * reach * _unit(towards), 3.2 * width)  # the arm
    for finger in range(rng.integers(2, 5)):
        angle = towards + (finger - 1.5) * rng.uniform(0.16, 0.3)
        tip = palm + reach * rng.uniform(0.8, 1.1) * _unit(angle)
        _stick(draw, palm, tip, width)
    return _between(rng, _SKIN)


def _microphone(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int):
    """A dark ball below the mouth, and its handle."""
    head = side * (np.array([0.5, 0.78]) + rng.uniform(-0.12, 0.12, 2))
    radius = side * rng.uniform(0.05, 0.1)
    foot = head + side * np.array([rng.uniform(-0.4, 0.4), 0.6])
    _stick(draw, head, foot, 1.1 * radius)
    draw.ellipse([*(head - radius), *(head + radius)], fill=255)
    return [int(rng.integers(10, 110))] * 3


def _sunglasses(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int):
    """Two opaque lenses and what holds them."""
    centre = side * (np.array([0.5, _EYES_Y]) + rng.uniform(-0.02, 0.02, 2))
    along = _unit(rng.uniform(-0.12, 0.12))
    half = np.array([rng.uniform(0.09, 0.12), rng.uniform(0.06, 0.1)]) * side
    lenses = [centre + sign * side * _EYES_APART / 2 * along for sign in (-1, 1)]
    rounding = rng.uniform(0.3, 1.0) * half.min()
    for lens in lenses:
        draw.rounded_rectangle([*(lens - half), *(lens + half)], rounding, fill=255)
    ends = [centre + sign * side * 0.34 * along for sign in (-1, 1)]
    _stick(draw, ends[0], ends[1], side * 0.018)
    return rng.integers(5, 60, 3)


def _strands(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int):
    """Locks that fall over the face from above."""
    start = np.array([rng.uniform(0.15, 0.85), rng.uniform(0.0, 0.2)])
    end = np.array([rng.uniform(0.1, 0.9), rng.uniform(0.5, 1.0)])
    for _ in range(rng.integers(4, 30)):
        points = np.stack([start, (start + end) / 2, end])
        points = side * (points + rng.normal(0, (0.02, 0.03), (3, 2)))
        places = np.linspace(0, 1, 24)[:, None]
        curve = (
            (1 - places) ** 2 * points[0]
            + 2 * places * (1 - places) * points[1]
            + places**2 * points[2]
        )
        draw.line(curve.ravel().tolist(), fill=255, width=int(rng.integers(1, 6)))
    return _between(rng, _HAIR)


def _sheet(rng: np.random.Generator, draw: ImageDraw.ImageDraw, side: int):
    """Paper, cloth, a telephone: straight borders and any colour."""
    centre = side * _around(rng, 0.3)
    half = side * rng.uniform(0.08, 0.25, 2)
    angle = rng.uniform(0, math.pi)
    across, along = _unit(angle) * half[0], _unit(angle + math.pi / 2) * half[1]
    corners = [
        centre + x * across + y * along for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1))
    ]
    draw.polygon(np.ravel(corners).tolist(), fill=255)
    return rng.integers(0, 256, 3)


_KINDS: tuple[Callable, ...] = (
    _hand,
    _hand,
    _microphone,
    _sunglasses,
    _strands,
    _sheet,
)


def _shaded(
    rng: np.random.Generator, opacity: np.ndarray, colour: np.ndarray
) -> np.ndarray:
    """The colour lit from a side, darker towards the rim, with folds and grain."""
    size = len(opacity)
    blurred = Image.fromarray(opacity.astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(size / 32)
    )
    rim = np.asarray(blurred, np.float32) / 255
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    light = _unit(rng.uniform(0, 2 * math.pi))
    light = light[0] * ramp[None, :] + light[1] * ramp[:, None]
    folds = rng.normal(0, 1, (8, 8)).astype(np.float32)
    folds = np.asarray(
        Image.fromarray(folds).resize((size, size), Image.Resampling.BICUBIC)
    )
    grain = rng.normal(0, 1, (size, size)).astype(np.float32)
    shade = 0.55 + 0.45 * rim + rng.uniform(0, 0.3) * light
    shade += rng.uniform(0, 0.12) * folds + rng.uniform(0, 0.03) * grain
    return np.clip(shade[..., None] * colour, 0, 255)


def _stick(draw: ImageDraw.ImageDraw, start, end, width: float) -> None:
    """A line with round ends."""
    draw.line([*start, *end], fill=255, width=max(1, round(width)))
    for point in (start, end):
        draw.ellipse([*(point - width / 2), *(point + width / 2)], fill=255)


def _around(rng: np.random.Generator, distance: float) -> np.ndarray:
    """A point so far from the middle, in shares of the side."""
    return 0.5 + distance * _unit(rng.uniform(0, 2 * math.pi))


def _unit(angle: float) -> np.ndarray:
    return np.array([math.cos(angle), math.sin(angle)])


def _between(rng: np.random.Generator, colours) -> np.ndarray:
    """A mixture of two neighbours."""
    place = rng.uniform(0, len(colours) - 1)
    first, share = int(place), place % 1
    return (1 - share) * np.array(colours[first]) + share * np.array(colours[first + 1])
