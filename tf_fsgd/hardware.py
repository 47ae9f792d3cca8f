"""Which precision the machine computes fast in."""

from pathlib import Path

import keras


def fast_policy() -> str:
    """The Keras dtype policy to compute in: `mixed_bfloat16` or `float32`.

    bfloat16 pays on CPUs with instructions for it (AVX512-BF16 or AMX): there a
    convolution takes about half the time. On others it is emulated and slower.
    """
    if keras.backend.backend() == "tensorflow" and _cpu_flags() & _BFLOAT16_FLAGS:
        return "mixed_bfloat16"
    return "float32"


_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}


def _cpu_flags() -> set[str]:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return set()
    for line in cpuinfo.read_text().splitlines():
        if line.startswith("flags"):
            return set(line.split(":", 1)[1].split())
    return set()
