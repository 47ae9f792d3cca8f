"""The report on a translator whose effect is known by hand."""

import json

import keras
import numpy as np
import pytest

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.config import Config
from tf_fsgd.evaluation import report as report_module
from tf_fsgd.evaluation.judge import Verdicts
from tf_fsgd.evaluation.measures import Measures, select_photos
from tf_fsgd.evaluation.report import evaluate, format_summary, top_movers
from tf_fsgd.images.io import read_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.training.translator import Translator

SIZE = 32
FULL = {"feminine": 1.0}
MALE = ATTRIBUTES.index("Male")


class DarkIsMale:
    """A classifier that calls dark pictures men; every other attribute is 0.5."""

    def probabilities(self, images):
        rows = np.full((len(images), 40), 0.5, np.float32)
        rows[:, MALE] = images.mean(axis=(1, 2, 3)) < 0
        return rows


class DarkIsMaleAndOld:
    """A judge of the same taste with a stricter limit."""

    def read(self, images):
        brightness = images.mean(axis=(1, 2, 3))
        return Verdicts(
            (brightness < 150).astype(float),
            60 - brightness / 10,
            np.ones(len(images), bool),
        )


def direction(attribute="Male", sign=-1):
    vector = np.eye(1, 512, dtype=np.float32)[0]
    return Direction("feminine", vector, 1.0, [0], attribute, sign, vector, 0.0)


def faces(*levels):
    return np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in levels])


@pytest.fixture(scope="module")
def brighten():
    """Adds 0.4 to images in [-1, 1]: 51 of 255."""
    image = keras.Input((SIZE, SIZE, 3))
    output = keras.layers.Rescaling(1.0, 0.4)(image)
    network = with_strength(keras.Model(image, output), SIZE, 3.0)
    return Translator("run", network, SIZE, ("feminine",), {"feminine": 3.0})


def test_translate_resizes_and_keeps_the_order(brighten):
    levels = np.arange(0, 200, 5)
    large = np.repeat(np.repeat(faces(*levels), 2, 1), 2, 2)
    outputs = brighten.translate(large, FULL)
    assert outputs.shape == (len(levels), SIZE, SIZE, 3) and outputs.dtype == np.uint8
    np.testing.assert_array_equal(outputs[:, 5, 5, 1], levels + 51)


def test_shares_by_hand(brighten):
    before = faces(60, 80, 100, 120, 140, 200)  # four men, two women
    after = brighten.translate(before, FULL)  # 111, 131, 151, 171, 191, 251
    measures = Measures(DarkIsMale(), direction(), DarkIsMaleAndOld())
    result = measures.measure(before, after)
    ours, judged = result["classifier"], result["judge"]
    assert ours["source_read_as_target"]["before"]["share"] == 0
    assert ours["source_read_as_target"]["after"]["share"] == 0.75
    assert ours["source_read_as_target"]["after"]["count"] == 4
    assert ours["target_read_as_source"]["after"] == {
        "count": 2,
        "share": 0.0,
        "low": 0.0,
        "high": 0.0,
    }
    # The judge calls 140 a man: one of the two women, before the edit.
    assert judged["source_read_as_target"]["after"]["share"] == 0.5
    assert judged["target_read_as_source"]["before"]["share"] == 0.5
    assert judged["target_read_as_source"]["after"]["share"] == 0
    assert judged["mean_years_moved"]["source"] == pytest.approx(-5.1)
    assert result["mean_absolute_pixel_change"] == pytest.approx(51)
    assert result["mean_attribute_change"]["Male"] == pytest.approx(-0.75)
    assert result["mean_attribute_change"]["Smiling"] == 0


def test_labels_and_the_sign_choose_the_classes(brighten):
    before = faces(60, 80)
    after = brighten.translate(before, FULL)
    masculine = Measures(DarkIsMale(), direction(sign=+1), DarkIsMaleAndOld())
    result = masculine.measure(before, after, np.array([True, False]))
    # 60 -> 111 stays a man; 80 -> 131 was labelled a woman and is read as one after.
    assert result["classifier"]["target_read_as_source"]["after"]["share"] == 0
    assert result["classifier"]["source_read_as_target"]["before"]["share"] == 1
    assert result["classifier"]["source_read_as_target"]["after"]["share"] == 0


