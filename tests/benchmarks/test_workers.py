"""Two workers against one, on networks that step in no time."""

import json
import sys

import pytest

from benchmarks import workers
from tf_fsgd.config import Config


def tiny(name: str) -> Config:
    config = Config(preset=name)
    config.pairs.resolution = 16
    config.generator.filters, config.generator.blocks = 4, 0
    config.discriminator.filters, config.discriminator.layers = 4, 1
    return config


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="binds processes to cores")
def test_the_last_line_is_an_object_of_ratios(monkeypatch, capsys):
    monkeypatch.setattr(workers, "preset", tiny)
    monkeypatch.setattr(workers, "HALVES", {"train": workers.train})
    words = ["workers", "--json", "--rounds", "1", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", words)
    workers.main()
    one, two, last = capsys.readouterr().out.splitlines()
    assert one.startswith("train, one: ") and two.startswith("train, two: ")
    ratios = json.loads(last)
    assert ratios.keys() == {"train"} and ratios["train"] > 0
