"""Kills commands at every rename and fsync and at random moments, and goes on.

    python -m benchmarks.survive FOLDER                       # all phases
    python -m benchmarks.survive FOLDER --phase video --count 10 --seed 1
    python -m benchmarks.survive FOLDER --seconds 100         # goes on next time

A phase is a command at its smallest: `train`, up to the trained network (rendering and
training) and, as `finish`, from there on (evaluation, export and the page); `evaluate`
and `export` of what it has made; `photos` and `video` (`translate`).

It runs twice without a kill: what differs between the two (times, dates) may differ
later, and must only be whole; pairs, checkpoints and weights may not. Then it is
started in one folder again and again, and killed (-9) at the first rename or fsync at
which none was killed before, until it ends: so every one is met. At last it is killed
at random moments (`--count`). Whenever a command ends, its folder is compared with the
first: the same files and no others, the same bytes; of archives, of their members, but
for the date and the memory's addresses in a Keras file.

Commands are forked from one process that has imported TensorFlow and never used it.
FOLDER keeps where it was; the same command goes on.
"""

import argparse
import dataclasses
import json
import os
import random
import re
import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import survive_phases as phases
from benchmarks.killed import run
from tf_fsgd.storage.files import read_json, write_json

_STATE = "state.json"
MOST_SECONDS = 900.0  # after which a command hangs
# One file for each start of a run; and who was the last to work.
_EACH_START = re.compile(r"(.*/)?(tensorboard|leases)/[^/]*")
_MADE_ON = "metadata.json"  # of a Keras file: the date
_ADDRESS = re.compile(rb'"shared_object_id": \d+')  # of its config: where objects lay
# What must come out bit for bit.
_EXACT = re.compile(r".*(\.tfrecord|index\.json|translator\.keras|/\d{9}\.(npz|jpg))")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the campaign")
    parser.add_argument(
        "--phase",
        nargs="+",
        choices=phases.NAMES,
        default=list(phases.NAMES),
        help="(all)",
    )
    parser.add_argument(
        "--count", type=int, default=40, help="kills at random moments (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of these (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="to stop after, about"
    )
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as Ctrl-C does
    until = time.monotonic() + arguments.seconds
    folder = arguments.folder.resolve()
    campaigns = []
    for name in arguments.phase:
        command, base = phases.prepared(name, folder / "inputs"), folder / "inputs"
        if earlier := phases.AFTER.get(name):
            base = folder / earlier / "first"
            if not _state(folder / earlier).whole:
                print(f"{name}: needs what phase {earlier} makes first")
                continue
        campaign = Campaign(folder / name, command, base)
        campaign.go_on(arguments.count, arguments.seed, until)
        campaigns.append((name, campaign))
    print("| phase | places | killed at one | at random | finds | minutes |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, campaign in campaigns:
        print(f"| {name} | {campaign.row()} |")
    for name, campaign in campaigns:
        for find in campaign.state.finds:
            print(f"{name}: {find}")


@dataclass
class State:
    """What is kept of a campaign.

    Attributes:
        points: Places of an uninterrupted command, as `killed.run` names them.
        spent: Places at which a command was killed.
        whole: Seconds of an uninterrupted command.
        changing: Files that differ between two of them.
        random: Kills at random moments.
        finds: What was wrong, a line each.
        seconds: Of it all.
    """

    points: list[str] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    whole: float = 0.0
    changing: list[str] | None = None
    random: int = 0
    finds: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Campaign:
    """One command, killed and started again in its folder."""

    def __init__(self, folder: Path, command: Callable[[], int | None], base: Path):
        """Goes on with what is there.

        Args:
            folder: Of this phase.
            command: Of the project, run in a copy of `base`.
            base: What the command needs to be there.
        """
        self._folder, self._command, self._base = folder, command, base
        self._said = folder / "said.txt"
        self.state = _state(folder)

    def go_on(self, count: int, seed: int, until: float) -> None:
        """Makes all kills that are left.

        Args:
            count: Of those at random moments, in all.
            seed: Of these moments.
            until: Moment (`time.monotonic`) after which no command is started.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for _ in self._steps(count, seed):
            write_json(self._folder / _STATE, dataclasses.asdict(self.state))
            if time.monotonic() > until:
                break

    def row(self) -> str:
        """Figures for the table."""
        state = self.state
        places = set(state.points)
        met = len(places & set(state.spent))
        return (
            f"{len(places)} | {met} | {state.random} | {len(state.finds)} | "
            f"{state.seconds / 60:.1f}"
        )

    def _steps(self, count: int, seed: int) -> Iterator[None]:
        """A command at each."""
        if not self.state.whole:
            self._first()
            yield
        if self.state.changing is None:
            self._second()
            yield
        every = self._folder / "every"
        while set(self.state.points) - set(self.state.spent) or every.exists():
            before = len(self.state.spent)
            ended = self._start("every", stops=self._unspent)
            self._read_spent()
            yield
            if ended and len(self.state.spent) == before:
                break  # where it has not been, this command never comes
        moments = random.Random(seed)
        for number in range(count):
            moment = moments.uniform(0, self.state.whole)
            if number < self.state.random:
                continue  # of an earlier session
            self._start("random", after=moment)
            self.state.random += 1
            yield
        if (self._folder / "random").exists():
            while not self._start("random"):
                yield

    def _first(self) -> None:
        """Notes the places of an uninterrupted command, and the seconds it takes."""
        shutil.rmtree(self._folder / "first", ignore_errors=True)
        points = self._folder / "points"
        points.unlink(missing_ok=True)

        def note(point: str) -> bool:
            _add(points, point)
            return False

        started = time.monotonic()
        self._start("first", stops=note, keep=True)
        self.state.points = points.read_text().splitlines()
        self.state.whole = time.monotonic() - started

    def _second(self) -> None:
        """Finds what differs between two of them."""
        shutil.rmtree(self._folder / "second", ignore_errors=True)
        self._start("second", keep=True)
        first, second = (contents(self._folder / n) for n in ("first", "second"))
        self.state.changing = sorted(
            name for name in first if first[name] != second.get(name)
        )
        self.state.finds += [
            f"{name} is not the same in two runs"
            for name in self.state.changing
            if _EXACT.fullmatch(name)
        ]
        shutil.rmtree(self._folder / "second")

    def _unspent(self, point: str) -> bool:
        spent = self._folder / "spent"
        if spent.exists() and point in spent.read_text().splitlines():
            return False
        _add(spent, point)
        return True

    def _read_spent(self) -> None:
        spent = self._folder / "spent"
        self.state.spent = spent.read_text().splitlines() if spent.exists() else []

    def _start(self, trial: str, *, keep: bool = False, **how) -> bool:
        """Runs the command in a trial's folder.

        Returns:
            Whether it has ended by itself; the folder is compared then, and removed
            unless it is to be kept or is a find.
        """
        folder = self._folder / trial
        if not folder.exists():
            shutil.copytree(self._base, folder)
        limit = how.pop("after", MOST_SECONDS)
        end = run(self._command, folder, self._said, after=limit, **how)
        self.state.seconds += end.seconds
        if end.code is None and end.seconds < MOST_SECONDS:
            return False
        problems = []
        if end.code != 0:
            problems = [f"exit code {end.code}, see {self._said}"]
            if keep:
                raise SystemExit(f"{trial}: {problems[0]}")
        elif not keep:
            first = contents(self._folder / "first")
            problems = differences(first, contents(folder), self.state.changing or [])
        self.state.finds += [f"{trial}: {problem}" for problem in problems]
        if problems:
            kept = self._folder / f"find-{len(self.state.finds)}"
            folder.rename(kept)
        elif not keep:
            shutil.rmtree(folder)
        return True


def _state(folder: Path) -> State:
    path = folder / _STATE
    return State(**read_json(path)) if path.exists() else State()


def contents(folder: Path) -> dict[str, object]:
    """What lies in a folder, by path: bytes, or an archive's members."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if _EACH_START.fullmatch(name) or path.is_dir() and any(path.iterdir()):
            continue
        if path.is_dir():
            found[f"{name}/"] = None
        elif path.suffix in (".npz", ".keras"):
            with zipfile.ZipFile(path) as archive:
                found[name] = {
                    member: _ADDRESS.sub(b"", archive.read(member))
                    for member in archive.namelist()
                    if member != _MADE_ON
                }
        else:
            found[name] = path.read_bytes()
    return found


def differences(
    first: dict[str, object], other: dict[str, object], changing: list[str]
) -> list[str]:
    """Where a folder is not as another one.

    Args:
        first: Contents of the folder of an uninterrupted command.
        other: Contents of that of one that was killed.
        changing: Files that need only be whole.

    Returns:
        A line for each file that is missing, left over, different or torn.
    """
    lines = [f"{name} is missing" for name in first.keys() - other.keys()]
    lines += [f"{name} is left over" for name in other.keys() - first.keys()]
    for name in first.keys() & other.keys():
        if name in changing:
            if not _is_whole(name, other[name]):
                lines.append(f"{name} is torn")
        elif first[name] != other[name]:
            lines.append(f"{name} differs")
    return sorted(lines)


def _is_whole(name: str, content: object) -> bool:
    if not isinstance(content, bytes):
        return True  # a zip archive, whose checksums were compared
    try:
        for text in content.splitlines() if name.endswith(".jsonl") else [content]:
            if name.endswith((".json", ".jsonl")):
                json.loads(text)
    except ValueError:
        return False
    return bool(content) and (b"</html>" in content or not name.endswith(".html"))


def _add(path: Path, line: str) -> None:
    """Adds a line in one call, for the process may be killed right after."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


if __name__ == "__main__":
    main()
