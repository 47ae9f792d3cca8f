"""The frontier in words, numbers and a chart.

Networks that count come first, the least favourable to the first translator before the
others; those in brackets have photos in common with a training.
"""

from pathlib import Path

import matplotlib
import numpy as np

from benchmarks.jury.curve import frontier_at
from benchmarks.jury.measure import IDENTITIES, Trial, kinds_of
from benchmarks.jury.readers import COUNTED, MALE
from tf_fsgd.edits import EDITS
from tf_fsgd.evaluation.intervals import rounded
from tf_fsgd.storage.files import atomic_path

AT = (0.75, 0.78, 0.85)
"""Identities at which effects are compared."""
_GRAIN = 0.05  # of the largest mean effect
_OWN_AT = {"Male": 0.75, "Young": 0.78, "Smiling": 0.85}  # shown in the table

TEACHER = "the teacher's pairs"
"""The name of the ceiling among translators."""

Numbers = dict[str, dict]


def numbers(trial: Trial, people: np.ndarray, unit: float | None = None) -> dict:
    """All that is said of one translator's edit, ready for JSON.

    Args:
        trial: The edit.
        people: `[N]`, whose faces they are.
        unit: Standard deviations of strength 1, one of the trial's strengths.

    Returns:
        "faces", "people", "strengths" (with 0), "identity" and "effect" (by network,
        means at each strength), "monotone" (`monotone`, by network of effect), "at" (by
        network of identity, identity and network of effect: `frontier_at`), and, with a
        unit, "full" (identities and effects at it).
    """
    identities, effects = trial.identities(), trial.effects()
    result: Numbers = {
        "faces": len(people),
        "people": len(np.unique(people)),
        "strengths": [0.0, *map(float, trial.strengths)],
        "identity": {name: _means(values) for name, values in identities.items()},
        "effect": {name: _means(values) for name, values in effects.items()},
        "monotone": {name: monotone(values) for name, values in effects.items()},
        "at": {
            name: {
                f"{at:g}": {
                    network: _rounded(frontier_at(identity, effect, at, people))
                    for network, effect in effects.items()
                }
                for at in AT
            }
            for name, identity in identities.items()
        },
    }
    if unit is not None:
        place = 1 + int(np.argmin(np.abs(trial.strengths - unit)))
        result["full"] = {
            part: {name: means[place] for name, means in result[part].items()}
            for part in ("identity", "effect")
        }
    return result


def monotone(effect: np.ndarray) -> float:
    """The share of faces on which a stronger edit is never read as a weaker one.

    A network's reading has a grain of its own: a fall by a twentieth of the largest
    mean effect is none.

    Args:
        effect: `[S, N]`, at rising strengths.
    """
    grain = _GRAIN * np.abs(effect.mean(axis=1)).max()
    falls = np.maximum.accumulate(effect) - effect
    return rounded(np.mean(falls.max(axis=0) <= grain))


def _means(values: np.ndarray) -> list[float]:
    return [rounded(mean) for mean in values.mean(axis=1)]


def _rounded(row: dict) -> dict:
    return {
        key: rounded(value) if isinstance(value, float) else value
        for key, value in row.items()
    }


def bearded(trial: Trial, place: int) -> dict | None:
    """How many of those read with a beard keep it at one of the strengths.

    Returns:
        "before" and "after", shares of the faces given, by judge40; `None` where
        nobody has read beards.
    """
    if "judge40 beard" not in trial.before or not trial.before["judge40 beard"].size:
        return None
    before, after = (
        rounded(np.mean(values > 0.5))
        for values in (
            trial.before["judge40 beard"],
            trial.after["judge40 beard"][place],
        )
    )
    return {"before": before, "after": after}


def order(edit: str, by_name: dict[str, Numbers]) -> list[str]:
    """Networks of an edit, as the module's text says.

    The favour of one is the effect that it sees, as a share of the teacher's if there
    are any.
    """
    at = f"{_own_at(edit):g}"
    first = next(iter(by_name.values()))["at"]["faceres"][at]
    teacher = by_name.get(TEACHER, {"at": {"faceres": {at: {}}}})["at"]["faceres"][at]

    def favour(network: str) -> tuple[bool, float]:
        most = teacher[network]["effect"] if network in teacher else 1.0
        share = first[network]["effect"] / most if most > 0 else np.inf
        return network not in COUNTED, share

    return sorted(first, key=favour)


