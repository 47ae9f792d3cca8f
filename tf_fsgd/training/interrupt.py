"""Ctrl-C and SIGTERM as a request that the loop answers between two steps."""

import contextlib
import signal
import threading
from collections.abc import Iterator


class StopRequest:
    """Whether the user asked the loop to stop; true or false as a condition."""

    def __init__(self):
        self._received = False

    def __bool__(self) -> bool:
        return self._received

    def _receive(self, number, frame):
        # The second time she does not want to wait for the step in progress.
        if self._received:
            raise KeyboardInterrupt
        self._received = True


@contextlib.contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Turns the first SIGINT or SIGTERM inside the block into a true `StopRequest`.

    The second one raises `KeyboardInterrupt` at once. Outside the main thread, where
    Python allows no handlers, signals keep their meaning.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, request._receive) for number in numbers}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
