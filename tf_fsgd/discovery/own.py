"""An edit of one's own: from photos with a thing and photos without it to a direction.

The classifier's features of the photos give the attribute (logistic regression), the
teacher's `FeatureMap` its reading from w. Of all steps that move this reading, the
direction is one that is short in standard deviations of w, which keeps to where faces
are, and moves other readings little: whatever goes with the thing in the photos
(lipstick with women) is not part of the edit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.discovery.feature_map import FeatureMap
from tf_fsgd.discovery.survey import sweep
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.latents.directions import Direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.stylegan2.teacher import Teacher

LEAST_PHOTOS = 20  # of each kind
LEAST_ACCURACY = 0.7  # of photos that were left out
LEAST_REACH = 0.4  # of the teacher's faces
_ENOUGH = 0.85  # of the most that any strength reaches: beyond, faces tear
_STRENGTHS = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
_FACES = 12  # that the direction is tried on
_CANDIDATES = range(900_000, 900_400)  # outside every sample
_ROWS = range(2, 12)  # of W+: neither pose nor the finest texture
_COVARIANCE = range(10_000)
# Held, whatever the photos say; of the rest what is not nearly the same thing.
_ALWAYS_HELD = ("Male", "Young", "Smiling", "Eyeglasses")
_SAME, _ALIKE = 0.9, 0.4  # correlation of two readings over faces
_HOLD = 10.0  # what a held reading costs, of what the length of the step does


@dataclass(frozen=True)
class Attribute:
    """What two sets of photos differ in, read from the classifier's features.

    Attributes:
        name: The user's.
        vector: `[320]`, of the features.
        bias: Beside it; above 0 a photo has the thing.
        accuracy: Share of photos told right when they were left out of the fit, both
            kinds counting the same.
    """

    name: str
    vector: np.ndarray
    bias: float
    accuracy: float

    def scores(self, features: np.ndarray) -> np.ndarray:
        """`[N]`, above 0 where the thing is, of features `[N, 320]`."""
        return features @ self.vector + self.bias


def fit_attribute(name: str, present: np.ndarray, absent: np.ndarray) -> Attribute:
    """Finds what tells two sets of photos apart.

    Args:
        name: The user's.
        present: `[N, 320]`, features of photos with the thing.
        absent: `[M, 320]`, of those without.

    Raises:
        UserError: If there are too few photos, or nothing that tells them apart.
    """
    fewest = min(len(present), len(absent))
    if fewest < LEAST_PHOTOS:
        raise UserError(
            f"{name}: {LEAST_PHOTOS} photos or more are needed with it and as many "
            f"without, received {len(present)} and {len(absent)} with a face"
        )
    features = np.concatenate([present, absent])
    labels = np.repeat([True, False], [len(present), len(absent)])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    # Of features that went through one network few are independent: a strong penalty.
    regression = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1_000)
    model = make_pipeline(StandardScaler(), regression)
    scores = cross_val_score(
        model, features, labels, cv=folds, scoring="balanced_accuracy"
    )
    accuracy = float(scores.mean())
    if accuracy < LEAST_ACCURACY:
        raise UserError(
            f"{name}: photos with and without it cannot be told apart: of photos left "
            f"out {accuracy:.0%} are told right, {LEAST_ACCURACY:.0%} is needed"
        )
    model.fit(features, labels)
    vector = regression.coef_[0] / model[0].scale_
    bias = float(regression.intercept_[0] - vector @ model[0].mean_)
    return Attribute(name, vector.astype(np.float32), bias, accuracy)


def direction_of(
    attribute: Attribute,
    *,
    teacher: Teacher,
    classifier: AttributeClassifier,
    features: FeatureMap,
) -> Direction:
    """The edit that brings an attribute, tried on faces of the teacher that lack it.

    Args:
        attribute: Of the photos.
        teacher: Who draws.
        classifier: Whose features the attribute is read from.
        features: Of this teacher and classifier.

    Returns:
        The direction; `facts` say its range, reach and what else moves.

    Raises:
        UserError: If the teacher does not draw it: too few faces get it.
    """
    whole = sample_w(teacher, _COVARIANCE, psi=1.0)
    covariance = np.cov(whole.T)
    kernel, _ = classifier.head()
    readings = features.matrix @ kernel
    reading = features.matrix @ attribute.vector
    alike = _correlations(reading, readings, covariance)
    held = [
        index
        for index, name in enumerate(ATTRIBUTES)
        if alike[index] < (_SAME if name in _ALWAYS_HELD else _ALIKE)
    ]
    vector = shortest_step(reading, readings[:, held], covariance)
    direction = Direction(
        name=attribute.name,
        vector=vector,
        std=float((whole @ vector).std()),
        layers=[row for row in _ROWS if row < teacher.num_ws],
        attribute=attribute.name,
        sign=1,
        reading_vector=reading.astype(np.float32),
        reading_bias=float(features.bias @ attribute.vector + attribute.bias),
        facts={
            "edit": attribute.name,
            "method": "own photos",
            "teacher": teacher.name,
            "told_apart": round(attribute.accuracy, 3),
            "held": [ATTRIBUTES[index] for index in held],
        },
    )
    direction.facts |= _tried(direction, attribute, teacher, classifier)
    return direction


def shortest_step(
    reading: np.ndarray, held: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """The direction that moves one reading and hardly any of some others.

    Of all v with a given change of the reading, the one with the least
    v C^-1 v + 10 |H v|^2 (C the covariance of w, H the held readings, each in its own
    standard deviations): a step that is not unusual among faces, and costs ten times
    as much where it shows in what is held. Held to nothing at all, readings that go
    with the thing for good reasons would take most of it along.

    Args:
        reading: `[D]`, coefficients of what is to move.
        held: `[D, K]`, of what is to stay.
        covariance: `[D, D]`, of w.

    Returns:
        `[D]` float32, of length 1.
    """
    held = held / np.sqrt(np.einsum("dk,de,ek->k", held, covariance, held))
    towards = covariance @ reading
    across = covariance @ held
    # (C^-1 + 10 H' H)^-1 reading, by Woodbury's identity.
    weights = np.linalg.solve(
        np.eye(held.shape[1]) / _HOLD + held.T @ across, held.T @ towards
    )
    vector = towards - across @ weights
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _correlations(
    reading: np.ndarray, readings: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """`[K]`: how much each reading goes with one over faces, 0 to 1."""
    own = np.sqrt(reading @ covariance @ reading)
    others = np.sqrt(np.einsum("dk,de,ek->k", readings, covariance, readings))
    return np.abs(reading @ covariance @ readings) / (own * others)


def _tried(
    direction: Direction,
    attribute: Attribute,
    teacher: Teacher,
    classifier: AttributeClassifier,
) -> dict[str, Any]:
    """Range, reach, and what else moves, on faces that lack the thing."""
    w = sample_w(teacher, _CANDIDATES, 0.7)
    lacking = np.argsort(direction.reading_vector @ w.T)[: len(_CANDIDATES) // 2]
    seeds = [_CANDIDATES[index] for index in sorted(lacking[:: len(lacking) // _FACES])]
    images = to_uint8(sweep(direction, teacher, seeds, _STRENGTHS))
    features = [classifier.features(row) for row in images]
    scores = np.stack([attribute.scores(row) for row in features])
    lacked = scores[0] < 0
    if not lacked.any():
        raise UserError(f"{attribute.name}: every face of the teacher already has it")
    reached = (scores[:, lacked] > 0).mean(axis=1)
    chosen = int(np.argmax(reached >= _ENOUGH * reached.max()))
    if reached[chosen] < LEAST_REACH:
        raise UserError(
            f"{attribute.name}: the teacher does not draw it: {reached[chosen]:.0%} of "
            f"its faces get it {_STRENGTHS[chosen]:g} standard deviations of w away, "
            f"{LEAST_REACH:.0%} is needed"
        )
    kernel, _ = classifier.head()
    before, after = features[0] @ kernel, features[chosen] @ kernel
    moved = (after - before).mean(axis=0) / before.std(axis=0)
    order = np.argsort(-np.abs(moved))
    return {
        "range": _STRENGTHS[chosen],
        "reached": dict(zip(map(str, _STRENGTHS), map(_rounded, reached), strict=True)),
        "moved": {ATTRIBUTES[index]: _rounded(moved[index]) for index in order[:8]},
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)
