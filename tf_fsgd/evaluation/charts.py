"""Two charts as inline SVG: the slider's curve with its interval, and bars.

Colours and fonts come from the page's style sheet, so that a chart is readable in light
and dark.
"""

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 340, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 12, 34
_TICKS = 5  # about so many
_BAR_WIDTH, _BAR_ROW = 340, 18
_LABEL_WIDTH = 128  # of a bar's name
_VALUE_WIDTH = 46  # beyond the longest bar, for its number


def curve(
    xs: Sequence[float],
    rows: Sequence[dict],
    x_label: str,
    y_label: str,
    reach: float,
) -> str:
    """A line through means with a band of their intervals.

    Args:
        xs: Rising.
        rows: A "mean", "low" and "high" for each x, none of them `None`.
        x_label: Below the chart.
        y_label: The chart's description, for those who cannot see it.
        reach: The y axis ends here, or further up where a mean or interval does, so
            that a small effect looks small.

    Returns:
        An `<svg>` element.
    """
    lowest = min(0.0, *(row["low"] for row in rows))
    highest = max(reach, *(row["high"] for row in rows))
    step = _step(highest - lowest)
    first, last = math.floor(lowest / step), math.ceil(highest / step)
    lowest, highest = first * step, last * step
    reach_x = (xs[-1] - xs[0]) or 1.0

    def x_of(value: float) -> float:
        return _LEFT + (value - xs[0]) / reach_x * (_WIDTH - _LEFT - _RIGHT)

    def y_of(value: float) -> float:
        share = (value - lowest) / (highest - lowest)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def points(key: str) -> list[str]:
        return [
            f"{x_of(x):.1f},{y_of(row[key]):.1f}"
            for x, row in zip(xs, rows, strict=True)
        ]

    band = points("low") + points("high")[::-1]
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(y_label)}">'
    ]
    for tick in range(first, last + 1):
        value = tick * step
        y = y_of(value)
        parts.append(
            f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}'
            "</text>"
        )
    for x in xs:
        parts.append(
            f'<text x="{x_of(x):.1f}" y="{_HEIGHT - _BOTTOM + 15}" '
            f'text-anchor="middle">{x:g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 3}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<polygon class="band" points="{" ".join(band)}"/>'
        f'<polyline class="line" points="{" ".join(points("mean"))}"/>'
    )
    parts += [
        f'<circle class="dot" cx="{point.split(",")[0]}" '
        f'cy="{point.split(",")[1]}" r="3"/>'
        for point in points("mean")
    ]
    return "".join(parts) + "</svg>"


def _step(reach: float) -> float:
    """1, 2 or 5 times a power of ten: a round distance between ticks."""
    rough = reach / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough)


def bars(values: dict[str, float], description: str) -> str:
    """Bars to either side of zero, in the order given.

    Args:
        values: By name, one at least.
        description: Of the chart, for those who cannot see it.

    Returns:
        An `<svg>` element.
    """
    largest = max(abs(value) for value in values.values()) or 1.0
    left, right = _LABEL_WIDTH + _VALUE_WIDTH, _BAR_WIDTH - _VALUE_WIDTH
    if all(value >= 0 for value in values.values()):
        left = _LABEL_WIDTH
    zero = (left + right) / 2 if left > _LABEL_WIDTH else left
    scale = (right - zero) / largest
    parts = [
        f'<svg class="chart" viewBox="0 0 {_BAR_WIDTH} {_BAR_ROW * len(values)}" '
        f'role="img" aria-label="{escape(description)}">'
    ]
    for row, (name, value) in enumerate(values.items()):
        top, reach = row * _BAR_ROW, abs(value) * scale
        start = zero - reach if value < 0 else zero
        end, anchor = (start - 4, "end") if value < 0 else (start + reach + 4, "start")
        baseline = top + _BAR_ROW - 5
        parts.append(
            f'<text x="0" y="{baseline}">{escape(name)}</text>'
            f'<rect class="{"less" if value < 0 else "more"}" x="{start:.1f}" '
            f'y="{top + 3}" width="{max(reach, 0.5):.1f}" height="{_BAR_ROW - 6}"/>'
            f'<text x="{end:.1f}" y="{baseline}" text-anchor="{anchor}">'
            f"{value:+.2f}</text>"
        )
    return "".join(parts) + "</svg>"
