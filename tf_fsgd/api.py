"""What `import tf_fsgd` offers: each function a thin one over the rooms below.

It is imported when one of its names is first asked for (`tf_fsgd/__init__.py`), and
what draws, trains, measures and exports only when it is called: who edits photos does
not wait for TensorFlow, nor need to have it.
"""

import copy
import dataclasses
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from tf_fsgd.config import Config
from tf_fsgd.edits import asked_for
from tf_fsgd.errors import UserError, without_extras
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.io import read_image, resized
from tf_fsgd.images.paste import paste_changes
from tf_fsgd.images.photo import Photo
from tf_fsgd.latents.interpolation import EASES
from tf_fsgd.translator import translator
from tf_fsgd.translator.morph import film
from tf_fsgd.translator.photos import edit_photo, find_squares, largest_face

if TYPE_CHECKING:
    from tf_fsgd.latents.studio import Studio
    from tf_fsgd.runs import RunFolder

_logger = logging.getLogger(__name__)


class Translator(translator.Translator):
    """A translator of faces: `t(face, smile=1)`. `load` opens one.

    Edits are named by `t.edits`; strength 0 is the photo, 1 a clear edit, and far
    beyond 1 is more than training has shown; a negative strength is the opposite edit.
    A translator that was taught one fixed edit has strengths from 0 to 1 and makes it
    at 1 where none is named. Several threads may share a translator.

    One that morphs two people has `morph` instead, `t.morph([anna, ben])`, and one that
    mixes them `like`: `t.like("anna.jpg").edit_photo("ben.jpg")`.
    """

    def __call__(self, faces: np.ndarray, /, **edits: float) -> np.ndarray:
        """Edits faces that are framed as FFHQ frames them.

        Args:
            faces: `[S, S, 3]` or `[N, S, S, 3]` uint8, of any size S: what the network
                has changed at its own resolution is brought to theirs and added.
            **edits: Strengths, for example smile=0.8, younger=0.3.

        Returns:
            The shape and type of `faces`.

        Raises:
            UserError: For other arrays, an unknown edit, a strength that the translator
                does not have, or no edit where it has several.
        """
        self.check_task("edit")
        faces = np.asarray(faces)
        batch = faces if faces.ndim == 4 else faces[None]
        square = batch.ndim == 4 and batch.shape[1] == batch.shape[2] > 0
        if not square or batch.shape[3] != 3 or faces.dtype != np.uint8:
            raise UserError(
                "faces must be uint8 [S, S, 3] or [N, S, S, 3], "
                f"received {faces.dtype} {list(faces.shape)}"
            )
        edits = self._asked(edits)
        if not len(batch):
            return faces.copy()
        before = resized(batch, self.resolution)
        after = self.translate(before, edits)
        side = batch.shape[1]
        whole = np.array([[0, 0], [0, side], [side, side], [side, 0]], np.float64)
        edited = [
            paste_changes(face, [whole], small[None], changed[None], feather=0.0)
            for face, small, changed in zip(batch, before, after, strict=True)
        ]
        return np.stack(edited).reshape(faces.shape)

    def edit_photo(
        self,
        photo: np.ndarray | str | os.PathLike,
        /,
        *,
        face: int | None = None,
        **edits: float,
    ) -> np.ndarray:
        """Finds the faces of a photo, edits them, and puts them back.

        Args:
            photo: `[H, W, 3]` uint8, any size; or a file, which is read upright and
                as sRGB.
            face: Of one face, from 1 on the left; `None`: all.
            **edits: As for a call.

        Returns:
            `[H, W, 3]` uint8, untouched outside the faces.

        Raises:
            UserError: As a call, or if the file cannot be read, or the photo has no
                face or none of that number.
        """
        self.check_task("edit")
        pixels = _pixels(photo)
        edits = self._asked(edits)
        picture = Photo(pixels)
        # One for each call, because two threads cannot share one; it takes 5 ms.
        squares = find_squares(FaceDetector(), picture, face)
        edit_photo(
            picture,
            squares,
            lambda faces: self.translate(faces, edits),
            self.resolution,
        )
        return picture.pixels

    def morph(
        self,
        faces: Sequence[np.ndarray],
        frames: int = 24,
        *,
        ease: str = "smoothstep",
        loop: bool = True,
    ) -> np.ndarray:
        """Turns faces into one another.

        Args:
            faces: Two or more `[S, S, 3]` uint8 of one size S, framed as FFHQ frames
                them.
            frames: From one face to the next.
            ease: "linear", or "smoothstep", which dwells on every face.
            loop: Whether to return to the first face; the film stops one frame short
                of it. Two faces go back as they came.

        Returns:
            `[F, S, S, 3]` uint8; every face is there as it was given.

        Raises:
            UserError: If the translator edits single faces, or an argument is none of
                these.
        """
        self.check_task("morph")
        faces = [np.asarray(face) for face in faces]
        shapes = {(*face.shape, face.dtype.name) for face in faces}
        side = len(faces[0]) if faces and faces[0].ndim else 0
        if len(faces) < 2 or not side or shapes != {(side, side, 3, "uint8")}:
            raise UserError(
                "faces must be two or more uint8 [S, S, 3] of one size, "
                f"received {len(faces)} of {sorted(shapes, key=str)}"
            )
        if frames < 1:
            raise UserError(f"frames must be at least 1, received {frames}")
        if ease not in EASES:
            raise UserError(
                f"ease must be one of {', '.join(EASES)}, received {ease!r}"
            )
        return film(self, faces, frames, ease=ease, loop=loop)

    def like(self, photo: np.ndarray | str | os.PathLike, /) -> Self:
        """A translator that gives faces the colours and the texture of somebody's.

        Args:
            photo: As for `edit_photo`; its largest face is taken.

        Returns:
            One of single faces, `her(faces)` and `her.edit_photo(photo)`, whose only
            edit is "mix", at strengths from 0 to 1.

        Raises:
            UserError: If this translator is none of `train.py --preset mix`, the file
                cannot be read, or the photo has no face.
        """
        self.check_task("mix")
        pixels = _pixels(photo)
        face = largest_face(FaceDetector(), Photo(pixels), self.resolution)
        return super().like(face)

    def export(self, out: str | os.PathLike) -> dict:
        """Writes SavedModel and TFLite files: `tf_fsgd.export`."""
        return export(self, out)

    def _asked(self, edits: dict[str, float]) -> dict[str, float]:
        """The edits of a call; refuses those that the translator does not have."""
        edits = edits or asked_for(None, None, self.edits)
        self.strengths(edits)
        return edits


