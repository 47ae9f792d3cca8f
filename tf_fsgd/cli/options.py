"""Options that several verbs have, and the checks of what they say."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Group, Parameter, Token

from tf_fsgd.errors import UserError

if TYPE_CHECKING:
    from tf_fsgd.latents.studio import Studio


def _whole(_: type, tokens: Sequence[Token]) -> int:
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, received {text!r}") from None


# Cyclopts by itself makes 3 of 2.7.
Int = Annotated[int, Parameter(converter=_whole)]

Several = Parameter(consume_multiple=True)
"""Of a flag that takes all words up to the next flag."""

Photos = Annotated[list[str], Parameter(name="PHOTO")]
AlignedPhotos = Annotated[
    Photos,
    Parameter(help="Faces framed as FFHQ frames them: files, or folders of them"),
]
Run = Annotated[str, Parameter(name="RUN")]
"""A run folder or a shipped translator."""

Translator = Annotated[
    str,
    Parameter(
        help="A finished run's folder, or a shipped translator such as mobile-128"
    ),
]
DEFAULT_TRANSLATOR = "mobile-256"
Edits = Annotated[
    str | None,
    Parameter(
        help="Such as smile, or several: smile=0.8,younger=0.5; among feminine, "
        "masculine, older, younger, smile, frown (of a run: its config.json); may be "
        "left out where there is one edit only"
    ),
]
Strength = Annotated[
    float | None,
    Parameter(
        help="Of edits without a number: 0 is the photo, 1 a clear edit; far beyond 1 "
        "is more than training has shown (1)"
    ),
]
DataDir = Annotated[
    str | None,
    Parameter(
        help="CelebA: tfds' data folder, or a folder in CelebA's own layout (default: "
        "$TFDS_DATA_DIR)"
    ),
]
Teacher = Annotated[
    str,
    Parameter(
        help="A published name such as stylegan2-ffhq-config-e, or a StyleGAN2 "
        "checkpoint: .pkl, .pt or .keras"
    ),
]
DEFAULT_TEACHER = "mobile-ffhq"
TruncationPsi = Annotated[
    float,
    Parameter(alias="--trunc", help="Below 1: nearer to the mean face, fewer flaws"),
]
BeamOptions = Annotated[
    str,
    Parameter(help="After --, of Beam's pipeline, such as --flink_master=HOST:8081"),
]
Through = Annotated[
    str,
    Parameter(
        help="Where workers do not see the folder: a folder of a bucket, such as "
        "gs://bucket/pairs, that the files come through"
    ),
]


@Parameter(name="*", group=Group("Teacher", sort_key=9))
@dataclass(frozen=True)
class Rendering:
    """How the teacher draws, in NVIDIA's spelling.

    Attributes:
        noise_mode: Fine texture: the same in every picture, drawn anew, or absent.
        resolution: Side of a face, the teacher's divided by a power of two (256, or
            the teacher's).
    """

    teacher: Teacher = DEFAULT_TEACHER
    truncation_psi: TruncationPsi = 0.7
    noise_mode: Literal["const", "random", "none"] = "const"
    resolution: Int | None = None

    def studio(self) -> "Studio":
        """Loads the teacher and refuses what it cannot do, before a face is drawn.

        Raises:
            UserError: As `load_teacher` and `Studio`.
        """
        from tf_fsgd.latents.studio import Studio
        from tf_fsgd.stylegan2.loading import load_teacher

        teacher = load_teacher(self.teacher)
        return Studio(teacher, self.truncation_psi, self.resolution, self.noise_mode)


RENDERING = Rendering()


def check_at_least(flag: str, value: int | None, least: int) -> None:
    """Refuses a number that is given and too small.

    Raises:
        UserError: Then.
    """
    if value is not None and value < least:
        raise UserError(f"{flag} must be at least {least}, received {value}")


_STILLS = (".png", ".jpg", ".jpeg")


def wants_film(out: Path, fps: float) -> bool:
    """Whether a film is to be written, by the suffix, and not a picture.

    Raises:
        UserError: As `check_out` and `images.animation.check_animation`.
    """
    from tf_fsgd.images.animation import SUFFIXES, check_animation

    check_out(out, (*SUFFIXES, *_STILLS))
    film = out.suffix.lower() not in _STILLS
    if film:
        check_animation(out, fps)
    return film


def check_out(path: Path, suffixes: Iterable[str]) -> None:
    """Refuses a file that could not be written, before minutes go into its content.

    Raises:
        UserError: If the suffix is not among `suffixes`, the path is a folder, or it
            lies in a file or in a folder that may not be written.
    """
    suffixes = list(suffixes)
    if path.suffix.lower() not in suffixes:
        raise UserError(
            f"--out must end in one of {', '.join(suffixes)}, received {str(path)!r}"
        )
    if path.is_dir():
        raise UserError(f"--out {path}: expected a file, found a folder")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise UserError(f"--out {path}: expected a folder, found a file: {folder}")
    if not os.access(folder, os.W_OK):
        raise UserError(f"--out {path}: no permission to write in {folder}")
