"""Pure directions: gradients, the regression, corrections, and the matrix, by hand."""

import keras
import numpy as np
import pytest

from tf_fsgd.discovery.gradients import ScoreGradient, collect_gradients
from tf_fsgd.discovery.purity import PurityMatrix, measure_purity
from tf_fsgd.discovery.purity_chart import purity_chart
from tf_fsgd.discovery.ridge import RidgeSolver, corrected, purity_ratio, unit
from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction


class LinearTeacher:
    """A picture of one pixel: three sums of coordinates of W+ `[2, 3]`."""

    name = "linear"
    num_ws = 2
    w_avg = np.zeros(3, np.float32)
    z_dim = 3
    mixing = np.array([[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 2]])

    def __init__(self):
        self.networks = 0

    def mapping(self, z):
        return 0.1 * z

    def synthesis(self, ws, resolution=None):
        pixels = ws.reshape(len(ws), 6) @ self.mixing.T
        return pixels[:, None, None] / 10

    def network(self, resolution):
        self.networks += 1
        ws = keras.Input([2, 3])
        flat = keras.layers.Flatten()(ws)
        dense = keras.layers.Dense(3, use_bias=False)
        pixels = keras.layers.Reshape([1, 1, 3])(dense(flat))
        dense.set_weights([self.mixing.T])
        return keras.Model(ws, pixels)


def squared_scores():
    """Scores: the square of the first pixel's red, and its green times 3."""
    image = keras.Input([1, 1, 3])
    flat = keras.layers.Flatten()(image)
    pick = keras.layers.Dense(2, use_bias=False)
    values = pick(flat)
    pick.set_weights([np.array([[1, 0], [0, 3], [0, 0]])])
    red, green = values[:, :1], values[:, 1:]
    return keras.Model(image, keras.ops.concatenate([red * red, green], axis=1))


