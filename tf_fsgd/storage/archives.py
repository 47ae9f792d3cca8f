"""NumPy's archives: the one reader and the one writer of arrays, and zip's damage.

Weights, directions, projections and training states are `.npz` files: zip archives of
arrays, with a checksum for each. Members are read whole, so that every checksum is
compared, and nothing in them is unpickled.

    write_arrays("a.npz", {"w": w})
    read_arrays("a.npz", "a latent", {"w": (NUMBERS, (None, 512))})["w"]
"""

import contextlib
import io
import lzma
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import atomic_path

NUMBERS, INTEGERS, PIXELS, FLAGS, TEXT = "fiu", "iu", "u", "b", "U"
"""Kinds of arrays, in NumPy's letters. Numbers are finite too."""
_CALLED = {
    NUMBERS: "numbers",
    INTEGERS: "integers",
    PIXELS: "unsigned integers",
    FLAGS: "true or false",
    TEXT: "text",
}

Need = tuple[str, tuple[int | None, ...] | None]
"""A kind, and a shape: `None` for any, or for any size of one axis."""

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,  # NumPy reads an array's head as Python
    SyntaxError,
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,  # the size that a head claims
    OSError,  # a place before the file's beginning
    RuntimeError,  # encrypted, or packed in a way that zipfile does not know
    TypeError,
    ValueError,
)
"""All that the standard library and NumPy raise for a cut or changed archive."""


def write_arrays(
    path: str | os.PathLike,
    arrays: Mapping[str, np.ndarray | np.generic],
    compressed: bool = False,
) -> None:
    """Writes arrays by name, atomically.

    Args:
        path: Ends in .npz.
        arrays: Numbers, booleans or text.
        compressed: Whether the file is to be small rather than written fast.
    """
    write = np.savez_compressed if compressed else np.savez
    with atomic_path(path) as temporary:
        write(temporary, allow_pickle=False, **arrays)


def read_arrays(
    path: str | os.PathLike, what: str, needed: Mapping[str, Need] | None = None
) -> dict[str, np.ndarray]:
    """Reads the arrays of an .npz file.

    Args:
        path: The file.
        what: What it should be, for messages: "a direction".
        needed: Arrays that must be there. There may be more.

    Returns:
        All arrays by name.

    Raises:
        UserError: If the file is missing, damaged in any way, or lacks an array.
    """
    with _opened(path, what) as file:
        if file.read(2) != b"PK":  # zipfile takes anything before an archive
            raise zipfile.BadZipFile("no archive of arrays")
        with zipfile.ZipFile(file) as archive:
            # Whole, for a checksum is compared at a member's end only.
            arrays = {
                name.removesuffix(".npy"): _array(io.BytesIO(archive.read(name)))
                for name in _names(archive, file)
            }
    check_arrays(path, what, arrays, needed or {})
    return arrays


def check_arrays(
    path: str | os.PathLike,
    what: str,
    arrays: Mapping[str, np.ndarray],
    needed: Mapping[str, Need],
) -> None:
    """Checks what `read_arrays` has read, where the need depends on it.

    Raises:
        UserError: For the first array that is missing, or not as needed.
    """
    for name, need in needed.items():
        if reason := _lack(arrays.get(name), *need):
            raise UserError(f"{path}: not {what} ({name} {reason})")


def read_array(path: str | os.PathLike, what: str, need: Need) -> np.ndarray:
    """Reads an .npy file, one array without a checksum.

    Raises:
        UserError: As `read_arrays`.
    """
    with _opened(path, what) as file:
        array = _array(file)
    if reason := _lack(array, *need):
        raise UserError(f"{path}: not {what} (it {reason})")
    return array


def check_zip(path: str | os.PathLike, what: str) -> None:
    """Compares all checksums of a zip archive such as a .keras file.

    Raises:
        UserError: If it is missing or damaged; `what` says what it should be.
    """
    with _opened(path, what) as file, zipfile.ZipFile(file) as archive:
        _names(archive, file)
        damaged = archive.testzip()
    if damaged is not None:
        raise UserError(f"{path}: not {what} ({damaged} fails its checksum)")


def one_line(error: Exception) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextlib.contextmanager
def _opened(path: str | os.PathLike, what: str) -> Iterator[io.BufferedReader]:
    """The file; whatever its damage raises in the block becomes one `UserError`."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: expected a file, found a folder")
    if not path.exists():
        raise UserError(f"{path}: no such file")
    # NumPy and zipfile leave a file open that they opened and could not read.
    with open(path, "rb") as file:
        try:
            yield file
        except DAMAGED as error:
            raise UserError(f"{path}: not {what} ({one_line(error)})") from None


def _names(archive: zipfile.ZipFile, file: io.BufferedReader) -> list[str]:
    """Names of all members; a changed length in their list can hide some."""
    names = archive.namelist()
    file.seek(-12 - len(archive.comment), os.SEEK_END)
    if int.from_bytes(file.read(2), "little") != len(names):
        raise zipfile.BadZipFile("members are missing")
    return names


def _array(file: io.BufferedIOBase) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about heads of Python 2, which damage mimics
        return np.lib.format.read_array(file, allow_pickle=False)


def _lack(array: np.ndarray | None, kinds: str, shape: tuple | None) -> str | None:
    """What an array is not, for a message; `None` if it is as it should be."""
    if array is None:
        return "is missing"
    if array.dtype.kind not in kinds:
        return f"must be {_CALLED[kinds]}, received {array.dtype}"
    if shape is not None and not (
        len(shape) == array.ndim
        and all(n in (None, size) for n, size in zip(shape, array.shape, strict=True))
    ):
        sizes = ", ".join("N" if size is None else str(size) for size in shape)
        return f"must be of shape [{sizes}], received {list(array.shape)}"
    if kinds == NUMBERS and not np.isfinite(array).all():
        return "must be finite numbers"
    return None
