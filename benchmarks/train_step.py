"""One training step here against NVIDIA/pix2pixHD's on CPU PyTorch, paired.

    python -m benchmarks.train_step --reference CHECKOUT --reference-python torch/python
    python -m benchmarks.train_step ... --cases 64x2 --filters 8    # a trial: seconds

The reference is its authors' GlobalGenerator and MultiscaleDiscriminator: 64 filters, 4
downsamplings, 9 blocks; 2 scales of 3 layers; least squares, feature matching and Adam.
VGG19 is left out on both sides, for its weights are not everywhere at hand. Here, the
step is `training.step.make_train_step`, with its averaged weights and all.

All start from the same weights and see the same batch. The table has the largest
relative difference of a loss from the reference's in the first step (equal networks and
losses) and in the second (equal gradients and updates, too; bfloat16 rounds).

Every way of training is a process of its own with two threads, and has its turn in each
round, so that whatever else the machine does meets all alike; the best round counts.
CPU seconds are those of all threads. Still, the machine should be idle: PyTorch's
threads spin while they wait for each other, which on a busy one costs many times the
work, in CPU seconds too; OMP_WAIT_POLICY=PASSIVE lets them sleep.

Memory is the process's peak, and the net of what the loaded libraries took. All ways
stay loaded: 13 GB at 64 filters; fewer names in `--ours` take less.
`--reference-python` is an interpreter that has PyTorch.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.started import Worker, started
from tf_fsgd.config import Config
from tf_fsgd.presets import preset

_REFERENCE = "pix2pixHD"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reference", required=True, help="its checkout")
    parser.add_argument(
        "--reference-python", required=True, help="an interpreter with PyTorch"
    )
    parser.add_argument(
        "--ours",
        nargs="+",
        default=list(_OURS),
        choices=_OURS,
        help="what to compare with it (%(default)s)",
    )
    parser.add_argument(
        "--cases",
        nargs="+",
        default=["256x1", "128x4"],
        help="side x batch (%(default)s)",
    )
    parser.add_argument(
        "--filters",
        type=int,
        default=64,
        help="of both networks at full resolution (%(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for case in arguments.cases:
        resolution, batch = map(int, case.split("x"))
        print(f"\n{resolution} px, batch {batch}, {arguments.filters} filters")
        config = _reference_config(resolution, batch, arguments.filters)
        with tempfile.TemporaryDirectory() as folder:
            ways = _measure(arguments, config, Path(folder))
        _report(ways, batch)


def _reference_config(resolution: int, batch: int, filters: int) -> Config:
    """pix2pixHD's own defaults, without VGG19."""
    config = preset("paper")
    config.pairs.resolution = resolution
    config.training.batch_size = batch
    config.generator.filters = config.discriminator.filters = filters
    config.loss.perceptual = 0.0
    return config


def _with_precision(precision: str, config: Config) -> None:
    config.training.precision = precision


# What each name of `--ours` makes of the reference's config, in place.
_OURS: dict[str, Callable[[Config], None]] = {
    precision: partial(_with_precision, precision)
    for precision in ("float32", "mixed_bfloat16")
}


@dataclass
class Way:
    """A way of training: its process, and what became known of it."""

    worker: Worker
    report: Path
    seconds: list[tuple[float, float]] = field(default_factory=list)  # wall, CPU
    peak: float = 0.0  # megabytes
    loaded: float = 0.0
    parameters: tuple[int, int] = (0, 0)
    losses: np.ndarray | None = None  # [steps, losses]

    def step(self) -> None:
        self.seconds.append(self.worker.turn())

    def end(self) -> None:
        self.peak, self.loaded = self.worker.end()
        report = json.loads(self.report.read_text())
        self.parameters = tuple(report["parameters"])
        self.losses = np.array(report["losses"])


def _measure(
    arguments: argparse.Namespace, config: Config, folder: Path
) -> dict[str, Way]:
    ours = [sys.executable, "-m", "benchmarks.train_step_ours"]
    reference = [arguments.reference_python, "-m", "benchmarks.train_step_reference"]
    reference += [arguments.reference]
    config.save(folder / "reference.json")
    commands = {_REFERENCE: [*reference, folder / "reference.json"]}
    for name in arguments.ours:
        path = folder / f"{name}.json"
        changed = Config.load(folder / "reference.json")
        _OURS[name](changed)
        changed.save(path)
        commands[f"ours {name}"] = [*ours, path]
    ways = {}
    with ExitStack() as stack:
        for name, command in tqdm(commands.items(), desc="start", leave=False):
            report = folder / f"{name}.report"
            worker = started([*command, report], folder / f"{name}.errors")
            ways[name] = Way(stack.enter_context(worker), report)
        for _ in tqdm(range(arguments.rounds), desc="rounds", leave=False):
            for way in ways.values():
                way.step()
        for way in ways.values():
            way.end()
    return ways


def _report(ways: dict[str, Way], batch: int) -> None:
    reference = ways[_REFERENCE]
    best = np.min(reference.seconds, axis=0)
    print(f"{'':20}{'seconds an image':>16}{'images/s, times':>22}", end="")
    print(f"{'memory, MB':>16}{'loss differs by':>20}{'weights':>18}")
    print(f"{'':20}{'wall':>8}{'CPU':>8}{'images/s':>10}{'wall':>6}{'CPU':>6}", end="")
    print(f"{'peak':>8}{'net':>8}{'step 1':>10}{'step 2':>10}{'G':>13}{'D':>11}")
    for name, way in ways.items():
        wall, cpu = seconds = np.min(way.seconds, axis=0)
        print(f"{name:20}{wall / batch:8.3f}{cpu / batch:8.3f}", end="")
        print(f"{batch / wall:10.3f}", end="")
        print("".join(f"{times:6.2f}" for times in best / seconds), end="")
        print(f"{way.peak:8.0f}{way.peak - way.loaded:8.0f}", end="")
        differ = np.abs(way.losses / reference.losses - 1).max(axis=1)[:2]
        print("".join(f"{difference:10.1e}" for difference in differ), end="")
        print("{:13,}{:11,}".format(*way.parameters))


if __name__ == "__main__":
    main()
