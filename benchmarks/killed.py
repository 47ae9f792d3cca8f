"""Commands in forked processes that are killed at a chosen moment.

The caller has imported what the commands need and has run nothing of it, so that a
process begins with its libraries loaded and with no thread but its own.
"""

import contextlib
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = ("rename", "replace", "fsync")  # of `os`
_RANDOM = re.compile(r"\.tf_fsgd-([^/]*-)?[a-z0-9_]{8}")  # a scratch's name
_CRASHED = 70  # the exit code of a traceback
_LOOK = 0.02  # seconds between two looks at a process


@dataclass
class End:
    """How a process ended.

    Attributes:
        code: Its exit code; `None` if it was killed.
        seconds: From its start.
    """

    code: int | None
    seconds: float


def run(
    command: Callable[[], int | None],
    folder: Path,
    said: Path,
    *,
    stops: Callable[[str], bool] = lambda point: False,
    after: float = float("inf"),
) -> End:
    """Runs a command in a process of its own, and kills it (`kill -9`).

    Args:
        command: What to do; its result is the exit code.
        folder: Where the process stands.
        said: File to which its output is added.
        stops: Asked before each call of `CALLS`, in that process, with the call's
            name, the file, and which such call of the process it is; true: kill it.
        after: Seconds until it is killed in any case.
    """
    started = time.monotonic()
    process = os.fork()
    if not process:
        _child(command, folder, said, stops)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(process, process)  # as it does itself: who is first?
    try:
        while True:
            ended, status = os.waitpid(process, os.WNOHANG)
            seconds = time.monotonic() - started
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return End(None if code < 0 else code, seconds)
            if seconds > after:
                os.killpg(process, signal.SIGKILL)
            time.sleep(_LOOK)
    except BaseException:  # who stops the campaign stops what it has started
        os.killpg(process, signal.SIGKILL)
        raise


def _child(command, folder, said, stops):
    code = _CRASHED
    try:
        os.setpgid(0, 0)  # a group with whatever it starts
        os.chdir(folder)
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        with _watched(folder, stops):
            code = command() or 0
    except BaseException:  # whatever it is, this process must not become the caller's
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextlib.contextmanager
def _watched(folder: Path, stops: Callable[[str], bool]) -> Iterator[None]:
    """Asks `stops` before each call of `CALLS`."""
    met: dict[str, int] = {}
    originals = {name: getattr(os, name) for name in CALLS}

    def watched(name: str) -> Callable:
        def call(*arguments, **options):
            point = f"{name} {_named(arguments[-1], folder)}"
            met[point] = met.get(point, 0) + 1
            if stops(f"{point} {met[point]}"):
                os.kill(os.getpid(), signal.SIGKILL)
            return originals[name](*arguments, **options)

        return call

    for name in CALLS:
        setattr(os, name, watched(name))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def _named(file: int | str | os.PathLike, folder: Path) -> str:
    """A file from a trial's folder, without what is random in its name."""
    if isinstance(file, int):
        file = os.readlink(f"/proc/self/fd/{file}")
    return _RANDOM.sub(r".tf_fsgd-\1*", os.path.relpath(file, folder))
