"""Who works in a folder: one command at a time, until it ends or dies.

    FOLDER/leases/train-000003.json    the third to work here: host, process, since when

A lease is made by exclusive creation of the next number; the highest number counts, and
is never deleted. So of two commands that find the same dead owner one takes its place,
and the other finds the number taken. The file's time of change is the heartbeat, and
1970 once the lease is given back.

An owner in reach, among the processes of this boot and this container, is looked up,
which tells of its death at once. Any other (another host on a shared disk, before a
reboot) is listened to: it lives if its heart beats, and is dead when that has been
still for long enough. So what a cluster starts again elsewhere waits, and takes the
place of what was killed. A lock of the operating system would be shorter, but network
disks keep it to one host or do not have it at all, and it cannot say who holds it.
Roles are for several workers on one folder: each has its own lease.
"""

import _thread
import contextlib
import datetime
import json
import logging
import os
import re
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import make_folder

_BEAT = 15.0  # seconds
_DEAD_AFTER = 180.0  # seconds; above the minute for which NFS remembers a file's time
_LISTEN = 1.0  # seconds between two looks at a heartbeat
_GIVEN_BACK = 0  # of a heartbeat
_SAME_START = 2.0  # seconds; far less than it takes to come to a process id again

_logger = logging.getLogger(__name__)


@contextlib.contextmanager
def lease(folder: str | os.PathLike, role: str = "train") -> Iterator[None]:
    """Holds a folder for the time of the block.

    A command that was held for dead (asleep on another host) and lost its lease is
    interrupted as by Ctrl-C.

    Args:
        folder: What is written into; made when missing.
        role: Words and digits; one command at a time has it.

    Raises:
        UserError: If another command has it, or `folder` is a file.
    """
    mine = _take(Path(folder), role)
    done = threading.Event()
    beat = threading.Thread(target=_beat, args=(mine, done), daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join()
        with contextlib.suppress(FileNotFoundError):  # lost, or the folder deleted
            os.utime(mine, (_GIVEN_BACK, _GIVEN_BACK))


def _take(folder: Path, role: str) -> Path:
    leases = folder / "leases"
    owner = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "reach": _reach(),
        "since": datetime.datetime.now().astimezone().isoformat(" ", "seconds"),
    }
    while True:
        make_folder(leases)
        held = _held(leases, role)
        latest = max(held, default=0)
        mine = leases / f"{role}-{latest + 1:06d}.json"
        try:
            if latest:
                _refuse_if_alive(held[latest], folder)
            with mine.open("x", encoding="utf-8") as file:
                file.write(json.dumps(owner) + "\n")
        except (FileExistsError, FileNotFoundError):
            continue  # another command was faster: look again
        if max(_held(leases, role)) > latest + 1:
            mine.unlink()  # a slow look: the number had been taken and left behind
            continue
        for path in held.values():
            path.unlink(missing_ok=True)
        return mine


def _held(leases: Path, role: str) -> dict[int, Path]:
    named = re.compile(re.escape(role) + r"-(\d{6,})\.json")
    matches = ((named.fullmatch(path.name), path) for path in leases.iterdir())
    return {int(match[1]): path for match, path in matches if match}


def _refuse_if_alive(path: Path, folder: Path) -> None:
    heartbeat = path.stat().st_mtime
    if heartbeat == _GIVEN_BACK:
        return
    owner = _read(path)
    pid, host, since = (owner.get(name, "?") for name in ("pid", "host", "since"))
    if owner.get("reach") == _reach():
        started = _started(owner["pid"])
        alive = started is not None and abs(started - owner["started"]) < _SAME_START
    else:
        alive = _beats(path, heartbeat, f"process {pid} on {host}")
    if alive:
        raise UserError(
            f"{folder}: another command works here, process {pid} on {host} since "
            f"{since}; wait for it, or stop it"
        )


def _beats(path: Path, heartbeat: float, owner: str) -> bool:
    """Listens until the heart of an owner out of reach beats, or has been still."""
    left = _DEAD_AFTER - (_now(path.parent) - heartbeat)
    if left > 0:
        _logger.warning("%s: listening for %s, %.0f s at most", path, owner, left)
    while _now(path.parent) - heartbeat < _DEAD_AFTER:
        time.sleep(_LISTEN)
        if (latest := path.stat().st_mtime) != heartbeat:
            return latest != _GIVEN_BACK
    return False


def _read(path: Path) -> dict:
    for _ in range(20):
        try:
            owner = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):  # it is being written
            time.sleep(0.05)
            continue
        if not isinstance(owner, dict):
            break
        pid, started = owner.get("pid"), owner.get("started")
        if type(pid) is not int or pid <= 0 or type(started) is not float:
            break
        return owner
    return {}  # its writer was killed at it, or somebody else wrote into it


def _reach() -> str:
    """The same for all processes that see each other's ids, until the next boot."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return f"{boot.strip()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # no Linux, and so no containers
        return socket.gethostname()


def _started(pid: int) -> float | None:
    """Seconds from boot to the start of a process; `None` if it is no more."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        # From boot, because a clock that is set anew moves both.
        return process.create_time() - psutil.boot_time()
    except psutil.NoSuchProcess:
        return None


def _now(folder: Path) -> float:
    """The clock of the disk, which heartbeats come from; hosts' clocks may differ."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        return os.fstat(probe.fileno()).st_mtime


def _beat(path: Path, done: threading.Event) -> None:
    while not done.wait(_BEAT):
        try:
            os.utime(path)
        except FileNotFoundError:
            _logger.error("%s: lost; another command held this one for dead", path)
            _interrupt()
            return
        except OSError as error:  # a server may be away for a moment
            _logger.warning("%s: no heartbeat (%s)", path, error)


def _interrupt() -> None:
    """Stops the main thread as Ctrl-C does, also one that sleeps.

    What a script starts in the background ignores Ctrl-C; it is asked to end instead.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    sent = signal.SIGTERM if ignored else signal.SIGINT
    if sys.platform == "win32":
        _thread.interrupt_main(sent)
    else:  # it wakes a thread that sleeps, too
        signal.pthread_kill(threading.main_thread().ident or 0, sent)
