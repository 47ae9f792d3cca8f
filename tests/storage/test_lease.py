import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.storage import lease as module
from tf_fsgd.storage.lease import lease

# Waits for the file `go`, tries, says what came of it, and holds until it is told.
HOLDER = """
import io, os, random, sys, time
from pathlib import Path
def late(call):
    def called(*arguments, **options):
        time.sleep(random.random() / 10)
        return call(*arguments, **options)
    return called
if sys.argv[2:] == ["slow"]:
    io.open, os.listdir, os.stat = map(late, (io.open, os.listdir, os.stat))
from tf_fsgd.errors import UserError
from tf_fsgd.storage.lease import lease
folder = Path(sys.argv[1])
print("ready", flush=True)
while not (folder / "go").exists():
    time.sleep(0.001)
try:
    with lease(folder):
        print("holds", flush=True)
        sys.stdin.read()
except UserError as error:
    print(error, flush=True)
"""


@pytest.fixture
def holder(tmp_path):
    """Starts a process that takes the lease of `tmp_path` once `go` is there."""
    processes = []

    def start(*disk):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(tmp_path), *disk],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def written(folder, number=1, heartbeat=None, **changes):
    """A lease of this process in `folder`, with some of what it says changed."""
    path = folder / "leases" / f"train-{number:06d}.json"
    path.parent.mkdir(exist_ok=True)
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "since": "noon"}
    owner |= {"started": module._started(os.getpid()), "reach": module._reach()}
    path.write_text(json.dumps(owner | changes))
    if heartbeat is not None:
        os.utime(path, (time.time() + heartbeat,) * 2)
    return path


def names(folder):
    return sorted(path.name for path in (folder / "leases").iterdir())


def test_the_second_is_told_who_works_here(tmp_path):
    with lease(tmp_path / "run"), pytest.raises(UserError) as caught:
        with lease(tmp_path / "run"):
            raise AssertionError("two at once")
    said = f"process {os.getpid()} on {socket.gethostname()} since 20"
    assert str(caught.value).startswith(f"{tmp_path / 'run'}: another command works")
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_lease_that_was_given_back_is_free(tmp_path):
    for _ in range(2):
        with pytest.raises(RuntimeError), lease(tmp_path):
            raise RuntimeError
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000003.json"]


def test_every_role_has_a_lease_of_its_own(tmp_path):
    with lease(tmp_path, "render-03"), lease(tmp_path, "render-04"), lease(tmp_path):
        assert names(tmp_path) == [
            "render-03-000001.json",
            "render-04-000001.json",
            "train-000001.json",
        ]


def test_another_process_holds_until_it_is_killed(tmp_path, holder):
    process = holder()
    (tmp_path / "go").touch()
    assert process.stdout.readline() == "holds\n"
    with pytest.raises(UserError, match=f"process {process.pid} on "), lease(tmp_path):
        pass
    process.kill()
    # Dead but not yet waited for, as under a parent that never looks.
    while module._started(process.pid) is not None:
        time.sleep(0.01)
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]


@pytest.mark.parametrize(
    ("left", "disk"), [("nothing", ()), ("dead owner", ()), ("dead owner", ("slow",))]
)
def test_of_many_at_once_one_holds(tmp_path, holder, left, disk):
    if left == "dead owner":
        written(tmp_path, started=-1e6)
    processes = [holder(*disk) for _ in range(6)]
    (tmp_path / "go").touch()
    said = [process.stdout.readline() for process in processes]
    assert said.count("holds\n") == 1
    winner = processes[said.index("holds\n")].pid
    for line in set(said) - {"holds\n"}:
        assert f"process {winner} on " in line


def test_a_process_id_that_was_given_anew_is_no_owner(tmp_path):
    written(tmp_path, started=module._started(os.getpid()) - 60)
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]


@pytest.fixture
def hurried(monkeypatch):
    """A second instead of three minutes."""
    monkeypatch.setattr(module, "_DEAD_AFTER", 1.0)
    monkeypatch.setattr(module, "_LISTEN", 0.05)


