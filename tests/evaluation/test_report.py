"""The report of translators whose effect is known by hand."""

import json
from html.parser import HTMLParser
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.examples import examples_of
from tf_fsgd.evaluation.report import FORMAT, Supplement, default_photos, evaluate
from tf_fsgd.evaluation.study import HELD_OUT, TRANSLATED, _ratio
from tf_fsgd.evaluation.tables import ROWS, console_table, top_movers
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import write_image
from tf_fsgd.pairs.family import Family
from tf_fsgd.translator.translator import Translator

SIZE = 32
LEVEL = 127.5  # of an image in [-1, 1] by 1


@pytest.fixture(scope="module")
def translator():
    """Adds 51 levels a unit of "feminine", 25.5 of "smile"."""
    image = keras.Input((SIZE, SIZE, 3))
    strengths = keras.Input((2,))
    scaled = keras.layers.Rescaling([0.4, 0.2])(strengths)
    added = keras.ops.reshape(keras.ops.sum(scaled, axis=-1), (-1, 1, 1, 1))
    units = {"feminine": 1.0, "masculine": 1.0, "smile": 1.0, "frown": 1.0}
    network = keras.Model([image, strengths], image + added)
    return Translator("tiny", network, SIZE, ("feminine", "smile"), units)


class Families:
    """Two families: plain 80 and 90, edited by the teacher by 60 levels a unit."""

    count, resolution = 2, SIZE

    def __init__(self, faces):
        self._faces = faces

    def family(self, index):
        strengths = np.array([[0, 0], [1.2, 0], [0.8, 0.5], [0, 0.1]], np.float32)
        levels = 80 + 10 * index + 60 * strengths.sum(axis=1)
        return Family(index, np.zeros(512), strengths, self._faces(*levels))


def test_kid_in_units_of_the_teachers():
    def row(value):
        return {"kernel_distance": {"value": value}}

    assert _ratio(row(0.03), row(0.02)) == 1.5
    assert _ratio(row(0.03), row(-0.001)) is None
    assert _ratio(row(0.03), row(None)) is None
    assert _ratio({"kernel_distance": None}, row(0.02)) is None


