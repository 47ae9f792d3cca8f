"""A trained translator, ready for faces: edits by name, strengths by unit.

    translator = load_translator("mobile-256")
    translator.translate(faces, {"smile": 0.8, "younger": 0.3})

The network speaks of axes of W in standard deviations; a user speaks of edits, where 1
is a clear edit. For a run of sliders that is two thirds of the most that it has learnt
from, for a run of one fixed edit all of it; the units of a shipped translator were
chosen on CelebA's validation photos.

Two kinds of network run here: LiteRT's, of what is shipped, which edits photos without
TensorFlow, and Keras', of a run. Whoever trains on a network, exports or takes it apart
asks for `Translator.model`, which is Keras' in both cases. So nothing of Keras is
imported here before it is needed.
"""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from tf_fsgd.edits import strengths_of
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import resized, to_float, to_uint8
from tf_fsgd.storage.files import read_json
from tf_fsgd.translator.licence import licence_of
from tf_fsgd.translator.litert import LiteRTNetwork

if TYPE_CHECKING:
    import keras

    from tf_fsgd.runs import RunFolder

SHIPPED = Path(__file__).parent / "shipped"
DEFAULT = "mobile-256"
DEFAULTS = {"edit": DEFAULT, "morph": "morph-128", "mix": "mix-128"}
"""The shipped translator of each task."""

FACES_LICENCE = "non-commercial research only: the weights derive from FFHQ and CelebA"
TASKS = {
    "edit": "edits one face",
    "morph": "morphs two people",
    "mix": "gives a face the style of another",
}
"""What translators are for, as messages say it."""

FORMAT = 2  # of a shipped translator's JSON; 2: beside a .tflite


@dataclasses.dataclass(frozen=True)
class Translator:
    """A network with what its strengths mean.

    Attributes:
        name: What it is called in reports.
        network: Any function from `[images, strengths]`, `[N, R, R, 3]` in [-1, 1] and
            `[N, E]` in standard deviations of w, to images, float32, clipped or not: a
            Keras model, or a `LiteRTNetwork`.
        resolution: R, in pixels.
        axes: Names of the E columns of strengths.
        units: Standard deviations that strength 1 of each edit stands for: both ends
            of every axis, or one where the network was taught one fixed edit, whose
            strengths are 0 to 1 (`tf_fsgd.edits.one_ended`).
        licence: Of the weights.
        faces: F, how many faces it takes at once, side by side in channels: 2 for a
            morph, whose one strength is the share of the way from the first to the
            second, and for a mix, where it is the share of the second's style.
    """

    name: str
    network: Callable
    resolution: int
    axes: tuple[str, ...]
    units: dict[str, float]
    licence: str = FACES_LICENCE
    faces: int = 1

    @property
    def task(self) -> str:
        """What it does: one of `TASKS`."""
        return "edit" if self.faces == 1 else self.axes[0]

    def check_task(self, wanted: str) -> None:
        """Refuses a morph where one face is to be edited, and the other way round.

        Raises:
            UserError: If its task is another than `wanted`.
        """
        if self.task != wanted:
            raise UserError(
                f"translator must be one that {TASKS[wanted]}, {self.name} is one that "
                + TASKS[self.task]
            )

    def like(self, face: np.ndarray) -> Self:
        """A translator of single faces, which gives them the style of this one.

        Args:
            face: `[S, S, 3]` uint8, FFHQ framing.

        Returns:
            Its only edit is "mix", at strengths from 0 to 1.

        Raises:
            UserError: If this is no mix.
        """
        self.check_task("mix")
        style = to_float(resized(face[None], self.resolution))
        return dataclasses.replace(self, network=_Styled(self.network, style), faces=1)

    @property
    def edits(self) -> tuple[str, ...]:
        """What can be asked for."""
        return tuple(self.units)

    @property
    def model(self) -> "keras.Model":
        """The network in Keras; of a shipped translator it is built when asked for.

        Raises:
            UserError: If it has a style from `like`, which is no part of a network.
        """
        if isinstance(self.network, LiteRTNetwork):
            return self.network.model
        if isinstance(self.network, _Styled):
            raise UserError(
                "translator must be a network as it was trained, received "
                f"{self.name} with somebody's style"
            )
        return self.network

    def strengths(self, edits: dict[str, float]) -> np.ndarray:
        """Strengths for the network.

        Args:
            edits: Strength by edit, for example `{"smile": 0.8, "younger": 0.3}`; a
                negative one is the opposite edit's.

        Returns:
            `[E]` float32, in standard deviations of w.

        Raises:
            UserError: If an edit is unknown, or a strength is none that it has.
        """
        return strengths_of(edits, self.axes, self.units)

    def translate(
        self,
        faces: np.ndarray,
        edits: dict[str, float] | np.ndarray,
        batch_size: int = 8,
    ) -> np.ndarray:
        """Edits faces.

        Args:
            faces: `[N, S, S, 3]` uint8, FFHQ framing; resized when S is not R. Of two
                faces `[N, R, R, 6]`.
            edits: As `strengths` takes them, for all faces, or `[N, E]` in standard
                deviations.
            batch_size: Faces in one pass.

        Returns:
            `[N, R, R, 3]` uint8.

        Raises:
            UserError: As `strengths`.
        """
        if isinstance(edits, dict):
            edits = np.tile(self.strengths(edits), (len(faces), 1))
        faces = resized(faces, self.resolution)
        outputs = [
            to_uint8(
                np.asarray(
                    self.network(
                        [
                            to_float(faces[start : start + batch_size]),
                            np.asarray(edits[start : start + batch_size], np.float32),
                        ]
                    )
                )
            )
            for start in range(0, len(faces), batch_size)
        ]
        return np.concatenate(outputs or [faces])


