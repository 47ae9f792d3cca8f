"""Two training processes against one: the same weights, whatever happens to them.

    python -m benchmarks.workers_agree FOLDER --steps 200
    python -m benchmarks.workers_agree FOLDER --steps 200 --kills 10 --seed 0

Trains the tests' tiny network (`tests/training/tiny_training.py`, float32): in one
process on one thread and on two; by two workers; and by two that are stopped after a
third of the steps, by one that goes on to two thirds, and by two again. Differences are
the largest ones of any number in the last checkpoint.

`--kills`: two workers begin another such run. Once they train, one of them, drawn by
lot, is killed (-9) after a random time, and both are started again.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.workers import free_ports, tf_config
from tf_fsgd.storage.archives import read_arrays

_ROOT = Path(__file__).parents[1]
_SCRIPT = _ROOT / "tests" / "training" / "tiny_training.py"
_LIMIT = 120.0  # seconds in which the other must end
_MOMENT = 5.0  # seconds of training up to which a worker is killed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="of the runs")
    parser.add_argument("--steps", type=int, default=200, help="(%(default)s)")
    parser.add_argument("--kills", type=int, default=0, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of these (%(default)s)")
    arguments = parser.parse_args()
    folder, steps = arguments.folder, f"steps={arguments.steps}"
    wait(started(folder / "one", steps, "threads=1"))
    wait(*team(folder / "two", steps))
    show(folder, "two", "two workers")
    if arguments.kills:
        killed(folder / "killed", steps, arguments.kills, arguments.seed)
        show(folder, "killed", f"two workers, {arguments.kills} kills")
        return
    wait(started(folder / "threads", steps, "threads=2"))
    show(folder, "threads", "one process on two threads")
    stop = f"step={arguments.steps // 3}", f"signal={int(signal.SIGTERM)}"
    wait(*team(folder / "turns", steps, *stop), code=130)
    wait(started(folder / "turns", steps, *stop), code=130)
    wait(*team(folder / "turns", steps))
    show(folder, "turns", "two workers, one process, two workers")


def killed(runs: Path, steps: str, kills: int, seed: int) -> None:
    """Kills a worker again and again, then lets both train to the end."""
    chance = random.Random(seed)
    for number in range(kills):
        moment, victim = chance.uniform(0, _MOMENT), chance.randrange(2)
        before, members = logged(runs), team(runs, steps)
        while logged(runs) == before and members[0].poll() is None:
            time.sleep(0.01)
        time.sleep(moment)
        if (early := members[victim].poll()) is not None:
            print(f"{number + 1}: worker {victim} had ended with {early}", flush=True)
        members[victim].kill()
        at, other = time.monotonic(), members[1 - victim]
        try:
            errors = other.communicate(timeout=_LIMIT)[1]
        except subprocess.TimeoutExpired:
            other.kill()
            errors = other.communicate()[1]
        members[victim].communicate()
        print(
            f"{number + 1}: worker {victim} killed after {moment:.1f} s, the other "
            f"ended after {time.monotonic() - at:.1f} s with {other.returncode}: "
            f"{lines(errors)}; last checkpoint {newest(runs)}",
            flush=True,
        )
    wait(*team(runs, steps))


def started(runs: Path, *words: str, task: int = 0, ports=()) -> subprocess.Popen:
    """A training in the background: alone, or a worker of those at `ports`."""
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    if ports:
        environment["TF_CONFIG"] = tf_config(task, ports)
    return subprocess.Popen(
        [sys.executable, str(_SCRIPT), str(runs), *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def team(runs: Path, *words: str) -> list[subprocess.Popen]:
    """Two workers of one thread each."""
    ports = free_ports(2)
    return [
        started(runs, *words, "threads=1", task=task, ports=ports) for task in range(2)
    ]


def wait(*processes: subprocess.Popen, code: int = 0) -> None:
    """Lets them end, as they must."""
    for process in processes:
        _, errors = process.communicate()
        if process.returncode != code:
            sys.exit(f"exit code {process.returncode}, not {code}: {errors}")


def lines(errors: str) -> list[str]:
    """Of standard error, what is not TensorFlow's."""
    native = ("WARNING: All log messages before absl", "I0000 ")
    return [line for line in errors.splitlines() if not line.startswith(native)]


def newest(runs: Path) -> str | None:
    """Name of the last checkpoint."""
    return max((path.name for path in runs.glob("*/checkpoints/*.npz")), default=None)


def logged(runs: Path) -> int:
    """Bytes of the log, which grows with every step."""
    return sum(path.stat().st_size for path in runs.glob("*/log.jsonl"))


def show(folder: Path, name: str, what: str) -> None:
    """Prints how far a run ended from that of one process on one thread."""
    ours, theirs = (
        read_arrays(
            max((folder / each).glob("*/checkpoints/*.npz")),
            "a checkpoint",
        )
        for each in (name, "one")
    )
    if ours.keys() != theirs.keys() or ours["step"] != theirs["step"]:
        sys.exit(f"{what}: not the checkpoint of the same step of the same networks")
    far = max(
        float(np.abs(ours[key].astype(float) - value).max(initial=0))
        for key, value in theirs.items()
    )
    print(f"{what}: step {int(ours['step'])}, at most {far:.2g} apart", flush=True)


if __name__ == "__main__":
    main()
