"""Whether an exported file still does what its Keras model does to a face.

Two pictures may be at 40 dB of each other everywhere but at the mouth. So the attribute
classifier reads both: how many of the faces that lack what an edit brings have it
afterwards, and how sure the classifier is of it.
"""

import numpy as np

from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.edits import EDITS
from tf_fsgd.exporting.cases import Cases
from tf_fsgd.exporting.errors import PrecisionError
from tf_fsgd.images.io import to_float

LIMIT_POINTS = 2.0
ENOUGH = 50  # faces; of fewer a single one moves a share by more than the limit


class EffectMeter:
    """Reads what the Keras model does, once, to hold files to it."""

    def __init__(self, cases: Cases, reference: np.ndarray):
        """Reads the photos and the Keras model's images.

        Args:
            cases: What was translated. Edits that are not of the shipped ones are left
                out: nobody can say what they are for.
            reference: The Keras model's images of them, float32 in [-1, 1].
        """
        self._classifier = load_classifier()
        self._before = self._read(to_float(cases.photos))
        self._cases = cases
        self._keras = self._towards(cases, self._read(reference))

    def compare(self, name: str, chosen: np.ndarray, images: np.ndarray) -> dict | None:
        """Compares a file's effect with the Keras model's.

        Args:
            name: Of the file, for the message.
            chosen: Indices of cases.
            images: The file's images of those.

        Returns:
            `faces`: of how many, `keras` and `file`: shares of them that have got what
            the edit brings, `share_points`, `certainty_points`: the mean probability,
            `limit_points`. `None` where no face lacks what an edit brings.

        Raises:
            PrecisionError: If the effects are further apart than `LIMIT_POINTS`: the
                mean probability, and from `ENOUGH` faces on the share.
        """
        cases = self._cases.at(chosen)
        keras = self._keras[chosen]
        lacking = np.nan_to_num(self._towards(cases, self._before[cases.which]), nan=1)
        lacking = lacking < 0.5
        if not lacking.any():
            return None
        file = self._towards(cases, self._read(images))[lacking]
        keras = keras[lacking]
        share = 100 * abs(np.mean(file >= 0.5) - np.mean(keras >= 0.5))
        certainty = 100 * abs(np.mean(file) - np.mean(keras))
        if certainty > LIMIT_POINTS or (share > LIMIT_POINTS and len(keras) >= ENOUGH):
            raise PrecisionError(
                f"{name}: the edit's effect is {share:.1f} points (certainty "
                f"{certainty:.1f}) from the Keras model's, allowed are "
                f"{LIMIT_POINTS:.0f}"
            )
        return {
            "faces": len(keras),
            "keras": float(np.mean(keras >= 0.5)),
            "file": float(np.mean(file >= 0.5)),
            "share_points": float(share),
            "certainty_points": float(certainty),
            "limit_points": LIMIT_POINTS,
        }

    def _read(self, images: np.ndarray) -> np.ndarray:
        return self._classifier.probabilities(images)

    def _towards(self, cases: Cases, probabilities: np.ndarray) -> np.ndarray:
        """`[C]`: probability of what each case's edit brings; nan: not known."""
        result = np.full(len(cases), np.nan)
        for index, edit in enumerate(cases.edits):
            if edit in EDITS:
                facts = EDITS[edit]
                present = probabilities[index, ATTRIBUTES.index(facts.attribute)]
                result[index] = present if facts.sign > 0 else 1 - present
        return result
