"""docs/api.md: every example, from top to bottom in one session."""

import re
from pathlib import Path

import numpy as np
import pytest

import tf_fsgd

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_public_name_has_an_example():
    code = "\n".join(EXAMPLES)
    missing = [name for name in tf_fsgd.__all__ if f"tf_fsgd.{name}" not in code]
    assert missing == []


@pytest.mark.slow
def test_the_examples_run(teacher, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)  # two faces instead of hundreds
    session = {}
    for number, example in enumerate(EXAMPLES):
        exec(compile(example, f"docs/api.md, example {number + 1}", "exec"), session)
    printed = capsys.readouterr().out
    assert "('feminine', 'masculine', 'older', 'younger', 'smile', 'frown')" in printed
    assert "edit must be one of feminine, " in printed and "'ears'" in printed
    # What the page says in comments.
    assert session["faces"].shape == session["both"].shape == (2, 256, 256, 3)
    assert session["everybody"].shape == (256, 512, 3)
    changed = session["one"] != session["photo"]
    assert not changed[:, :200].any() and changed[:, 256:].any()
    assert session["between"].shape == (8, 256, 256, 3)
    moved = session["in_her_colours"].astype(int) - session["faces"][0]
    assert np.abs(moved).mean() > 1
    assert session["film"].shape == (8, 64, 64, 3)
    assert session["table"].shape == (2, 3, 64, 64, 3)
    assert session["mine"].edits == session["again"].edits == ("smile",)
    assert (tmp_path / "evaluation" / "report.html").is_file()
    assert (tmp_path / "exported" / "saved_model" / "1" / "saved_model.pb").is_file()
    assert "-smile-quick-r64_64_fp16.tflite" in printed
