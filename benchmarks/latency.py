"""Exported translators beside pix2pixHD's generator: milliseconds for one image.

    tf-fsgd export mobile-256 --photos FACES --out exported
    python -m benchmarks.latency exported \\
        --reference CHECKOUT --torch-python torch/python

With `--filters 8 --rounds 2` it is a trial of a minute.

The reference is the GlobalGenerator of its authors, in PyTorch: 64 filters, 4
downsamplings, 9 blocks. The same network of this project as TFLite, from the same
weights, tells apart what the runtime gains from what the smaller network gains; before
anything is timed, both must translate an image to the same image.

Every way of translating is a process of its own and has its turn in each round, so that
whatever else the machine does meets all alike. A turn is one image that does not count,
for the caches are another's, then images for half a second; the turn's figure is their
median. The table has the median of the rounds and in brackets the extremes; ratios are
taken within a round. CPU milliseconds are those of all threads. The machine should be
idle: PyTorch's threads spin while they wait for each other.

Converting the reference's twin takes a minute and 7 GB; then all ways stay loaded, 7 GB
again. `--torch-python` is an interpreter that has PyTorch.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.latency_table import BAR_THREADS, Way, bars, table
from benchmarks.started import Worker, started
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.presets import preset
from tf_fsgd.storage.files import read_json

_REFERENCE = "pix2pixHD, PyTorch fp32"
_SAME = "pix2pixHD, TFLite {}"
_SAME_PRECISIONS = ("fp32", "int8")
_SAME_DIFFERENCE = 1e-3  # of images in [-1, 1], in fp32: rounding of 9 blocks
_THREADS = (1, 2)
_TURN_SECONDS = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("export", type=Path, help="what `tf-fsgd export` made")
    parser.add_argument("--reference", required=True, help="its checkout")
    parser.add_argument(
        "--torch-python", required=True, help="an interpreter with PyTorch"
    )
    parser.add_argument(
        "--filters",
        type=int,
        default=64,
        help="of pix2pixHD's generator at full resolution (%(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=10)
    return guarded(lambda: _compare(parser.parse_args()))


def _compare(arguments: argparse.Namespace) -> None:
    if not (arguments.export / "report.json").is_file():
        raise UserError(
            "EXPORT must be a folder that `tf-fsgd export` made, "
            f"received {arguments.export}"
        )
    report = read_json(arguments.export / "report.json")
    print(f"{report['resolution']} px, {_processor()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        ways = _measure(_commands(arguments, report, Path(folder)), arguments.rounds)
    print(table(ways, _REFERENCE))
    on_bar = {way.name: way for way in ways if way.threads == BAR_THREADS}
    for precision in report["tflite"]:
        way = on_bar[_ours(report, precision)]
        for text, met in bars(way, on_bar[_REFERENCE]):
            print(f"{'met   ' if met else 'missed'}  {text}")


def _commands(
    arguments: argparse.Namespace, report: dict, folder: Path
) -> list[tuple[str, int, list]]:
    """Each way's name, the bytes of its file, and its worker but for the threads."""
    config = preset("paper")
    config.pairs.resolution = report["resolution"]
    config.generator.filters = arguments.filters
    config.save(folder / "config.json")
    converter = [sys.executable, "-m", "benchmarks.latency_generator"]
    with (folder / "converter.errors").open("w") as log:
        done = subprocess.run(
            [*converter, folder / "config.json", folder, *_SAME_PRECISIONS],
            stdout=log,
            stderr=log,
        )
    if done.returncode:
        sys.exit(f"{(folder / 'converter.errors').read_text()}failed: {converter[-1]}")

    files = {
        _SAME.format(precision): folder / f"{precision}.tflite"
        for precision in _SAME_PRECISIONS
    } | {
        _ours(report, precision): arguments.export / "tflite" / entry["file"]
        for precision, entry in report["tflite"].items()
    }
    reference = [arguments.torch_python, "-m", "benchmarks.latency_reference"]
    reference += [arguments.reference, folder / "config.json"]
    ours = [sys.executable, "-m", "benchmarks.latency_tflite"]
    return [(_REFERENCE, 0, reference)] + [
        (name, file.stat().st_size, [*ours, file]) for name, file in files.items()
    ]


def _ours(report: dict, precision: str) -> str:
    return f"{report['name']}, TFLite {precision}"


def _measure(commands: list[tuple[str, int, list]], rounds: int) -> list[Way]:
    ways, workers = [], []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, size, command in tqdm(commands, desc="start", leave=False):
            for threads in _THREADS:
                path = folder / f"{name} {threads}.npy"
                worker = started([*command, threads, path], path.with_suffix(".errors"))
                workers.append(stack.enter_context(worker))
                ways.append(Way(name, threads, size, [], []))
        _check_same(folder)
        for _ in tqdm(range(rounds), desc="rounds", leave=False):
            for way, worker in zip(ways, workers, strict=True):
                wall, cpu = _turn(worker)
                way.wall.append(wall)
                way.cpu.append(cpu)
    return ways


def _check_same(folder: Path) -> None:
    """Refuses to compare networks that are not the same one."""
    theirs, ours = (
        np.load(folder / f"{name} {_THREADS[0]}.npy")
        for name in (_REFERENCE, _SAME.format("fp32"))
    )
    difference = np.abs(theirs - ours).max()
    if difference > _SAME_DIFFERENCE:
        sys.exit(f"the two generators differ by {difference:.1e}, not only by rounding")
    print(f"pix2pixHD's image in PyTorch and in TFLite fp32 differ by {difference:.0e}")


def _turn(worker: Worker) -> tuple[float, float]:
    """Wall and CPU seconds of one image, in the middle of a turn."""
    worker.turn()  # finds another's data in the caches
    images, end = [], time.monotonic() + _TURN_SECONDS
    while not images or time.monotonic() < end:
        images.append(worker.turn())
    wall, cpu = zip(*images, strict=True)
    return statistics.median(wall), statistics.median(cpu)


def _processor() -> str:
    """The processor's name where the system tells it, else its family."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line for line in lines if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
