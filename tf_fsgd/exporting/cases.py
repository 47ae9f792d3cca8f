"""What exported files are compared on: photos, each with the strengths of an edit."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tf_fsgd.images.io import to_float
from tf_fsgd.translator.translator import Translator


@dataclasses.dataclass(frozen=True)
class Cases:
    """C inputs of a translator, made of fewer photos.

    Attributes:
        photos: `[N, R, R, 3]` uint8.
        which: `[C]` int, the photo of each.
        edits: `[C]`, names of edits at strength 1; "" for another strength.
        strengths: `[C, E]` float32.
    """

    photos: np.ndarray
    which: np.ndarray
    edits: list[str]
    strengths: np.ndarray

    @classmethod
    def of(cls, photos: np.ndarray, translator: Translator) -> "Cases":
        """Photo after photo: untouched, each edit at 1, and all axes at once."""
        rows = {"": {}} | {edit: {edit: 1.0} for edit in translator.edits}
        names, rows = list(rows), list(rows.values())
        if len(translator.axes) > 1:
            names.append("")
            rows.append(dict.fromkeys(translator.axes, 1.0))
        strengths = np.stack([translator.strengths(row) for row in rows])
        return cls(
            photos,
            np.repeat(np.arange(len(photos)), len(rows)),
            names * len(photos),
            np.tile(strengths, (len(photos), 1)),
        )

    def __len__(self) -> int:
        return len(self.which)

    def some(self, count: int | None) -> np.ndarray:
        """Indices of `count` of them, ascending: photos change as fast as edits do.

        Args:
            count: At most; `None`: all.
        """
        photos = len(self.photos)
        rows = len(self) // photos
        turns = [
            photo * rows + (photo + turn) % rows
            for turn in range(rows)
            for photo in range(photos)
        ]
        return np.sort(turns[:count])

    def at(self, chosen: np.ndarray) -> "Cases":
        """Those at some indices."""
        return dataclasses.replace(
            self,
            which=self.which[chosen],
            edits=[self.edits[index] for index in chosen],
            strengths=self.strengths[chosen],
        )

    def inputs(self) -> Iterator[dict[str, np.ndarray]]:
        """One by one, batches of 1 by the names of the signature's inputs."""
        for index, photo in enumerate(self.which):
            yield {
                "image": to_float(self.photos[photo : photo + 1]),
                "strengths": self.strengths[index : index + 1],
            }
