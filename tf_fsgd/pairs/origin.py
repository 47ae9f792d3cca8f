"""Where a run's pairs come from: the teacher renders them, or they are the user's own.

`origin_of` is asked for either; whoever trains, shows or measures need not know which.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.config import Config
from tf_fsgd.images.finding import print_left_out
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs.folder import check_folder, name_of, read_folder
from tf_fsgd.pairs.render import check_rendering, render_pairs, settle_axes
from tf_fsgd.pairs.source import FamilySource, open_pairs
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.stylegan2.teacher import Teacher

if TYPE_CHECKING:
    from tf_fsgd.backend.cluster import Cluster


class Origin(Protocol):
    """Where the pairs of a config come from."""

    def settle(self, usual: str) -> None:
        """Fills in what the config leaves open: `usual` is its edit if nothing else."""

    def check(self) -> str:
        """Refuses, as a `UserError`, what no pairs can be had from.

        Returns:
            What the user is to know, a line; empty when there is nothing.
        """

    def directions(self) -> list[Direction]:
        """Of the config's axes, in their order; none where nobody knows them."""

    def make(self, folder: Path, classifier: AttributeClassifier) -> None:
        """Puts into the run's folder what is not there yet."""

    def open(self, folder: Path, split: str) -> FamilySource:
        """The pairs of one split, "train" or "held_out"."""


class Rendered:
    """Pairs that the teacher draws; an `Origin`."""

    def __init__(self, config: Config):
        self._config = config
        self._teacher: Teacher | None = None  # between `check` and `make`

    def settle(self, usual: str) -> None:
        self._config.edit = self._config.edit or usual

    def check(self) -> str:
        self._teacher = load_teacher(self._config.teacher.checkpoint)
        check_rendering(self._config, self._teacher, settle_axes(self._config))
        return ""

    def directions(self) -> list[Direction]:
        return [direction for direction, _ in settle_axes(self._config)]

    def make(
        self,
        folder: Path,
        classifier: AttributeClassifier | None = None,
        cluster: "Cluster | None" = None,
    ) -> None:
        """As an `Origin`; by default with the shipped classifier.

        Args:
            folder: Of the run's pairs.
            classifier: Of certain pairs.
            cluster: Where to render; `None`: here.
        """
        teacher = self._teacher or load_teacher(self._config.teacher.checkpoint)
        self._teacher = None  # so that training can use its gigabyte
        stats = render_pairs(
            self._config,
            folder,
            teacher=teacher,
            axes=settle_axes(self._config),
            classifier=classifier,
            cluster=cluster,
        )
        print(f"pairs: {stats.kept} of {stats.candidates} candidates, {folder}")

    def open(self, folder: Path, split: str) -> FamilySource:
        return open_pairs(folder, split)


class Own:
    """A folder of A/B images, which nobody has to make; an `Origin`."""

    def __init__(self, config: Config):
        self._config, self._pairs = config, config.pairs

    def settle(self, usual: str) -> None:
        self._pairs.folder = str(Path(self._pairs.folder).resolve())
        self._config.edit = self._config.edit or name_of(self._pairs.folder)

    def check(self) -> str:
        pairs = self._pairs
        return check_folder(
            pairs.folder, pairs.resolution, pairs.held_out, left_out=print_left_out
        )

    def directions(self) -> list[Direction]:
        return []

    def make(self, folder: Path, classifier: AttributeClassifier) -> None:
        pass

    def open(self, folder: Path, split: str) -> FamilySource:
        pairs = self._pairs
        return read_folder(
            folder, pairs.resolution, split=split, held_out=pairs.held_out
        )


_ORIGINS: dict[str, Callable[[Config], Origin]] = {
    "certain": Rendered,
    "whole": Rendered,
    "two": Rendered,
    "mix": Rendered,
    "folder": Own,
}


def origin_of(config: Config) -> Origin:
    """Where a config's pairs come from."""
    return _ORIGINS[config.choice](config)
