"""The search for pure directions: gradients, a solver, and measured corrections."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.discovery.gradients import collect_gradients
from tf_fsgd.discovery.purity import SAME_MOVEMENT, unit_moves
from tf_fsgd.discovery.ridge import RidgeSolver, corrected, unit
from tf_fsgd.latents.directions import Direction
from tf_fsgd.stylegan2.teacher import Teacher

CORRECTED = range(800_000, 800_064)
"""Seeds of the faces that corrections are measured on: outside every sample."""


class GradientSearch:
    """Finds pure directions for one teacher; the gradients serve all edits.

    Args:
        teacher: Who draws.
        classifier: Whose logits are to move alone.
        score_std: `[K]`, standard deviation of each logit over unedited faces.
        covariance: `[w_dim, w_dim]`, of w without truncation.
        folder: Where the gradients are kept.
        faces: Seeds 0 to `faces` - 1 are differentiated.
        psi: Truncation.
    """

    def __init__(
        self,
        teacher: Teacher,
        classifier: AttributeClassifier,
        score_std: np.ndarray,
        covariance: np.ndarray,
        folder: Path,
        faces: int = 20,
        psi: float = 0.7,
    ):
        self._teacher, self._classifier, self._psi = teacher, classifier, psi
        self._score_std, self._covariance = score_std, covariance
        scores = keras.Model(classifier.model.input, classifier.model.output["logits"])
        gradients = collect_gradients(
            teacher, scores, folder, range(faces), psi, classifier.size
        )
        self._gradients = gradients / score_std[:, None, None].astype(np.float32)

    def pure_direction(self, direction: Direction) -> Direction:
        """A pure direction for the attribute of `direction`, in the rows it moves.

        Attributes that name a part of the same movement are left free.

        Returns:
            `direction` with another vector, std and a few more facts.
        """
        wanted = self._classifier.index(direction.attribute)
        same = SAME_MOVEMENT.get(direction.attribute, ())
        ignored = [self._classifier.index(name) for name in same]
        solver = RidgeSolver(self._gradients[:, :, direction.layers], self._covariance)
        ridge = solver.choose_ridge(wanted, ignored)

        def with_vector(vector: np.ndarray) -> Direction:
            vector, std = unit(direction.sign * vector, self._covariance)
            return dataclasses.replace(direction, vector=vector, std=std)

        def measure(vector: np.ndarray) -> np.ndarray:
            moves = unit_moves(
                with_vector(vector),
                self._teacher,
                self._classifier.probabilities,
                CORRECTED,
                self._psi,
            )
            return direction.sign * moves.mean(axis=0) / self._score_std

        vector, ratios = corrected(
            lambda target: solver.solve(target, ridge),
            solver.response(ridge),
            measure,
            wanted,
            ignored,
        )
        pure = with_vector(vector)
        lengths = np.sum(pure.vector.astype(np.float64) ** 2, axis=1)
        pure.facts = direction.facts | {
            "gradients_of_faces": len(self._gradients),
            "ridge": ridge,
            "left_free": list(same),
            "purity_by_correction": [round(ratio, 2) for ratio in ratios],
            "row_shares": np.round(lengths / lengths.sum(), 3).tolist(),
        }
        return pure
