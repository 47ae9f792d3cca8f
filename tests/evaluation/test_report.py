"""The report of translators whose effect is known by hand."""

import json
from html.parser import HTMLParser
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.distribution import FeatureSpace
from tf_fsgd.evaluation.examples import examples_of
from tf_fsgd.evaluation.instruments import Instruments
from tf_fsgd.evaluation.judge import Verdicts
from tf_fsgd.evaluation.report import FORMAT, Supplement, default_photos, evaluate
from tf_fsgd.evaluation.study import HELD_OUT, TRANSLATED, Photos, _ratio
from tf_fsgd.evaluation.tables import ROWS, console_table, top_movers
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs.family import Family
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.translator.translator import Translator

SIZE = 32
SMILING, MALE = ATTRIBUTES.index("Smiling"), ATTRIBUTES.index("Male")
LEVELS = (60, 70, 80, 100, 150, 170, 190, 210)  # the first four are men
LEVEL = 127.5  # of an image in [-1, 1] by 1


class Brightness:
    """Classifier and judge: bright is a woman, and smiles the more."""

    def probabilities(self, images):
        rows = np.full((len(images), 40), 0.5)
        rows[:, SMILING] = np.clip((images.mean(axis=(1, 2, 3)) + 1) / 2, 0, 1)
        rows[:, MALE] = images.mean(axis=(1, 2, 3)) < 0
        return rows

    def read(self, images):
        level = images.mean(axis=(1, 2, 3))
        return Verdicts((level < 128).astype(float), level / 4, level > 0)


class Alike:
    """Identity falls with the change of brightness."""

    def distance(self, before, after):
        return np.abs(after.astype(float) - before).mean(axis=(1, 2, 3)) / 255

    def cosine(self, before, after):
        return 1 - self.distance(before, after)


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


class Levels:
    """Black and white are 1 apart."""

    def distance(self, first, second):
        return np.abs(first.astype(float) - second).mean(axis=(1, 2, 3)) / 255


@pytest.fixture(scope="module")
def instruments():
    space = FeatureSpace("mean colour", SIZE, lambda images: images.mean(axis=(1, 2)))
    return Instruments(Brightness(), Brightness(), space, Levels(), Alike())


def faces(*levels):
    return np.stack([np.full((SIZE, SIZE, 3), level, np.uint8) for level in levels])


def photos(real=True, levels=LEVELS):
    attributes = np.zeros((len(levels), 40), bool)
    attributes[:, MALE] = np.array(levels) < 128
    attributes[:, SMILING] = np.array(levels) > 128
    return Photos(faces(*levels), attributes, real, "made <by> hand")


class Families:
    """Two families: plain 80 and 90, edited by the teacher by 60 levels a unit."""

    count, resolution = 2, SIZE

    def family(self, index):
        strengths = np.array([[0, 0], [1.2, 0], [0.8, 0.5], [0, 0.1]], np.float32)
        levels = 80 + 10 * index + 60 * strengths.sum(axis=1)
        return Family(index, np.zeros(512), strengths, faces(*levels))


class Pairs:
    """Men of 60 to 78, and the same by 40 levels brighter, at one strength of 3."""

    count, resolution = 19, SIZE

    def family(self, index):
        condition = np.array([[-1], [2]], np.float32)
        return Family(index, np.zeros(512), condition, faces(60 + index, 100 + index))


@pytest.fixture(scope="module")
def fixed():
    """Adds 0.4 to images in [-1, 1], 51 of 255, at its one strength."""
    image = keras.Input((SIZE, SIZE, 3))
    output = keras.layers.Rescaling(1.0, 0.4)(image)
    network = with_strength(keras.Model(image, output), SIZE, 3.0)
    return Translator("run", network, SIZE, ("feminine",), {"feminine": 3.0})


def test_kid_in_units_of_the_teachers():
    def row(value):
        return {"kernel_distance": {"value": value}}

    assert _ratio(row(0.03), row(0.02)) == 1.5
    assert _ratio(row(0.03), row(-0.001)) is None
    assert _ratio(row(0.03), row(None)) is None
    assert _ratio({"kernel_distance": None}, row(0.02)) is None


@pytest.fixture(scope="module")
def made(translator, instruments, tmp_path_factory):
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
    supplement = Supplement([other], Families(), projection, out / "samples")
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


