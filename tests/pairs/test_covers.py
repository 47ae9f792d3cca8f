import numpy as np
import pytest

from tf_fsgd.pairs import covers
from tf_fsgd.pairs.covers import covered, draw_cover

FACE = np.full((64, 64, 3), (200, 150, 120), np.uint8)


@pytest.mark.parametrize("kind", sorted(set(covers._KINDS), key=lambda k: k.__name__))
def test_every_kind_hides_a_part_of_the_face_and_not_all_of_it(kind, monkeypatch):
    monkeypatch.setattr(covers, "_KINDS", (kind,))
    hidden = [
        (draw_cover(np.random.default_rng(seed), FACE)[..., 3] > 127).mean()
        for seed in range(20)
    ]
    assert min(hidden) > 0.002
    assert max(hidden) < 0.6
    assert len(set(hidden)) > 10


def test_the_same_draws_give_the_same_cover():
    one, again, other = (
        draw_cover(np.random.default_rng(seed), FACE) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_what_is_opaque_hides_and_what_is_not_shows_in_part():
    cover = np.zeros((1, 3, 4), np.uint8)
    cover[0, :, :3] = 100
    cover[0, :, 3] = 255, 0, 51  # all, nothing, a fifth
    picture = covered(np.full((1, 3, 3), 200, np.uint8), cover)
    assert picture[0, :, 0].tolist() == [100, 200, 180]
