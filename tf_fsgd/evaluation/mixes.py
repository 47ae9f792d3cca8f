"""A mix against the teacher's own: whose features, and whose colours.

Structure is read as key points of the face, which are to stay where the first face has
them; colours as means over skin and over the whole head, which are to be the second's.
The teacher's pictures are read the same way: they are what can be had.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tf_fsgd.features.lpips import load_lpips
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import write_image
from tf_fsgd.images.person import inside_head
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator.translator import Translator

_SHOWN = 16  # pairs in the picture
_SKIN = (slice(0.5, 0.68), slice(0.36, 0.64))  # nose and cheeks, in shares of the side


def evaluate_mix(translator: Translator, families: FamilySource, out: Path) -> dict:
    """Measures faces in all of another's style, and shows some.

    Args:
        translator: Of a mix.
        families: As `pairs.mixed` draws them, that training never saw.
        out: Gets `report.json` and `mixed.jpg`.

    Returns:
        Of "student", of "teacher" and of the "photo" as it was: mean "lpips" and "l1"
        (of pixels in [0, 255]) to the teacher's picture; "points", how far the key
        points of the face have moved from the first face's, in shares of the side,
        `None` where no face is found; and how far the mean colours of "skin" and
        "head" are from the second's, in levels of 255.
    """
    drawn = [families.family(index, [0, 1, 2]) for index in range(families.count)]
    first, second, whole = (
        np.stack([one.images[m] for one in drawn]) for m in range(3)
    )
    heads = np.stack([one.heads for one in drawn if one.heads is not None])
    target = np.stack(
        [
            inside_head(a, b, masks[[0, 2]])
            for a, b, masks in zip(first, whole, heads, strict=True)
        ]
    )
    share = np.ones((len(first), 1), np.float32)
    made = {
        "student": translator.translate(np.concatenate([first, second], -1), share),
        "teacher": target,
        "photo": first,
    }
    theirs = _colours(second, heads[:, 1])
    before = _points(first)
    report = {}
    for name, images in made.items():
        moved = np.linalg.norm(_points(images) - before, axis=-1)
        moved = moved[~np.isnan(moved)]
        report[name] = {
            "lpips": float(load_lpips().distance(images, target).mean()),
            "l1": float(np.abs(images.astype(np.float32) - target).mean()),
            "points": float(moved.mean()) if len(moved) else None,
        } | {
            region: float(np.linalg.norm(ours - theirs[region], axis=-1).mean())
            for region, ours in _colours(images, heads[:, 0]).items()
        }
    rows = [first, made["student"], target, second]
    cells = [face for four in zip(*rows, strict=True) for face in four]
    labels = ["A", "student", "teacher", "C"]
    shown = cells[: _SHOWN * len(rows)]
    write_image(out / "mixed.jpg", image_grid(shown, len(rows), column_labels=labels))
    write_json(out / "report.json", report)
    return report


def _points(images: np.ndarray) -> np.ndarray:
    """Eyes, nose and mouth, `[N, 4, 2]` in shares of the side; nan: no face."""
    detector = FaceDetector()
    points = np.full((len(images), 4, 2), np.nan)
    for index, image in enumerate(images):
        if found := detector.detect(image):
            largest = max(found, key=lambda face: face.box[2] - face.box[0])
            points[index] = largest.points[:4] / len(image)
    return points


def _colours(images: np.ndarray, heads: np.ndarray) -> dict[str, np.ndarray]:
    """Mean colours of each face's regions, `[N, 3]` in [0, 255]."""
    side = images.shape[1]
    rows, columns = (
        slice(round(part.start * side), round(part.stop * side)) for part in _SKIN
    )
    weights = np.stack(
        [
            np.asarray(Image.fromarray(head).resize((side, side)), float)
            for head in heads
        ]
    )[..., None]
    total = np.maximum(weights.sum(axis=(1, 2)), 1e-6)
    return {
        "skin": images[:, rows, columns].mean(axis=(1, 2)),
        "head": (images * weights).sum(axis=(1, 2)) / total,
    }