def table(edit: str, by_name: dict[str, Numbers]) -> str:
    """Effects at the edit's identity, lines of text.

    Args:
        edit: Its name.
        by_name: `numbers` of each translator, and of the `TEACHER` if there are any.
    """
    at = f"{_own_at(edit):g}"
    networks = order(edit, by_name)
    width = max(map(len, [*by_name, f"identity {at} by faceres"])) + 2
    first = next(iter(by_name.values()))
    lines = [f"{edit}: {first['faces']} faces of {first['people']} people"]

    def line(name: str, cells: list[str], note: str = "") -> None:
        columns = "".join(f"{cell:>24}" for cell in cells)
        lines.append(f"  {name:{width}}{note:14}{columns}")

    titles = [name if name in COUNTED else f"({name})" for name in networks]
    for identity in IDENTITIES:
        line(f"identity {at} by {identity}", titles)
        for name, found in by_name.items():
            rows = found["at"][identity][at]
            full = found.get("full")
            line(
                name,
                [_cell(edit, network, rows[network]) for network in networks],
                f"1 is at {full['identity'][identity]:.2f}" if full else "",
            )
            if TEACHER in by_name and name != TEACHER:
                most = by_name[TEACHER]["at"][identity][at]
                line(
                    "",
                    [_share(rows[one], most[one]) for one in networks],
                    "of teacher's",
                )
    line("stronger, never weaker", titles)
    for name, found in by_name.items():
        line(name, [f"{found['monotone'][network]:.0%}" for network in networks])
    return "\n".join(lines)


def _cell(edit: str, network: str, row: dict) -> str:
    less = "" if row["reached"] else ">"
    shown = [_number(edit, network, row[key]) for key in ("effect", "low", "high")]
    return f"{less}{shown[0]} ({shown[1]}..{shown[2]})"


def _number(edit: str, network: str, value: float) -> str:
    kinds, _ = kinds_of(edit)
    if MALE in kinds or (EDITS[edit].attribute == "Young" and network == "judge40"):
        return f"{value:.0%}"
    return f"{value:+.1f}" if EDITS[edit].attribute == "Young" else f"{value:+.2f}"


def _share(row: dict, most: dict) -> str:
    return f"{row['effect'] / most['effect']:.0%}" if most["effect"] > 0 else "-"


def _own_at(edit: str) -> float:
    return _OWN_AT[EDITS[edit].attribute]


def groups_table(edit: str, name: str, whole: Numbers, groups: Numbers) -> str:
    """What an edit does to each group at the edit's identity, by faceres."""
    at = f"{_own_at(edit):g}"
    networks = [network for network in whole["effect"] if network in COUNTED]
    lines = [f"  {name}, groups at identity {at} by faceres"]
    for group, found in {"all": whole, **groups}.items():
        rows = found["at"]["faceres"][at]
        cells = [
            _number(edit, network, rows[network]["effect"]) for network in networks
        ]
        label = f"{group}, {found['faces']} of {found['people']}"
        lines.append(
            f"    {label:26}"
            + "".join(f"{f'{n} {c}':>22}" for n, c in zip(networks, cells, strict=True))
        )
    return "\n".join(lines)


def chart(path: Path, by_edit: dict[str, dict[str, Numbers]]) -> None:
    """Draws a row for each edit: effects against identity, a panel for each network.

    Args:
        path: The PNG.
        by_edit: By edit and translator, `numbers`.
    """
    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels = {edit: order(edit, found) for edit, found in by_edit.items()}
    columns = max(map(len, panels.values()))
    figure, axes = pyplot.subplots(
        len(by_edit), columns, figsize=(3 * columns, 2.6 * len(by_edit)), squeeze=False
    )
    for row, (edit, networks) in zip(axes, panels.items(), strict=True):
        for panel in row[len(networks) :]:
            panel.set_visible(False)
        for panel, network in zip(row, networks, strict=False):
            for number, (name, found) in enumerate(by_edit[edit].items()):
                for identity, line in zip(IDENTITIES, ("-", ":"), strict=True):
                    panel.plot(
                        found["identity"][identity],
                        found["effect"][network],
                        line,
                        color=f"C{number}",
                        marker=".",
                        label=f"{name}, {identity}",
                    )
            panel.set_title(f"{edit}, {network}", fontsize=9)
            panel.set_xlim(0.5, 1.0)
            panel.invert_xaxis()
            panel.grid(alpha=0.3)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncols=4, fontsize=8)
    figure.supxlabel("identity")
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    pyplot.close(figure)