def test_gradients_by_hand():
    ws = np.array([[[2, 0, 0], [1, 0, 0]], [[0, 5, 0], [-1, 0, 0]]], np.float32)
    gradients = ScoreGradient(LinearTeacher().network(1), squared_scores())(ws)
    assert gradients.shape == (2, 2, 2, 3)
    # d (a + b)^2 = 2 (a + b) for both rows' first coordinate: 6, then -2.
    np.testing.assert_allclose(gradients[0, 0], [[6, 0, 0], [6, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(gradients[1, 0], [[-2, 0, 0], [-2, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(gradients[:, 1], [[[0, 3, 0], [0, 0, 0]]] * 2)


def test_gradients_are_kept_and_not_taken_for_others(tmp_path):
    teacher = LinearTeacher()
    first = collect_gradients(teacher, squared_scores(), tmp_path, [3, 5], size=1)
    (tmp_path / "gradients-000005.npy").unlink()
    again = collect_gradients(teacher, squared_scores(), tmp_path, [3, 5], size=1)
    np.testing.assert_array_equal(first, again)
    assert teacher.networks == 2
    collect_gradients(teacher, squared_scores(), tmp_path, [5], size=1)
    assert teacher.networks == 2
    with pytest.raises(UserError, match="holds gradients of .*, asked for"):
        collect_gradients(teacher, squared_scores(), tmp_path, [3], psi=1, size=1)


def entangled(faces=40, seed=0):
    """Gradients of 3 scores in 2 rows of 4 dimensions.

    Score 0 likes coordinates 0 and 1 of row 0, score 1 coordinate 1 of row 0 and,
    rarely, of row 1; score 2 coordinate 2 of row 0 or its opposite, by the face.
    """
    rng = np.random.default_rng(seed)
    gradients = np.zeros((faces, 3, 2, 4))
    gradients[:, 0, 0] = [1, 1, 0, 0]
    gradients[:, 0, 1] = [0, 0, 0.5, 0]
    gradients[:, 1, 0] = [0, 1, 0, 0]
    gradients[:, 2, 0, 2] = np.where(np.arange(faces) % 2, 1, -1)
    gradients[:, 0, 0, 2] = 1
    return gradients + 0.01 * rng.normal(size=gradients.shape)


def test_a_pure_direction_avoids_what_others_follow():
    solver = RidgeSolver(entangled(), np.eye(4))
    vector = solver.solve(np.array([1.0, 0, 0]), ridge=0.01)
    first, second = vector / vector[0, 0]
    # Coordinate 1 is score 1's; 2 moves score 2 on every face, though not on average.
    np.testing.assert_allclose(first, [1, 0, 0, 0], atol=0.1)
    np.testing.assert_allclose(second, [0, 0, 0.5, 0], atol=0.1)


def test_the_penalty_spares_what_hardly_varies():
    gradients = np.ones((10, 1, 1, 2))
    solver = RidgeSolver(gradients, np.diag([4.0, 1.0]))
    vector = solver.solve(np.ones(1), ridge=0.1)
    # The shortest way by Mahalanobis' measure: proportional to covariance times ones.
    assert vector[0, 0] / vector[0, 1] == pytest.approx(4)


def test_the_response_is_of_faces_left_out():
    # Two equal faces in every fold but the last, whose faces do the opposite.
    gradients = np.ones((10, 1, 1, 1))
    gradients[[4, 9]] = -1
    response = RidgeSolver(gradients, np.eye(1)).response(ridge=0.0 + 1e-9)
    # Eight faces ask for d = 1, of which those in fold 4 would get -1. Any other fold
    # learns from six faces and two opposite ones: d = (6 - 2) / 8.
    assert response[0, 0] == pytest.approx((8 * 0.5 - 2 * 1.0) / 10, abs=1e-6)


def test_the_ridge_is_the_largest_that_is_pure():
    solver = RidgeSolver(entangled(), np.eye(4))
    ridge = solver.choose_ridge(0)
    assert purity_ratio(solver.response(ridge)[:, 0], 0) >= 3
    # Nothing tells a score from its copy.
    twins = np.repeat(entangled()[:, :1], 2, axis=1)
    twins += 0.01 * np.random.default_rng(1).normal(size=twins.shape)
    solver = RidgeSolver(twins, np.eye(4))
    assert purity_ratio(solver.response(solver.choose_ridge(0))[:, 0], 0) < 3
    assert solver.choose_ridge(0, ignored=[1]) == 3.0


def test_unit_of_rows_by_hand():
    vector, std = unit(np.array([[3.0, 0], [0, 1.0]]), np.diag([4.0, 1.0]))
    # Mean square length (9 + 1) / 2 = 5; variances along the rows 9 * 4 and 1.
    np.testing.assert_allclose(vector, np.array([[3, 0], [0, 1]]) / np.sqrt(5))
    assert std == pytest.approx(np.sqrt((36 + 1) / 5 / 2))


def test_corrections_ask_for_less_of_what_came_unasked():
    truth = np.array([[1.0, 0.2], [0.5, 1.0]])  # columns: what is asked, rows: comes
    asked = []

    def solve(target):
        asked.append(target)
        return target

    best, ratios = corrected(
        solve, np.eye(2), lambda target: truth @ target, wanted=0, rounds=3
    )
    np.testing.assert_array_equal(asked[0], [1, 0])
    assert ratios[0] == 2
    assert max(ratios) > 20
    np.testing.assert_array_equal(best, asked[int(np.argmax(ratios))])


def test_purity_ratio_by_hand():
    moves = np.array([-0.4, 0.9, 0.3, 0.5])
    assert purity_ratio(moves, 1) == pytest.approx(0.9 / 0.5)
    assert purity_ratio(moves, 1, ignored=[3]) == pytest.approx(0.9 / 0.4)
    assert purity_ratio(moves, 0) < 0


ATTRIBUTES = ["Smiling", "High_Cheekbones", "Male", "Narrow_Eyes"]


def matrix():
    return PurityMatrix(
        directions=["smile", "eyes"],
        wanted=["Smiling", "Narrow_Eyes"],
        signs=[1, -1],
        attributes=ATTRIBUTES,
        moves=np.array([[0.9, 0.6, -0.2, 0.1], [0.1, 0.0, 0.1, -0.5]]),
        errors=np.full((2, 4), 0.01),
        faces=100,
    )


def test_the_matrix_counts_strictly_and_says_what_is_the_same():
    smile, eyes = matrix().row(0), matrix().row(1)
    assert (smile["ratio"], smile["pure"]) == (1.5, False)
    assert smile["largest_unwanted"] == ["High_Cheekbones", 0.6]
    assert smile["same_movement"] == ["High_Cheekbones"]
    assert smile["ratio_other_movements"] == 4.5
    assert smile["largest_other"] == ["Male", -0.2]
    # Eyes are meant to become less narrow.
    assert (eyes["moves"], eyes["ratio"], eyes["pure"]) == (-0.5, 5.0, True)
    facts = matrix().facts()["directions"]["eyes"]
    assert facts["all_moves"]["Narrow_Eyes"] == -0.5
    assert facts["standard_errors"]["Male"] == 0.01


def test_the_matrix_as_a_table_and_a_picture():
    lines = matrix().markdown().splitlines()
    assert len(lines) == 4
    assert lines[2].startswith(
        "| smile | Smiling | +0.90 | High_Cheekbones +0.60 | 1.5"
    )
    picture = purity_chart(matrix())
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    # Smiling moves most and stands first: its cell is red, Narrow_Eyes' of eyes blue.
    top = picture[50]
    red, blue = top[..., 0].astype(int) - top[..., 2], None
    assert red.max() > 80
    blue = (picture[..., 2].astype(int) - picture[..., 0]).max()
    assert blue > 60


def test_measured_on_a_linear_teacher():
    def classifier(images):
        logits = np.stack([images[:, 0, 0, 0], 10 * images[:, 0, 0, 1]], axis=1)
        return 1 / (1 + np.exp(-logits))

    direction = Direction(
        name="test",
        vector=np.array([[1, 0, 0], [0, 1, 0]], np.float32),
        std=0.5,
        layers=[0, 1],
        attribute="Smiling",
        sign=1,
        reading_vector=np.zeros(3),
        reading_bias=0.0,
    )
    found = measure_purity(
        [direction], LinearTeacher(), classifier, ["Smiling", "Male"], range(30)
    )
    # Red rises by 0.5 / 10 through row 0; row 1's coordinate 1 does nothing. A seed's
    # red is (w0 + w0) / 10 with w0 = psi * 0.1 z.
    z0 = [np.random.RandomState(seed).randn(3)[0] for seed in range(30)]
    spread = np.std(z0) * 0.7 * 0.1 * 2 / 10
    np.testing.assert_allclose(found.moves, [[0.05 / spread, 0]], rtol=1e-3, atol=1e-3)
    assert found.errors.max() < 1e-3
