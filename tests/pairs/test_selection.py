import itertools

import numpy as np
import pytest

from tf_fsgd.pairs.selection import Drop, Render, five_renders, two_renders

DEGREES = (-1.0, -0.5, 0.0, 0.5, 1.0)


def run(selection, scores):
    """The degrees of the chosen pair, or the reason; and the degrees rendered."""
    rendered = []
    try:
        degree = next(selection)
        while True:
            rendered.append(degree)
            image = np.zeros((1, 1, 3), np.uint8)
            degree = selection.send(Render(degree, image, scores[degree]))
    except StopIteration as stop:
        choice = stop.value
    if not isinstance(choice, Drop):
        choice = tuple(render.degree for render in choice)
    return choice, rendered


@pytest.mark.parametrize(
    ("plain", "edited", "choice", "renders"),
    [
        (0.1, 0.9, (0.0, 1.0), 2),  # certain means at least the confidence
        (0.11, 0.99, Drop.A_UNCERTAIN, 1),  # B is never rendered
        (0.05, 0.89, Drop.B_UNCERTAIN, 2),
    ],
)
def test_two_renders(plain, edited, choice, renders):
    # 0.8999...: 1 - 0.1 is not exactly 0.9 in binary.
    got, rendered = run(two_renders(0.9 - 1e-9), {0.0: plain, 1.0: edited})
    assert got == choice
    assert rendered == [0.0, 1.0][:renders]


@pytest.mark.parametrize(
    ("scores", "choice"),
    [
        ((0.0, 0.0, 0.0, 0.5, 1.0), (0.0, 1.0)),  # plain A, full edit
        ((0.0, 0.0, 0.0, 1.0, 1.0), (0.0, 1.0)),  # the full one although less would do
        ((0.0, 0.0, 0.5, 1.0, 1.0), (-0.5, 0.5)),  # an uncertain plain face: before it
        ((0.0, 0.0, 0.5, 0.5, 1.0), (-0.5, 1.0)),
        ((0.0, 0.0, 1.0, 1.0, 1.0), (-0.5, 0.5)),
        ((0.0, 0.5, 1.0, 1.0, 1.0), (-1.0, 0.0)),
        ((0.0, 0.5, 0.5, 1.0, 1.0), (-1.0, 0.5)),
        ((0.0, 0.5, 0.5, 0.5, 1.0), (-1.0, 1.0)),
        ((0.5, 0.0, 0.0, 1.0, 1.0), Drop.A_UNCERTAIN),  # an end is not certain
        ((0.0, 0.0, 0.0, 1.0, 0.5), Drop.B_UNCERTAIN),
        ((1.0, 0.5, 0.5, 0.5, 0.0), Drop.A_UNCERTAIN),  # opposite, the wrong way round
    ],
)
def test_five_renders(scores, choice):
    assert run(five_renders(0.9), dict(zip(DEGREES, scores, strict=True)))[0] == choice


def test_five_renders_keeps_its_promises_on_every_set():
    for values in itertools.product((0.0, 0.5, 1.0), repeat=5):
        scores = dict(zip(DEGREES, values, strict=True))
        choice, rendered = run(five_renders(0.9), scores)
        assert len(rendered) == len(set(rendered)) <= 5
        ends_certain = values[0] == 0.0 and values[-1] == 1.0
        assert isinstance(choice, tuple) == ends_certain
        if ends_certain:
            a, b = choice
            assert {a, b} <= set(rendered)
            assert (scores[a], scores[b]) == (0.0, 1.0)
            assert b - a >= 1.0
            assert (a == 0.0) == (scores[0.0] == 0.0)
