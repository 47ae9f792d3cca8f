"""Which precision the machine computes fast in, and how to ask Keras for it."""

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tf_fsgd.backend.quiet import say

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_DEVICES = Path("/dev")
_FIRST_GPU_WITH_BFLOAT16 = (8, 0)  # compute capability; Ampere


def fast_policy() -> str:
    """The Keras dtype policy to compute in: `mixed_bfloat16` or `float32`.

    bfloat16 pays on GPUs from compute capability 8.0 on, and on CPUs with instructions
    for it (AVX512-BF16 or AMX): there a convolution takes about half the time. On
    others it is emulated and slower. Where there is a GPU, the first one counts.
    """
    if seen := gpus():
        details = tf.config.experimental.get_device_details(seen[0])
        capability = details.get("compute_capability", (0, 0))
        fast = capability >= _FIRST_GPU_WITH_BFLOAT16
    else:
        fast = bool(_cpu_flags() & _BFLOAT16_FLAGS)
    return "mixed_bfloat16" if fast else "float32"


@functools.cache
def gpus() -> list[Any]:
    """The GPUs that TensorFlow sees; where it passes over one, a line says so, once."""
    seen = tf.config.list_physical_devices("GPU")
    plugged = sorted(map(str, _DEVICES.glob("nvidia[0-9]*")))
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if plugged and not seen and not hidden:
        say(
            f"note: {plugged[0]} is there, but TensorFlow sees no GPU and computes on "
            "the processor; CUDA comes with pip install 'tf_fsgd[gpu]'"
        )
    return seen


@contextlib.contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers made inside the block get this policy; the global one comes back after."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _cpu_flags() -> set[str]:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return set()
    for line in cpuinfo.read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()
