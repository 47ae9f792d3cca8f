"""Two cores against one, paired: rendering and training.

    python -m benchmarks.workers            # minutes, on an idle machine of two cores
    python -m benchmarks.workers --json     # the last line is an object of the ratios

A ratio is how many times as many images a second the two make. Both ways take turns, so
that whatever else the machine does meets them alike, and the best round of each counts.

`render`: families of pictures, by the one process that the program renders with.

`train`: two processes with a core each against one on one core, steps of a preset's
networks, the same batch for both, without the perceptual loss; the two meet through the
loopback device and add up their gradients.
"""

import argparse
import contextlib
import json
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.render_workers import render_ratio
from benchmarks.started import Worker, started
from tf_fsgd.presets import PRESETS, preset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--preset", default="mobile-128", choices=PRESETS)
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument(
        "--steps", type=int, default=2, help="of training in a round (%(default)s)"
    )
    parser.add_argument(
        "--json", action="store_true", help="end with one line of ratios for programs"
    )
    arguments = parser.parse_args()
    ratios = {name: round(half(arguments), 3) for name, half in HALVES.items()}
    if arguments.json:
        print(json.dumps(ratios))


def train(arguments: argparse.Namespace) -> float:
    """Measures training.

    Returns:
        How many times as fast two workers are.
    """
    config = preset(arguments.preset)
    config.loss.perceptual = 0.0
    images = arguments.steps * config.training.batch_size
    ports = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.json")
        config.save(path)
        command = [sys.executable, "-m", "benchmarks.workers_train", path]
        command += [arguments.steps]
        ways = {
            "one": [[*command, 0]],
            "two": [
                # Not by the worker: some of it is read when the program is imported.
                ["env", f"TF_CONFIG={tf_config(core, ports)}", *command, core]
                for core in range(2)
            ],
        }
        with contextlib.ExitStack() as stack:
            teams = {
                name: stack.enter_context(team(commands, Path(folder, name)))
                for name, commands in ways.items()
            }
            seconds = {name: [] for name in teams}
            for _ in range(arguments.rounds):
                for name, members in teams.items():
                    seconds[name].append(max(wall for wall, _ in turn(members)))
            memory = {
                name: sum(member.end()[0] for member in members)
                for name, members in teams.items()
            }
    for name, times in seconds.items():
        rates = ", ".join(f"{images / each:.2f}" for each in times)
        print(f"train, {name}: {rates} images a second, {memory[name]:.0f} MB")
    return min(seconds["one"]) / min(seconds["two"])


def tf_config(index: int, ports: Iterable[int]) -> str:
    """What `TF_CONFIG` says to one of several workers of this machine."""
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    task = {"type": "worker", "index": index}
    return json.dumps({"cluster": cluster, "task": task})


@contextlib.contextmanager
def team(commands: list[list], errors: Path) -> Iterator[list[Worker]]:
    """Workers that wait for each other to start."""
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(len(commands)) as pool:
        errors.mkdir()
        waiting = [
            started(command, errors / str(index))
            for index, command in enumerate(commands)
        ]
        yield list(pool.map(stack.enter_context, waiting))


def turn(members: list[Worker]) -> list[tuple[float, ...]]:
    """Has all work at once."""
    with ThreadPoolExecutor(len(members)) as pool:
        return list(pool.map(Worker.turn, members))


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]


def render(arguments: argparse.Namespace) -> float:
    """Measures rendering (`render_workers.py`)."""
    return render_ratio(arguments.preset, arguments.rounds)


HALVES: dict[str, Callable[[argparse.Namespace], float]] = {
    "render": render,
    "train": train,
}

if __name__ == "__main__":
    main()
