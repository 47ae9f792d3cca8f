"""Feeds damaged files to every parser: a right result, or one line.

    python -m benchmarks.fuzz FOLDER                       # all parsers
    python -m benchmarks.fuzz FOLDER --only header reply --count 2000 --seed 1
    python -m benchmarks.fuzz FOLDER --seconds 100         # goes on next time

`fuzz_targets` has the parsers with whole files of each, `mutations` what is done to
these; the seed and the number of an input say all of it. `--count` inputs are shared
among the pure parsers, `--slow` among those of whole pictures, films and networks.

Parsers run in a forked process with limits: a gigabyte beyond what it began with, and
seconds of computing for one input. A find is whatever is no result and no refusal in
one line: another exception, the end of the process, too many seconds. FOLDER keeps the
first input of every kind of find, with its traceback, and where the campaign was; the
same command goes on.
"""

import argparse
import dataclasses
import json
import math
import mmap
import os
import random
import resource
import signal
import struct
import time
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from benchmarks.fuzz_targets import SLOW, TARGETS, Target
from benchmarks.mutations import mutated
from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import read_json, scratch_folder, write_json

_MORE_MEMORY = 2**30  # bytes
_SECONDS = {False: 5.0, True: 20.0}  # of computing, by whether a target is slow
_WAITING = 60.0  # seconds by the clock beyond that, for what waits
_SHARED = struct.Struct("<3q")  # done, right, refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the campaign")
    parser.add_argument("--count", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--slow", type=int, default=1_000, help="(%(default)s)")
    parser.add_argument(
        "--only", nargs="+", choices=TARGETS, default=list(TARGETS), help="(all)"
    )
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="to stop after, about"
    )
    arguments = parser.parse_args()
    until = time.monotonic() + arguments.seconds
    with scratch_folder(arguments.folder) as scratch:
        print("| parser | inputs | right | one line | finds | inputs a second |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in arguments.only:
            like = [
                other for other in arguments.only if (other in SLOW) == (name in SLOW)
            ]
            total = arguments.slow if name in SLOW else arguments.count
            target = TARGETS[name](scratch)
            campaign = Campaign(arguments.folder, name, target, arguments.seed)
            campaign.go_on(math.ceil(total / len(like)), until, scratch)
            print(f"| {name} | {campaign.row()} |", flush=True)


@dataclass
class State:
    """What is kept of a campaign.

    Attributes:
        done: Inputs so far.
        right, refused: Those that gave a result, and those that gave one line.
        finds: How many of each kind.
        seconds: Of it all.
    """

    done: int = 0
    right: int = 0
    refused: int = 0
    finds: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Campaign:
    """One parser and its damaged inputs."""

    def __init__(self, folder: Path, name: str, target: Target, seed: int):
        """Goes on with what is in `folder`."""
        self._name, self._target, self._seed = name, target, seed
        self._finds = folder / "finds"
        self._path = folder / f"{name}-{seed}.json"
        there = read_json(self._path) if self._path.exists() else {}
        self.state = State(**there)

    def input(self, number: int) -> bytes:
        """The damaged file of a number, a function of it, the seed and the parser."""
        rng = random.Random(f"{self._name} {self._seed} {number}")
        seeds = self._target.seeds
        return mutated(rng.choice(seeds), seeds, rng)

    def go_on(self, count: int, until: float, scratch: Path) -> None:
        """Feeds what is left.

        Args:
            count: Inputs in all.
            until: Moment (`time.monotonic`) to stop at.
            scratch: Folder for the input.
        """
        while self.state.done < count and time.monotonic() < until:
            self._serve(count, until, scratch)
            write_json(self._path, dataclasses.asdict(self.state))

    def row(self) -> str:
        """Figures for the table."""
        state = self.state
        finds = "; ".join(f"{kind} ({n})" for kind, n in state.finds.items()) or "0"
        rate = state.done / max(state.seconds, 1e-9)
        return f"{state.done} | {state.right} | {state.refused} | {finds} | {rate:.0f}"

    def _serve(self, count: int, until: float, scratch: Path) -> None:
        """Feeds a process until the end, or until an input ends it."""
        started = time.monotonic()
        state, found = self.state, scratch / "found.jsonl"
        found.unlink(missing_ok=True)
        with mmap.mmap(-1, _SHARED.size) as shared:
            shared[:] = _SHARED.pack(state.done, state.right, state.refused)
            process = os.fork()
            if not process:
                self._child(shared, count, until, scratch, found)
            _, status = os.waitpid(process, 0)
            state.done, state.right, state.refused = _SHARED.unpack(shared[:])
        state.seconds += time.monotonic() - started
        for line in found.read_text().splitlines() if found.exists() else ():
            self._keep(**json.loads(line))
        if code := os.waitstatus_to_exitcode(status):
            kind = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            self._keep(kind, state.done, f"the process ended: {kind}")
            state.done += 1

    def _keep(self, kind: str, number: int, text: str) -> None:
        """Counts a find; of each kind the first input is kept."""
        finds = self.state.finds
        finds[kind] = finds.get(kind, 0) + 1
        if finds[kind] == 1:
            self._finds.mkdir(exist_ok=True)
            stem = f"{self._name}-{self._seed}-{number}"
            (self._finds / f"{stem}{self._target.suffix}").write_bytes(
                self.input(number)
            )
            (self._finds / f"{stem}.txt").write_text(text)

    def _child(
        self, shared: mmap.mmap, count: int, until: float, scratch: Path, found: Path
    ) -> NoReturn:
        """The process: one input after the other, each with its limits."""
        code = 1
        try:
            warnings.simplefilter("ignore")
            quiet = os.open(os.devnull, os.O_WRONLY)
            for stream in (1, 2):  # decoders talk from C
                os.dup2(quiet, stream)
            limit = _memory() + _MORE_MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            done, right, refused = _SHARED.unpack(shared[:])
            seconds = _SECONDS[self._name in SLOW]
            path = scratch / f"input{self._target.suffix}"
            while done < count and time.monotonic() < until:
                path.write_bytes(self.input(done))
                # Nobody handles these: the kernel ends the process, in C as well.
                signal.setitimer(signal.ITIMER_PROF, seconds)
                signal.setitimer(signal.ITIMER_REAL, seconds + _WAITING)
                kind, text = self._tried(path)
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
                right, refused = right + (kind == "right"), refused + (kind == "line")
                if kind not in ("right", "line"):
                    with found.open("a") as file:
                        find = {"kind": kind, "number": done, "text": text}
                        file.write(json.dumps(find) + "\n")
                done += 1
                shared[:] = _SHARED.pack(done, right, refused)
            code = 0
        finally:
            os._exit(code)

    def _tried(self, path: Path) -> tuple[str, str]:
        """What a parser makes of an input: "right", "line", or a kind of find."""
        try:
            self._target.parse(path)
            return "right", ""
        except (UserError, *self._target.refusals) as error:
            if "\n" not in str(error):
                return "line", ""
            return "several lines", str(error)
        except Exception as error:  # whatever it is, it is what we look for
            frames = traceback.extract_tb(error.__traceback__)
            ours = (f for f in frames if "tf_fsgd" in Path(f.filename).parts)
            *_, place = frames[-1], *ours
            kind = f"{type(error).__name__} in {Path(place.filename).name} {place.name}"
            return kind, traceback.format_exc()


def _memory() -> int:
    """Bytes of addresses that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main()
