"""StyleGAN2 here against stylegan2-ada-pytorch on the same random weights, paired.

    python -m benchmarks.teacher --reference stylegan2-ada-pytorch --python torch/python
    python -m benchmarks.teacher ... --cases 256x8 --rounds 3

The weights are random, with config-e's widths. Every way of drawing is a process of its
own with two threads, and has its turn in each round, so that whatever else the machine
does meets all alike; the best round counts. CPU seconds are those of all threads. Peak
memory is the process's, from start to end, and without what the loaded libraries took:
TensorFlow takes three times as much as PyTorch. The difference is the largest from the
reference's pictures, which are about [-1, 1]; PSNR has a range of 2.

The reference draws with `fused_modconv` and without; the better one counts. The floor
is the network's convolutions with nothing between them: no style, demodulation,
low-pass, noise, bias and activation. `--python` is an interpreter that has PyTorch and
what the checkout imports.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.started import Worker, started
from tf_fsgd.stylegan2.architecture import Architecture, config_e, synthesis_shapes

_OURS = ("ours float32", "ours mixed_bfloat16", "floor float32", "floor bfloat16")
_REFERENCES = ("reference fused", "reference unfused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reference", required=True, help="its checkout")
    parser.add_argument("--python", required=True, help="an interpreter with PyTorch")
    parser.add_argument(
        "--cases",
        nargs="+",
        default=["256x8", "1024x1"],
        help="side x batch (%(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    for case in arguments.cases:
        resolution, batch = map(int, case.split("x"))
        print(f"\n{resolution} px, batch {batch}")
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder) / "inputs.npz", config_e(resolution), batch)
            ways = _measure(arguments, Path(folder))
        _report(ways, batch)


@dataclass
class Way:
    """A way of drawing: its process, and what became known of it."""

    worker: Worker
    images: Path
    seconds: list[tuple[float, float]] = field(default_factory=list)  # wall, CPU
    peak: float = 0.0  # megabytes
    loaded: float = 0.0
    picture: np.ndarray | None = None

    def draw(self) -> None:
        self.seconds.append(self.worker.turn())

    def end(self) -> None:
        self.peak, self.loaded = self.worker.end()
        if self.images.exists():
            self.picture = np.load(self.images)


def _measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Way]:
    ways = {}
    with ExitStack() as stack:
        for name in (*_REFERENCES, *_OURS):
            images = folder / f"{name}.npy"
            if name in _REFERENCES:
                command = [arguments.python, "-m", "benchmarks.teacher_reference"]
                command += [arguments.reference]
            else:
                command = [sys.executable, "-m", "benchmarks.teacher_ours"]
            command += [*name.split(), folder / "inputs.npz", images]
            worker = started(command, folder / f"{name}.errors")
            ways[name] = Way(stack.enter_context(worker), images)
        for _ in range(arguments.rounds):
            for way in ways.values():
                way.draw()
        for way in ways.values():
            way.end()
    return ways


def _write(path: Path, architecture: Architecture, batch: int) -> None:
    """Random weights, distributed as the reference starts, and latents."""
    rng = np.random.default_rng(0)
    arrays = {
        "ws": rng.normal(size=(batch, architecture.num_ws, architecture.w_dim)),
        "resolution": np.array(architecture.resolution),
    }
    for name, shape in synthesis_shapes(architecture).items():
        array = rng.normal(size=shape)
        if name.endswith(("style/kernel", "to_rgb/kernel")):
            array /= np.sqrt(shape[-2])
        elif name.endswith("style/bias"):
            array = np.ones(shape)
        elif name.endswith(("bias", "noise_strength")):
            array *= 0.1
        arrays[name] = array
    np.savez(path, **{name: array.astype("f4") for name, array in arrays.items()})


def _report(ways: dict[str, Way], batch: int) -> None:
    exact = ways[_REFERENCES[0]].picture
    best = min(min(way.seconds) for way in map(ways.get, _REFERENCES))[0]
    print(f"{'seconds a face':24}{'wall':>8}{'CPU':>8}{'times':>8}{'MB':>8}", end="")
    print(f"{'net MB':>8}{'difference':>12}{'PSNR':>8}")
    for name, way in ways.items():
        wall, cpu = np.min(way.seconds, axis=0)
        print(f"{name:24}{wall / batch:8.3f}{cpu / batch:8.3f}", end="")
        print(f"{best / wall:8.2f}{way.peak:8.0f}{way.peak - way.loaded:8.0f}", end="")
        if way.picture is not None and name != _REFERENCES[0]:
            error = way.picture - exact
            psnr = 10 * np.log10(4 / np.mean(error**2))
            print(f"{np.abs(error).max():12.1e}{psnr:8.1f}", end="")
        print()
    for ours, floor in zip(_OURS[:2], _OURS[2:], strict=True):
        ratio = np.divide(*(np.min(ways[n].seconds, axis=0) for n in (ours, floor)))
        print(f"{ours} takes {ratio[0]:.2f} times its floor ({ratio[1]:.2f} of CPU)")


if __name__ == "__main__":
    main()
