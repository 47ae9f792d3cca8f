"""Foreign checkpoints as Keras models, converted once.

model = keras.saving.load_model(converted("stylegan2-ffhq-config-e.pkl"))
"""

import hashlib
import logging
import os
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import check_zip
from tf_fsgd.storage.files import atomic_path, cache_dir
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint
from tf_fsgd.stylegan2.checkpoints.packed import unpacked
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint
from tf_fsgd.stylegan2.model import StyleGAN2

_logger = logging.getLogger(__name__)

LAYOUT = 1
"""Part of a cached file's name; to be raised when `architecture.py` names or shapes
weights otherwise, for then older files no longer fit."""


def converted(path: str | os.PathLike) -> Path:
    """The Keras model of a checkpoint, from the cache or converted into it.

    It is found by the checkpoint's contents, not its name or how it is packed. A
    damaged file in the cache is replaced; processes that convert the same checkpoint at
    the same time do not disturb each other.

    Args:
        path: A checkpoint that `read_checkpoint` takes.

    Returns:
        `converted/SHA256-LAYOUT.keras` in the cache folder, for
        `keras.saving.load_model`.

    Raises:
        UserError: If `path` is no StyleGAN2 checkpoint.
    """
    with unpacked(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    target = cache_dir() / "converted" / f"{digest}-{LAYOUT}.keras"
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
        check_zip(path, "a whole Keras file")
    except UserError as error:
        _logger.warning("%s; it is made again", error)
        return False
    return True
