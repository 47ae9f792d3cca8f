"""The report of a translator as one HTML file that needs nothing else.

Every text that comes from a name is escaped, every picture is a data URI, every chart
inline SVG; there is no script.
"""

from html import escape

from tf_fsgd.evaluation.charts import bars, curve
from tf_fsgd.evaluation.markup import (
    anchor,
    cell,
    details,
    figure,
    row_head,
    spaced,
    table,
)
from tf_fsgd.evaluation.rows import ROWS, Cell, number, share
from tf_fsgd.evaluation.style import STYLE

_FULL = "1"  # the key of the strength that headlines speak of
_TOP_MOVERS = 12
_REACH = {"probability": 1.0, "years": 15.0}  # of a slider's chart at least

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="soft">{photos}</p>
<nav>{links}</nav>
{body}
</body>
</html>
"""


def render(report: dict, pictures: dict) -> str:
    """The page.

    Args:
        report: As `edit_report.report_edits` makes it.
        pictures: Data URIs: "edits", by edit and kind ("sweep", "ranked", "beside");
            "several" and "training", or `None`.

    Returns:
        HTML text.
    """
    sections = {
        "At strength 1": _headline(report),
        "The slider": _sliders(report),
        **{
            edit.capitalize(): _edit(edit, values, report, pictures["edits"][edit])
            for edit, values in report["edits"].items()
        },
        "Several edits at once": figure(
            pictures["several"], "Each edit at strength 0.8, together in one pass."
        ),
        "Projection": _projection(report["projection"]),
        "As training went on": figure(
            pictures["training"], "The same faces, in the order of images seen."
        ),
        "Notes": _notes(report["notes"]),
    }
    shown = {title: body for title, body in sections.items() if body}
    return _PAGE.format(
        title=escape(f"Edits by {report['translator']['name']}"),
        style=STYLE,
        photos=escape(report["photos"]),
        links="".join(
            f'<a href="#{anchor(title)}">{escape(title)}</a>' for title in shown
        ),
        body="\n".join(
            f'<h2 id="{anchor(title)}">{escape(title)}</h2>\n{body}'
            for title, body in shown.items()
        ),
    )


def _headline(report: dict) -> str:
    facts = _facts(report)
    edits = report["edits"]
    heads = [
        f"{escape(edit)}<br><small>on {escape(values['sources'])}, "
        f"n&nbsp;=&nbsp;{values['strengths'][_FULL]['count']}</small>"
        for edit, values in edits.items()
    ]
    body = [
        [row_head(row.label)]
        + [cell(row.cell(values["strengths"][_FULL])) for values in edits.values()]
        for row in ROWS
    ]
    return (
        f'<dl class="facts">{facts}</dl>'
        + table(["", *heads], body)
        + "<p><small>Below a number: its 95 % interval.</small></p>"
        + '<dl class="rows">'
        + "".join(
            f"<div><dt>{escape(row.label)}</dt><dd>{escape(row.meaning)}</dd></div>"
            for row in ROWS
        )
        + "</dl>"
    )


def _facts(report: dict) -> str:
    translator, latency = report["translator"], report["latency_ms"]
    outputs = report["outputs"]
    facts = {
        "resolution": f"{translator['resolution']} px",
        "parameters": f"{translator['parameters'] / 1e6:.2f} M",
        "one face, Keras": f"{latency['keras']:.0f} ms",
        "blobs": f"{outputs['blobs']} in {outputs['count']:,} outputs",
    }
    for name, milliseconds in latency["tflite"].items():
        facts[f"{name}, {latency['tflite_threads']} threads"] = f"{milliseconds:.0f} ms"
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )


def _sliders(report: dict) -> str:
    charts, body = [], []
    for edit, values in report["edits"].items():
        slider = values["slider"]
        charts.append(
            f"<div><h3>{escape(edit)}</h3>"
            + curve(
                slider["strengths"],
                slider["mean_moved"],
                "strength",
                f"effect of {edit}, {slider['unit']} moved by strength",
                _REACH[slider["unit"]],
            )
            + "</div>"
        )
        body.append(
            [
                row_head(edit),
                cell(share(slider["monotone"])),
                f"<td>{slider['tolerance']:g} {slider['unit']}</td>",
                cell(number(slider["pixel_change_at_0"], 2)),
            ]
        )
    heads = ["", "Monotone (%)", "tolerance", "Change at strength 0 (of 255)"]
    return (
        "<p>How far the effect is from the photo (probability of the target, or "
        "years), with its 95 % interval, and how many faces never lose effect as the "
        f'strength rises.</p><div class="charts">{"".join(charts)}</div>'
        + table(heads, body)
    )


def _edit(edit: str, values: dict, report: dict, pictures: dict[str, str]) -> str:
    strengths = values["strengths"]
    full = strengths[_FULL]
    moved = {
        spaced(name): value["mean"] for name, value in full["attributes_moved"].items()
    }
    top = dict(sorted(moved.items(), key=lambda item: -abs(item[1]))[:_TOP_MOVERS])
    heads = ["", *(f"strength {strength}" for strength in strengths)]
    by_strength = [
        [row_head(row.label)] + [cell(row.cell(at)) for at in strengths.values()]
        for row in ROWS
    ]
    attributes = [
        [row_head(spaced(name))]
        + [
            cell(number(at["attributes_moved"][name], 2, sign="+"))
            for at in strengths.values()
        ]
        for name in full["attributes_moved"]
    ]
    slider = figure(pictures.get("sweep"), "From the photo to strength 1.5.")
    ranked = figure(
        pictures.get("ranked"),
        "Photo and edit at strength 1: the best, the middle and the worst faces.",
    )
    return (
        f"<p>{_sentence(values)}</p>"
        + slider
        + ranked
        + _beside(values, report, pictures.get("beside"))
        + "<h3>What moved at strength 1</h3>"
        + bars(top, f"attributes that {edit} moved most")
        + details("Every measure at every strength", table(heads, by_strength))
        + details(
            "All 40 attributes, mean change of probability", table(heads, attributes)
        )
    )


def _sentence(values: dict) -> str:
    full = values["strengths"][_FULL]
    effect = full["effect"]
    on = f"On {full['count']} photos of {escape(values['sources'])}"
    if full["reached"]:
        after, before = share(full["reached"]), share(full["reached_before"])
        return (
            f"{on}: <strong>{after.text}</strong> ({after.interval}) "
            f"{escape(values['reached'])} at strength 1, {before.text} before."
        )
    moved = number(effect["moved"], 1)
    return (
        f"{on}: <strong>{moved.text}</strong> ({moved.interval}) "
        f"{escape(values['reached'])} at strength 1, mean age from "
        f"{effect['before']['mean']:.1f} to {effect['after']['mean']:.1f}."
    )


def _beside(values: dict, report: dict, picture: str | None) -> str:
    """This translator, the teacher and other runs, a column each."""
    columns = {report["translator"]["name"]: values["strengths"][_FULL]}
    columns |= values["beside"]
    unedited = values.get("unedited", {})
    if len(columns) == 1 and not unedited:
        return ""
    heads = [
        f"{escape(name)}<br><small>n = {column['count']}</small>"
        for name, column in columns.items()
    ]
    body = []
    for row in ROWS:
        cells = [cell(row.cell(column)) for column in columns.values()]
        if unedited:
            cells.append(cell(row.cell(unedited)))
        body.append([row_head(row.label), *cells])
    if unedited:
        heads.append("photos, unedited")
    notes = ""
    if "teacher_mean_strength" in values:
        notes = (
            "<p><small>The teacher edits its own faces, not these photos; its "
            "examples have a mean strength of "
            f"{values['teacher_mean_strength']:.2f}.{_against_teacher(values)}"
            "</small></p>"
        )
    caption = "The same photos, edited by each."
    return (
        "<h3>Beside it</h3>"
        + figure(picture, caption)
        + table(["", *heads], body)
        + notes
    )


def _against_teacher(values: dict) -> str:
    ratio = values["kernel_distance_in_teachers"]
    if ratio is None:
        return ""
    return f" The translator's KID is {ratio:.2f} times theirs."


def _projection(projection: dict | None) -> str:
    """The table of `benchmarks/projection.py`, as it is."""
    if projection is None:
        return ""
    by_method = projection["table"]
    names = list(dict.fromkeys(key for row in by_method.values() for key in row))
    body = [
        [row_head(spaced(name))]
        + [cell(_plain(row.get(name))) for row in by_method.values()]
        for name in names
    ]
    made_with = projection.get("made_with", {})
    words = ", ".join(
        f"{key} {made_with[key]}"
        for key in ("count", "steps", "resolution")
        if key in made_with
    )
    return (
        "<p>Finding each photo's latent by optimisation, and editing that "
        f"(benchmarks/projection.py; {escape(words)}).</p>"
        + table(["", *map(escape, by_method)], body)
    )


def _plain(value: float | str | None) -> Cell:
    if isinstance(value, int | float):
        return Cell(f"{value:.3g}")
    return Cell("–" if value is None else str(value))


def _notes(notes: dict[str, str]) -> str:
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in notes.items()
    )
    return f'<dl class="notes">{items}</dl>'
