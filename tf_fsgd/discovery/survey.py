"""What a direction does: faces at several strengths, read by the classifier.

The facts beside every shipped direction come from here: how often the wanted attribute
is reached at each strength, and what else moves on the way.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.latents.directions import Direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.stylegan2.teacher import Teacher

Classifier = Callable[[np.ndarray], np.ndarray]
"""Images `[N, R, R, 3]` in [-1, 1] to probabilities `[N, attributes]`."""


def sweep(
    direction: Direction,
    teacher: Teacher,
    seeds: Sequence[int],
    strengths: Sequence[float],
    psi: float = 0.7,
    resolution: int = 128,
) -> np.ndarray:
    """Renders faces at every strength, with progress.

    Returns:
        `[strengths, seeds, R, R, 3]` float32 in [-1, 1].
    """
    ws = broadcast(sample_w(teacher, seeds, psi), teacher.num_ws)
    rows = []
    for face in tqdm(ws, desc=direction.name, unit="face", leave=False):
        several = np.repeat(face[None], len(strengths), axis=0)
        moved = direction.edit(several, np.asarray(strengths))
        rows.append(np.clip(teacher.synthesis(moved, resolution=resolution), -1, 1))
    return np.stack(rows, axis=1)


def effects(
    probabilities: np.ndarray,
    strengths: Sequence[float],
    names: Sequence[str],
    attribute: str,
    score_std: np.ndarray,
) -> dict[str, Any]:
    """Summarises a sweep.

    Args:
        probabilities: `[strengths, faces, attributes]`.
        strengths: Must contain 0 and its largest value.
        names: Of the attributes.
        attribute: The one that the direction is for.
        score_std: `[attributes]`, standard deviation of each attribute's logit over
            unedited faces: the unit of `moves`.

    Returns:
        `share_with_attribute` for every strength, and `moves`: by how much one unit of
        strength changes each attribute's logit (mean over the faces, slope between
        strength 0 and the largest), in standard deviations, largest first.
    """
    logits = logit(probabilities)
    zero, last = list(strengths).index(0), int(np.argmax(strengths))
    slope = (logits[last] - logits[zero]).mean(axis=0) / strengths[last] / score_std
    order = np.argsort(-np.abs(slope))
    wanted = list(names).index(attribute)
    shares = (probabilities[..., wanted] > 0.5).mean(axis=1)
    return {
        "share_with_attribute": {
            f"{strength:+g}": round(float(share), 3)
            for strength, share in zip(strengths, shares, strict=True)
        },
        "moves": {names[i]: round(float(slope[i]), 3) for i in order},
    }


def logit(probability: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)), with p kept off 0 and 1."""
    clipped = np.clip(np.asarray(probability, np.float64), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))
