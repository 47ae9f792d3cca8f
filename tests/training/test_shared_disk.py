"""A run on a disk that machines share: one without locks, and one that is slow."""

import errno
import os
import time

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.runs import latest_unfinished, unfinished_or_new
from tf_fsgd.storage.lease import lease
from tf_fsgd.training import loop

fcntl = pytest.importorskip("fcntl")
ROUND_TRIP = 0.05  # seconds; of a disk on the other side of the earth


def without_locks(monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    for name in ("flock", "lockf"):
        monkeypatch.setattr(fcntl, name, refuse)


def slow(monkeypatch):
    def late(call):
        def called(*arguments, **options):
            time.sleep(ROUND_TRIP)
            return call(*arguments, **options)

        return called

    for name in ("rename", "replace", "fsync", "utime", "unlink", "mkdir", "listdir"):
        monkeypatch.setattr(os, name, late(getattr(os, name)))


@pytest.mark.parametrize("disk", [without_locks, slow])
def test_a_run_begins_trains_and_goes_on(disk, monkeypatch, tmp_path, config, pairs):
    disk(monkeypatch)
    config.training.images = 4
    run = unfinished_or_new(tmp_path / "runs", config)
    with lease(run.path):
        trained = loop.train(config, run=run, source=pairs)
        with pytest.raises(UserError, match="another command works here"):
            with lease(run.path):
                raise AssertionError("two at once")
    assert latest_unfinished(tmp_path / "runs", config).path == run.path
    with lease(run.path):
        again = loop.train(config, run=run, source=pairs)
    for ours, theirs in zip(again.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    names = sorted(path.name for path in run.checkpoints.iterdir())
    assert names == ["000000004.npz"]
    assert [path.name for path in run.path.glob(".*")] == []
