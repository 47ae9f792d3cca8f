"""Files that many machines make: an Apache Beam pipeline of one step.

    cluster = Cluster("FlinkRunner", ["--flink_master=host:8081"])
    cluster.make({"a.npy": 0, "b.npy": 1}, start, folder, key)

A file depends on nothing but its item, appears whole under its name or not at all, and
is not made again where it is. So it does not matter who makes it, or how often: a
runner may give an item to two workers, or give it out again after one has died.
"""

import contextlib
import hashlib
import io
import json
import logging
import os
import queue
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
import psutil
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics, MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.utils.shared import Shared
from grpc import RpcError
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import atomic_path

Maker = Callable[[Path, Any], dict[str, int]]
"""Makes an item's file at a path unless it is there; returns what it counts for."""

_logger = logging.getLogger(__name__)

_PIPELINE = "pipeline"  # the thread that waits for it
_LOCAL_WORKER = "run_worker"  # the threads of DirectRunner that wait for processes
_LISTENERS = ("read_grpc_client_inputs", "beam_control_read")  # and listen to them
# What DirectRunner prints of failures that come back as exceptions.
_TALKATIVE = ("apache_beam.runners.common", "apache_beam.runners.worker")
_LOOK = 2.0  # seconds between two looks at what is there
# One item at a time in a process: networks take all cores, and some take one caller.
_turn = threading.Lock()


@dataclass(frozen=True)
class Cluster:
    """An engine of Beam, and how to reach it.

    Attributes:
        runner: Beam's name of it.
        options: Of the pipeline, in Beam's spelling.
        through: Where workers do not see the folder: a folder of a bucket, which they
            write to and the files are fetched from.

    Raises:
        UserError: If Beam does not know the runner, or it refuses an option.
    """

    runner: str = "DirectRunner"
    options: Sequence[str] = ()
    through: str = ""

    def __post_init__(self):
        known = StandardOptions.KNOWN_RUNNER_NAMES
        if self.runner not in known:
            raise UserError(
                f"--runner must be one of {', '.join(known)}, received {self.runner!r}"
            )
        self._pipeline()
        if self.through:
            try:
                FileSystems.get_filesystem(self.through)
            except ValueError as error:
                raise UserError(f"--through {self.through}: {error}") from None

    def make(
        self,
        items: dict[str, Any],
        start: Callable[[], Maker],
        folder: Path,
        key: Any,
    ) -> None:
        """Makes files, and comes back when all are there.

        Args:
            items: What each file is made from, by its name.
            start: Called once in every worker process; like items, it is pickled.
            folder: Where the files go; each worker must see it, unless `through` is
                given.
            key: What the files depend on besides their items, for JSON: `through` may
                hold files of other keys.

        Raises:
            UserError: If a worker process is killed, a worker raises one, or a file is
                not there in the end.
        """
        place = str(folder.resolve())
        if self.through:
            digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode())
            place = FileSystems.join(self.through, digest.hexdigest()[:16])
        pipeline = self._pipeline()
        (
            pipeline
            | "items" >> beam.Create(list(items.items()))
            | "spread" >> beam.Reshuffle()  # or one worker would have them all
            | "make" >> beam.ParDo(_Make(start, place, bool(self.through)))
        )
        with (
            _running(pipeline) as ends,
            tqdm(total=len(items), desc=self.runner, unit="file") as bar,
        ):
            outcome = None
            while outcome is None:
                with contextlib.suppress(queue.Empty):
                    outcome = ends.get(timeout=_LOOK)
                bar.update(len(items.keys() & {*os.listdir(folder)}) - bar.n)
        if isinstance(outcome, BaseException):
            raise self._told(outcome)
        print(f"{self.runner}: {_account(outcome)}")
        for name in items:
            if self.through:
                _fetch(FileSystems.join(place, name), folder / name)
            if not (folder / name).is_file():
                raise UserError(
                    f"{folder}: no {name} after {self.runner} ended {outcome.state}; "
                    "workers that do not see this folder need --through"
                )

    def _pipeline(self) -> beam.Pipeline:
        words = [f"--runner={self.runner}"]
        if self.runner == "DirectRunner":
            # Without the first Beam hands over to another runner, which has one process
            # whatever --direct_num_workers says.
            words.append("--allow_unsafe_triggers")
            # A worker's exception comes back, and need not be printed on the way.
            words.append("--default_sdk_harness_log_level=CRITICAL")
        words += self.options
        complaints = io.StringIO()
        try:
            with contextlib.redirect_stderr(complaints):
                options = PipelineOptions(words)
                known = options.get_all_options()  # reads all, of every runner
                given = options.get_all_options(retain_unknown_options=True)
                unknown = ", ".join(sorted(given.keys() - known.keys()))
                # Flink's and Spark's own are known to their servers alone.
                if unknown and self.runner == "DirectRunner":
                    raise ValueError(f"no such option: {unknown}")
                return beam.Pipeline(options=options)
        except SystemExit:  # argparse
            reason = complaints.getvalue().strip().splitlines()[-1]
        except (ImportError, ValueError) as error:
            reason = str(error)
        raise UserError(f"--runner {self.runner}: {' '.join(reason.split())}")

    def _told(self, error: BaseException) -> BaseException:
        """What a failed pipeline says, as the user's mistake where it is one."""
        if isinstance(error, ChildProcessError):
            return UserError(
                f"{self.runner}: a worker process was killed ({error}), often for want "
                "of memory; the same command goes on from here"
            )
        text = str(error)
        if not isinstance(error, UserError):
            # From another process it comes as a traceback in a text.
            found = re.search(r"^tf_fsgd\.errors\.UserError: (.*)", text, re.MULTILINE)
            if not found:
                return error
            text = found[1]
        return UserError(text.partition(" [while running")[0])


