"""The report's pictures, and pictures as text to put inside a page."""

import base64
import io
import itertools
from pathlib import Path

import numpy as np
from PIL import Image

from tf_fsgd.evaluation.goals import ranking
from tf_fsgd.evaluation.study import SHOWN, Trial
from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import resize, write_image
from tf_fsgd.training.samples import read_samples
from tf_fsgd.translator.translator import Translator

_SIDE = 160  # pixels of a face in a grid
_GROUP = 4  # faces in each of best, median and worst
_SEVERAL = 0.8  # strength of each edit where several come together
_COLUMNS = 8
_ROWS = 2  # of held-out pairs, shared by all edits
_FLIPS_PER_SECOND = 1
_QUALITY = 82
_ANIMATION_WIDTH = 760
_ANIMATION_FRAMES = 24
_ANIMATION_QUALITY = 60
_FRAME_MS = 400
_LAST_FRAME_MS = 2_000


def sweep(trial: Trial) -> np.ndarray:
    """A row a face: the photo, then its edit at rising strengths."""
    strengths = sorted(trial.outputs)
    count = min(SHOWN, min(len(faces) for faces in trial.outputs.values()))
    columns = [trial.before[:count], *(trial.outputs[s][:count] for s in strengths)]
    faces = [face for row in zip(*columns, strict=True) for face in row]
    labels = ["photo", *(f"{strength:g}" for strength in strengths)]
    return _grid(faces, len(columns), column_labels=labels)


def best_and_worst(trial: Trial, strength: float) -> np.ndarray:
    """Photo and edit side by side: best, median and worst of the ranking."""
    order = ranking(trial.goal, trial.changes[strength])
    count = min(_GROUP, len(order))
    middle = (len(order) - count) // 2
    groups = (order[:count], order[middle : middle + count], order[::-1][:count])
    faces = [
        face
        for group in groups
        for index in group
        for face in (trial.before[index], trial.outputs[strength][index])
    ]
    return _grid(
        faces,
        2 * count,
        row_labels=("best", "median", "worst"),
        column_labels=("photo", f"at {strength:g}") * count,
    )


def side_by_side(trial: Trial, name: str, strength: float) -> np.ndarray | None:
    """Photos and what each translator makes of them, a row each; `None` for one."""
    if not trial.other_outputs:
        return None
    rows = {"photo": trial.before[:SHOWN], name: trial.outputs[strength][:SHOWN]}
    rows |= trial.other_outputs
    faces = [face for row in rows.values() for face in row]
    return _grid(faces, len(rows["photo"]), row_labels=list(rows))


def several_at_once(translator: Translator, photos: np.ndarray) -> np.ndarray | None:
    """A row a photo, a column a mix of edits; `None` where there is but one axis.

    Args:
        translator: Its axes are combined by twos, and all of them.
        photos: `[N, R, R, 3]` uint8, one at least.
    """
    if len(translator.axes) < 2:
        return None
    mixes: list[tuple[str, ...]] = [*itertools.combinations(translator.axes, 2)]
    if len(translator.axes) > 2:
        mixes.append(translator.axes)
    outputs = [
        translator.translate(photos, {edit: _SEVERAL for edit in mix}) for mix in mixes
    ]
    faces = [face for row in zip(photos, *outputs, strict=True) for face in row]
    labels = ["photo", *(" + ".join(mix) for mix in mixes)]
    return _grid(faces, len(labels), column_labels=labels)


def before_and_after(path: Path, trials: dict[str, Trial]) -> str | None:
    """Writes held-out pairs with what the translator makes of them, and a GIF beside.

    Args:
        path: Of the grid: rows of inputs, outputs and what was wanted in turn. The GIF
            flips between the first two.
        trials: By edit; those without such pairs are passed over.

    Returns:
        The grid as `still` makes it; `None`, and no files, where there are no pairs.
    """
    shown = {
        edit: trial.held_out
        for edit, trial in trials.items()
        if trial.held_out is not None
    }
    if not shown:
        return None
    columns = min(_COLUMNS, *(len(edited) for _, edited in shown.values()))
    rows, labels = [], []
    for edit, (examples, edited) in shown.items():
        wanted = max(1, _ROWS // len(shown)) * columns
        # Full rows only, so that every output stands below its input.
        count = min(wanted, len(edited) // columns * columns)
        for start in range(0, count, columns):
            part = slice(start, start + columns)
            triple = examples.before, edited, examples.after
            rows.append([images[part] for images in triple])
            labels += ["input", edit, "wanted"]
    faces = [face for row in rows for images in row for face in images]
    grid = image_grid(faces, columns, row_labels=labels)
    write_image(path, grid)
    frames = [
        image_grid(np.concatenate([row[moment] for row in rows]), columns)
        for moment in (0, 1)
    ]
    write_animation(path.with_suffix(".gif"), frames, fps=_FLIPS_PER_SECOND)
    return still(_grid(faces, columns, row_labels=labels))


def _grid(faces: list[np.ndarray], columns: int, **labels) -> np.ndarray:
    small = [resize(face, min(_SIDE, face.shape[0])) for face in faces]
    return image_grid(small, columns, **labels)


def still(image: np.ndarray) -> str:
    """A picture `[H, W, 3]` uint8 as the text of a data URI (WebP)."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=_QUALITY, method=4)
    return _data_uri(buffer.getvalue())


def training_animation(folder: Path) -> str | None:
    """The sample grids of a training as one animation, shrunk, as a data URI (WebP).

    Args:
        folder: Of the grids that training wrote, named by the images seen.

    Returns:
        `None` when there are fewer than two.
    """
    frames = [Image.fromarray(grid) for grid in read_samples(folder, _ANIMATION_FRAMES)]
    if len(frames) < 2:
        return None
    width, height = frames[-1].size
    scale = min(1.0, _ANIMATION_WIDTH / width)
    size = (round(width * scale), round(height * scale))
    frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[_FRAME_MS] * (len(frames) - 1) + [_LAST_FRAME_MS],
        loop=0,
        quality=_ANIMATION_QUALITY,
    )
    return _data_uri(buffer.getvalue())


def _data_uri(data: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"
