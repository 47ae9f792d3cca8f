"""From a file to a `Checkpoint`, whatever wrote it.

    checkpoint = read_checkpoint("stylegan2-ffhq-config-e.pkl")
    checkpoint.format        # "StyleGAN2 TensorFlow pickle"
    checkpoint.architecture  # Architecture(resolution=1024, ...)

What a file is shows in its first bytes and in what it holds, never in its name. Neither
TensorFlow 1 nor PyTorch is needed, and nothing that is in a file is ever run.
"""

import os
import zipfile
from typing import BinaryIO

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import pytorch_pickle, rosinality, tensorflow_pickle
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint
from tf_fsgd.stylegan2.checkpoints.inert_objects import shown
from tf_fsgd.stylegan2.checkpoints.packed import unpacked
from tf_fsgd.stylegan2.checkpoints.pytorch_pickle import Module
from tf_fsgd.stylegan2.checkpoints.torch_tensors import (
    LEGACY_START,
    open_zip,
    read_legacy,
    read_zip,
    torch_folder,
)
from tf_fsgd.stylegan2.checkpoints.unpickling import unpickle

_PICKLE = b"\x80"
_ZIP = b"PK"
_HDF5 = b"\x89HDF"
_LFS = b"version https://git-lfs"


def read_checkpoint(path: str | os.PathLike) -> Checkpoint:
    """Reads a StyleGAN2 checkpoint.

    Args:
        path: A pickle of NVlabs' stylegan2, stylegan2-ada, stylegan2-ada-pytorch or
            stylegan3 (holding StyleGAN2), or a `.pt` of rosinality's stylegan2-pytorch;
            as it is, packed by gzip, or the only one in a zip archive.

    Returns:
        The generator's moving average and, if there is one like NVIDIA's, the
        discriminator; checked.

    Raises:
        UserError: If it is anything else, damaged, or asks for code to be run. The
            message is one line that says what the file is.
    """
    # Overflow is no news here: the check that follows refuses what is not finite.
    with unpacked(path) as file, np.errstate(all="ignore"):
        try:
            return _read(file)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error


def _read(file: BinaryIO) -> Checkpoint:
    start = file.read(512)
    file.seek(0)
    if start.startswith(LEGACY_START):
        return rosinality.read_state(read_legacy(file, rosinality.GLOBALS))
    if start.startswith(_PICKLE):
        return _read_pickle(file)
    if start.startswith(_ZIP):
        with open_zip(file) as archive:
            return _read_zip(archive)
    raise UserError(_strange(start))


def _read_pickle(file: BinaryIO) -> Checkpoint:
    content = unpickle(file, tensorflow_pickle.GLOBALS | pytorch_pickle.GLOBALS)
    networks = tensorflow_pickle.networks(content)
    if networks:
        return tensorflow_pickle.read_networks(networks)
    if isinstance(content, Module):
        return pytorch_pickle.read_modules(content)
    if isinstance(content, dict):
        for name in ("G_ema", "G"):
            if isinstance(content.get(name), Module):
                return pytorch_pickle.read_modules(content[name], content.get("D"))
    keys = ", ".join(map(shown, list(content)[:3])) if isinstance(content, dict) else ""
    raise UserError(
        f"a pickle of a {type(content).__name__} without a StyleGAN2 generator"
        + (f" (its keys: {keys})" if keys else "")
    )


def _read_zip(archive: zipfile.ZipFile) -> Checkpoint:
    names = archive.namelist()
    folder = torch_folder(archive)
    if any(name.endswith("/constants.pkl") for name in names):
        raise UserError("a TorchScript program, not a StyleGAN2 checkpoint")
    if folder is not None:
        return rosinality.read_state(read_zip(archive, folder, rosinality.GLOBALS))
    if "model.weights.h5" in names:
        raise UserError("a Keras model already; it needs no conversion")
    if any(name.endswith(".npy") for name in names):
        raise UserError(
            "a NumPy archive such as a projector's w.npz, not a StyleGAN2 checkpoint"
        )
    raise UserError("a zip archive, not a StyleGAN2 checkpoint")


def _strange(start: bytes) -> str:
    """What a file is that begins like this, for a message."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "an empty file"
    if start.startswith(_LFS):
        return "a Git LFS pointer, not the file that it points to; run git lfs pull"
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        return (
            "a web page, not a checkpoint; a download that asks for confirmation first "
            "leaves such a page, so open its address in a browser"
        )
    if start.startswith(_HDF5):
        return "an HDF5 file, not a StyleGAN2 checkpoint"
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start):
        return "a text file, not a StyleGAN2 checkpoint"
    return "neither a pickle nor a file of torch.save"
