"""Directions from nothing but a teacher: sample, classify, find, measure, draw."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.discovery import from_labels
from tf_fsgd.discovery.gradient_search import GradientSearch
from tf_fsgd.discovery.survey import effects, logit, sweep
from tf_fsgd.edits import EDITS
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import to_uint8, write_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.latents.samples import read_samples, render_samples, sample_w
from tf_fsgd.stylegan2.teacher import Teacher

if TYPE_CHECKING:
    from tf_fsgd.backend.cluster import Cluster

_STRENGTHS = (-3, -2, -1, 0, 1, 2, 3)
_PICTURED = 5  # faces of the pictures
_MEASURED = range(900_000, 900_040)  # faces outside every sample


@dataclass(frozen=True)
class Finding:
    """How directions are found.

    Attributes:
        teacher: Who draws the faces.
        classifier: What says which have an attribute.
        layers: Rows of W+ that the directions move.
        out: Folder of the samples and the results.
        count: Faces to learn from.
        psi: Their truncation.
        method: One of `from_labels.METHODS`; or "pure": by gradients, with a vector for
            each row of W+.
        confidence: Of the faces used.
        others: Attributes to take out of every direction.
        gradients: Faces whose gradients "pure" follows.
        facts: Whatever else the file of a direction is to say.
        cluster: Where the faces to learn from are drawn; `None`: here.
        checkpoint: Of the teacher, for the cluster.
    """

    teacher: Teacher
    classifier: AttributeClassifier
    layers: list[int]
    out: Path
    count: int = 10_000
    psi: float = 0.7
    method: str = "centres"
    confidence: float = 0.9
    others: Sequence[str] = ()
    gradients: int = 20
    facts: dict = field(default_factory=dict)
    cluster: "Cluster | None" = None
    checkpoint: str = ""

    def find(self, edits: Sequence[str]) -> None:
        """Writes the direction of each edit with its facts and a picture.

        Args:
            edits: Keys of `EDITS`.

        Raises:
            UserError: If too few faces are certain.
        """
        teacher, samples = self.teacher, self.out / "samples"
        render_samples(
            teacher,
            samples,
            self.count,
            self.psi,
            cluster=self.cluster,
            checkpoint=self.checkpoint,
        )
        probabilities = np.concatenate(
            [
                self.classifier.probabilities(faces)
                for faces in read_samples(samples, self.count)
            ]
        )
        w = sample_w(teacher, range(self.count), self.psi)
        whole = sample_w(teacher, range(self.count), psi=1.0)
        score_std = logit(probabilities).std(axis=0)
        search = None
        if self.method == "pure":
            search = GradientSearch(
                teacher,
                self.classifier,
                score_std,
                np.cov(whole.T),
                self.out / "gradients",
                faces=self.gradients,
                psi=self.psi,
            )
        for edit in edits:
            direction = self._direction(edit, w, whole, probabilities)
            if search:
                direction = search.pure_direction(direction)
            direction.facts |= {"teacher": teacher.name, **self.facts}
            images = sweep(direction, teacher, _MEASURED, _STRENGTHS, self.psi)
            scores = np.stack([self.classifier.probabilities(row) for row in images])
            direction.facts |= effects(
                scores, _STRENGTHS, ATTRIBUTES, direction.attribute, score_std
            )
            direction.facts["measured_on_faces"] = len(_MEASURED)
            direction.save(self.out / f"{edit}.npz")
            shown = images[:, :_PICTURED].swapaxes(0, 1).reshape(-1, *images.shape[2:])
            labels = [f"{strength:+d}" for strength in _STRENGTHS]
            grid = image_grid(to_uint8(shown), len(_STRENGTHS), column_labels=labels)
            write_image(self.out / f"{edit}.jpg", grid)
            print(f"{edit}: {self.out / edit}.npz, .json and .jpg")

    def _direction(
        self, edit: str, w: np.ndarray, whole: np.ndarray, probabilities: np.ndarray
    ) -> Direction:
        attribute, sign = EDITS[edit].attribute, EDITS[edit].sign
        pure = self.method == "pure"
        masks = {
            # A pure direction needs the classes for its reading alone, which may be of
            # an attribute that the classifier is never certain of.
            name: from_labels.extremes(probabilities[:, ATTRIBUTES.index(name)])
            if pure
            else from_labels.certain(
                probabilities[:, ATTRIBUTES.index(name)], self.confidence
            )
            for name in [attribute, *self.others]
        }
        find = from_labels.METHODS.get(self.method, from_labels.logistic_direction)
        vectors = {name: find(w, *classes) for name, classes in masks.items()}
        vector = from_labels.orthogonalised(
            sign * vectors[attribute],
            [vectors[name] for name in self.others if name != attribute],
        )
        present, absent = masks[attribute]
        # A fifth is kept out of the fit that the accuracy is measured with.
        fitted = np.arange(len(w)) % 5 != 0
        vector_fit, bias_fit = from_labels.fit_reading(
            w, present & fitted, absent & fitted
        )
        rest = (present | absent) & ~fitted
        right = (w[rest] @ vector_fit + bias_fit > 0) == present[rest]
        reading_vector, reading_bias = from_labels.fit_reading(w, present, absent)
        facts = {
            "edit": edit,
            "attribute": attribute,
            "sign": sign,
            "method": self.method,
            "orthogonal_to": list(self.others),
            "layers": self.layers,
            "samples": len(w),
            "truncation_psi": self.psi,
            **({} if pure else {"confidence": self.confidence}),
            f"{'most' if pure else 'certain'}_with_attribute": int(present.sum()),
            f"{'most' if pure else 'certain'}_without_attribute": int(absent.sum()),
            "linear_reading_accuracy": round(float(right.mean()), 4),
        }
        return Direction(
            name=edit,
            vector=vector,
            std=float((whole @ vector).std()),
            layers=self.layers,
            attribute=attribute,
            sign=sign,
            reading_vector=reading_vector,
            reading_bias=reading_bias,
            facts=facts,
        )
