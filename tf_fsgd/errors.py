"""The user's mistakes: one clear line, exit code 2, no traceback.

Library code raises `UserError` for input that breaks a rule; every command runs inside
`guarded`, which turns it into one line on standard error. Anything else that escapes is
a bug of ours and keeps its traceback.
"""

import errno
import sys
from collections.abc import Callable

_MACHINE_LIMITS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
)


class UserError(ValueError):
    """A rule that the user's input breaks.

    The message is one line that names the argument, the rule and what was received.
    """


def guarded(command: Callable[..., int | None], *args, resumes: bool = False) -> int:
    """Runs a command and turns the user's mistakes into one line and an exit code.

    Args:
        command: What to run; its return value is the exit code, `None` means 0.
        *args: Passed on.
        resumes: Whether the command goes on where Ctrl-C has stopped it.

    Returns:
        The command's exit code; 2 for a `UserError` or for a limit of the machine
        (disk full, no permission, name too long); 130 after Ctrl-C.
    """
    try:
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
    except KeyboardInterrupt:
        how = "stopped; the same command goes on from here" if resumes else "stopped"
        print(how, file=sys.stderr)
        return 130
