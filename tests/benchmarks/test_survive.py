"""A campaign of kills sees what it is for; a small one of `translate` finds nothing.

In processes of their own, because it forks.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.survive import contents, differences
from tf_fsgd.storage.archives import write_arrays
from tf_fsgd.storage.files import write_json

REPOSITORY = Path(__file__).parents[2]
# What a command does; then the campaign of it, and what came of that.
TOY = """
import os, sys
from pathlib import Path
from benchmarks.survive import Campaign
from tf_fsgd.storage.files import write_json

def sound():
    for number in range(3):
        write_json(f"{number}.json", number)

def torn():
    sound()
    with open("torn.txt", "a") as file:
        for word in ("first ", "second "):
            file.write(word)
            file.flush()
            os.fsync(file.fileno())

def littering():
    sound()
    name = f"left-{os.getpid()}"
    Path(name).write_text("")
    os.replace(name, "whole.txt")

folder = Path(sys.argv[1])
base = folder / "base"
base.mkdir(parents=True)
campaign = Campaign(folder / "campaign", globals()[sys.argv[2]], base)
campaign.go_on(3, 0, float("inf"))
print(campaign.row().rpartition("|")[0])
for find in campaign.state.finds:
    print(find)
"""


def campaign(folder, command):
    done = subprocess.run(
        [sys.executable, "-c", TOY, folder, command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_sound_command_is_killed_everywhere_and_nothing_is_found(tmp_path):
    # An fsync and a rename of each of three files; three moments.
    assert campaign(tmp_path, "sound") == "6 | 6 | 3 | 0 \n"
    left = {path.name for path in (tmp_path / "campaign").iterdir()}
    assert left == {"first", "points", "said.txt", "spent", "state.json"}


def test_a_file_that_is_written_in_its_place_is_found(tmp_path):
    row, *finds = campaign(tmp_path, "torn").splitlines()
    assert row.startswith("8 | 8 | 3 | ")
    assert finds[0] == "every: torn.txt differs"


def test_what_a_killed_command_leaves_is_found(tmp_path):
    row, *finds = campaign(tmp_path, "littering").splitlines()
    assert row.startswith("7 | 7 | 3 | ")
    assert finds[0].startswith("every: left-") and finds[0].endswith(" is left over")


def test_of_a_keras_file_date_and_addresses_do_not_count(tmp_path):
    for name, number in (("first", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(tmp_path / name / "a.keras", "w") as archive:
            archive.writestr("metadata.json", f"date {number}")
            archive.writestr("config.json", f'{{"shared_object_id": {number}}}')
            archive.writestr("model.weights.h5", "weights")
    first, other = (contents(tmp_path / name) for name in ("first", "other"))
    assert differences(first, other, []) == []
    with zipfile.ZipFile(tmp_path / "other" / "a.keras", "w") as archive:
        archive.writestr("model.weights.h5", "others")
    other = contents(tmp_path / "other")
    assert differences(first, other, []) == ["a.keras differs"]


def test_differences(tmp_path):
    for name in ("first", "other"):
        folder = tmp_path / name
        write_arrays(folder / "a.npz", {"w": np.zeros(3)})
        write_json(folder / "runs" / "tensorboard" / f"of-{name}", 1)
        write_json(folder / "report.json", name)
    first, other = (contents(tmp_path / name) for name in ("first", "other"))
    assert list(first) == ["a.npz", "report.json"]
    assert differences(first, other, ["report.json"]) == []
    assert differences(first, other, []) == ["report.json differs"]
    (tmp_path / "other" / "report.json").write_text('{"half of')
    write_arrays(tmp_path / "other" / "a.npz", {"w": np.ones(3)})
    (tmp_path / "other" / ".left").mkdir()
    assert differences(first, contents(tmp_path / "other"), ["report.json"]) == [
        ".left/ is left over",
        "a.npz differs",
        "report.json is torn",
    ]
    assert differences(first, {"a.npz": first["a.npz"]}, []) == [
        "report.json is missing"
    ]


@pytest.mark.slow
def test_photos_survive(tmp_path):
    command = [sys.executable, "-m", "benchmarks.survive", tmp_path]
    command += ["--phase", "photos", "--count", "2"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # An fsync and a rename of a JPEG, a PNG and a WebP.
    assert "| photos | 6 | 6 | 2 | 0 | " in done.stdout