def _pixels(photo: np.ndarray | str | os.PathLike) -> np.ndarray:
    """A photo's pixels, `[H, W, 3]` uint8, the caller's own untouched."""
    if isinstance(photo, str | os.PathLike):
        photo = read_image(photo)
    pixels = np.array(photo)
    rgb = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0
    if not rgb or pixels.dtype != np.uint8:
        raise UserError(
            "photo must be uint8 [H, W, 3] or a file, "
            f"received {pixels.dtype} {list(pixels.shape)}"
        )
    return pixels


@without_extras("a translator of a run")
def load(name_or_run: str | os.PathLike = translator.DEFAULT) -> Translator:
    """Opens a translator.

    Args:
        name_or_run: A shipped one, mobile-256 or mobile-128, or the folder of a run
            that `train` or train.py has made.

    Raises:
        UserError: If there is neither, or the run is not trained.
    """
    return Translator(**vars(translator.load_translator(name_or_run, task=None)))


@without_extras("tf_fsgd.load_teacher")
def load_teacher(
    name: str | os.PathLike = "mobile-ffhq",
    *,
    truncation_psi: float = 0.7,
    resolution: int | None = None,
    noise_mode: str = "const",
) -> "Studio":
    """Opens a StyleGAN2 that draws faces.

    Args:
        name: mobile-ffhq, a published checkpoint such as stylegan2-ffhq-config-e, or a
            checkpoint's file (.pkl, .pt or .keras).
        truncation_psi, resolution, noise_mode: As `Studio` has them.

    Raises:
        UserError: If there is no such teacher, its weights cannot be had or read, or it
            cannot draw so.
    """
    from tf_fsgd.latents.studio import Studio
    from tf_fsgd.stylegan2 import loading

    teacher = loading.load_teacher(os.fspath(name))
    return Studio(teacher, truncation_psi, resolution, noise_mode)


@without_extras("tf_fsgd.train")
def train(
    config: Config,
    runs: str | os.PathLike = "runs",
    *,
    data_dir: str | None = None,
    vgg19: str | None = None,
) -> Translator:
    """Makes a translator, and a run folder with all that belongs to it.

    Renders pairs, trains, measures, exports. Stopped at any point, the same call goes
    on where it was.

    Args:
        config: For example `preset("quick")`, with what you have changed in it.
        runs: The folder of all runs.
        data_dir: Where CelebA is; by default TFDS_DATA_DIR, as tfds has it.
        vgg19: VGG19's ImageNet weights, where the config wants them for its loss.

    Raises:
        UserError: If the config breaks a rule, another command works on the run, or
            training diverges.
    """
    from tf_fsgd import job
    from tf_fsgd.pairs.origin import origin_of
    from tf_fsgd.runs import unfinished_or_new

    config = copy.deepcopy(config)  # what it leaves open is filled in
    origin = origin_of(config)
    origin.settle(config.edit)
    note = job.check(config, origin, data_dir=data_dir, vgg19=vgg19)
    if note:
        _logger.warning(note)
    run = unfinished_or_new(runs, config)
    job.make(run, origin, data_dir=data_dir, vgg19=vgg19)
    return load(run.path)


