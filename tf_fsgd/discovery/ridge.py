"""Pure directions: one attribute moves, 39 stay, and each row of W+ has its own vector.

What a direction d does to a face is, to first order, known from the gradients of the
attributes' scores with respect to W+. So d is a ridge regression: for every face, one
equation "the wanted score rises by 1" and one "this score stays" for every other
attribute. Faces are asked one by one, not on average, because a direction that smiles
on one half of the faces and ages the other half is not pure; on faces that were left
out, that was two to three times as pure as the same regression on mean gradients.

The penalty is d's length in units of the spread of w (the inverse of its covariance),
so that edited faces stay where the teacher has learnt to draw. Its weight trades
strength for purity, and is chosen on faces that were left out.

A derivative is not a step. `corrected` therefore measures what a step of one unit does
and asks again, for less of whatever came unasked.
"""

from collections.abc import Callable, Sequence

import numpy as np

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Weights of the penalty that are tried, in units of the equations' mean square."""

GOAL = 3.0
"""How many times as far as any unwanted attribute the wanted one should move."""

_FOLDS = 5
_NEARLY = 0.8  # of the best purity
_CAUTION = 0.3  # of corrections: full ones chase the noise of the response


class RidgeSolver:
    """The ridge regression, in its dual: equations are fewer than unknowns.

    Args:
        gradients: `[faces, K, rows, w_dim]`, of scores in their standard deviations.
        covariance: `[w_dim, w_dim]`, of w without truncation.
    """

    def __init__(self, gradients: np.ndarray, covariance: np.ndarray):
        values, vectors = np.linalg.eigh(covariance)
        self._root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        faces, self._count, *self._shape = gradients.shape
        # In coordinates in which w has unit covariance, the penalty is the length.
        whitened = gradients @ self._root.astype(gradients.dtype)
        self._equations = whitened.reshape(faces * self._count, -1)
        self._gram = (self._equations @ self._equations.T).astype(np.float64)
        self._face = np.repeat(np.arange(faces), self._count)

    def solve(self, target: np.ndarray, ridge: float) -> np.ndarray:
        """The shortest direction whose effects on every face come near `target`.

        Args:
            target: `[K]`, wished changes of the scores.
            ridge: Weight of the penalty, see `RIDGES`.

        Returns:
            `[rows, w_dim]`, of no particular length.
        """
        weights = self._weights(ridge, self._face >= 0) @ target
        return (weights @ self._equations).reshape(self._shape) @ self._root

    def response(self, ridge: float) -> np.ndarray:
        """What asking for one change changes on faces that were left out.

        Returns:
            `[K, K]`; column k holds the changes, mean over all faces, that the solution
            for a change of score k alone brings.
        """
        total = np.zeros((self._count, self._count))
        for fold in range(_FOLDS):
            outside = self._face % _FOLDS == fold
            effects = self._gram[np.ix_(outside, ~outside)] @ self._weights(
                ridge, ~outside
            )
            total += effects.reshape(-1, self._count, self._count).sum(axis=0)
        return total / (self._face[-1] + 1)

    def choose_ridge(self, wanted: int, ignored: Sequence[int] = ()) -> float:
        """The largest ridge that is nearly as pure as any on faces that were left out.

        A larger ridge gives a stronger and less pure direction. Corrections make up
        for some impurity, but not for weakness: what is weak drowns in what differs
        between faces.
        """
        ratios = {
            ridge: purity_ratio(self.response(ridge)[:, wanted], wanted, ignored)
            for ridge in RIDGES
        }
        enough = _NEARLY * min(GOAL, max(ratios.values()))
        return max(ridge for ridge, ratio in ratios.items() if ratio >= enough)

    def _weights(self, ridge: float, used: np.ndarray) -> np.ndarray:
        """Weights of the used equations in the solution for each score, `[n, K]`."""
        gram = self._gram[np.ix_(used, used)]
        gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
        asked = np.tile(np.eye(self._count), (len(gram) // self._count, 1))
        return np.linalg.solve(gram, asked)


def unit(vector: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, float]:
    """Brings `[rows, w_dim]` to the length and the std of a `Direction`.

    Returns:
        The vector with rows of length 1 in the root mean square, and the standard
        deviation of w along its rows, in the root mean square too.
    """
    vector = vector / np.sqrt(np.mean(np.sum(vector**2, axis=1)))
    std = np.sqrt(np.mean(np.sum((vector @ covariance) * vector, axis=1)))
    return vector.astype(np.float32), float(std)


def corrected(
    solve: Callable[[np.ndarray], np.ndarray],
    response: np.ndarray,
    measure: Callable[[np.ndarray], np.ndarray],
    wanted: int,
    ignored: Sequence[int] = (),
    rounds: int = 5,
) -> tuple[np.ndarray, list[float]]:
    """Asks, measures, and asks for less of what came unasked.

    Args:
        solve: Target `[K]` to a direction.
        response: `[K, K]`, see `RidgeSolver.response`.
        measure: A direction to what one unit of it does to every score, `[K]`.
        wanted: Index of the score that should rise.
        ignored: Indices of scores that may move along.
        rounds: Measurements after the first.

    Returns:
        The purest direction that was measured, and the purity ratio of each round.
    """
    counted = np.ones(len(response), bool)
    counted[[*ignored]] = False
    normal = response[counted].T @ response[counted]
    normal[np.diag_indices_from(normal)] += _CAUTION**2 * np.trace(normal) / len(normal)
    target = np.eye(len(response))[wanted]
    vectors, ratios = [], []
    for _ in range(rounds + 1):
        vector = solve(target)
        moves = measure(vector)
        vectors.append(vector)
        ratios.append(purity_ratio(moves, wanted, ignored))
        unasked = moves * (response[wanted] @ target) / moves[wanted]
        unasked[wanted] = 0
        target = target - np.linalg.solve(
            normal, response[counted].T @ unasked[counted]
        )
    return vectors[int(np.argmax(ratios))], ratios


def purity_ratio(moves: np.ndarray, wanted: int, ignored: Sequence[int] = ()) -> float:
    """How many times as far as any other score the wanted one moves.

    Args:
        moves: `[K]`, of every score; the wanted one is meant to rise.
        wanted: Index of the wanted one.
        ignored: Indices of scores that do not count.
    """
    others = np.abs(np.delete(moves, [wanted, *ignored])).max(initial=0)
    return float(moves[wanted] / max(others, 1e-9))
