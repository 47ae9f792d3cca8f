"""Grids of equally large pictures, with labels beside rows and above columns."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tf_fsgd.images.io import as_uint8

_PAPER = 255
_INK = (0, 0, 0)
_MARGIN = 4  # pixels around a label
_SMALLEST_FONT = 8  # below this, Pillow's default font cannot be read


def image_grid(
    images: Sequence[np.ndarray] | np.ndarray,
    columns: int,
    *,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    gap: int = 2,
) -> np.ndarray:
    """Lays pictures out row by row on white.

    Args:
        images: N pictures `[H, W, 3]` of one size, uint8 or float in [-1, 1]. The last
            row may be short.
        columns: Pictures in a row.
        row_labels: One text a row, written at its left.
        column_labels: One text a column, written above it; shrunk, then shortened,
            until it fits the column.
        gap: White pixels between two pictures.

    Returns:
        `[grid height, grid width, 3]` uint8.

    Raises:
        ValueError: If there is no picture, if sizes differ, or if the number of labels
            is not that of the rows or columns.
    """
    cells = [as_uint8(image) for image in images]
    if not cells or columns < 1:
        raise ValueError(
            f"a grid needs an image and a column, received {len(cells)} images "
            f"and columns={columns}"
        )
    shapes = {cell.shape for cell in cells}
    if len(shapes) > 1:
        raise ValueError(f"images must have one size, received {sorted(shapes)}")
    rows = -(-len(cells) // columns)
    for name, labels, expected in (
        ("row_labels", row_labels, rows),
        ("column_labels", column_labels, columns),
    ):
        if labels is not None and len(labels) != expected:
            raise ValueError(f"{name}: expected {expected}, received {len(labels)}")

    height, width, _ = cells[0].shape
    left, top = 0, 0
    if row_labels:
        row_font = _font(height)
        left = max(_text_width(row_font, text) for text in row_labels) + 2 * _MARGIN
    if column_labels:
        column_font, column_labels = _fit(column_labels, width)
        top = sum(column_font.getmetrics()) + 2 * _MARGIN

    canvas = np.full(
        (
            top + rows * (height + gap) - gap,
            left + columns * (width + gap) - gap,
            3,
        ),
        _PAPER,
        np.uint8,
    )
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        y, x = top + row * (height + gap), left + column * (width + gap)
        canvas[y : y + height, x : x + width] = cell
    if not row_labels and not column_labels:
        return canvas

    picture = Image.fromarray(canvas)
    draw = ImageDraw.Draw(picture)
    for row, text in enumerate(row_labels or ()):
        centre = top + row * (height + gap) + height / 2
        draw.text((left - _MARGIN, centre), text, _INK, row_font, anchor="rm")
    for column, text in enumerate(column_labels or ()):
        centre = left + column * (width + gap) + width / 2
        draw.text((centre, top / 2), text, _INK, column_font, anchor="mm")
    return np.asarray(picture)


def _font(height: int) -> ImageFont.FreeTypeFont:
    """The default font at a size that suits pictures of this height."""
    return _font_of(min(max(height / 10, 11), 40))


def _font_of(size: float) -> ImageFont.FreeTypeFont:
    # Pillow's own packages have FreeType; without it, there is one size of one font.
    return cast(ImageFont.FreeTypeFont, ImageFont.load_default(size))


def _text_width(font: ImageFont.FreeTypeFont, text: str) -> int:
    return int(np.ceil(font.getlength(text)))


def _fit(labels: Sequence[str], width: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """One font for all labels, and the labels, shortened where the font cannot help."""
    font = _font(width)
    while font.size > _SMALLEST_FONT and any(
        _text_width(font, text) > width for text in labels
    ):
        font = _font_of(font.size - 1)
    shortened = []
    for text in labels:
        if _text_width(font, text) > width:
            while text and _text_width(font, text + "…") > width:
                text = text[:-1]
            text = text.rstrip() + "…"
        shortened.append(text)
    return font, shortened