@without_extras("tf_fsgd.learn")
def learn(
    present: str | os.PathLike,
    absent: str | os.PathLike,
    name: str,
    *,
    config: Config | None = None,
    runs: str | os.PathLike = "runs",
    data_dir: str | None = None,
) -> Translator:
    """Makes a translator of an edit of your own, from photos with and without a thing.

    What tells the photos apart becomes a direction of the teacher's W, kept in `runs`
    as `directions/NAME.npz`, and this a translator, as `train` makes one.

    Args:
        present: Folder of photos of people with the thing, some 50.
        absent: Folder of photos of people without it.
        name: What to call the edit, such as "freckles".
        config: What to train; by default `preset("slider")` with fewer images. Its
            edit is filled in.
        runs: The folder of all runs.
        data_dir: Where CelebA is, for the report; by default TFDS_DATA_DIR.

    Raises:
        UserError: If there are too few photos with a face, the two folders cannot be
            told apart, the teacher does not draw the thing, or as `train`.
    """
    from tf_fsgd.discovery.own_photos import IMAGES, learn_direction
    from tf_fsgd.presets import preset

    if config is None:
        config = preset("slider")
        config.training.images = IMAGES
    path = learn_direction(
        Path(present),
        Path(absent),
        name,
        Path(runs) / "directions",
        config.teacher.checkpoint,
    )
    config = dataclasses.replace(config, edit=str(path.resolve()))
    return train(config, runs, data_dir=data_dir)


@without_extras("tf_fsgd.evaluate")
def evaluate(
    name_or_translator: str | os.PathLike | translator.Translator,
    out: str | os.PathLike,
    *,
    faces: str | os.PathLike | None = None,
    data_dir: str | None = None,
    count: int | None = None,
) -> dict:
    """Measures a translator, and writes `report.html` and `report.json`.

    Args:
        name_or_translator: What to measure; of a run folder's path, the faces that its
            training has not seen are shown as well.
        out: Folder of the report.
        faces: Folder of aligned photos to try the edits on; `None`: CelebA's test
            split, else the generated faces of the run.
        data_dir: Where CelebA is; by default TFDS_DATA_DIR, as tfds has it.
        count: Photos of each edit at most; by default as many as take five minutes.

    Returns:
        What is in `report.json`.

    Raises:
        UserError: If there is no such translator, no face to try it on, or `count` is
            below 1.
    """
    if count is not None and count < 1:
        raise UserError(f"count must be at least 1, received {count}")
    from tf_fsgd.evaluation.inputs import report_on, supplement_of

    of, run = _opened(name_or_translator)
    return report_on(
        of,
        run,
        supplement_of(run),
        out=Path(out),
        faces=None if faces is None else Path(faces),
        data_dir=data_dir,
        count=count,
    )


@without_extras("tf_fsgd.export")
def export(
    name_or_translator: str | os.PathLike | translator.Translator,
    out: str | os.PathLike,
    *,
    photos: Iterable[str | os.PathLike] = (),
) -> dict:
    """Writes a SavedModel and TFLite files, each compared with the Keras model.

    Args:
        name_or_translator: What to export.
        out: Folder to make, or an earlier export to replace.
        photos: Files and folders of aligned faces to compare on; by default CelebA's
            where it is prepared, else generated ones.

    Returns:
        What is in `report.json`: sizes, latencies, distances from the Keras model.

    Raises:
        UserError: If there is no such translator, or `out` holds something else.
        tf_fsgd.exporting.errors.ExportError: If a file is not what the Keras model is.
    """
    from tf_fsgd.exporting.bundle import PHOTOS, export_translator
    from tf_fsgd.exporting.faces import find_faces

    of, run = _opened(name_or_translator)
    faces, source = find_faces(PHOTOS, of.resolution, list(photos), run)
    return export_translator(of, Path(out), faces, PHOTOS, source)


def _opened(
    name_or_translator: str | os.PathLike | translator.Translator,
) -> tuple[translator.Translator, "RunFolder | None"]:
    """A translator, and its run folder where a path names one."""
    if isinstance(name_or_translator, translator.Translator):
        name_or_translator.check_task("edit")
        return name_or_translator, None
    name = os.fspath(name_or_translator)
    return translator.load_translator(name), translator.run_named(name)
