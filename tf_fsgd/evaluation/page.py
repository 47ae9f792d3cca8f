"""The report of a translator as one HTML file that needs nothing else.

`page.html` is its template and `page.css` its style. Every text is escaped, every
picture is a data URI, every chart inline SVG; there is no script.
"""

from pathlib import Path

import jinja2
from markupsafe import Markup

from tf_fsgd.evaluation.charts import bars, curve
from tf_fsgd.evaluation.tables import ROWS, filled, number, share, top_movers

_TOP_MOVERS = 12
_REACH = {"probability": 1.0, "years": 15.0}  # of a slider's chart at least


def render(report: dict, pictures: dict) -> str:
    """The page.

    Args:
        report: As `report.evaluate` makes it.
        pictures: Data URIs: "edits", by edit and kind ("sweep", "ranked", "beside");
            "held_out", "several" and "training", or `None`.

    Returns:
        HTML text.
    """
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"anchor": _anchor, "spaced": _spaced, "plain": _plain}
    return environment.get_template("page.html").render(
        report=report,
        pictures=pictures,
        style=Markup((here / "page.css").read_text(encoding="utf-8")),
        rows=ROWS,
        filled=filled,
        number=number,
        share=share,
        curve_of=_curve,
        bars_of=_bars,
    )


def _anchor(title: str) -> str:
    """What a link calls a title."""
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def _spaced(name: str) -> str:
    """An attribute's name for people."""
    return name.replace("_", " ")


def _plain(value: object) -> str:
    """A cell of the table of `benchmarks/projection.py`."""
    if isinstance(value, int | float):
        return f"{value:.3g}"
    return str(value or "–")


def _curve(edit: str, slider: dict) -> Markup:
    unit = slider["unit"]
    description = f"effect of {edit}, {unit} moved by strength"
    strengths, moved = slider["strengths"], slider["mean_moved"]
    return Markup(curve(strengths, moved, "strength", description, _REACH[unit]))


def _bars(edit: str, moved: dict[str, dict]) -> Markup:
    top = {_spaced(name): mean for name, mean in top_movers(moved, _TOP_MOVERS)}
    return Markup(bars(top, f"attributes that {edit} moved most"))
