"""Who trains together: one processor, the GPUs of a machine, or several machines.

    TF_CONFIG='{"cluster": {"worker": ["a:2222", "b:2222"]},
                "task": {"type": "worker", "index": 0}}'

says which machines, as everywhere in TensorFlow; operators of Kubernetes set it. All of
them run the same command. The first is the chief, who alone writes; the others compute
and wait. When one is gone the rest end within seconds, since TensorFlow has them listen
for each other, and all are started again.
"""

import contextlib
import functools
import json
import os
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.eager import context

from tf_fsgd.backend.hardware import gpus
from tf_fsgd.errors import UserError, WorkerLost

# Seconds that a worker may be late, or write while the others wait.
_SILENCE = 600.0
_FOREVER = 3e7  # seconds
_PACK = 32 * 2**20  # bytes; a pack of gradients travels while others are computed

_GONE = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
)
"""What TensorFlow raises when one of those that it computes with does not answer."""


@functools.cache
def strategy() -> tf.distribute.Strategy:
    """The strategy of what is there, the same for the life of the process.

    Of several machines, it returns when all have come. It must then be asked for before
    TensorFlow computes anything.

    Raises:
        UserError: If `TF_CONFIG` is none, or TensorFlow has computed already.
        WorkerLost: If one of them goes meanwhile, or has not come in ten minutes.
    """
    if _place()[1] > 1:
        options = tf.distribute.experimental.CommunicationOptions(
            bytes_per_pack=_PACK, timeout_seconds=_SILENCE
        )
        try:
            _wait_for_all_at_most(_SILENCE)
            with together(f"is gone or has not come within {_SILENCE:g} s"):
                return tf.distribute.MultiWorkerMirroredStrategy(
                    communication_options=options
                )
        except RuntimeError as error:
            raise UserError(
                "TF_CONFIG names several workers, and these must meet before "
                f"TensorFlow computes anything in the process ({error})"
            ) from None
    if len(gpus()) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def _wait_for_all_at_most(seconds: float) -> None:
    """How long the strategy waits for workers that do not come.

    By itself it is an hour, in which no signal ends it. TensorFlow has no public name
    for it; a strategy that finds its service of coordination settled leaves it so.
    """
    cluster = json.loads(os.environ["TF_CONFIG"])["cluster"]
    jobs = [kind for kind in ("chief", "worker") if cluster.get(kind)]
    context.context().configure_coordination_service(
        "standalone",
        service_leader=f"/job:{jobs[0]}/replica:0/task:0",
        cluster_register_timeout_in_ms=round(1000 * seconds),
        coordinated_jobs=[
            context.coordination_config_pb2.CoordinatedJob(
                name=kind, num_tasks=len(cluster[kind])
            )
            for kind in jobs
        ],
    )
    # Or the chief would not wait here, but where its patience is another.
    context.context().coordination_service.cluster_register_with_barrier = True


def is_chief() -> bool:
    """Whether this process writes: one that is alone, or the first of several."""
    return _place()[0] == 0


def role() -> str:
    """What this process is, for its lease."""
    index, _ = _place()
    return f"worker-{index}" if index else "train"


def total(value: int, *, patient: bool = False) -> int:
    """Adds up a number over all processes; each asks at the same place of the program.

    Args:
        value: This one's.
        patient: Whether the others may take hours to get there.

    Raises:
        WorkerLost: If one of them is gone.
    """
    if _place()[1] == 1:
        return value
    options = tf.distribute.experimental.CommunicationOptions(
        timeout_seconds=_FOREVER if patient else _SILENCE
    )
    mine = tf.constant(value, tf.int64)
    with together(), strategy().scope():
        extended = strategy().extended
        return int(extended.reduce_to(tf.distribute.ReduceOp.SUM, mine, mine, options))


def chiefs(value: int, *, patient: bool = False) -> int:
    """What the chief says, whatever the others do; as `total`."""
    return total(value if is_chief() else 0, patient=patient)


@contextlib.contextmanager
def together(what: str = "is gone") -> Iterator[None]:
    """Around what several processes compute together.

    Args:
        what: Is said of the one that does not answer.

    Raises:
        WorkerLost: If one of the others is gone.
    """
    try:
        yield
    except _GONE as error:
        _, count = _place()
        if count == 1:
            raise
        raise WorkerLost(
            f"one of the {count} workers {what}; started again, all go on from the "
            "last checkpoint"
        ) from error


def _place() -> tuple[int, int]:
    """Which one this process is of those that train together, and how many they are.

    Raises:
        UserError: If `TF_CONFIG` does not say.
    """
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text or "{}")
        cluster = config.get("cluster") or {}
        if not cluster:
            return 0, 1
        tasks = [
            (kind, index)
            for kind in ("chief", "worker")
            for index in range(len(cluster.get(kind, ())))
        ]
        task = config["task"]
        return tasks.index((task["type"], int(task["index"]))), len(tasks)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError(
            'TF_CONFIG must look like {"cluster": {"worker": ["a:2222", "b:2222"]}, '
            f'"task": {{"type": "worker", "index": 0}}}}, received {text}'
        ) from None
