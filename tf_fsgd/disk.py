"""TensorFlow's own errors about the disk, as Python's.

TensorFlow writes files from C++ and reports a full disk as `ResourceExhaustedError`,
the name that it also has for memory. Where it is known that only a file can be meant,
the error becomes the `OSError` that Python itself would raise.
"""

import contextlib
import errno
import os
from collections.abc import Iterator

import tensorflow as tf


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


def _os_error(number: int, path: str | os.PathLike) -> OSError:
    return OSError(number, os.strerror(number), str(path))
