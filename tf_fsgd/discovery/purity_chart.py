"""The purity matrix as a picture: attributes down, directions across."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tf_fsgd.discovery.purity import PurityMatrix

_CELL = (74, 19)  # pixels
_LEFT, _TOP = 170, 44
_RISES, _FALLS = np.array([200, 60, 40]), np.array([40, 90, 190])
_FULL = 0.6  # a move of this many standard deviations has the full colour
_INK, _PAPER = (20, 20, 20), (255, 255, 255)


def purity_chart(matrix: PurityMatrix) -> np.ndarray:
    """Draws every move as a coloured number; what is wanted has a frame.

    Attributes that move most, wanted or not, stand first; red rises, blue falls.

    Returns:
        `[H, W, 3]` uint8.
    """
    width, height = _CELL
    moves = matrix.moves
    order = np.argsort(-np.abs(moves).max(axis=0))
    picture = Image.new(
        "RGB", (_LEFT + width * len(moves), _TOP + height * len(order) + 4), _PAPER
    )
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(12)
    bold = ImageFont.load_default(14)
    for column, name in enumerate(matrix.directions):
        x = _LEFT + column * width
        draw.text((x + width / 2, 14), name, _INK, bold, anchor="mm")
        ratio = matrix.row(column)["ratio"]
        draw.text((x + width / 2, 32), f"{ratio:.1f} : 1", _INK, font, anchor="mm")
    for line, attribute in enumerate(order):
        y = _TOP + line * height
        name = matrix.attributes[attribute]
        label = name.replace("_", " ")
        draw.text((_LEFT - 8, y + height / 2), label, _INK, font, anchor="rm")
        for column, move in enumerate(moves[:, attribute]):
            x = _LEFT + column * width
            box = (x, y, x + width - 2, y + height - 2)
            draw.rectangle(box, fill=_colour(move))
            text = f"{move:+.2f}"
            centre = (x + width / 2 - 1, y + height / 2 - 1)
            draw.text(centre, text, _INK, font, anchor="mm")
            if matrix.wanted[column] == name:
                draw.rectangle(box, outline=_INK, width=2)
    return np.asarray(picture)


def _colour(move: float) -> tuple[int, ...]:
    share = min(abs(move) / _FULL, 1) * 0.8  # the number must stay readable
    full = _RISES if move > 0 else _FALLS
    return tuple((np.array(_PAPER) * (1 - share) + full * share).astype(int).tolist())
