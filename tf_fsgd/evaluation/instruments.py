"""What networks read in faces, and how an edited face differs from its photo.

`Instruments` holds every network of the report, `Change` what an edit did to N faces,
face by face: shares, means and intervals are made of it at the very end.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.blobs import count_blobs
from tf_fsgd.evaluation.distribution import FeatureSpace
from tf_fsgd.evaluation.face_recognition import Identity
from tf_fsgd.evaluation.intervals import mean_with_interval, share_with_interval
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.features.lpips import Lpips
from tf_fsgd.images.io import to_float

SAME_PERSON = 0.6
"""dlib's own limit of the distance between two photos of one person."""

# Head, hair and neck in FFHQ's framing, in shares of the side: drawn generously around
# the faces of CelebA's test photos, so that long hair and a beard lie inside.
_HEAD_CENTRE = (0.50, 0.54)
_HEAD_RADII = (0.40, 0.52)


def outside_head(resolution: int) -> np.ndarray:
    """What an edit of a face should leave alone: the complement of a fixed ellipse.

    It knows FFHQ's framing and not the picture: where hair or a hat leaves the ellipse,
    36 % of the picture being outside, they count as background.

    Args:
        resolution: R, side in pixels.

    Returns:
        `[R, R]` bool.
    """
    place = (np.arange(resolution) + 0.5) / resolution
    x, y = (
        (place - centre) / radius
        for centre, radius in zip(_HEAD_CENTRE, _HEAD_RADII, strict=True)
    )
    return x[None, :] ** 2 + y[:, None] ** 2 > 1


class Reading(NamedTuple):
    """What the networks read in N faces.

    Attributes:
        probabilities: `[N, 40]` in [0, 1], by the attribute classifier.
        probability_male: `[N]` in [0, 1], by the judge.
        age: `[N]` years, by the judge.
    """

    probabilities: np.ndarray
    probability_male: np.ndarray
    age: np.ndarray

    def of(self, chosen: np.ndarray) -> "Reading":
        """The reading of some of the faces, by index or mask."""
        return Reading(*(values[chosen] for values in self))


@dataclass(frozen=True)
class Instruments:
    """Every network of the report; what is `None` is left out of it.

    Attributes:
        classifier: Of the 40 attributes.
        judge: Of gender and age.
        space: Where distances between sets of faces are measured.
        lpips: Perceptual distance.
        identity: Says whether it is still the same person.
    """

    classifier: AttributeClassifier
    judge: GenderJudge
    space: FeatureSpace
    lpips: Lpips
    identity: Identity | None = None

    def read(self, faces: np.ndarray) -> Reading:
        """Reads faces `[N, R, R, 3]` uint8."""
        verdicts = self.judge.read(faces)
        return Reading(
            self.classifier.probabilities(to_float(faces)),
            verdicts.probability_male,
            verdicts.age,
        )

    def compare(
        self, before: np.ndarray, after: np.ndarray, reading: Reading
    ) -> "Change":
        """Measures what became of faces.

        Args:
            before, after: `[N, R, R, 3]` uint8.
            reading: Of `before`.
        """
        moved = np.abs(after.astype(np.int16) - before).mean(axis=3)
        unknown = np.full(len(before), np.nan)
        identity = self.identity
        return Change(
            before=reading,
            after=self.read(after),
            pixels=moved.mean(axis=(1, 2)),
            pixels_outside=moved[:, outside_head(after.shape[1])].mean(axis=1),
            blobs=count_blobs(before, after),
            features=self.space.features(after),
            lpips=self.lpips.distance(before, after),
            cosine=unknown if identity is None else identity.cosine(before, after),
            distance=unknown if identity is None else identity.distance(before, after),
        )


@dataclass(frozen=True)
class Change:
    """What an edit did to N faces; every array has a row a face.

    Attributes:
        before, after: Readings.
        pixels: Mean absolute change of a pixel's channels, of 255.
        pixels_outside: The same over `outside_head`.
        blobs: How many.
        features: `[N, D]` of the outputs, in the instruments' feature space.
        lpips, cosine, distance: nan where not measured.
    """

    before: Reading
    after: Reading
    pixels: np.ndarray
    pixels_outside: np.ndarray
    blobs: np.ndarray
    features: np.ndarray
    lpips: np.ndarray
    cosine: np.ndarray
    distance: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence["Change"]) -> "Change":
        """The change of several sets of faces, in order; one set at least."""
        return cls(
            *(
                _joined([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(cls)
            )
        )

    def summary(self) -> dict:
        """Means and shares with intervals, and counts, ready for JSON."""
        moved = self.after.probabilities - self.before.probabilities
        compared = self.distance[~np.isnan(self.distance)]
        return {
            "count": len(self.pixels),
            "identity_cosine": mean_with_interval(self.cosine),
            "identity_distance": mean_with_interval(self.distance),
            "same_person": share_with_interval(compared <= SAME_PERSON),
            "lpips": mean_with_interval(self.lpips),
            "mean_absolute_pixel_change": mean_with_interval(self.pixels),
            "mean_absolute_pixel_change_outside_head": mean_with_interval(
                self.pixels_outside
            ),
            "blobs_per_1000": mean_with_interval(1000.0 * self.blobs),
            "outputs_with_blobs": share_with_interval(self.blobs > 0),
            "probability_male_moved": mean_with_interval(
                self.after.probability_male - self.before.probability_male
            ),
            "years_moved": mean_with_interval(self.after.age - self.before.age),
            "attributes_moved": {
                name: mean_with_interval(moved[:, column])
                for column, name in enumerate(ATTRIBUTES)
            },
        }


def _joined(parts: list):
    if isinstance(parts[0], Reading):
        return Reading(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))
    return np.concatenate(parts)
