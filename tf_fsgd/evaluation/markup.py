"""Pieces of HTML: tables, figures, cells. Names are escaped here, bodies are HTML."""

from html import escape

from tf_fsgd.evaluation.rows import Cell


def anchor(title: str) -> str:
    """What a link calls a title."""
    return "".join(c if c.isalnum() else "-" for c in title.lower())


def figure(picture: str | None, caption: str) -> str:
    """A picture, a data URI, that scrolls sideways on a phone; empty for `None`."""
    if picture is None:
        return ""
    return (
        f'<figure><div class="wide"><img src="{picture}" alt="{escape(caption)}" '
        f'loading="lazy"></div><figcaption>{escape(caption)}</figcaption></figure>'
    )


def details(title: str, body: str) -> str:
    """HTML that opens at a click on its title."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def table(heads: list[str], body: list[list[str]]) -> str:
    """A table that scrolls sideways by itself; heads and cells are HTML."""
    head = "".join(f"<th>{text}</th>" for text in heads)
    rows = "".join(f"<tr>{''.join(cells)}</tr>" for cells in body)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def row_head(label: str) -> str:
    """The first cell of a row."""
    return f"<th>{escape(label)}</th>"


def cell(shown: Cell) -> str:
    """A number with its interval below."""
    interval = f"<small>{escape(shown.interval)}</small>" if shown.interval else ""
    return f"<td>{escape(shown.text)}{interval}</td>"


def spaced(name: str) -> str:
    """An attribute's name for people."""
    return name.replace("_", " ")