def test_the_judge_is_asked_only_what_it_knows(brighten):
    before = faces(60, 80)
    after = brighten.translate(before, FULL)

    def keys(attribute):
        measures = Measures(DarkIsMale(), direction(attribute), DarkIsMaleAndOld())
        return measures.measure(before, after)

    assert "judge" not in keys("Smiling")
    young = keys("Young")["judge"]
    assert "mean_years_moved" in young and "source_read_as_target" not in young
    unknown = Measures(DarkIsMale(), None, DarkIsMaleAndOld()).measure(before, after)
    assert "classifier" not in unknown and "judge" not in unknown
    assert unknown["mean_absolute_pixel_change"] == pytest.approx(51)


@pytest.mark.parametrize(
    ("photos", "sources", "targets"), [(30, 20, 10), (90, 50, 40), (200, 50, 50)]
)
def test_selected_photos(photos, sources, targets):
    has_target = np.arange(100) % 2 == 0
    chosen = select_photos(has_target, photos)
    assert np.all(np.diff(chosen) > 0)
    assert (~has_target[chosen]).sum() == sources
    assert has_target[chosen].sum() == targets


def test_top_movers_are_sorted_by_size():
    changes = {"A": 0.1, "B": -0.4, "C": None, "D": 0.2}
    assert top_movers(changes, 2) == [("B", -0.4), ("D", 0.2)]


@pytest.fixture
def no_networks(monkeypatch):
    monkeypatch.setattr(report_module, "load_lpips", lambda: None)
    monkeypatch.setattr(report_module, "GenderJudge", DarkIsMaleAndOld)


def test_evaluate_writes_the_report_and_its_pictures(tmp_path, brighten, no_networks):
    before = faces(*range(60, 80))
    attributes = np.zeros((30, 40), bool)
    attributes[:20, MALE] = True
    celeba = faces(*range(40, 60), *range(180, 190)), attributes
    arguments = dict(classifier=DarkIsMale(), direction=direction(), out=tmp_path)
    report = evaluate(
        brighten,
        Config(),
        held_out=(before, before + 40),
        celeba=celeba,
        photos=21,
        **arguments,
    )
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert report["held_out"]["count"] == 20 and report["celeba"]["count"] == 21
    shares = report["celeba"]["judge"]["target_read_as_source"]
    assert shares["after"]["count"] == 7 and shares["after"]["share"] == 0
    assert "21 of 30" in report["celeba"]["note"]
    grid = read_image(tmp_path / "before_after.jpg")
    # Two blocks of input, output and teacher, 8 columns and 2 px between pictures.
    assert grid.shape[0] == 6 * SIZE + 5 * 2
    assert grid.shape[1] > 8 * SIZE + 7 * 2
    middle = grid[[16, 50, 84], -16].mean(axis=1)  # the eighth: 67, 67 + 51, 67 + 40
    np.testing.assert_allclose(middle, [67, 118, 107], atol=3)
    for name in (
        "before_after.gif",
        "celeba_before_after.jpg",
        "celeba_before_after.gif",
    ):
        assert (tmp_path / name).stat().st_size > 0
    summary = format_summary(report)
    assert "changed, after (judge)" in summary and "n=14" in summary
    assert max(map(len, summary.splitlines())) <= 88


def test_without_celeba_the_report_says_so(tmp_path, brighten, no_networks):
    before = faces(*range(60, 65))
    report = evaluate(
        brighten,
        Config(),
        held_out=(before, before),
        classifier=DarkIsMale(),
        direction=direction(),
        out=tmp_path,
    )
    assert (
        report["celeba"]["count"] == 0 and "TFDS_DATA_DIR" in report["celeba"]["note"]
    )
    assert not (tmp_path / "celeba_before_after.jpg").exists()
    assert report["celeba"]["note"] in format_summary(report)


def test_pairs_of_ones_own_are_nobody_elses(
    tmp_path, brighten, no_networks, monkeypatch
):
    labels, draw = [], report_module.image_grid

    def image_grid(*args, row_labels=None, **options):
        labels.extend(row_labels or [])
        return draw(*args, row_labels=row_labels, **options)

    monkeypatch.setattr(report_module, "image_grid", image_grid)
    config = Config(edit="winter")
    config.pairs.folder = "winter"
    report = evaluate(
        brighten,
        config,
        held_out=(faces(60, 61), faces(70, 71)),
        classifier=DarkIsMale(),
        direction=None,
        out=tmp_path,
    )
    assert labels == ["input", "output", "B"]
    assert report["edit"] == "winter"
    assert report["celeba"]["note"].endswith("measured on held-out pairs only")
