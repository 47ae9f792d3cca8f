"""Foreign checkpoints as Keras models, converted once.

model = keras.saving.load_model(converted("stylegan2-ffhq-config-e.pkl"))
"""

import logging
import os
import zipfile
import zlib
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path, cache_dir, sha256
from tf_fsgd.stylegan2.checkpoint import Checkpoint
from tf_fsgd.stylegan2.model import StyleGAN2
from tf_fsgd.stylegan2.reading import read_checkpoint

_logger = logging.getLogger(__name__)

LAYOUT = 1
"""Part of a cached file's name; to be raised when `architecture.py` names or shapes
weights otherwise, for then older files no longer fit."""


def converted(path: str | os.PathLike) -> Path:
    """The Keras model of a checkpoint, from the cache or converted into it.

    It is found by the checkpoint's contents, not its name. A damaged file in the cache
    is replaced; processes that convert the same checkpoint at the same time do not
    disturb each other.

    Args:
        path: A checkpoint that `read_checkpoint` takes.

    Returns:
        `converted/SHA256-LAYOUT.keras` in the cache folder, for
        `keras.saving.load_model`.

    Raises:
        UserError: If `path` is no StyleGAN2 checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    target = cache_dir() / "converted" / f"{sha256(path)}-{LAYOUT}.keras"
    if not _is_whole(target):
        write_keras(read_checkpoint(path), target)
    return target


def write_keras(checkpoint: Checkpoint, path: str | os.PathLike) -> None:
    """Writes a checkpoint as a Keras model, atomically.

    Args:
        checkpoint: What `read_checkpoint` returns.
        path: Ends in `.keras`.
    """
    with atomic_path(path) as temporary:
        StyleGAN2.from_checkpoint(checkpoint).save(temporary)


def _is_whole(path: Path) -> bool:
    """Whether a `.keras` file is there and all of its checksums are right."""
    if not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        damaged = str(error)
    if damaged is not None:
        _logger.warning("%s is damaged and made again (%s)", path, damaged)
    return damaged is None