def test_another_host_is_dead_when_its_heart_stands_still(tmp_path):
    written(tmp_path, heartbeat=-200, host="far", pid=7, reach="another boot")
    started = time.monotonic()
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]
    assert time.monotonic() - started < 20


@pytest.mark.usefixtures("hurried")
def test_another_host_that_may_be_dead_is_listened_to(tmp_path, caplog):
    path = written(tmp_path, heartbeat=0, host="far", pid=7, reach="another boot")
    started = time.monotonic()
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]
    assert time.monotonic() - started > 0.8
    assert f"{path}: listening for process 7 on far, 1 s at most" in caplog.text


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("beat", ["heart beats", "given back"])
def test_another_host_that_lives(tmp_path, monkeypatch, beat):
    path = written(tmp_path, heartbeat=0, host="far", pid=7, reach="another boot")
    time_of = {"heart beats": time.time() + 1, "given back": 0}[beat]
    monkeypatch.setattr(module.time, "sleep", lambda _: os.utime(path, (time_of,) * 2))
    if beat == "given back":
        with lease(tmp_path):
            assert names(tmp_path) == ["train-000002.json"]
    else:
        with pytest.raises(UserError, match="process 7 on far since noon; wait for"):
            with lease(tmp_path):
                pass


@pytest.mark.usefixtures("hurried")
def test_an_empty_lease_is_held_until_it_is_old(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "_DEAD_AFTER", 2.0)  # it is read for one
    path = written(tmp_path)
    path.write_text("")  # as a kill leaves it, or a power cut
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]
    assert "listening for process ? on ?" in caplog.text


@pytest.mark.parametrize("pid", [None, "7", -7, True, [7], 7.0])
def test_who_names_no_process_is_listened_to(tmp_path, monkeypatch, caplog, pid):
    monkeypatch.setattr(module, "_DEAD_AFTER", 0.5)
    written(tmp_path, pid=pid)
    with lease(tmp_path):
        assert names(tmp_path) == ["train-000002.json"]
    assert "listening for process ? on ?" in caplog.text


def test_a_look_that_took_too_long_takes_nothing(tmp_path, monkeypatch):
    dead = written(tmp_path, started=-1e6)
    # Meanwhile the second has come and gone, and the third works.
    written(tmp_path, number=3, pid=os.getpid())
    look, looks = module._held, iter([{1: dead}])
    monkeypatch.setattr(
        module, "_held", lambda *where: next(looks, None) or look(*where)
    )
    with pytest.raises(UserError, match="another command works here"), lease(tmp_path):
        pass
    assert names(tmp_path) == ["train-000001.json", "train-000003.json"]


def test_the_heart_beats_and_stops_with_the_block(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BEAT", 0.01)
    threads = threading.active_count()
    with lease(tmp_path):
        (path,) = (tmp_path / "leases").iterdir()
        os.utime(path, (1000, 1000))
        deadline = time.monotonic() + 10
        while path.stat().st_mtime == 1000 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.stat().st_mtime > time.time() - 60
    assert threading.active_count() == threads
    assert path.stat().st_mtime == 0


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM], ids=lambda sent: sent.name)
def stopped_by(request):
    """The signal that stops the process: in the background Ctrl-C is ignored."""
    before = {sent: signal.getsignal(sent) for sent in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(request.param, signal.default_int_handler)
    yield
    for sent, handler in before.items():
        signal.signal(sent, handler)


@pytest.mark.usefixtures("stopped_by")
def test_who_lost_the_lease_is_interrupted(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(module, "_BEAT", 0.01)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), lease(tmp_path):
        for path in (tmp_path / "leases").iterdir():
            path.unlink()
        time.sleep(10)
    assert time.monotonic() - started < 5
    assert "another command held this one for dead" in caplog.text


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(UserError, match="expected a folder"), lease(tmp_path / "run"):
        pass
