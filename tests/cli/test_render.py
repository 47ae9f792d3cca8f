"""`render` on Beam: the bytes of one process, whatever happens to a worker."""

import shutil
import threading
import time

import psutil
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd.pairs.origin import origin_of
from tf_fsgd.pairs.whole import WholeFamilies
from tf_fsgd.presets import preset
from tf_fsgd.runs import open_run, unfinished_or_new

pytest.importorskip("apache_beam", reason="pip install -r requirements-cluster.txt")

FAMILIES = 40
PROCESSES = ["--direct_num_workers=2", "--direct_running_mode=multi_processing"]


@pytest.fixture(scope="module")
def tiny_teacher(tmp_path_factory):
    """A file of a StyleGAN2 of 64 px that draws in no time."""
    from tf_fsgd.stylegan2.architecture import Architecture
    from tf_fsgd.stylegan2.model import StyleGAN2

    path = tmp_path_factory.mktemp("teacher") / "tiny.keras"
    StyleGAN2(Architecture(64, (4, 4, 4, 4, 4), mapping_layers=1)).save(path)
    return path


@pytest.fixture
def run(tmp_path, tiny_teacher, monkeypatch):
    """A run of families of four pictures, four families a shard, not yet rendered."""
    monkeypatch.setattr(WholeFamilies, "block", 4)
    config = preset("mobile-128")
    config.edit = "smile"
    config.teacher.checkpoint = str(tiny_teacher)
    config.pairs.resolution = 32
    config.pairs.held_out, config.pairs.count = 6, FAMILIES - 6
    return unfinished_or_new(tmp_path / "runs", config)


@pytest.fixture
def alone(run, tmp_path):
    """Bytes by name of what one process renders."""
    folder = shutil.copytree(run.path, tmp_path / "alone" / run.path.name)
    pairs = open_run(folder).pairs
    origin_of(run.config).make(pairs)
    return contents(pairs)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_a_worker(pairs, killed):
    """Kills one of this process's workers once there is a shard."""
    while not [*pairs.glob("seeds-*")]:
        time.sleep(0.01)
    for process in psutil.Process().children(recursive=True):
        words = process.cmdline()
        if words[1:2] == ["-m"] and "sdk_worker_main" in words[2]:
            process.kill()
            killed.append(process.pid)
            return


@pytest.mark.slow
def test_two_processes_of_which_one_is_killed(run, alone, monkeypatch, capfd):
    assert len(alone) == 1 + FAMILIES // 4  # the index is one
    words = ["tf_fsgd", "render", str(run.path), "--", *PROCESSES]
    monkeypatch.setattr("sys.argv", words)
    killed = []
    killer = threading.Thread(target=kill_a_worker, args=(run.pairs, killed))
    killer.start()
    assert verbs.main() == 2
    killer.join()
    assert killed and "a worker process was killed" in capfd.readouterr().err
    # The killed one leaves its temporary file.
    files = contents(run.pairs).items()
    there = {name: data for name, data in files if name.startswith("seeds-")}
    shards = FAMILIES // 4
    assert len(there) < shards and there.items() <= alone.items()
    assert verbs.main() == 0
    assert contents(run.pairs) == alone
    out = capfd.readouterr().out
    assert out.endswith(f"pairs: {FAMILIES} of {FAMILIES} candidates, {run.pairs}\n")
    # The second command made the rest alone: four pictures a family.
    missing = shards - len(there)
    assert f"DirectRunner: {16 * missing} faces, {4 * missing} kept, " in out


def test_one_process_with_every_block_twice(run, alone, monkeypatch, capfd):
    words = ["tf_fsgd", "render", str(run.path), "--"]
    monkeypatch.setattr("sys.argv", [*words, "--direct_runner_bundle_repeat=1"])
    assert verbs.main() == 0
    assert contents(run.pairs) == alone
    faces = f"DirectRunner: {4 * FAMILIES} faces, {FAMILIES} kept, "
    assert faces in capfd.readouterr().out


def test_what_cannot_be_rendered(mistake, tmp_path, own_run):
    line = mistake(verbs.main, "render", tmp_path, "--runner", "Flink")
    assert line.startswith("error: --runner must be one of ")
    assert "not a run folder" in mistake(verbs.main, "render", tmp_path)
    assert "its pairs are those of" in mistake(verbs.main, "render", own_run)
    line = mistake(verbs.main, "directions", "--", "--flink_master=a:1")
    assert line.endswith("need --runner, received '--flink_master=a:1'\n")


@pytest.fixture
def own_run(tmp_path):
    config = preset("quick")
    config.edit, config.pairs.folder = "mine", str(tmp_path)
    return unfinished_or_new(tmp_path / "own", config).path
