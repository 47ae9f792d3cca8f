"""Workers of the benchmarks, seen from their caller: started, asked in turns, ended.

A worker says "ready" once it has done its work for the first time, does it again for
each line that it reads and answers with a line of numbers (`worker.serve`).
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


@dataclass
class Worker:
    """A process that works once for each line.

    Attributes:
        process: The process.
        errors: Where its standard error goes, shown if it fails.
    """

    process: subprocess.Popen
    errors: Path

    def turn(self) -> tuple[float, ...]:
        """Has it work once; the numbers of its answer: wall and CPU seconds."""
        self.process.stdin.write("again\n")
        self.process.stdin.flush()
        return self._numbers()

    def end(self) -> tuple[float, ...]:
        """Ends it; the numbers of its last answer: megabytes, peak and at the start."""
        self.process.stdin.close()
        last = self._numbers()
        self.process.wait()
        return last

    def read_line(self) -> str:
        """Its next line; if there is none, the benchmark ends with what it said."""
        line = self.process.stdout.readline()
        if not line:
            self.fail()
        return line

    def fail(self) -> NoReturn:
        """Ends the benchmark with what the worker said."""
        sys.exit(f"{self.errors.read_text()}failed: {' '.join(self.process.args)}")

    def _numbers(self) -> tuple[float, ...]:
        return tuple(map(float, self.read_line().split()))


@contextmanager
def started(command: Sequence, errors: Path) -> Iterator[Worker]:
    """A worker that has worked once; killed at the end, whatever happens.

    Args:
        command: Program and arguments, made to text here.
        errors: File for its standard error.
    """
    with (
        errors.open("w") as log,
        subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            worker = Worker(process, errors)
            if worker.read_line() != "ready\n":
                worker.fail()
            yield worker
        finally:
            process.kill()
