"""How far two trainings are from each other."""

import numpy as np
import pytest

from benchmarks import workers_agree


@pytest.fixture
def ended(tmp_path):
    def write(name, **arrays):
        for step in (1, 2):
            path = tmp_path / name / "00000-a-b-r16" / "checkpoints" / f"{step}.npz"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, step=step, **arrays)

    return write


def test_the_largest_difference_of_the_last_checkpoint(ended, tmp_path, capsys):
    ended("one", a=np.float32([1, 2]), b=np.float32([]))
    ended("two", a=np.float32([1, 1.75]), b=np.float32([]))
    workers_agree.show(tmp_path, "two", "two workers")
    assert capsys.readouterr().out == "two workers: step 2, at most 0.25 apart\n"


def test_other_numbers_are_no_difference_but_a_mistake(ended, tmp_path):
    ended("one", a=np.float32([1, 2]))
    ended("two", b=np.float32([1, 2]))
    with pytest.raises(SystemExit, match="not the checkpoint of the same step"):
        workers_agree.show(tmp_path, "two", "two workers")


def test_lines_of_tensorflow_are_not_ours():
    errors = "WARNING: All log messages before absl\nI0000 00:00 cuda\nerror: gone\n"
    assert workers_agree.lines(errors) == ["error: gone"]
