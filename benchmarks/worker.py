"""What the workers share that `started.py` starts; runs under any interpreter."""

import resource
import sys
import time
from collections.abc import Callable


def peak() -> float:
    """Megabytes that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def serve(draw: Callable[[], object], loaded: float) -> None:
    """Draws once, then for each line of standard input, and says how long it took.

    Prints "ready", then wall and CPU seconds for each line, then megabytes: the peak of
    memory, and what it was with nothing but libraries loaded.
    """
    draw()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter(), time.process_time()
        draw()
        wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
        print(wall, cpu, flush=True)
    print(peak(), loaded, flush=True)