@contextlib.contextmanager
def _running(pipeline: beam.Pipeline) -> Iterator[queue.Queue]:
    """Runs a pipeline; in the queue appears its result, or what has ended it.

    DirectRunner waits for ever for a worker process that was killed, and leaves the
    others behind at Ctrl-C; so threads that fail are listened to, and what was started
    is ended.
    """
    ends: queue.Queue = queue.Queue()

    def run() -> None:
        result = pipeline.run()
        result.wait_until_finish()
        ends.put(result)

    def failed(failure: threading.ExceptHookArgs) -> None:
        error, name = failure.exc_value, failure.thread and failure.thread.name
        if name == _PIPELINE:
            ends.put(error)
        elif name == _LOCAL_WORKER:
            ends.put(ChildProcessError(str(error)))
        elif isinstance(error, RpcError):
            _logger.debug("a worker hung up: %s", error)
        else:
            before(failure)

    before, threading.excepthook = threading.excepthook, failed
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = {logger: logger.level for logger in loggers}
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    others = {*psutil.Process().children(recursive=True)}
    threading.Thread(target=run, name=_PIPELINE, daemon=True).start()
    try:
        yield ends
    finally:
        started = {*psutil.Process().children(recursive=True)} - others
        for process in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for thread in threading.enumerate():
            if thread.name in (_LOCAL_WORKER, *_LISTENERS):
                thread.join(_LOOK)
        threading.excepthook = before
        for logger, level in levels.items():
            logger.setLevel(level)


def _account(result: Any) -> str:
    """What the workers have counted."""
    ours = MetricsFilter().with_namespace("tf_fsgd")
    found = result.metrics().query(ours)
    words = [f"{each.result:,} {each.key.metric.name}" for each in found["counters"]]
    words += [f"{each.result.sum:,} worker seconds" for each in found["distributions"]]
    return ", ".join(words)


def _fetch(address: str, path: Path) -> None:
    """Brings a file out of a bucket, if it is there."""
    if not FileSystems.exists(address):
        return
    with (
        atomic_path(path) as temporary,
        FileSystems.open(address) as there,
        temporary.open("wb") as here,
    ):
        shutil.copyfileobj(there, here)


class _Make(beam.DoFn):
    """Makes an item's file in a folder, or in a bucket."""

    def __init__(self, start: Callable[[], Maker], place: str, remote: bool):
        self._start, self._place, self._remote = start, place, remote
        self._shared = Shared()

    def setup(self):
        # Of all threads of a process: it holds the networks.
        self._maker = self._shared.acquire(self._start)

    def process(self, element: tuple[str, Any]) -> None:
        name, item = element
        began = time.monotonic()
        with _turn:
            make = self._upload if self._remote else self._write
            counts = make(name, item)
        for what, number in counts.items():
            Metrics.counter("tf_fsgd", what).inc(number)
        seconds = round(time.monotonic() - began)
        Metrics.distribution("tf_fsgd", "seconds").update(seconds)

    def _write(self, name: str, item: Any) -> dict[str, int]:
        return self._maker(Path(self._place, name), item)

    def _upload(self, name: str, item: Any) -> dict[str, int]:
        target = FileSystems.join(self._place, name)
        if FileSystems.exists(target):
            return {}
        with tempfile.TemporaryDirectory() as scratch:
            counts = self._maker(Path(scratch, name), item)
            half = f"{target}.{uuid.uuid4().hex}"
            with Path(scratch, name).open("rb") as here:
                with FileSystems.create(half) as there:
                    shutil.copyfileobj(here, there)
        FileSystems.rename([half], [target])
        return counts
