"""Families of pictures on one core, on two, and by two processes of a core each.

    from benchmarks.render_workers import render_ratio

The program renders in one process, in which TensorFlow takes all cores; so what two
processes could gain is the third way against the second. All ways take turns, and the
best round of each counts.

As a program it is a worker of these, which renders on the cores that it is told:

    python -m benchmarks.render_workers preset families core [core]
"""

import contextlib
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.started import Worker, started
from benchmarks.worker import peak, serve

_WAYS: dict[str, list[list[int]]] = {
    "one core": [[0]],
    "two cores": [[0, 1]],
    "two processes": [[0], [1]],
}
"""Of each way the cores of its processes."""


def render_ratio(
    preset: str = "mobile-128", rounds: int = 3, families: int = 4
) -> float:
    """Measures rendering, and prints every way.

    Args:
        preset: Of whole families, whose teacher draws.
        rounds: Turns of each way.
        families: Of a turn, shared by the processes of a way; a multiple of two.

    Returns:
        How many times as fast the program renders on two cores as on one.
    """
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        teams: dict[str, list[Worker]] = {}
        for name, members in _WAYS.items():
            command = [sys.executable, "-m", "benchmarks.render_workers", preset]
            command += [families // len(members)]
            teams[name] = [
                stack.enter_context(
                    started([*command, *cores], folder / f"{name}-{index}")
                )
                for index, cores in enumerate(members)
            ]
        seconds: dict[str, list[float]] = {name: [] for name in teams}
        for _ in range(rounds):
            for name, workers in teams.items():
                walls = [wall for wall, _ in pool.map(Worker.turn, workers)]
                seconds[name].append(max(walls))
        memory = {
            name: sum(worker.end()[0] for worker in workers)
            for name, workers in teams.items()
        }
    for name, times in seconds.items():
        rates = ", ".join(f"{families / each:.2f}" for each in times)
        print(f"render, {name}: {rates} families a second, {memory[name]:.0f} MB")
    return min(seconds["one core"]) / min(seconds["two cores"])


def main(preset: str, families: str, *cores: str) -> None:
    """Renders and encodes the same families again and again, for each line it reads."""
    loaded = peak()
    os.sched_setaffinity(0, map(int, cores))  # TensorFlow has as many threads
    from tf_fsgd import presets
    from tf_fsgd.pairs.family import encode_family
    from tf_fsgd.pairs.render import settle_axes
    from tf_fsgd.pairs.whole import WholeFamilies
    from tf_fsgd.stylegan2.loading import load_teacher

    config = presets.preset(preset)
    teacher = load_teacher(config.teacher.checkpoint)
    renderer = WholeFamilies(config, teacher, settle_axes(config))

    def draw() -> None:
        drawn, _ = renderer.render_block(range(int(families)))
        for family in drawn:
            encode_family(family, lossless=renderer.lossless)

    serve(draw, loaded)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(*sys.argv[1:])
