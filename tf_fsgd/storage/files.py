"""Files that are never half-written, the cache folder, and checksums."""

import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tf_fsgd.errors import UserError

if sys.platform != "win32":
    import fcntl

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SCRATCH = ".tf_fsgd-"  # begins the names of what is not whole yet


def make_folder(path: str | os.PathLike) -> None:
    """Makes a folder, and those it lies in, where they are missing.

    Raises:
        UserError: If there is a file in its place or in that of one it lies in, or it
            is an address such as `gs://bucket`.
    """
    # A path has one slash of two. A folder of such a name may be there; none is made.
    first = (Path(path).parts or ("",))[0]
    if _SCHEME.fullmatch(first) and not Path(first).is_dir():
        raise UserError(f"{path}: must be a folder on this machine, not an address")
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{path}: expected a folder, found a file") from None


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path that becomes `path` when the block succeeds.

    The temporary file lies beside `path`, keeps the suffix (encoders choose their
    format by it) and is removed when the block raises, so that a reader sees the old
    file or the whole new one, also after a power cut. What a killed process has left
    in the folder is removed. Missing folders are made.

    Raises:
        UserError: If `path` is a folder, or lies inside something that is not one.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: expected a file, found a folder")
    make_folder(path.parent)
    _sweep(path.parent.absolute())

    def make() -> str:
        # A short stem, because the temporary name may not be longer than a name may be.
        descriptor, name = tempfile.mkstemp(
            prefix=f"{_SCRATCH}{path.stem[:32]}-", suffix=path.suffix, dir=path.parent
        )
        os.close(descriptor)
        return name

    with _claimed(make) as temporary:
        try:
            yield temporary
            # mkstemp makes private files; what a user shares should follow her umask.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())  # or a power cut could keep the name alone
            temporary.replace(path)
        except OSError as error:
            # Encoders and archives write to open files and do not know their names.
            error.filename = error.filename or str(path)
            raise
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def scratch_folder(folder: str | os.PathLike) -> Iterator[Path]:
    """Yields an empty folder inside another one, and removes it with all that it holds.

    Args:
        folder: Made when missing. What killed processes have left in it is removed.

    Raises:
        UserError: As `make_folder`.
    """
    make_folder(folder)
    _sweep(Path(folder).absolute())
    make = functools.partial(tempfile.mkdtemp, prefix=_SCRATCH, dir=folder)
    with _claimed(make) as scratch:
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch)


@contextlib.contextmanager
def _claimed(make: Callable[[], str]) -> Iterator[Path]:
    """A new file or folder, locked for the time of the block: its owner is alive."""
    while True:
        path = Path(make())
        descriptor = _lock(path)
        if path.exists():  # or a sweep came before the lock
            break
    try:
        yield path
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path) -> int | None:
    """Waits for a lock; `None` where the system or the disk has none."""
    if sys.platform == "win32":
        return None
    descriptor = None
    with contextlib.suppress(OSError):
        descriptor = _open(path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@functools.cache
def _sweep(folder: Path) -> None:
    """Removes what killed processes have left in a folder, once in a process."""
    if sys.platform == "win32":
        return
    for path in folder.glob(f"{_SCRATCH}*"):
        with contextlib.suppress(OSError):  # at work, gone by now, or without locks
            descriptor = _open(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(descriptor)


def _open(path: Path) -> int:
    # NFS locks for one owner only what is open for writing; folders never are.
    return os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes `text` as UTF-8, atomically; of a file's name, escapes what is no text."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes `value` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Reads a JSON file.

    Raises:
        UserError: If the file is missing or is not JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        # ValueError: bad syntax, bad UTF-8, or a number of thousands of digits.
        raise UserError(f"{path}: not a JSON file ({error})") from None


def sha256(path: str | os.PathLike) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_dir() -> Path:
    """`$TF_FSGD_CACHE`, else `tf_fsgd` in the user's cache folder (XDG convention).

    Raises:
        UserError: If the user of this process has no home, or may not write there, as
            in a container that was started under a bare number.
    """
    if chosen := os.environ.get("TF_FSGD_CACHE"):
        return Path(chosen)
    # By the convention, an empty variable counts as none.
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        folder = Path(home).expanduser() / "tf_fsgd"  # RuntimeError: there is no home
        folder.mkdir(parents=True, exist_ok=True)
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"TF_FSGD_CACHE must name a folder for the cache; the usual one cannot be "
            f"had ({error})"
        ) from None
    return folder
