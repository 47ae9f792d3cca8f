"""The rows of the report's tables: what is measured, what it means, how it is written.

The page and the console show the same rows of the same numbers.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

_TOP_MOVERS = 3  # that a line of the terminal has room for


class Cell(NamedTuple):
    """A number as it is shown.

    Attributes:
        text: The number with its unit.
        interval: Its 95 % interval, or empty.
    """

    text: str
    interval: str = ""


NOTHING = Cell("–")


class Row(NamedTuple):
    """One thing that is measured of an edit at a strength.

    Attributes:
        label: Its name, with the unit.
        meaning: In one line, for who has never met it.
        cell: What `edits.measure` returns, or a part of it, to what is shown.
    """

    label: str
    meaning: str
    cell: Callable[[dict], Cell]


def number(value: dict | None, digits: int, scale: float = 1, sign: str = "") -> Cell:
    """A mean, a share or a distance with its interval.

    Args:
        value: As `intervals` and `distribution.kernel_distance` return it.
        digits: After the point.
        scale: Factor, for example 100 for percent.
        sign: "+" writes it before positive numbers too.
    """
    if not value:
        return NOTHING
    middle = next((value[k] for k in ("mean", "share", "value") if k in value), None)
    if middle is None:
        return NOTHING
    middle, low, high = (
        # No minus before what is rounded to 0.
        f"{round(end * scale, digits) + 0.0:{sign}.{digits}f}"
        for end in (middle, value["low"], value["high"])
    )
    return Cell(middle, f"{low} to {high}")


def share(value: dict | None) -> Cell:
    """A share in percent."""
    cell = number(value, 0, 100)
    return cell if cell is NOTHING else Cell(f"{cell.text} %", cell.interval)


def _of(key: str, digits: int, scale: float = 1, sign: str = ""):
    return lambda row: number(row.get(key), digits, scale, sign)


def _effect(row: dict) -> Cell:
    effect = row.get("effect")
    if effect is None:
        return NOTHING
    if effect["unit"] == "years":
        cell = number(effect["moved"], 1, sign="+")
        return Cell(f"{cell.text} years", cell.interval)
    return number(effect["moved"], 2, sign="+")


def _frechet(row: dict) -> Cell:
    value = row.get("frechet_distance")
    return NOTHING if value is None else Cell(f"{value:.1f}")


ROWS = (
    Row(
        "Effect",
        "how far the edit moved what it is for: a probability (0 to 1), or years; "
        "gender and age as the judge reads them, anything else as the classifier does",
        _effect,
    ),
    Row(
        "Reached (%)",
        "outputs read as the target; ages have none",
        lambda row: share(row.get("reached")),
    ),
    Row(
        "Reached before (%)",
        "the same of the photos themselves",
        lambda row: share(row.get("reached_before")),
    ),
    Row(
        "Turned back (%)",
        "of those who have already what the edit brings, outputs read as if they had "
        "not; they should stay what they are",
        lambda row: share(row.get("turned_back")),
    ),
    Row(
        "Turned back before (%)",
        "the same of their photos: how often the reading is wrong by itself",
        lambda row: share(row.get("turned_back_before")),
    ),
    Row(
        "Identity (cosine)",
        "between photo and edit, for a face recognition network; 1: the same picture, "
        "0: strangers on average",
        _of("identity_cosine", 2),
    ),
    Row(
        "Same person (%)",
        "edits whose distance to the photo is below that network's limit for a person",
        lambda row: share(row.get("same_person")),
    ),
    Row(
        "LPIPS",
        "perceptual distance to the photo; 0: the same picture",
        _of("lpips", 3),
    ),
    Row(
        "Pixel change (of 255)",
        "mean absolute change of a pixel",
        _of("mean_absolute_pixel_change", 1),
    ),
    Row(
        "… outside the head",
        "the same where nothing should change: outside an ellipse around head and hair",
        _of("mean_absolute_pixel_change_outside_head", 1),
    ),
    Row(
        "Blobs per 1,000",
        "round black or white defects in 1,000 outputs",
        _of("blobs_per_1000", 0),
    ),
    Row(
        "Age moved (years)",
        "by the judge; wanted of older and younger only",
        _of("years_moved", 1, sign="+"),
    ),
    Row(
        "Male moved (probability)",
        "by the judge; wanted of feminine and masculine only",
        _of("probability_male_moved", 2, sign="+"),
    ),
    Row(
        "KID (× 1,000)",
        "distance of the outputs to real faces of the target class; smaller is more "
        "real; the notes name the feature space",
        _of("kernel_distance", 2, 1000),
    ),
    Row(
        "Fréchet distance",
        "the same by means and covariances; falls with the number of faces, so compare "
        "equal numbers only; this is not FID",
        _frechet,
    ),
)


def filled(columns: Sequence[dict]) -> list[tuple[Row, list[Cell]]]:
    """The rows that say something of one column at least, with a cell for each.

    Args:
        columns: What `edits.measure` returns, or parts of it.
    """
    rows = [(row, [row.cell(column) for column in columns]) for row in ROWS]
    return [(row, cells) for row, cells in rows if any(c.text != "–" for c in cells)]


def top_movers(moved: dict[str, dict], count: int) -> list[tuple[str, float]]:
    """The attributes that moved most, the largest change of either sign first.

    Args:
        moved: "attributes_moved" of `edits.measure`.
        count: How many.
    """
    means = [(name, value["mean"]) for name, value in moved.items()]
    known = [(name, mean) for name, mean in means if mean is not None]
    return sorted(known, key=lambda item: -abs(item[1]))[:count]


def console_table(report: dict) -> str:
    """The headline numbers, at strength 1, for a terminal.

    Args:
        report: As `report.evaluate` returns it.

    Returns:
        Lines of text: a column an edit, and below them what each edit moved most.
    """
    edits = report["edits"]
    full = {edit: values["strengths"]["1"] for edit, values in edits.items()}
    sliders = [values["slider"] for values in edits.values()]
    still = [number(slider["pixel_change_at_0"], 2) for slider in sliders]
    rows = [
        ("at strength 1", list(full)),
        ("photos", [str(row["count"]) for row in full.values()]),
        *(
            (row.label, [cell.text for cell in cells])
            for row, cells in filled(list(full.values()))
        ),
        ("Monotone (%)", [share(slider["monotone"]).text for slider in sliders]),
        ("Change at strength 0", [cell.text for cell in still]),
    ]
    width = max(12, *(len(edit) + 1 for edit in full))
    lines = [
        f"{label:<25}" + "".join(f"{cell:>{width}}" for cell in cells)
        for label, cells in rows
    ]
    for edit, row in full.items():
        movers = top_movers(row["attributes_moved"], _TOP_MOVERS)
        words = ", ".join(f"{name} {mean:+.2f}" for name, mean in movers)
        lines.append(f"{edit} moved most: {words}")
    return "\n".join(lines)
