"""The one-euro filter by hand, and faces that are followed."""

import numpy as np
import pytest

from tf_fsgd.images.detection import Face
from tf_fsgd.images.tracking import FaceTracker, OneEuro

EYES = 40.0
UPRIGHT = np.array([[0, 0], [40, 0], [20, 25], [20, 45], [-20, 5], [60, 5]], float)


def test_the_first_step_by_hand():
    smooth = OneEuro()
    start = np.zeros((2, 2))
    np.testing.assert_array_equal(smooth(start, EYES, 5.0), start)
    # At 1 Hz a new value weighs (2 pi / 30) / (2 pi / 30 + 1) = 0.1732. Speed: one
    # pixel in x is 30 / 40 = 0.75 eye distances a second, smoothed 0.1299; so the
    # cut-off is 1 + 1.5 * 0.1299 = 1.1949 Hz, whose weight is 0.2002.
    moved = smooth(start + [1, 0], EYES, 5 + 1 / 30)
    np.testing.assert_allclose(moved, [[0.2002, 0], [0.2002, 0]], atol=1e-4)


def test_a_longer_gap_weighs_the_new_value_more():
    smooth = OneEuro()
    start = np.zeros((2, 2))
    smooth(start, EYES, 0.0)
    # A second later 1 Hz weighs 2 pi / (2 pi + 1) = 0.8627; the speed of 1 / 40 becomes
    # 0.0216 and the cut-off 1.0324 Hz, whose weight is 0.8664.
    moved = smooth(start + [1, 0], EYES, 1.0)
    np.testing.assert_allclose(moved[:, 0], 0.8664, atol=1e-4)


def test_trembling_is_damped_and_a_moving_head_is_followed():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, (200, 6, 2))
    smooth = OneEuro()
    still = np.stack([smooth(UPRIGHT + n, EYES, i / 25) for i, n in enumerate(noise)])
    assert still[50:].std(axis=0).mean() < 0.5 * noise[50:].std(axis=0).mean()
    smooth = OneEuro()
    for frame in range(50):  # five eye distances a second
        moving = UPRIGHT + [frame * 5 * EYES / 25, 0]
        last = smooth(moving, EYES, frame / 25)
    assert np.abs(last - moving).max() < 0.25 * EYES


def test_a_jump_is_taken_at_once():
    smooth = OneEuro()
    smooth(UPRIGHT, EYES, 0.0)
    np.testing.assert_array_equal(smooth(UPRIGHT + 300, EYES, 0.04), UPRIGHT + 300)


def face(left: float) -> Face:
    points = UPRIGHT + [left, 100]
    box = np.array([left - 20, 80, left + 60, 160])
    return Face(box, 0.9, points)


class Script:
    """A detector that reads from a script where faces are: lefts by frame."""

    def __init__(self, *frames: list[float]):
        self.frames = frames
        self.searches = self.full_searches = 0

    def detect(self, frame: int, any_way_up: bool) -> list[Face]:
        self.searches += 1
        self.full_searches += any_way_up
        return [face(left) for left in sorted(self.frames[frame])]

    def refine(self, frame: int, points: np.ndarray, mirrored: bool) -> Face | None:
        near = [x for x in self.frames[frame] if abs(x - points[0, 0]) < 40]
        return face(near[0]) if near else None


def follow(*frames: list[float]) -> tuple[list[list[int]], int]:
    script = Script(*frames)
    tracker = FaceTracker(script)
    numbers = [sorted(tracker.update(i, i / 25)) for i in range(len(frames))]
    return numbers, script.searches


def test_numbers_stay_with_faces():
    numbers, searches = follow([100, 300], [110, 290], [120, 280], [130, 270])
    assert numbers == [[1, 2]] * 4
    assert searches == 1, "a face is looked for where it was"


def test_a_lost_face_stays_for_three_frames_and_may_come_back():
    assert follow([100], [], [], [100])[0] == [[1]] * 4
    assert follow([100], [], [], [], [], [100])[0] == [[1]] * 4 + [[], [2]]


def test_a_newcomer_is_found_at_the_next_search():
    frames = [[100]] + [[100, 300]] * 11
    assert follow(*frames)[0] == [[1]] * 10 + [[1, 2]] * 2


def test_only_every_tenth_frame_without_anybody_is_searched_in_full():
    script = Script(*[[]] * 21)
    tracker = FaceTracker(script)
    for frame in range(21):
        assert tracker.update(frame, frame / 25) == {}
    assert (script.searches, script.full_searches) == (21, 3)


def test_two_on_one_face_become_one():
    assert follow([100, 160], [130, 130], [130])[0][2] == [1]


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_squares_are_those_of_the_smoothed_points(shift):
    tracker = FaceTracker(Script([100], [100 + shift]))
    first = tracker.update(0, 0.0)[1]
    second = tracker.update(1, 0.04)[1]
    moved = (second - first)[:, 0]
    assert (moved == 0).all() if shift == 0 else ((0 < moved) & (moved < shift)).all()