@dataclasses.dataclass(frozen=True)
class _Styled:
    """A network of two faces, the second of which is always the same."""

    network: Callable
    style: np.ndarray

    def __call__(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        images, share = inputs
        both = [images, np.broadcast_to(self.style, images.shape)]
        return self.network([np.concatenate(both, axis=-1), share])


def of_run(run: "RunFolder", network: "keras.Model") -> Translator:
    """The translator that a run makes.

    Args:
        run: The run.
        network: Its network, in training or trained.
    """
    from tf_fsgd.pix2pixhd.blend import taking_strengths

    config = run.config
    units, resolution = config.units, config.pairs.resolution
    axes = config.axes or tuple(units)
    network = taking_strengths(network, resolution, units[axes[0]])
    return Translator(
        run.path.name,
        network,
        resolution,
        axes,
        units,
        licence_of(config),
        config.generator.faces,
    )


def is_shipped(name: str) -> bool:
    """Whether a translator of this name comes with the code."""
    return name == "shipped" or (SHIPPED / f"{name}.json").is_file()


def run_named(name: str) -> "RunFolder | None":
    """The run folder that a user means by a name, if not something else.

    Args:
        name: A path, or a name that `load_translator` takes. A folder where the user
            stands does not hide a shipped translator of its name.

    Raises:
        UserError: If the folder is no run's.
    """
    if is_shipped(name) or not Path(name).is_dir():
        return None
    from tf_fsgd.runs import open_run

    return open_run(name)


def load_translator(
    name_or_run: str | os.PathLike | None, task: str | None = "edit"
) -> Translator:
    """Opens a shipped translator or that of a run.

    Args:
        name_or_run: The name of a file in `shipped/`, or a finished run's folder;
            `None` or "shipped": the shipped one for the task.
        task: One of `TASKS` that it must be for; `None`: any.

    Raises:
        UserError: If there is neither, the run is not finished, or its task is another.
    """
    if name_or_run in (None, "shipped"):
        name_or_run = DEFAULTS[task or "edit"]
    translator = _load(str(name_or_run))
    if task is not None:
        translator.check_task(task)
    return translator


def _load(name: str) -> Translator:
    if is_shipped(name):
        return _load_shipped(name)
    run = run_named(name)
    if run is None:
        shipped = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.json")))
        raise UserError(
            f"translator must be a run folder or one of {shipped}, received {name!r}"
        )
    return of_run(run, run.load_translator())


def _load_shipped(name: str) -> Translator:
    path = SHIPPED / f"{name}.json"
    facts = read_json(path)
    if (found := facts.get("format")) != FORMAT:
        raise UserError(f"{path}: format must be {FORMAT}, received {found!r}")
    return Translator(
        name,
        LiteRTNetwork(path.with_suffix(".tflite")),
        facts["resolution"],
        tuple(facts["axes"]),
        facts["units"],
        facts["licence"],
        facts.get("faces", 1),  # what was shipped before morphs does not say
    )
