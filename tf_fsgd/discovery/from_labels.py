"""Finding a direction: class centres (the paper, section 3) or logistic regression.

Both take faces that a classifier has read, and drop the uncertain ones. Centres differ
in whatever goes with the attribute in the sample (women smile more often, so "feminine"
smiles); `orthogonalised` takes the directions of other attributes out again.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from tf_fsgd.errors import UserError

MINIMUM = 50  # certain faces that each class needs


def certain(
    probability: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Which faces surely have the attribute, and which surely lack it.

    Args:
        probability: `[N]`, that the attribute is present.
        confidence: What counts as sure, from 0.5 to 1.

    Returns:
        Two boolean masks `[N]`.

    Raises:
        UserError: If either class has fewer than 50 faces.
    """
    present, absent = probability >= confidence, probability <= 1 - confidence
    if min(present.sum(), absent.sum()) < MINIMUM:
        raise UserError(
            f"confidence {confidence}: each class needs {MINIMUM} certain faces, "
            f"found {present.sum()} with the attribute and {absent.sum()} without; "
            "sample more or ask for less"
        )
    return present, absent


def extremes(
    probability: np.ndarray, share: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """The faces with the most and with the least of an attribute.

    For attributes that a classifier is never sure of, such as narrow eyes.

    Args:
        probability: `[N]`, that the attribute is present.
        share: Of the faces, in each class.

    Returns:
        Two boolean masks `[N]`.
    """
    low, high = np.quantile(probability, [share, 1 - share])
    return probability >= high, probability <= low


def mean_direction(
    w: np.ndarray, present: np.ndarray, absent: np.ndarray
) -> np.ndarray:
    """Unit vector from the centre of `absent` to the centre of `present`, `[512]`."""
    return _unit(w[present].mean(axis=0) - w[absent].mean(axis=0))


def logistic_direction(
    w: np.ndarray, present: np.ndarray, absent: np.ndarray
) -> np.ndarray:
    """Unit normal of the logistic regression's boundary, towards `present`, `[512]`."""
    return _unit(fit_reading(w, present, absent)[0])


METHODS = {"centres": mean_direction, "logistic": logistic_direction}
"""By name, what finds a direction from w and the two masks of `certain`."""


def fit_reading(
    w: np.ndarray, present: np.ndarray, absent: np.ndarray
) -> tuple[np.ndarray, float]:
    """Logistic regression of an attribute on w.

    Coordinates are standardised for the fit, so that its L2 penalty treats them alike;
    the classes weigh the same.

    Returns:
        Coefficients `[512]` and intercept, in the units of w.
    """
    chosen = present | absent
    mean, std = w[chosen].mean(axis=0), w[chosen].std(axis=0)
    model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1_000)
    model.fit((w[chosen] - mean) / std, present[chosen])
    vector = model.coef_[0] / std
    return vector.astype(np.float32), float(model.intercept_[0] - vector @ mean)


def orthogonalised(vector: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """The part of `vector` that is perpendicular to every one of `others`, unit length.

    Raises:
        UserError: If nothing is left.
    """
    if not others:
        return _unit(vector)
    basis, _ = np.linalg.qr(np.stack(others, axis=1))
    rest = vector - basis @ (basis.T @ vector)
    if np.linalg.norm(rest) < 1e-3 * np.linalg.norm(vector):
        raise UserError("orthogonal to others, nothing of the direction is left")
    return _unit(rest)


def _unit(vector: np.ndarray) -> np.ndarray:
    return (vector / np.linalg.norm(vector)).astype(np.float32)
