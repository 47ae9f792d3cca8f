"""The commands that `survive.py` kills, at their smallest."""

import importlib
import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from tf_fsgd import cli

_ROOT = Path(__file__).parents[1]
_TEACHER = _ROOT / "tests" / "stylegan2" / "golden" / "tf_config_e.pkl"
_FACES = _ROOT / "docs" / "photo.jpg"
_W = 20  # numbers in this teacher's w
_BLOCK = 4  # families in a shard, so that twelve make three

_SMALLEST = (
    "pairs.resolution=16 pairs.count=8 pairs.held_out=4 pairs.wide=0 "
    "generator.patch=2 generator.filters=4 generator.blocks=0 generator.side_blocks=0 "
    "generator.detail_blocks=0 generator.finest_blocks=0 discriminator.filters=4 "
    "discriminator.layers=1 loss.perceptual=0 training.images=8 training.batch_size=2 "
    "training.sample_every=4 training.checkpoint_every=2 training.log_every=2 "
    "training.precision=float32"
)
_TRAIN = ["train", "--preset", "mobile-128", "--teacher", str(_TEACHER)]
_TRAIN += ["--edit", "mine.npz"]
_TRAIN += [word for each in _SMALLEST.split() for word in ("--set", each)]
_RUN = "runs/00000-mine-mobile-128-r16"
_TRANSLATE = ["translate", "--translator", "mobile-128", "--edit", "smile"]

_WORDS = {
    "train": _TRAIN,
    "finish": _TRAIN,
    "evaluate": ["evaluate", _RUN],
    "export": ["export", _RUN],
    "photos": [*_TRANSLATE, "photos", "--out", "out"],
    "video": [*_TRANSLATE, "film.mp4", "moving.gif", "--out", "out"],
}
NAMES = tuple(_WORDS)
AFTER = {"finish": "train", "evaluate": "finish", "export": "finish"}
"""What begins with the folder that another phase has made."""

_NO_TENSORFLOW = ("photos", "video")
_IMPORTED = ("tensorflow", "keras", "tf_fsgd.job", "tf_fsgd.evaluation.inputs")
_IMPORTED_ALWAYS = ("ai_edge_litert.interpreter", "tf_fsgd.translator.folder", "av")


def prepared(name: str, inputs: Path) -> Callable[[], int]:
    """What runs the command of a phase where the process stands.

    Args:
        name: Of `NAMES`.
        inputs: A folder to copy: what the commands read. Made when missing.
    """
    for module in _IMPORTED_ALWAYS:
        importlib.import_module(module)
    if not inputs.exists():
        partial = inputs.with_name("inputs.partial")
        shutil.rmtree(partial, ignore_errors=True)
        _make_inputs(partial)
        partial.rename(inputs)
    if name not in _NO_TENSORFLOW:
        for module in _IMPORTED:
            importlib.import_module(module)

    def command() -> int:
        # The same on every machine, and nothing of the user's.
        for variable in ("TFDS_DATA_DIR", "TF_FSGD_WEIGHTS"):
            os.environ.pop(variable, None)
        os.environ["TF_FSGD_CACHE"] = os.path.abspath("cache")
        os.environ["HOME"] = os.path.abspath("home")
        if name not in _NO_TENSORFLOW:
            from tf_fsgd.pairs.whole import WholeFamilies

            WholeFamilies.block = _BLOCK
        if name == "train":  # and no further
            from tf_fsgd import job

            job.evaluate = lambda *_, **__: os._exit(0)
        return cli.main(_WORDS[name])

    return command


def _make_inputs(folder: Path) -> None:
    from tf_fsgd.latents.directions import Direction
    from tf_fsgd.storage.files import cache_dir

    folder.mkdir(parents=True)
    (folder / "home").mkdir()
    (folder / "cache").mkdir()
    for path in cache_dir().glob("litertjs-*"):  # or npm fetches it in every trial
        shutil.copytree(path, folder / "cache" / path.name)
    vector = np.eye(_W, dtype=np.float32)[0]
    direction = Direction("mine", vector, 1.0, [0, 1], "Smiling", 1, vector, 0.0)
    direction.save(folder / "mine.npz")
    (folder / "photos").mkdir()
    with Image.open(_FACES) as photo:
        small = photo.convert("RGB").resize((photo.width // 2, photo.height // 2))
    for suffix in ("jpg", "png", "webp"):
        small.save(folder / "photos" / f"{suffix}.{suffix}")
    frames = [np.roll(np.asarray(small), 3 * step, axis=1) for step in range(4)]
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(
        folder / "moving.gif", save_all=True, append_images=pictures[1:], duration=100
    )
    write_film(folder / "film.mp4", frames)


def write_film(path: Path, frames: list[np.ndarray]) -> None:
    """Writes frames `[H, W, 3]` uint8, ten a second."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 10, options={"crf": "18", "bf": "0"})
        height, width, _ = frames[0].shape
        stream.width, stream.height = width - width % 2, height - height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 10)
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame[: stream.height, : stream.width])
            picture.pts, picture.time_base = number, Fraction(1, 10)
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