def test_the_teachers_examples_are_of_one_edit_and_near_its_unit(translator):
    examples = examples_of(Families(), translator, "feminine", 5)
    assert examples.before[:, 0, 0, 0].tolist() == [80, 90]
    assert examples.after[:, 0, 0, 0].tolist() == [152, 162]
    assert examples.strengths == pytest.approx([1.2, 1.2])
    assert len(examples_of(Families(), translator, "feminine", 1).before) == 1
    assert examples_of(Families(), translator, "frown", 5).before.shape == (
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


def test_without_company_the_report_is_whole(translator, instruments, tmp_path):
    report = evaluate(
        translator, photos(real=False), instruments, out=tmp_path, count=2
    )
    feminine = report["edits"]["feminine"]
    assert feminine["strengths"]["1"]["kernel_distance"] is None
    assert feminine["beside"] == {} and "unedited" not in feminine
    text = (tmp_path / "report.html").read_text()
    assert "As training went on" not in text and "Projection" not in text


def test_an_edit_that_nobody_needs_is_left_out(translator, instruments, tmp_path):
    report = evaluate(
        translator, photos(levels=(60, 80, 90)), instruments, out=tmp_path, count=2
    )
    assert list(report["edits"]) == ["feminine", "smile"]


def direction(attribute, sign):
    vector = np.eye(1, 512, dtype=np.float32)[0]
    return Direction("mine", vector, 1.0, [0], attribute, sign, vector, 0.0)


def test_one_fixed_edit_is_tried_as_far_as_it_goes(fixed, instruments, tmp_path):
    pairs = Supplement(families=Pairs())
    report = evaluate(fixed, photos(), instruments, out=tmp_path, supplement=pairs)
    (feminine,) = report["edits"].values()
    assert list(feminine["strengths"]) == ["0", "0.25", "0.5", "0.75", "1"]
    assert report["outputs"]["count"] == 5 * 4
    full = feminine["strengths"]["1"]
    # 60, 70, 80 and 100 become 111, 121, 131 and 151.
    assert full["reached"] == {"count": 4, "share": 0.5, "low": 0.0, "high": 1.0}
    moved = [row["mean"] for row in feminine["slider"]["mean_moved"]]
    assert moved == [0, 0, 0, 0.25, 0.5]
    # All four women are bright, and stay women.
    assert full["turned_back"]["count"] == 4 and full["turned_back"]["share"] == 0
    wanted, translated = (feminine["beside"][of] for of in (HELD_OUT, TRANSLATED))
    assert feminine["held_out_mean_strength"] == 1
    assert wanted["mean_absolute_pixel_change"]["mean"] == pytest.approx(40)
    assert translated["mean_absolute_pixel_change"]["mean"] == pytest.approx(51)
    # 11 levels too bright, of the 40 that were wanted; a change without any detail.
    assert feminine["drawn"]["missing_l1"] == pytest.approx(11 / 40)
    assert set(feminine["drawn"]["octaves"].values()) == {None}
    assert "from the photo to strength 1." in page_of(tmp_path).lower()


def page_of(folder):
    return (folder / "report.html").read_text()


def test_those_who_have_it_already_may_be_turned_back(fixed, instruments, tmp_path):
    # Brighter is a woman: whom "masculine" finds among men it turns back.
    strange = Translator("run", fixed.network, SIZE, ("masculine",), {"masculine": 3.0})
    report = evaluate(strange, photos(), instruments, out=tmp_path)
    full = report["edits"]["masculine"]["strengths"]["1"]
    assert full["turned_back_before"]["share"] == 0
    assert full["turned_back"] == {"count": 4, "share": 0.5, "low": 0.0, "high": 1.0}
    assert full["moved_of_those_who_have_it"]["mean"] == -0.5
    page = " ".join(page_of(tmp_path).split())
    assert "Of 4 who have it already 50 % (0 to 100) are turned back" in page
    assert "Turned back (%)" in console_table(report)


def test_before_and_after_show_input_output_and_what_was_wanted(
    fixed, instruments, tmp_path
):
    pairs = Supplement(families=Pairs())
    evaluate(fixed, photos(), instruments, out=tmp_path, supplement=pairs)
    grid = read_image(tmp_path / "before_after.jpg")
    # Of 19 pairs two blocks of 8; 2 px between pictures.
    assert grid.shape[0] == 6 * SIZE + 5 * 2
    middle = grid[[16, 50, 84], -16].mean(axis=1)  # the eighth: 67, 67 + 51, 67 + 40
    np.testing.assert_allclose(middle, [67, 118, 107], atol=3)
    assert (tmp_path / "before_after.gif").stat().st_size > 0


def test_of_ones_own_direction_the_file_says_what_it_is_for(
    fixed, instruments, tmp_path
):
    name = "mine.npz"
    own = Translator("run", fixed.network, SIZE, (name,), {name: 3.0})
    directions = [direction("Smiling", -1)]
    report = evaluate(own, photos(), instruments, out=tmp_path, directions=directions)
    values = report["edits"][name]
    assert (values["attribute"], values["present"]) == ("Smiling", False)
    assert values["sources"] == "those with Smiling"
    # Brightness is the smile: 150, 170, 190 and 210 of 255 become 201, ..., 255.
    assert values["strengths"]["1"]["effect"]["moved"]["mean"] < -0.15


def test_of_pairs_that_nobody_explains_the_change_is_reported(
    fixed, instruments, tmp_path
):
    # The folder's name is an edit's, which says nothing of what is in it.
    supplement = Supplement(families=Pairs())
    own = Translator("run", fixed.network, SIZE, ("smile",), {"smile": 3.0})
    report = evaluate(
        own, photos(), instruments, out=tmp_path, directions=[], supplement=supplement
    )
    values = report["edits"]["smile"]
    full = values["strengths"]["1"]
    assert values["attribute"] is None and values["sources"] == "everybody"
    assert full["count"] == 8 and full["effect"] is None and full["reached"] is None
    # The brightest, 210, ends at 255.
    change = full["mean_absolute_pixel_change"]["mean"]
    assert change == pytest.approx((7 * 51 + 45) / 8)
    assert full["identity_cosine"]["mean"] == pytest.approx(1 - change / 255, abs=1e-3)
    assert values["slider"]["monotone"]["count"] == 0
    assert set(values["beside"]) == {HELD_OUT, TRANSLATED}
    page = " ".join(page_of(tmp_path).split())
    assert "so there is no effect to read" in page
    assert "Effect" not in console_table(report) and "50.2" in console_table(report)
    assert (tmp_path / "before_after.jpg").is_file()


def test_top_movers_are_sorted_by_size():
    means = {"A": 0.1, "B": -0.4, "C": None, "D": 0.2}
    moved = {name: {"mean": mean} for name, mean in means.items()}
    assert top_movers(moved, 2) == [("B", -0.4), ("D", 0.2)]


def test_photos_by_the_number_of_edits():
    assert [default_photos(count) for count in (1, 2, 6)] == [120, 120, 48]
