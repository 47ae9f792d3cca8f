"""Keeps TensorFlow's native chatter off the console.

Converter and interpreter write to the file descriptors from C++, past `sys.stderr` and
past every Python logger, so the descriptors themselves are pointed at a file.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def output_to(path: str | os.PathLike) -> Iterator[None]:
    """Appends what the process writes to standard output and error to a file.

    Args:
        path: The file; made when absent. `os.devnull` throws the output away.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(target, os.dup(target)) for target in (_STDOUT, _STDERR)]
    try:
        with open(path, "ab") as log:
            os.dup2(log.fileno(), _STDOUT)
            os.dup2(log.fileno(), _STDERR)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for target, copy in saved:
            os.dup2(copy, target)
            os.close(copy)
