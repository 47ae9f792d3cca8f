"""The fuzzer sees what it is for, and a small campaign finds nothing.

In processes of their own, because it forks.
"""

import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.mutations import mutated, recorded, records
from tf_fsgd.storage.archives import DAMAGED

REPOSITORY = Path(__file__).parents[2]
# A parser that does as its input's first byte says; half the inputs are as they were.
TOY = """
import os, sys
from pathlib import Path
from benchmarks import fuzz
from benchmarks.fuzz_targets import Target
from tf_fsgd.errors import UserError

def parse(path):
    way = path.read_bytes()[0]
    if way == 1:
        raise UserError("one line")
    if way == 2:
        raise UserError("two\\nlines")
    if way == 3:
        {}["gone"]
    if way == 4:
        os.abort()
    if way == 5:
        while True:
            pass
    if way == 6:
        bytes(2**31)

fuzz._SECONDS = {False: 0.2}
folder = Path(sys.argv[1])
campaign = fuzz.Campaign(folder, "toy", Target([b"0"], ".bin", parse), 0)
campaign.input = lambda number: bytes([number])
campaign.go_on(8, float("inf"), folder)
state = campaign.state
print(state.done, state.right, state.refused)
for kind, count in state.finds.items():
    print(kind, count)
"""


def run(*words):
    done = subprocess.run(
        [sys.executable, *words], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_kind_of_find(tmp_path):
    assert run("-c", TOY, tmp_path) == [
        "8 2 1",
        "several lines 1",
        "KeyError in <string> parse 1",
        "SIGABRT 1",
        "SIGPROF 1",
        "MemoryError in <string> parse 1",
    ]
    finds = tmp_path / "finds"
    assert sorted(path.name for path in finds.glob("*.bin")) == [
        f"toy-0-{number}.bin" for number in (2, 3, 4, 5, 6)
    ]
    assert (finds / "toy-0-5.bin").read_bytes() == b"\5"
    assert "KeyError: 'gone'" in (finds / "toy-0-3.txt").read_text()


@pytest.mark.slow
def test_a_small_campaign_finds_nothing(tmp_path):
    fast = ["config", "direction", "facts", "flatbuffer", "header", "index"]
    fast += ["lease", "reply", "state"]
    words = ["--only", *fast, "photo", "moving", "--count", "1800", "--slow", "100"]
    rows = run("-W", "ignore", "-m", "benchmarks.fuzz", tmp_path, *words)[2:]
    for row, name in zip(rows, [*fast, "photo", "moving"], strict=True):
        _, found, inputs, right, refused, finds, _, _ = row.split("|")
        assert (found.strip(), finds.strip()) == (name, "0")
        expected = 50 if name in ("photo", "moving") else 200
        assert int(inputs) == int(right) + int(refused) == expected
    assert not (tmp_path / "finds").exists()


def test_the_same_number_is_the_same_damage(tmp_path):
    file = tmp_path / "a.npz"
    np.savez(file, w=np.arange(100.0))
    data = file.read_bytes()
    found = [mutated(data, [data], random.Random(number)) for number in range(60)]
    again = [mutated(data, [data], random.Random(number)) for number in range(60)]
    assert found == again and len(set(found)) > 50
    whole = 0
    for changed in found:
        file.write_bytes(changed)
        try:
            with zipfile.ZipFile(file) as archive:
                whole += archive.testzip() is None
        except DAMAGED:
            pass
    assert 15 < whole < 45  # half of it has new checksums


def test_tfrecord_as_tensorflow_writes_it(tmp_path):
    import tensorflow as tf  # the other tests do without

    contents = [b"", b"abc", bytes(300)]
    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        for content in contents:
            writer.write(content)
    written = (tmp_path / "a.tfrecord").read_bytes()
    assert recorded(contents) == written
    assert records(written) == contents
    assert records(written[:-1]) is None
