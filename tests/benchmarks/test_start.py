"""Every benchmark starts in the way that its own text says."""

import importlib
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import pytest

from benchmarks import teacher
from benchmarks.started import started
from tf_fsgd.stylegan2.architecture import config_e

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (REPOSITORY / "benchmarks").glob("*.py"))
PROGRAMS = (
    "blind",
    "embedded_teacher",
    "frontier",
    "fuzz",
    "latency",
    "projection",
    "survive",
    "teacher",
    "train_step",
    "workers",
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name, monkeypatch, capsys):
    module = importlib.import_module(f"benchmarks.{name}")
    assert f"python -m benchmarks.{name}" in module.__doc__
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as end:
        module.main()
    assert end.value.code == 0
    assert "usage: " in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(set(MODULES) - set(PROGRAMS)))
def test_workers(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", MagicMock())
    module = importlib.import_module(f"benchmarks.{name}")
    assert hasattr(module, "main") == (f"python -m benchmarks.{name}" in module.__doc__)


def test_as_a_module_from_the_root_of_the_repository():
    # No other folder is on the path there: what is beside a benchmark, too, is found
    # by its full name alone.
    command = [sys.executable, "-m", "benchmarks.teacher", "--cases"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--cases: expected at least one argument" in done.stderr


@pytest.mark.slow
def test_a_worker_draws_once_for_each_turn(tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    inputs, images = tmp_path / "inputs.npz", tmp_path / "images.npy"
    teacher._write(inputs, config_e(8), 2)
    command = [sys.executable, "-m", "benchmarks.teacher_ours", "ours", "float32"]
    with started([*command, inputs, images], tmp_path / "errors") as worker:
        wall, _ = worker.turn()
        peak, loaded = worker.end()
    assert wall > 0 and peak >= loaded > 0
    assert np.load(images).shape == (2, 8, 8, 3)
