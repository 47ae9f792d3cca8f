"""Files that workers of Beam make: once each, whole, whatever happens to a worker."""

import os
import signal
from pathlib import Path

import pytest

from tf_fsgd.errors import UserError

pytest.importorskip("apache_beam", reason="pip install -r requirements-cluster.txt")

from tf_fsgd.backend.cluster import Cluster

PROCESSES = ["--direct_num_workers=2", "--direct_running_mode=multi_processing"]
SQUARES = {f"{number}.txt": number for number in range(4)}


@pytest.fixture
def start(tmp_path):
    """Workers that write squares, and a line into `made` for each."""
    made = tmp_path / "made"

    def start():
        def square(path, number):
            if not path.exists():
                path.write_text(str(number**2))
                with made.open("a") as log:
                    log.write(f"{path.name}\n")
            return {"numbers": number}

        return square

    return start


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_every_file_is_made_once_and_told_of(start, folder, capfd):
    (folder / "3.txt").write_text("here before")
    # Beam gives out everything twice: as if each worker had died at its end.
    cluster = Cluster(options=["--direct_runner_bundle_repeat=1"])
    cluster.make(SQUARES, start, folder, "key")
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {"0.txt": "0", "1.txt": "1", "2.txt": "4", "3.txt": "here before"}
    made = (folder.parent / "made").read_text().split()
    assert sorted(made) == ["0.txt", "1.txt", "2.txt"]
    assert capfd.readouterr().out.startswith("DirectRunner: 6 numbers, ")


def test_what_comes_through_a_bucket_is_kept_apart_by_its_key(start, folder, tmp_path):
    """A folder stands for the bucket: to Beam's file systems it is all the same."""
    cluster = Cluster(through=str(tmp_path / "bucket"))
    cluster.make(SQUARES, start, folder, {"seed": 0})
    assert sorted(path.name for path in folder.iterdir()) == sorted(SQUARES)
    (first,) = (tmp_path / "bucket").iterdir()
    assert sorted(path.name for path in first.iterdir()) == sorted(SQUARES)
    # Lost here, it is fetched again and not made again.
    (folder / "2.txt").unlink()
    cluster.make({"2.txt": 2}, start, folder, {"seed": 0})
    assert (folder / "2.txt").read_text() == "4"
    assert len((tmp_path / "made").read_text().split()) == 4
    cluster.make({"2.txt": 5}, start, folder, {"seed": 1})
    assert (folder / "2.txt").read_text() == "25"


@pytest.mark.parametrize(
    "options",
    [[], pytest.param(PROCESSES, marks=pytest.mark.slow)],
    ids=["thread", "processes"],
)
def test_a_workers_mistake_is_one_line(folder, options):
    def start():
        raise UserError("teacher: no such file")

    with pytest.raises(UserError, match=r"^teacher: no such file$"):
        Cluster(options=options).make({"a": 1}, start, folder, "key")


def test_a_fault_of_ours_keeps_its_name(folder):
    def start():
        return lambda path, item: {}[item]

    with pytest.raises(RuntimeError, match="KeyError: 1"):
        Cluster().make({"a": 1}, start, folder, "key")


def test_workers_that_do_not_see_the_folder(folder):
    with pytest.raises(UserError, match="no a after DirectRunner .* need --through"):
        Cluster().make({"a": 1}, lambda: lambda path, item: {}, folder, "key")


@pytest.mark.slow
def test_a_killed_worker_costs_what_it_had_in_hand(start, folder, tmp_path):
    lethal = tmp_path / "lethal"
    lethal.touch()

    def start_mortal():
        square = start()

        def mortal(path, number):
            if number == 2 and lethal.exists():
                lethal.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            return square(path, number)

        return mortal

    cluster = Cluster(options=PROCESSES)
    with pytest.raises(UserError, match=r"a worker process was killed \(.* 137\)"):
        cluster.make(SQUARES, start_mortal, folder, "key")
    assert not (folder / "2.txt").exists()
    cluster.make(SQUARES, start_mortal, folder, "key")
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {"0.txt": "0", "1.txt": "1", "2.txt": "4", "3.txt": "9"}
    made = (tmp_path / "made").read_text().split()
    assert sorted(made) == sorted(SQUARES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runner": "Flink"}, "--runner must be one of .*FlinkRunner.*, received 'Fl"),
        ({"options": ["--direct_num_workers=a"]}, "--runner DirectRunner: .*'a'"),
        ({"options": ["--direct_workers=4"]}, "DirectRunner: no such option: direct_w"),
        ({"runner": "DataflowRunner"}, "--runner DataflowRunner: "),
        ({"through": "nowhere://bucket"}, "--through nowhere://bucket: "),
    ],
)
def test_what_beam_refuses_is_one_line(arguments, message):
    with pytest.raises(UserError, match=message) as refused:
        Cluster(**arguments)
    assert "\n" not in str(refused.value)


def test_the_image_has_the_beam_that_is_pinned():
    repository = Path(__file__).parents[2]
    pins = (repository / "requirements-cluster.txt").read_text(encoding="utf-8")
    (pin,) = [line for line in pins.splitlines() if line.startswith("apache-beam==")]
    version = pin.split()[0].partition("==")[2]
    image = (repository / "cluster" / "Dockerfile").read_text(encoding="utf-8")
    assert f"apache/beam_python3.11_sdk:{version}" in image
    assert "FROM python:3.11" in image
