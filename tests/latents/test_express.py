"""Expressions: what is read, which frames are drawn, what a teacher cannot follow."""

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import read_image, to_uint8
from tf_fsgd.latents.directions import Direction, load_direction
from tf_fsgd.latents.expressions import degrees_of, expression_of
from tf_fsgd.latents.samples import sample_w


@pytest.fixture
def raised(tmp_path):
    """Files of directions that brighten rows 0 and 2, and row 3, of the bands."""
    paths = []
    for name, layers in (("even", [0, 2]), ("odd", [3])):
        vector = np.tile(np.array([1, 0, 0], np.float32), (len(layers), 1))
        direction = Direction(
            name=name,
            vector=vector,
            std=0.1,
            layers=layers,
            attribute="Smiling",
            sign=1,
            reading_vector=np.zeros(3),
            reading_bias=0.0,
        )
        direction.save(tmp_path / f"{name}.npz")
        paths.append(str(tmp_path / f"{name}.npz"))
    return paths


def test_edits_are_loaded_by_their_names(raised):
    expression = expression_of({raised[0]: 1.5, "smile": -1.0})
    names = [direction.name for direction in expression.directions.values()]
    assert names == ["even", "smile"]
    with pytest.raises(UserError, match="must be one of .*smile.*received 'ears'"):
        expression_of({"ears": 1.0})


def test_expressions_add_up(raised):
    even, odd = raised
    expression = expression_of({even: 0.75, odd: -1})
    moved = expression.apply(np.zeros((1, 4, 3), np.float32), 2.0)
    # 1 of a direction's file is 2 standard deviations, each 0.1 here:
    # 2 * 0.75 * 2 * 0.1 in rows 0 and 2, 2 * -1 * 2 * 0.1 in row 3.
    np.testing.assert_allclose(moved[0, :, 0], [0.3, 0, 0.3, -0.4], atol=1e-6)
    assert not moved[..., 1:].any()


def test_each_end_of_an_axis_has_its_own_unit():
    ws = np.zeros((1, 18, 512), np.float32)
    older = load_direction("older")
    np.testing.assert_allclose(
        expression_of({"older": 1}).apply(ws, 1.0), older.edit(ws, 3.0)
    )
    back = expression_of({"older": 1}).apply(ws, -1.0)
    np.testing.assert_allclose(back, older.edit(ws, -2.5))
    np.testing.assert_allclose(back, expression_of({"younger": 1}).apply(ws, 1.0))


def test_degrees_by_hand():
    np.testing.assert_allclose(degrees_of(-2, 2, 5, False), [-2, -1, 0, 1, 2])
    # Half way up 1/2, a quarter of the way up smoothstep(1/2) = 1/2.
    np.testing.assert_allclose(degrees_of(-1, 1, 4, True), [-1, 0, 1, 0])
    film = degrees_of(0, 1, 41, True)
    assert film[0] == 0 and film.argmax() in (20, 21)
    assert (film[1:] == film[:0:-1]).all()
    assert degrees_of(3, 5, 1, False).tolist() == [3]


def brightness(path):
    """Of every frame, the grey of the four bands of its first face."""
    with Image.open(path) as file:
        found = []
        for index in range(file.n_frames):
            file.seek(index)
            found.append(np.asarray(file.convert("L"))[4:32:8, 2])
        return np.array(found)


def test_a_film_there_and_back(verb, banded, raised, tmp_path, capsys):
    out = tmp_path / "smile.gif"
    words = ["--edit", raised[0], "--frames", 4, "--from", -0.5, "--to", 0.5]
    assert verb("express", "--seed", 7, *words, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}\n"
    (w,) = sample_w(banded, [7], 0.7)[:, 0]
    expected = w + 0.1 * np.outer([-1, 0, 1, 0], [1, 0, 1, 0])
    np.testing.assert_allclose(brightness(out), to_uint8(expected), atol=2)
    # The two frames at degree 0 are one picture.
    assert len(banded.drawn) == 3


def test_with_strengths_a_film_starts_at_the_plain_face(verb, banded, raised, tmp_path):
    out = tmp_path / "all.webp"
    even, odd = raised
    words = ["--edit", f"{even}=1,{odd}=-0.5", "--frames", 2, "--seeds", "7,8"]
    assert verb("express", *words, "--out", out) == 0
    with Image.open(out) as file:
        assert file.size == (64, 32)
    plain, edited = brightness(out).astype(int)
    steps = 127.5 * 0.1 * np.array([2, 0, 2, -1])
    np.testing.assert_allclose(edited - plain, steps, atol=4)


def test_a_strip_has_a_row_for_every_face(verb, banded, raised, tmp_path):
    out = tmp_path / "strip.png"
    words = ["--seeds", "7-9", "--edit", raised[0], "--frames", 5, "--out", out]
    assert verb("express", *words) == 0
    height, width, _ = read_image(out).shape
    assert height > 3 * 32 and width > 5 * 32
    assert len(banded.drawn) == 15
    # From -1 to 1, that is -2 to 2 standard deviations, in even steps of row 0.
    ws = np.array(banded.drawn).reshape(5, 3, 4, 3)
    np.testing.assert_allclose(np.diff(ws[:, :, 0, 0], axis=0), 0.1, atol=1e-6)
    np.testing.assert_array_equal(np.diff(ws[:, :, 1], axis=0), 0)


def test_a_direction_from_elsewhere_and_rows_that_are_not_there(
    verb, banded, tmp_path, caplog
):
    Direction(
        name="far",
        vector=np.ones(3, np.float32),
        std=0.1,
        layers=[2, 3, 4],
        attribute="Smiling",
        sign=1,
        reading_vector=np.zeros(3),
        reading_bias=0.0,
        facts={"teacher": "mobile-ffhq"},
    ).save(tmp_path / "far.npz")
    out = tmp_path / "far.png"
    words = ["--edit", tmp_path / "far.npz", "--seed", 1, "--frames", 1]
    assert verb("express", *words, "--out", out) == 0
    said = caplog.text  # standard error, where nobody has set up logging
    assert "far: found in the W of mobile-ffhq, banded may do something else" in said
    assert "far: 1 of its 3 rows are left out, banded has rows 0 to 3" in said


@pytest.mark.parametrize(
    "words, reason",
    [
        (["--edit", "ears"], "edit must be one of"),
        (["--edit", "smile=wide"], "edit must look like smile=0.8,younger, received"),
        (["--edit", "smile="], "edit must look like"),
        (["--edit", "smile=nan"], "strength of smile must be -3 to 3, received nan"),
        (["--edit", "smile,smile=2"], "edit must name different edits"),
        (["--edit", ""], "edit must name different edits"),
        (["--edit", "smile", "--out", "smile.txt"], "--out must end in one of .gif"),
        (["--edit", "smile", "--frames", 0], "--frames must be at least 1, received 0"),
        (["--edit", "smile", "--to", "nan"], "--from and --to must be numbers"),
        (["--edit", "smile", "--fps", 0], "fps must be from"),
        (["--edit", "smile"], "is of 512 dimensions, the teacher's W has 3"),
    ],
)
def test_mistakes_cost_one_line_and_no_face(mistake, words, reason):
    assert reason in mistake("express", "--seed", 1, *words)
