"""A morph against the teacher's own faces between two people, and a cross-fade.

A cross-fade is right on average, and has every contour twice; so mean errors are read
beside LPIPS and octaves (`evaluation.octaves`), and the pictures beside both.
"""

from pathlib import Path

import numpy as np

from tf_fsgd.evaluation.octaves import octave_ratios
from tf_fsgd.features.lpips import load_lpips
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import write_image
from tf_fsgd.pairs.source import FamilySource, pictures
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator.morph import cross_fade
from tf_fsgd.translator.translator import Translator

_SHOWN = 16  # pairs in the picture
_MIDWAY = 2  # which picture of a family


def evaluate_morph(translator: Translator, families: FamilySource, out: Path) -> dict:
    """Measures what is half way between two people, and shows some.

    Args:
        translator: Of a morph.
        families: As `pairs.two` draws them, that training never saw.
        out: Gets `report.json` and `between.jpg`.

    Returns:
        Of "student" and "cross_fade": mean LPIPS and L1 (of pixels in [0, 255]) to the
        teacher's picture, and "octaves", the amplitude of what is drawn in each octave
        over the teacher's, finest first, `None` for one that is finer than pixels.
    """
    first, second, target = (pictures(families, m) for m in (0, 1, _MIDWAY))
    half = np.full((families.count, 1), 0.5, np.float32)
    both = np.concatenate([first, second], axis=-1)
    made = {
        "student": translator.translate(both, half),
        "cross_fade": cross_fade(first, second, half),
    }
    report = {name: _against(images, target) for name, images in made.items()}
    rows = [first, made["cross_fade"], made["student"], target, second]
    cells = [face for pair in zip(*rows, strict=True) for face in pair]
    write_image(
        out / "between.jpg",
        image_grid(
            cells[: _SHOWN * len(rows)],
            len(rows),
            column_labels=["A", "cross-fade", "student", "teacher", "C"],
        ),
    )
    write_json(out / "report.json", report)
    return report


def _against(images: np.ndarray, target: np.ndarray) -> dict:
    whole = np.ones(target.shape[1:3])
    # Of the pictures themselves: changes of black ones.
    octaves = octave_ratios(np.zeros_like(target), images, target, whole)
    return {
        "lpips": float(load_lpips().distance(images, target).mean()),
        "l1": float(np.abs(images.astype(np.float32) - target).mean()),
        "octaves": [None if np.isnan(one) else round(one, 3) for one in octaves],
    }