@pytest.fixture(scope="module")
def made(translator, instruments, faces, photos, tmp_path_factory):
    """A whole report: (report, folder)."""
    out = tmp_path_factory.mktemp("report")
    for images in (0, 4000, 8000):
        grid = image_grid(faces(images // 40, 20), 2)
        write_image(out / "samples" / f"{images:09d}.jpg", grid)
    other = SimpleNamespace(
        name="other & older",
        edits=("feminine",),
        translate=lambda images, edits: images[:, ::2, ::2] // 2,
    )
    projection = {
        "made_with": {"count": "20", "steps": "60"},
        "table": {"photo": {"psnr": 21.25}, "projection": {"seconds": 41.0}},
    }
    supplement = Supplement([other], Families(faces), projection, out / "samples")
    report = evaluate(
        translator,
        photos(),
        instruments,
        out=out,
        count=4,
        supplement=supplement,
        notes={"classifier": "a thermometer"},
    )
    return report, out


def test_the_report_is_written_as_it_is_returned(made):
    report, out = made
    assert json.loads((out / "report.json").read_text()) == report
    assert report["format"] == FORMAT == "tf_fsgd report 2"
    assert list(report["edits"]) == ["feminine", "masculine", "smile", "frown"]
    for values in report["edits"].values():
        assert list(values["strengths"]) == ["0", "0.25", "0.5", "0.75", "1", "1.5"]
        counts = [row["count"] for row in values["strengths"].values()]
        assert counts == [2, 2, 2, 2, 4, 2]
        for row in values["strengths"].values():
            assert len(row["attributes_moved"]) == 40
    assert report["outputs"] == {"count": 56, "blobs": 0, "blobs_per_1000": 0.0}
    assert report["latency_ms"]["keras"] > 0


def test_numbers_by_hand(made):
    feminine = made[0]["edits"]["feminine"]
    full = feminine["strengths"]["1"]
    # 60, 70, 80 and 100 become 111, 121, 131 and 151.
    assert full["reached"]["share"] == 0.5
    assert full["reached_before"]["share"] == 0
    assert full["mean_absolute_pixel_change"]["mean"] == pytest.approx(51)
    assert full["mean_absolute_pixel_change_outside_head"]["mean"] == pytest.approx(51)
    assert full["identity_cosine"]["mean"] == pytest.approx(0.8)
    assert full["lpips"]["mean"] == pytest.approx(0.2)
    assert full["years_moved"]["mean"] == pytest.approx(12.75)
    assert feminine["slider"]["pixel_change_at_0"]["mean"] == 0
    # The stand-in looks at pixels one by one.
    assert feminine["steady"]["of_a_pixel"] == 0
    assert feminine["slider"]["monotone"]["share"] == 1
    smile = made[0]["edits"]["smile"]["strengths"]["1"]
    assert smile["effect"]["moved"]["mean"] == pytest.approx(0.1, abs=0.003)
    assert smile["effect"]["instrument"] == "classifier"


def test_distances_are_to_real_faces_of_the_target_class(made):
    feminine = made[0]["edits"]["feminine"]
    distances = [
        values["kernel_distance"]["value"]
        for values in (feminine["strengths"]["1"], feminine["unedited"])
    ]
    # Women are brighter; so is a man made brighter.
    assert 0 < distances[0] < distances[1]
    real = np.array([150, 170, 190, 210]) / LEVEL - 1
    edited = np.array([111, 121, 131, 151]) / LEVEL - 1
    deviations = np.std(real, ddof=1) - np.std(edited, ddof=1)
    # Three equal channels: every term counts three times.
    expected = 3 * ((real.mean() - edited.mean()) ** 2 + deviations**2)
    frechet = feminine["strengths"]["1"]["frechet_distance"]
    assert frechet == pytest.approx(expected, abs=1e-4)


def test_the_teacher_and_others_stand_beside(made):
    feminine = made[0]["edits"]["feminine"]
    assert set(feminine["beside"]) == {"other & older", HELD_OUT, TRANSLATED}
    assert feminine["held_out_mean_strength"] == pytest.approx(1.2)
    teacher = feminine["beside"][HELD_OUT]
    assert teacher["count"] == 2 and teacher["reached"]["share"] == 1  # 152 and 162
    # Two faces of the teacher's are too few for a distance.
    assert feminine["kernel_distance_in_held_out"] is None
    # The same two by the translator, as far as the teacher went: 1.2 times 51 levels.
    translated = feminine["beside"][TRANSLATED]
    assert translated["mean_absolute_pixel_change"]["mean"] == pytest.approx(61)
    # The other halves: 60 to 30, 70 to 35, 80 to 40 and 100 to 50.
    other = feminine["beside"]["other & older"]
    assert other["mean_absolute_pixel_change"]["mean"] == pytest.approx(38.75)
    assert made[0]["edits"]["masculine"]["beside"] == {}


def test_the_teachers_examples_are_of_one_edit_and_near_its_unit(translator, faces):
    examples = examples_of(Families(faces), translator, "feminine", 5)
    assert examples.before[:, 0, 0, 0].tolist() == [80, 90]
    assert examples.after[:, 0, 0, 0].tolist() == [152, 162]
    assert examples.strengths == pytest.approx([1.2, 1.2])
    assert len(examples_of(Families(faces), translator, "feminine", 1).before) == 1
    assert examples_of(Families(faces), translator, "frown", 5).before.shape == (
        0,
        SIZE,
        SIZE,
        3,
    )


class Links(HTMLParser):
    """Collects what a page refers to, and what it leaves open."""

    def __init__(self):
        super().__init__()
        self.sources, self.tags, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        self.sources += [v for k, v in attributes if k in ("src", "href", "data")]

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else(made):
    text = (made[1] / "report.html").read_text()
    page = Links()
    page.feed(text)
    assert page.open == []
    pictures = [source for source in page.sources if not source.startswith("#")]
    # A sweep and a ranking an edit, one comparison, the pairs, several edits, the
    # animation.
    assert len(pictures) == 4 * 2 + 1 + 1 + 1 + 1
    assert all(source.startswith("data:image/webp;base64,") for source in pictures)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "http:" not in text and "https:" not in text and "url(" not in text
    assert "@import" not in text
    assert len(text) < 15e6


def test_the_page_says_what_was_measured(made):
    text = (made[1] / "report.html").read_text()
    assert "made &lt;by&gt; hand" in text and "other &amp; older" in text
    assert "mean colour" in text and "a thermometer" in text and "not FID" in text
    for row in ROWS:
        assert row.label in text
    for name in ATTRIBUTES:
        assert name.replace("_", " ") in text
    assert "50 %" in text and "21.2" in text


def test_links_lead_somewhere(made):
    text = (made[1] / "report.html").read_text()
    page = Links()
    page.feed(text)
    anchors = [source for source in page.sources if source.startswith("#")]
    assert len(anchors) == 4 + 7  # edits, and sections about all
    assert all(f'id="{anchor[1:]}"' in text for anchor in anchors)


def test_the_console_table(made):
    *table, _, _, _, moved = console_table(made[0]).splitlines()
    assert len({len(line) for line in table}) == 1
    reached = next(line for line in table if line.startswith("Reached (%)"))
    assert reached.split()[2:4] == ["50", "%"]
    distance = next(line for line in table if line.startswith("LPIPS"))
    assert distance.split()[1] == "0.200"
    most = "Male +0.25, Smiling -0.10, 5_o_Clock_Shadow +0.00"
    assert moved == f"frown moved most: {most}"


def test_without_company_the_report_is_whole(translator, instruments, photos, tmp_path):
    report = evaluate(
        translator, photos(real=False), instruments, out=tmp_path, count=2
    )
    feminine = report["edits"]["feminine"]
    assert feminine["strengths"]["1"]["kernel_distance"] is None
    assert feminine["beside"] == {} and "unedited" not in feminine
    text = (tmp_path / "report.html").read_text()
    assert "As training went on" not in text and "Projection" not in text


def test_an_edit_that_nobody_needs_is_left_out(
    translator, instruments, photos, tmp_path
):
    report = evaluate(
        translator, photos(levels=(60, 80, 90)), instruments, out=tmp_path, count=2
    )
    assert list(report["edits"]) == ["feminine", "smile"]


def test_top_movers_are_sorted_by_size():
    means = {"A": 0.1, "B": -0.4, "C": None, "D": 0.2}
    moved = {name: {"mean": mean} for name, mean in means.items()}
    assert top_movers(moved, 2) == [("B", -0.4), ("D", 0.2)]


def test_photos_by_the_number_of_edits():
    assert [default_photos(count) for count in (1, 2, 6)] == [120, 120, 48]
