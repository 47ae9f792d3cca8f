"""Keeps TensorFlow's native chatter off the console.

Converter and interpreter write to the file descriptors from C++, past `sys.stderr` and
past every Python logger, so the descriptors themselves are pointed at a file.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2

_consoles: list[int] = []  # copies of standard error, the outermost block's first


@contextlib.contextmanager
def output_to(path: str | os.PathLike) -> Iterator[None]:
    """Appends what the process writes to standard output and error to a file.

    Args:
        path: The file; made when absent. `os.devnull` throws the output away.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(target, os.dup(target)) for target in (_STDOUT, _STDERR)]
    _consoles.append(saved[1][1])
    try:
        with open(path, "ab") as log:
            os.dup2(log.fileno(), _STDOUT)
            os.dup2(log.fileno(), _STDERR)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        _consoles.pop()
        for target, copy in saved:
            os.dup2(copy, target)
            os.close(copy)


def say(line: str) -> None:
    """Writes a line to standard error; to the console, inside `output_to` as well."""
    if _consoles:
        os.write(_consoles[0], f"{line}\n".encode())
    else:
        print(line, file=sys.stderr)
