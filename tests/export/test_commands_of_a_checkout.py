"""The commands of a checkout answer as they are typed, and at once."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("module", "verb"),
    [
        ("export", "export"),
        ("export.gate", "gate"),
        ("export.serving.client", "ask"),
        ("export.web", "web"),
    ],
)
def test_help_waits_for_no_tensorflow(module, verb):
    code = (
        f"import runpy, sys; sys.argv[1:] = ['--help']; sys.modules['keras'] = None; "
        f"runpy.run_module({module!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: tf-fsgd {verb} ")
