"""A mix's report: whose features, whose colours."""

import json

import numpy as np
import pytest

from tf_fsgd.evaluation.mixes import evaluate_mix
from tf_fsgd.images.io import read_image
from tf_fsgd.pairs.family import Family
from tf_fsgd.translator.translator import Translator

SIDE = 64


class Two:
    """A is black, C grey, and the teacher makes A's left half, its head, as grey."""

    count, resolution = 2, SIDE

    def family(self, index, members=None):
        images = np.zeros((6, SIDE, SIDE, 3), np.uint8)
        images[1:3] = 120
        heads = np.zeros((6, 64, 64), np.uint8)
        heads[:, :, :32] = 255
        shares = np.array([[0], [0], [1], [-1], [0.5], [-0.5]], np.float32)
        family = Family(index, np.zeros(512), shares, images, heads)
        return family if members is None else family.only(members)


def test_a_student_that_makes_all_of_it_grey(tmp_path):
    grey = np.float32(120 / 127.5 - 1)
    student = Translator(
        "mine",
        lambda inputs: np.full((len(inputs[0]), SIDE, SIDE, 3), grey),
        SIDE,
        ("mix",),
        {"mix": 1.0},
        faces=2,
    )
    report = evaluate_mix(student, Two(), tmp_path)
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert [report[name]["points"] for name in report] == [None] * 3  # no faces
    teacher, photo = report["teacher"], report["photo"]
    assert (teacher["lpips"], teacher["l1"], teacher["head"]) == (0, 0, 0)
    # Half of the skin, which is in the middle, is 120 levels of each colour away.
    away = 120 * 3**0.5
    assert teacher["skin"] == pytest.approx(away / 2, rel=0.05)
    assert photo["head"] == pytest.approx(away)
    assert photo["l1"] == pytest.approx(60, abs=1)
    ours = report["student"]
    assert (ours["skin"], ours["head"]) == (0, 0)
    assert ours["l1"] == pytest.approx(60, abs=1) and ours["lpips"] > 0.1
    assert read_image(tmp_path / "mixed.jpg").shape[1] == 4 * SIDE + 3 * 2
