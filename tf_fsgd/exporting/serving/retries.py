"""A request that is repeated while the server is busy."""

import random
import time
from collections.abc import Callable

from tf_fsgd.exporting.serving.errors import BusyError

_FIRST_PAUSE = 0.25  # seconds
_LONGEST_PAUSE = 8.0


def persistently(send: Callable[[float], bytes], timeout: float) -> bytes:
    """Sends until the server is not busy, or for `timeout` seconds.

    Pauses double, and are shortened at random so that clients which were turned away
    together do not come back together.

    Args:
        send: Sends once, waiting for the given seconds at most.
        timeout: Seconds for all attempts and pauses.

    Returns:
        What `send` returns.

    Raises:
        BusyError: The last one, if time is up.
    """
    end = time.monotonic() + timeout
    pause = _FIRST_PAUSE
    left = timeout
    while True:
        try:
            return send(left)
        except BusyError:
            wait = pause * random.uniform(0.5, 1.0)
            if end - time.monotonic() <= wait:
                raise
        time.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE)
        left = end - time.monotonic()
