"""What the workers of `train_step.py` share; runs under any interpreter.

Every network starts from the same weights and sees the same batch, so that equal losses
after one step show equal networks and losses, and after two steps equal gradients and
optimizers too.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.worker import serve

_DEVIATION = 0.02  # pix2pixHD's initialisation
LOSSES = ("adversarial", "feature_matching", "discriminator")


def weights(shapes: Iterable[tuple[int, ...]]) -> Iterator[np.ndarray]:
    """Draws one network's weights, kernel and bias of one layer after the other.

    Args:
        shapes: Of the weights in Keras' layout: kernels HWIO, of transposed
            convolutions HWOI.
    """
    rng = np.random.default_rng(0)
    for shape in shapes:
        yield _DEVIATION * rng.standard_normal(shape, np.float32)


def images(batch: int, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Source and target: float32 `[N, R, R, 3]` in [-1, 1]."""
    rng = np.random.default_rng(1)
    shape = (batch, resolution, resolution, 3)
    first, second = (rng.uniform(-1, 1, shape).astype(np.float32) for _ in range(2))
    return first, second


def serve_steps(
    step: Callable[[], Iterable[float]],
    loaded: float,
    parameters: tuple[int, int],
    report: str,
) -> None:
    """`worker.serve`, then writes what the steps have shown.

    Args:
        step: Trains once and returns `LOSSES`, each before its weight.
        loaded: As `serve`.
        parameters: Trainable weights of generator and discriminator.
        report: The JSON file to write: "parameters", and "losses" `[steps, losses]`.
    """
    losses = []
    serve(lambda: losses.append([float(loss) for loss in step()]), loaded)
    Path(report).write_text(json.dumps({"parameters": parameters, "losses": losses}))
