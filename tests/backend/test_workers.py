"""Which process this is of several; they meet in training/test_shared_training.py."""

import json
import os
import subprocess
import sys

import pytest
import tensorflow as tf

from benchmarks.workers import free_ports
from benchmarks.workers_agree import lines
from tf_fsgd.backend import workers
from tf_fsgd.errors import UserError, WorkerLost

FOUR = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "evaluator": ["d:1"]}


@pytest.fixture
def configure(monkeypatch):
    def configure(cluster, kind="worker", index=0):
        task = {"type": kind, "index": index}
        text = json.dumps({"cluster": cluster, "task": task})
        monkeypatch.setenv("TF_CONFIG", text)
        return text

    return configure


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "place"),
    [
        ({"worker": ["a:1", "b:1"]}, "worker", 0, (0, 2)),
        ({"worker": ["a:1", "b:1"]}, "worker", 1, (1, 2)),
        ({"worker": ["a:1", "b:1"]}, "worker", "1", (1, 2)),  # as some operators say it
        (FOUR, "chief", 0, (0, 3)),
        (FOUR, "worker", 1, (2, 3)),
        ({}, "worker", 0, (0, 1)),
    ],
)
def test_the_place_among_the_workers(configure, cluster, kind, index, place):
    configure(cluster, kind, index)
    assert workers._place() == place
    assert workers.is_chief() == (place[0] == 0)
    assert workers.role() == (f"worker-{place[0]}" if place[0] else "train")


@pytest.mark.parametrize("text", ["", "{}", '{"task": {"type": "worker", "index": 0}}'])
def test_who_is_alone(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    assert workers._place() == (0, 1)
    assert workers.total(3) == workers.chiefs(3) == 3


@pytest.mark.parametrize(
    ("kind", "index"), [("worker", 2), ("worker", -1), ("ps", 0), ("worker", "first")]
)
def test_a_task_that_the_cluster_does_not_have(configure, kind, index):
    text = configure({"worker": ["a:1", "b:1"]}, kind, index)
    with pytest.raises(UserError) as caught:
        workers.is_chief()
    message = str(caught.value)
    assert message.startswith('TF_CONFIG must look like {"cluster": {"worker": ["a:2')
    assert message.endswith(f"received {text}")


@pytest.mark.parametrize("text", ["worker 1", "[]", '{"cluster": ["a:1"]}'])
def test_what_is_no_cluster(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match="TF_CONFIG must look like"):
        workers.is_chief()


def test_workers_meet_before_anything_is_computed(configure):
    configure({"worker": ["localhost:1", "localhost:2"]})
    float(tf.add(1, 2))
    with pytest.raises(UserError, match="must meet before TensorFlow computes"):
        workers.strategy.__wrapped__()


@pytest.mark.parametrize(
    "error", [tf.errors.UnavailableError, tf.errors.DeadlineExceededError]
)
def test_who_does_not_answer_is_gone(configure, monkeypatch, error):
    configure({"worker": ["a:1", "b:1"]})
    with pytest.raises(WorkerLost, match="one of the 2 workers is gone; started again"):
        with workers.together():
            raise error(None, None, "Collective ops is aborted")
    monkeypatch.delenv("TF_CONFIG")
    with pytest.raises(error), workers.together():
        raise error(None, None, "a bug of ours, alone")


WAITING = """
from tf_fsgd.backend import workers
from tf_fsgd.errors import guarded

workers._SILENCE = 1.5
raise SystemExit(guarded(workers.strategy))
"""


@pytest.mark.slow
@pytest.mark.parametrize("index", [0, 1])  # whether the chief waits or is missing
def test_who_does_not_come_is_not_waited_for_without_end(configure, index):
    ports = free_ports(2)
    configure({"worker": [f"localhost:{port}" for port in ports]}, index=index)
    process = subprocess.run(
        [sys.executable, "-c", WAITING],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert lines(process.stderr) == [
        "error: one of the 2 workers is gone or has not come within 1.5 s; started "
        "again, all go on from the last checkpoint"
    ]
    assert process.returncode == 143
