"""What an edit did to a set of faces: shares with intervals, attributes, pixels, blobs.

Faces fall into two classes by the edit's attribute. The *source* class lacks the target
(for "feminine": men) and should change; the *target* class has it already and should
stay what it is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.blobs import count_blobs
from tf_fsgd.evaluation.intervals import rounded, share_with_interval
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.evaluation.lpips import Lpips
from tf_fsgd.images.io import to_float
from tf_fsgd.latents.directions import Direction

# What the judge reads, by CelebA's names.
_JUDGED = ("Male", "Young")


@dataclass
class Measures:
    """The instruments; what is `None` is left out of the report.

    Attributes:
        classifier: Our own attribute classifier. It chose the pairs and may have been a
            loss, so that its shares flatter the translator.
        direction: The edit; its `attribute` and `sign` make the two classes. `None`: an
            edit that is known by its pairs only.
        judge: The independent judge of gender and age.
        lpips: Perceptual distance.
    """

    classifier: AttributeClassifier
    direction: Direction | None = None
    judge: GenderJudge | None = None
    lpips: Lpips | None = None

    def measure(
        self,
        before: np.ndarray,
        after: np.ndarray,
        has_target: np.ndarray | None = None,
    ) -> dict:
        """Compares inputs and outputs of the translator.

        Args:
            before, after: `[N, R, R, 3]` uint8.
            has_target: `[N]` bool, True for the target class; `None`: as the classifier
                reads `before`.

        Returns:
            Counts, shares and means, ready for JSON. A share is a dict as
            `share_with_interval` returns it. "mean_attribute_change" is over the source
            class (over all faces when there is no direction).
        """
        probabilities = [
            self.classifier.probabilities(to_float(images))
            for images in (before, after)
        ]
        result: dict = {"count": len(before)}
        source = np.ones(len(before), bool)
        if self.direction is not None:
            column = ATTRIBUTES.index(self.direction.attribute)
            towards = [p[:, column] for p in probabilities]
            if self.direction.sign < 0:
                towards = [1 - p for p in towards]
            if has_target is None:
                has_target = towards[0] >= 0.5
            source = ~has_target
            result["classifier"] = _class_shares(towards, has_target)
            if self.judge is not None and self.direction.attribute in _JUDGED:
                result["judge"] = self._judge(
                    self.judge, self.direction, before, after, has_target
                )
        change = probabilities[1] - probabilities[0]
        result["mean_attribute_change"] = {
            name: rounded(value)
            for name, value in zip(ATTRIBUTES, _mean(change[source]), strict=True)
        }
        moved = np.abs(after.astype(np.int16) - before).mean(axis=(1, 2, 3))
        result["mean_absolute_pixel_change"] = rounded(_mean(moved[source]))
        if self.lpips is not None:
            distance = self.lpips.distance(before[source], after[source])
            result["lpips"] = rounded(_mean(distance))
        blobs = count_blobs(before, after)
        result["blobs_per_100"] = rounded(100 * _mean(blobs))
        result["outputs_with_blobs"] = int((blobs > 0).sum())
        return result

    @staticmethod
    def _judge(
        judge: GenderJudge,
        direction: Direction,
        before: np.ndarray,
        after: np.ndarray,
        has_target: np.ndarray,
    ) -> dict:
        first, second = judge.read(before), judge.read(after)
        result: dict = {
            "faces_detected_before": int(first.detected.sum()),
            "faces_detected_after": int(second.detected.sum()),
            "mean_years_moved": {
                "source": rounded(_mean((second.age - first.age)[~has_target])),
                "target": rounded(_mean((second.age - first.age)[has_target])),
            },
        }
        if direction.attribute == "Male":
            towards = [v.probability_male for v in (first, second)]
            if direction.sign < 0:
                towards = [1 - p for p in towards]
            result |= _class_shares(towards, has_target)
        return result


def _class_shares(towards: list[np.ndarray], has_target: np.ndarray) -> dict:
    """Shares before and after, from probabilities of the target before and after."""
    before, after = (p >= 0.5 for p in towards)
    return {
        "source_read_as_target": {
            "before": share_with_interval(before[~has_target]),
            "after": share_with_interval(after[~has_target]),
        },
        "target_read_as_source": {
            "before": share_with_interval(~before[has_target]),
            "after": share_with_interval(~after[has_target]),
        },
    }


def select_photos(has_target: np.ndarray, photos: int) -> np.ndarray:
    """A fixed subset: two thirds of the source class, one third of the target class.

    Args:
        has_target: `[N]` bool.
        photos: How many; when a class is short, the other fills up.

    Returns:
        Indices `[min(N, photos)]`, ascending; of each class the first of the split.
    """
    source, target = np.flatnonzero(~has_target), np.flatnonzero(has_target)
    targets = min(len(target), photos // 3)
    sources = min(len(source), photos - targets)
    targets = min(len(target), photos - sources)
    return np.sort(np.concatenate([source[:sources], target[:targets]]))


def _mean(values: np.ndarray) -> Any:
    """The mean over the first axis; nan, without numpy's warning, over nothing."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    return values.mean(axis=0)
