"""What is settled before TensorFlow is imported."""

import os
import platform
import subprocess
import sys

import pytest

HEAPS = """
import ctypes, threading
import tf_fsgd.backend

thread = threading.Thread(target=lambda: bytearray(10_000))
thread.start()
thread.join()
libc = ctypes.CDLL(None)
stdout = ctypes.c_void_p.in_dll(libc, "stdout")
libc.malloc_info(0, stdout)
libc.fflush(stdout)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks its malloc")
@pytest.mark.parametrize(("config", "heaps"), [('{"cluster": {}}', 1), ("", 2)])
def test_a_worker_of_several_has_one_heap(config, heaps):
    """And who is alone has, as ever, one for each thread."""
    process = subprocess.run(
        [sys.executable, "-c", HEAPS],
        env=os.environ | {"TF_CONFIG": config},
        capture_output=True,
        text=True,
    )
    assert process.stderr == ""
    assert process.stdout.count("<heap nr=") == heaps
