"""Checkpoints that were packed by gzip, or alone into a zip archive."""

import contextlib
import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import DAMAGED, one_line
from tf_fsgd.stylegan2.checkpoints.torch_tensors import open_zip

LARGEST = 4 << 30
"""Bytes of a packed checkpoint; StyleGAN2 of 1024 px with optimisers takes 1 GB."""
MOST_PACKED = 100
"""How many times as large as the file its contents may be. Weights hardly shrink, and
what shrinks to a thousandth is made to fill a disk."""

_GZIP = b"\x1f\x8b"
_ZIP = b"PK"
_PICKLE = b"\x80"
_CHUNK = 1 << 20


@contextlib.contextmanager
def unpacked(
    path: str | os.PathLike,
) -> Iterator[io.BufferedReader | io.BufferedRandom]:
    """Opens a checkpoint for random access.

    Args:
        path: The file.

    Yields:
        The file itself, or a temporary one with what was packed into it.

    Raises:
        UserError: If the file is missing or damaged, or would become too large.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(path, "rb"))
        start = file.read(2)
        file.seek(0)
        packed = None
        try:
            if start == _GZIP:
                packed = gzip.GzipFile(fileobj=file)
            elif start == _ZIP:
                packed = _member(stack.enter_context(open_zip(file)))
            if packed is not None:
                stack.enter_context(packed)
                file = stack.enter_context(tempfile.TemporaryFile())
                _copy(packed, file, min(LARGEST, MOST_PACKED * path.stat().st_size))
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        file.seek(0)
        yield file


def _member(archive: zipfile.ZipFile) -> IO[bytes] | None:
    """The member that is a file of pickle or torch.save, by its first bytes; open.

    `None` if there is none, or the archive is a file of torch.save itself.

    Raises:
        UserError: If there are several, or the archive is damaged.
    """
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if any(name.endswith("/data.pkl") for name in names):
        return None
    found = []
    try:
        for name in names:
            with archive.open(name) as member:
                if member.read(2).startswith((_PICKLE, _ZIP)):
                    found.append(name)
    except DAMAGED as error:
        raise UserError(f"damaged or incomplete ({one_line(error)})") from None
    if len(found) > 1:
        raise UserError(
            f"a zip archive of {len(found)} checkpoints; unpack it and name one of them"
        )
    return archive.open(found[0]) if found else None


def _copy(packed: IO[bytes] | gzip.GzipFile, file: BinaryIO, limit: int) -> None:
    left = limit
    while True:
        try:
            chunk = packed.read(_CHUNK)
        except DAMAGED as error:
            raise UserError(f"damaged or incomplete ({one_line(error)})") from None
        if not chunk:
            return
        left -= len(chunk)
        if left < 0:
            raise UserError(f"refused, it unpacks to more than {limit:,} bytes")
        file.write(chunk)
