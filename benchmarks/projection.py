"""Projection and edit against the translator, on the same photos of CelebA.

    python -m benchmarks.projection RUN --out DIR --count 20

Edits photos of people who lack what the run's edit adds (for "feminine": men) in two
ways: by the run's translator, and by finding each photo's latent and moving it along
the run's direction at the strength of its pairs. Measured at the translator's
resolution:

* seconds a photo: the translator's, and steps times the median of steps timed alone;
* how far the projection without any edit is from the photo: LPIPS, PSNR;
* how far each edited face is from the photo, and how many of them the independent judge
  reads as having the target;
* identity, where PyPI's dlib-bin and face-recognition-models are installed: the
  distance of dlib's face descriptors; up to 0.6 counts as the same person.

Projections stay in DIR, so that a stopped run goes on. CelebA's photos and whatever is
made of them are for non-commercial research: DIR is not to be published. `--photos
FOLDER` takes aligned pictures of the user's own instead.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tqdm import tqdm

from tf_fsgd.attributes.celeba import aligned_faces
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.features.lpips import load_lpips
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import (
    read_image,
    resize,
    resized,
    to_float,
    to_uint8,
    write_image,
)
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.projection.likeness import load_likeness
from tf_fsgd.projection.projector import ProjectionSettings, Projector
from tf_fsgd.runs import open_run
from tf_fsgd.storage.files import write_json
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.translator.translator import load_translator

_SIZE = 256
_TIMED = 10  # steps, and translations
_PICTURED = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", metavar="RUN", help="a finished run of train.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20, help="photos (%(default)s)")
    parser.add_argument("--photos", type=Path, help="a folder, instead of CelebA")
    parser.add_argument("--steps", type=int, default=ProjectionSettings().steps)
    parser.add_argument("--space", choices=("w+", "w"), default="w+")
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--loss", default="lpips")
    arguments = parser.parse_args()

    run = open_run(arguments.run)
    direction = load_direction(run.config.edit)
    photos = _photos(arguments, direction)
    teacher = load_teacher(run.config.teacher.checkpoint)
    ws = _project(photos, run.config.teacher.checkpoint, arguments)
    translator = load_translator(arguments.run)
    edits = {translator.edits[0]: 1.0}

    size = run.config.pairs.resolution
    before = resized(photos, size)
    pictures = {
        "translator": translator.translate(before, edits),
        "projection": _draw(teacher, ws),
        "projection and edit": _draw(
            teacher, direction.edit(ws, run.config.pairs.strength)
        ),
    }
    projecting = _seconds_a_step(teacher, photos[0], arguments) * arguments.steps
    seconds = {
        "translator": _median_seconds(lambda: translator.translate(before[:1], edits)),
        "projection": projecting,
        "projection and edit": projecting,
    }
    measure = _measure(before, direction)
    table = {"photo": measure(before)} | {
        name: {"seconds": seconds[name], **measure(resized(faces, size))}
        for name, faces in pictures.items()
    }
    made_with = {key: str(value) for key, value in vars(arguments).items()}
    write_json(arguments.out / "table.json", {"made_with": made_with, "table": table})
    shown = [resized(faces[:_PICTURED], _SIZE) for faces in pictures.values()]
    write_image(
        arguments.out / "comparison.jpg",
        image_grid(
            [face for row in zip(photos, *shown, strict=False) for face in row],
            1 + len(pictures),
            column_labels=["photo", *pictures],
        ),
    )
    _print(table)


def _photos(arguments: argparse.Namespace, direction) -> np.ndarray:
    """The photos to edit, `[count, 256, 256, 3]` uint8."""
    if arguments.photos:
        paths = find_images([arguments.photos])[: arguments.count]
        return np.stack([resize(read_image(path), _SIZE) for path in paths])
    faces, attributes = aligned_faces("test", size=_SIZE)
    has_target = attributes[:, ATTRIBUTES.index(direction.attribute)] == (
        direction.sign > 0
    )
    return faces[~has_target][: arguments.count]


def _project(
    photos: np.ndarray, teacher: str, arguments: argparse.Namespace
) -> np.ndarray:
    """Projects by the command, which goes on where it was: `[N, num_ws, 512]`."""
    names = [f"{number:04d}" for number in range(len(photos))]
    for name, photo in zip(names, photos, strict=True):
        write_image(arguments.out / "photos" / f"{name}.png", photo)
    projections = arguments.out / "projections"
    flags = {
        "--out": projections,
        "--teacher": teacher,
        "--steps": arguments.steps,
        "--space": arguments.space,
        "--resolution": arguments.resolution,
        "--loss": arguments.loss,
    }
    words = [str(word) for pair in flags.items() for word in pair]
    paths = [str(arguments.out / "photos" / f"{name}.png") for name in names]
    command = [sys.executable, "-m", "tf_fsgd", "project", *paths, *words]
    subprocess.run(command, check=True)
    latents = []
    for name in names:
        with np.load(projections / name / "projected_w.npz") as stored:
            latents.append(stored["w"][0])
    return np.stack(latents)


def _draw(teacher, ws: np.ndarray) -> np.ndarray:
    faces = [
        to_uint8(teacher.synthesis(row[None], resolution=_SIZE)[0])
        for row in tqdm(ws, desc="faces", leave=False)
    ]
    return np.stack(faces)


def _seconds_a_step(teacher, photo: np.ndarray, arguments) -> float:
    settings = ProjectionSettings(steps=arguments.steps, space=arguments.space)
    likeness = load_likeness(arguments.loss)
    projector = Projector(teacher, arguments.resolution, likeness, settings)
    target = projector.target(to_float(resize(photo, arguments.resolution)))
    state = projector.start()
    return _median_seconds(lambda: projector.advance(state, target))


def _median_seconds(work: Callable) -> float:
    work()  # traces
    seconds = []
    for _ in range(_TIMED):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def _measure(before: np.ndarray, direction) -> Callable[[np.ndarray], dict[str, float]]:
    """A function from faces `[N, R, R, 3]` uint8 to what is measured on them."""
    lpips, judge, descriptors = load_lpips(), GenderJudge(), _descriptors()
    known = descriptors and descriptors(before)

    def measure(faces: np.ndarray) -> dict[str, float]:
        male = judge.read(faces).probability_male
        target = male >= 0.5 if direction.sign > 0 else male < 0.5
        row = {"read as target": float(target.mean())}
        if faces is before:
            return row
        error = np.mean((faces.astype(np.float64) - before) ** 2, axis=(1, 2, 3))
        row["psnr"] = float(np.mean(10 * np.log10(255**2 / error)))
        row["lpips"] = float(lpips.distance(before, faces).mean())
        if descriptors:
            distance = np.linalg.norm(descriptors(faces) - known, axis=-1)
            row["identity distance"] = float(distance.mean())
            row["same person"] = float((distance <= 0.6).mean())
        return row

    return measure


def _descriptors() -> Callable[[np.ndarray], np.ndarray] | None:
    """dlib's face descriptors `[N, 128]`, where its packages are installed."""
    models = importlib.util.find_spec("face_recognition_models")
    if models is None or importlib.util.find_spec("dlib") is None:
        return None
    import dlib

    folder = Path(models.submodule_search_locations[0]) / "models"
    landmarks = dlib.shape_predictor(
        str(folder / "shape_predictor_5_face_landmarks.dat")
    )
    network = dlib.face_recognition_model_v1(
        str(folder / "dlib_face_recognition_resnet_model_v1.dat")
    )
    box = dlib.rectangle(62, 78, 194, 228)  # where FFHQ's framing puts a face

    def describe(face: np.ndarray) -> np.ndarray:
        face = resize(face, _SIZE)
        return np.array(network.compute_face_descriptor(face, landmarks(face, box)))

    return lambda faces: np.stack([describe(face) for face in faces])


def _print(table: dict[str, dict[str, float]]) -> None:
    columns = list(table["projection"])
    print(f"{'':<22}" + "".join(f"{name:>19}" for name in columns))
    for name, row in table.items():
        cells = (f"{row[c]:.3f}" if c in row else "" for c in columns)
        print(f"{name:<22}" + "".join(f"{cell:>19}" for cell in cells))


if __name__ == "__main__":
    main()
