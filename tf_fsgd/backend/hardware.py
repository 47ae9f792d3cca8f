"""Which precision the machine computes fast in, and how to ask Keras for it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import keras

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def fast_policy() -> str:
    """The Keras dtype policy to compute in: `mixed_bfloat16` or `float32`.

    bfloat16 pays on CPUs with instructions for it (AVX512-BF16 or AMX): there a
    convolution takes about half the time. On others it is emulated and slower.
    """
    if keras.backend.backend() == "tensorflow" and _cpu_flags() & _BFLOAT16_FLAGS:
        return "mixed_bfloat16"
    return "float32"


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
