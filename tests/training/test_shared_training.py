"""Replicas and workers that share a training: 20 steps of four samples, float32.

Every training is a process of its own (`tiny_training.py`), for a process meets others
before it computes anything.
"""

import json
import signal

import numpy as np
import pytest

from benchmarks.workers import free_ports
from benchmarks.workers_agree import lines, started
from tf_fsgd.storage.archives import read_arrays

pytestmark = pytest.mark.slow


def ended(*processes):
    """Exit codes, and what each said on standard error that is not TensorFlow's."""
    codes, said = [], []
    try:
        for process in processes:
            _, errors = process.communicate(timeout=900)
            codes.append(process.returncode)
            said.append(lines(errors))
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return codes, said


def two(runs, *words, who=1):
    """Two workers to their ends; the words are for one of them."""
    free = free_ports(2)
    return ended(
        *(
            started(runs, *(words if task == who else ()), task=task, ports=free)
            for task in range(2)
        )
    )


def values(runs):
    (run,) = runs.iterdir()
    newest = sorted((run / "checkpoints").iterdir())[-1]
    return newest.name, read_arrays(newest, "a checkpoint")


def assert_equal(runs, expected):
    name, ours = values(runs)
    assert name == "000000080.npz" and ours.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_allclose(ours[key], value, rtol=0, atol=1e-5, err_msg=key)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process ends with."""
    runs = tmp_path_factory.mktemp("alone")
    assert ended(started(runs)) == ([0], [[]])
    _, expected = values(runs)
    assert int(expected["step"]) == 20
    return expected


def test_two_devices_equal_one(alone, tmp_path):
    assert ended(started(tmp_path, "devices=2")) == ([0], [[]])
    assert_equal(tmp_path, alone)


GONE = "error: one of the 2 workers is gone; started again, all go on from the last "
STOPPED = "stopped; the same command goes on from here"


def test_workers_equal_one_process_whatever_happens_to_them(alone, tmp_path):
    # Killed after step 6; the last checkpoint is of step 4.
    codes, said = two(tmp_path, "step=6", f"signal={int(signal.SIGKILL)}")
    assert codes == [143, -signal.SIGKILL]
    assert said == [[f"{GONE}checkpoint"], []]
    assert values(tmp_path)[0] == "000000016.npz"
    # Both stop where one was asked to.
    codes, said = two(tmp_path, "step=5", f"signal={int(signal.SIGTERM)}")
    assert (codes, said) == ([130, 130], [[STOPPED], [STOPPED]])
    assert values(tmp_path)[0] == "000000036.npz"
    # One goes on alone, then both again, to the end.
    codes, said = ended(started(tmp_path, "step=4", f"signal={int(signal.SIGTERM)}"))
    assert (codes, said) == ([130], [[STOPPED]])
    assert values(tmp_path)[0] == "000000052.npz"
    assert two(tmp_path) == ([0, 0], [[], []])
    assert_equal(tmp_path, alone)
    (run,) = tmp_path.iterdir()
    lines = (run / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["images"] for line in lines] == list(range(4, 81, 4))
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "000000000.jpg",
        "000000040.jpg",
        "000000080.jpg",
    ]


def test_the_chief_is_killed(tmp_path):
    codes, said = two(tmp_path, "step=2", f"signal={int(signal.SIGKILL)}", who=0)
    assert codes == [-signal.SIGKILL, 143]
    assert said == [[], [f"{GONE}checkpoint"]]
