"""Files that TensorFlow reads and writes from C++: its errors, and its patterns.

TensorFlow reports a full disk as `ResourceExhaustedError`, the name that it also has
for memory. Where it is known that only a file can be meant, the error becomes the
`OSError` that Python itself would raise.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from tf_fsgd.errors import UserError


@contextlib.contextmanager
def disk_errors(path: str | os.PathLike) -> Iterator[None]:
    """Around code in which TensorFlow reads or writes files and computes nothing large.

    Args:
        path: What is read or written, for the message.

    Raises:
        OSError: With `ENOSPC` if the disk is full, `EACCES` if it must not be used.
    """
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise _os_error(errno.ENOSPC, path) from error
    except tf.errors.PermissionDeniedError as error:
        raise _os_error(errno.EACCES, path) from error


@contextlib.contextmanager
def plain_path(folder: str | os.PathLike) -> Iterator[Path]:
    """Another path to a folder, for what TensorFlow takes for a pattern.

    It looks for the files of saved variables by wildcards: those in `out [1]` it does
    not find, and `a*b` may be another folder. Writing alone takes any path.

    Args:
        folder: One that exists.

    Raises:
        UserError: As `check_temporary`.
    """
    check_temporary()
    with tempfile.TemporaryDirectory() as scratch:
        link = Path(scratch, "folder")
        link.symlink_to(Path(folder).resolve(), target_is_directory=True)
        yield link


def check_temporary() -> None:
    """Refuses a folder for temporary files in which TensorFlow finds nothing again.

    Raises:
        UserError: If its name is a pattern.
    """
    folder = tempfile.gettempdir()
    if set(folder) & (set("*?[\\") - {os.sep}):
        raise UserError(
            "TMPDIR must name a folder without * ? [ \\, which TensorFlow takes for a "
            f"pattern, received {folder!r}"
        )


def _os_error(number: int, path: str | os.PathLike) -> OSError:
    return OSError(number, os.strerror(number), str(path))
