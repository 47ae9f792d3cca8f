"""From a foreign network's arrays to the weights of `architecture.py`.

What the formats have in common: every kernel is stored for an equalised learning rate
and multiplied at run time by 1 / sqrt(fan in), in the mapping network by `lrmul` too.
Readers transpose arrays to our layout and name them; here the factors are folded in.
"""

import dataclasses
import functools
import logging
import math
import re
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint, Weights

Network = TypeVar("Network")

_logger = logging.getLogger(__name__)

_UP = re.compile(r"b\d+\.conv0/kernel")


def fold_mapping(raw: Weights, lrmul: float) -> Weights:
    """Weights of the mapping network; `lrmul` scales kernels and biases alike."""
    return {
        name: array if name == "w_avg" else lrmul * array
        for name, array in _equalised(raw).items()
    }


def fold_synthesis(raw: Weights) -> Weights:
    """Weights of the synthesis network; `b{r}.conv0` is `[h, w, out, in]`."""
    return _equalised(raw, transposed=_UP)


def if_usable(
    add: Callable[[Checkpoint, Network], Checkpoint],
) -> Callable[[Checkpoint, Network], Checkpoint]:
    """Makes a reader of discriminators leave out, with a warning, what it refuses.

    Args:
        add: From a checkpoint and what a format has of a discriminator to the
            checkpoint with it; raises `UserError` if that is none of ours.
    """

    @functools.wraps(add)
    def added(checkpoint: Checkpoint, network: Network) -> Checkpoint:
        try:
            return add(checkpoint, network)
        except UserError as error:
            _logger.warning("The discriminator is left out: %s", error)
            return checkpoint

    return added


def with_discriminator(
    checkpoint: Checkpoint,
    raw: Weights,
    resample_filter: tuple[float, ...],
    clamp: float | None,
    group_size: float | None,
) -> Checkpoint:
    """Adds a discriminator and checks the whole.

    Args:
        checkpoint: The generator.
        raw: Its weights, not folded yet. `b4.fc/kernel` takes a picture channel after
            channel, as the reference flattens it, and leaves as ours does, row by row,
            channels last.
        resample_filter: Its own, which must be the generator's.
        clamp: `Architecture.discriminator_clamp`.
        group_size: `Architecture.mbstd_group_size`.

    Raises:
        UserError: If it is not the residual one for pictures of that size.
    """
    if resample_filter != checkpoint.architecture.resample_filter:
        raise UserError(f"its resampling filter is {resample_filter}")
    kernel = raw["b4.fc/kernel"]
    last = raw["b4.conv/bias"].size
    if not last or kernel.shape[0] != 16 * last:
        raise UserError(f"its b4.fc/kernel has shape {kernel.shape}")
    added = raw["b4.conv/kernel"].shape[2] - last
    if added < 0 or (added and (last % added or (group_size or 1) < 1)):
        raise UserError(f"its minibatch standard deviation adds {added} channels")
    by_row = kernel.reshape(last, 4, 4, -1).transpose(1, 2, 0, 3)
    raw = raw | {"b4.fc/kernel": by_row.reshape(16 * last, -1)}
    sizes = checkpoint.architecture.resolutions[1:]
    complete = dataclasses.replace(
        checkpoint,
        architecture=dataclasses.replace(
            checkpoint.architecture,
            discriminator_channels=(
                last,
                *(raw[f"b{size}.conv0/bias"].size for size in sizes),
            ),
            discriminator_clamp=clamp,
            mbstd_group_size=None if group_size is None else int(group_size),
            mbstd_num_channels=added,
        ),
        discriminator=_equalised(raw),
    )
    complete.check()
    return complete


def taps(kernel: np.ndarray) -> tuple[float, ...]:
    """Taps of a low-pass filter, the smallest 1, from its 1-D or 2-D form.

    Raises:
        UserError: If it is not symmetric, or no product of rows and columns.
    """
    if kernel.ndim not in (1, 2) or not kernel.size or max(kernel.shape) > 32:
        raise UserError(f"a resampling filter of shape {kernel.shape}")
    line = kernel if kernel.ndim == 1 else kernel.sum(axis=0)
    total = float(line.sum())
    if not total > 0:
        raise UserError("a resampling filter whose sum is not positive")
    line = line / total
    square = kernel if kernel.ndim == 2 else np.outer(kernel, kernel)
    separable = square.shape == (line.size, line.size) and np.allclose(
        square / square.sum(), np.outer(line, line), atol=1e-6
    )
    if not separable or not np.allclose(line, line[::-1], atol=1e-6):
        raise UserError("a resampling filter that is not symmetric and separable")
    least = np.abs(line[np.abs(line) > 1e-6]).min()
    # [1, 3, 3, 1] / 8 in float32 gives 2.9999998 otherwise.
    return tuple(round(float(tap / least), 4) for tap in line)


def resolutions(found: set[int]) -> list[int]:
    """Checks that blocks 4, 8, ... are all there, and returns their sizes.

    Raises:
        UserError: If one is missing, or they end below 8 or above 1024.
    """
    sizes = [4 * 2**index for index in range(len(found))]
    if found != set(sizes) or not 8 <= sizes[-1] <= 1024:
        blocks = ", ".join(map(str, sorted(found)[:12])) or "none"
        raise UserError(
            "its pictures must have a side of 8 to 1024 pixels, a power of two; found "
            f"blocks {blocks}"
        )
    return sizes


def _equalised(raw: Weights, transposed: re.Pattern | None = None) -> Weights:
    weights = {}
    for name, array in raw.items():
        array = np.asarray(array, np.float32)
        if name.endswith("/kernel"):
            up = transposed is not None and transposed.fullmatch(name)
            fan_in = array.size // max(1, array.shape[-2 if up else -1])
            array = array * np.float32(1 / math.sqrt(max(1, fan_in)))
        weights[name] = np.array(array, order="C")
    return weights
