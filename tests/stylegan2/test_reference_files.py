"""The reference's files when something is wrong with them, and those of its relatives.

The unpickler itself is tried with hostile files in test_unpickling.py.
"""

import re
from pathlib import Path

import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(path.name for path in GOLDEN.iterdir() if path.suffix != ".npz")


def refusal(path):
    """The one line that says why a file cannot be read."""
    with pytest.raises(UserError) as caught:
        read_checkpoint(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_there_is_a_file_of_every_format():
    assert len(FILES) == 10


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99, -1])
def test_truncated_file_is_called_so(name, kept, tmp_path):
    content = (GOLDEN / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: int(kept * len(content)) if kept > 0 else kept])
    assert "damaged or incomplete" in refusal(path)


@pytest.mark.parametrize("version", ["StyleGAN1", "StyleGAN3"])
def test_relatives_are_refused_by_name(version):
    line = refusal(GOLDEN / f"{version.lower()}.pkl")
    assert line == f"a {version} pickle; only StyleGAN2 is supported"


@pytest.mark.parametrize("name", FILES)
def test_golden_file_holds_no_program(name):
    """NVIDIA's pickles embed its program, which must not get in here."""
    content = (GOLDEN / name).read_bytes()
    assert not re.search(rb"NVIDIA|Copyright|\bdef \w|\bimport \w|\bclass \w", content)
