"""A morph's report: how far it is from the teacher's middle, and a cross-fade is."""

import json

import numpy as np
import pytest

from tf_fsgd.evaluation.morphs import evaluate_morph
from tf_fsgd.images.io import read_image
from tf_fsgd.pairs.family import Family
from tf_fsgd.translator.translator import Translator

SIDE = 64


class Two:
    """A is black, C is white, and half way the teacher draws dark grey stripes."""

    count, resolution = 2, SIDE

    def family(self, index, members=None):
        images = np.zeros((3, SIDE, SIDE, 3), np.uint8)
        images[1] = 254
        images[2, :, ::2] = 128
        family = Family(index, np.zeros(512), np.array([[0], [1], [0.5]]), images)
        return family if members is None else family.only(members)


def test_a_perfect_student_and_a_cross_fade(tmp_path):
    target = Two().family(0).images[2] / np.float32(127.5) - 1
    perfect = Translator(
        "mine",
        lambda inputs: np.broadcast_to(target, (len(inputs[0]), SIDE, SIDE, 3)),
        SIDE,
        ("morph",),
        {"morph": 1.0},
        faces=2,
    )
    report = evaluate_morph(perfect, Two(), tmp_path)
    assert report == json.loads((tmp_path / "report.json").read_text())
    student, fade = report["student"], report["cross_fade"]
    assert (student["lpips"], student["l1"]) == (0, 0)
    assert student["octaves"] == [1.0] * 5
    # |127 - 128| on every other column, |127 - 0| between.
    assert fade["l1"] == 64 and fade["lpips"] > 0.1
    assert fade["octaves"] == pytest.approx([0] * 5, abs=1e-3)
    width = read_image(tmp_path / "between.jpg").shape[1]
    assert width == 5 * SIDE + 4 * 2
