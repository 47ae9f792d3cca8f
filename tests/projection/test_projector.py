"""Projection: known answers on a linear teacher, resume, files, the user's mistakes."""

import re
import signal

import keras
import numpy as np
import pytest

from tf_fsgd.cli import main
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import read_image, resize, to_float, to_uint8, write_image
from tf_fsgd.latents.faces import read_ws
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.projection.likeness import load_likeness
from tf_fsgd.projection.projector import ProjectionSettings, Projector, w_spread
from tf_fsgd.projection.state import ProjectionState, load_state
from tf_fsgd.storage.archives import read_arrays, write_arrays
from tf_fsgd.storage.lease import lease
from tf_fsgd.stylegan2 import loading
from tf_fsgd.stylegan2.teacher import Teacher, reduced

W_DIM = 4


class LinearTeacher(Teacher):
    """32 px in 2 x 2 patches: grey by an orthogonal map of w, a row for each half."""

    name = "linear"
    num_ws = 2
    resolution = 32
    z_dim = 4
    noise_modes = ("const",)
    w_avg = np.array([0.5, 0.0, -0.25, 0.0], np.float32)
    matrix = np.array(
        [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]], np.float32
    ) / np.float32(2)

    def mapping(self, z):
        return self.w_avg + 0.1 * z

    def _build(self, factor, noise_mode):
        ws = keras.Input([self.num_ws, W_DIM])
        grey = keras.ops.matmul(ws, self.matrix)
        # The upper half is of the first row, the lower half of the second.
        grey = keras.ops.concatenate([grey[:, :1, :2], grey[:, 1:, 2:]], axis=1)
        side = self.resolution // 2
        image = keras.ops.repeat(keras.ops.repeat(grey, side, axis=1), side, axis=2)
        image = keras.ops.repeat(image[..., None], 3, axis=-1)
        return reduced(keras.Model(ws, image), factor)


def nothing(images):
    """A likeness that leaves all to the pixels."""
    return [images[:, :1, :1] * 0]


def pixels(images):
    return [images]


def project(projector, photo, steps=None):
    state, target = projector.start(), projector.target(photo)
    for _ in range(steps or projector.settings.steps):
        state, losses = projector.advance(state, target)
    return state, losses


def photo_of(w):
    """What the linear teacher draws, `[32, 32, 3]`."""
    teacher = LinearTeacher()
    return teacher.synthesis(broadcast(np.float32(w)[None], teacher.num_ws))[0]


def test_spread_is_that_of_w():
    # 4 numbers of standard deviation 0.1: the root of 4 * 0.01.
    assert w_spread(LinearTeacher()) == pytest.approx(0.2, rel=0.02)


def test_it_starts_at_the_mean_face_and_moves_by_the_rate():
    settings = ProjectionSettings(steps=1, space="w", learning_rate=0.01)
    projector = Projector(LinearTeacher(), 32, pixels, settings)
    w = LinearTeacher.w_avg + np.float32([0.3, -0.3, 0.3, -0.3])
    np.testing.assert_array_equal(projector.start().w, LinearTeacher.w_avg[None])
    state, _ = project(projector, photo_of(w))
    # Adam's first step is the rate, whatever the gradient's size.
    moved = state.w[0] - LinearTeacher.w_avg
    np.testing.assert_allclose(np.abs(moved), 0.01, rtol=1e-3)


@pytest.mark.parametrize("space", ["w", "w+"])
def test_a_linear_teacher_gives_back_its_w(space):
    w = LinearTeacher.w_avg + np.float32([0.3, -0.2, 0.1, 0.4])
    settings = ProjectionSettings(steps=200, space=space, spread=0)
    projector = Projector(LinearTeacher(), 32, pixels, settings)
    state, losses = project(projector, photo_of(w))
    assert sum(losses.values()) < 1e-5
    np.testing.assert_allclose(
        LinearTeacher().synthesis(projector.ws(state.w))[0], photo_of(w), atol=5e-3
    )
    if space == "w":  # each half shows two of w's four numbers: together all of it
        np.testing.assert_allclose(state.w[0], w, atol=5e-3)


def test_losses_by_hand():
    w = LinearTeacher.w_avg + np.float32([0.2, 0, 0, 0])
    settings = ProjectionSettings(steps=10**6, space="w", pixels=0.1)
    projector = Projector(LinearTeacher(), 16, pixels, settings)
    photo = photo_of(w)[::2, ::2]
    # Half of 0.2 is missing in every pixel, and noise of 0.05 * 0.2 is added: that of
    # four numbers, of which each pixel sees an orthogonal mixture. Means of 300 steps.
    state, target = projector.start(), projector.target(photo)
    losses = []
    for step in range(300):
        state = type(state)(step, projector.start().w, *[0 * state.w] * 2, state.trail)
        losses.append(projector.advance(state, target)[1])
    expected = 0.1**2 + 0.01**2
    mean = {name: np.mean([row[name] for row in losses]) for name in losses[0]}
    assert mean["pixels"] == pytest.approx(0.1 * expected, rel=0.05)
    assert mean["likeness"] == pytest.approx(3 * expected, rel=0.05)


def test_a_penalty_keeps_rows_together():
    teacher = LinearTeacher()
    ws = teacher.w_avg + np.float32([[0.4, 0, 0, 0], [-0.4, 0, 0, 0]])
    photo = teacher.synthesis(ws[None])[0]

    def apart(spread):
        settings = ProjectionSettings(steps=150, space="w+", spread=spread)
        state, losses = project(Projector(teacher, 32, pixels, settings), photo)
        distance = np.mean(np.sum((state.w - state.w.mean(axis=0)) ** 2, axis=-1))
        # In units of W's spread, which is 0.2; the last step hardly moves w.
        assert losses["spread"] == pytest.approx(
            spread * distance / 0.2**2, rel=0.1, abs=1e-6
        )
        return distance

    assert apart(1.0) < 0.1 * apart(0.0)


def test_a_saved_state_goes_on_bit_for_bit(tmp_path):
    settings = ProjectionSettings(steps=40, space="w+", seed=3)
    photo = photo_of([1, 0, 0.5, 0])
    whole, _ = project(Projector(LinearTeacher(), 32, pixels, settings), photo)

    half, _ = project(Projector(LinearTeacher(), 32, pixels, settings), photo, steps=17)
    half.save(tmp_path / "state.npz", {"seed": 3})
    state = load_state(tmp_path / "state.npz", {"seed": 3})
    assert state.step == 17
    projector = Projector(LinearTeacher(), 32, pixels, settings)
    while state.step < settings.steps:
        state, _ = projector.advance(state, projector.target(photo))
    for name in ("w", "first", "second", "trail"):
        np.testing.assert_array_equal(getattr(state, name), getattr(whole, name))
    other, _ = project(
        Projector(LinearTeacher(), 32, pixels, ProjectionSettings(40, "w+", seed=4)),
        photo,
    )
    assert (other.w != whole.w).any()


def test_the_trail_is_even_and_ends_at_the_result():
    settings = ProjectionSettings(steps=120, space="w")
    projector = Projector(LinearTeacher(), 32, pixels, settings)
    state, _ = project(projector, photo_of([1, 0, 0.5, 0]))
    assert len(state.trail) == 61
    np.testing.assert_array_equal(state.trail[0], LinearTeacher.w_avg[None])
    np.testing.assert_array_equal(state.trail[-1], state.w)


def test_a_state_of_something_else_is_refused(tmp_path):
    path = tmp_path / "anna" / "state.npz"
    projector = Projector(LinearTeacher(), 32, pixels, ProjectionSettings())
    projector.start().save(path, {"steps": 300, "space": "w"})
    with pytest.raises(UserError, match="anna: holds a projection with steps 300, "):
        load_state(path, {"steps": 200, "space": "w"})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match="state.npz: not the state of a projection"):
        load_state(path, {"steps": 300, "space": "w"})


@pytest.mark.parametrize("text", ["", "{", "[" * 9999, "1" * 5000, "[1]"])
def test_a_state_whose_origin_is_no_object_of_json(tmp_path, text):
    path = tmp_path / "state.npz"
    rows = np.ones((1, 4), np.float32)
    ProjectionState(3, rows, rows, rows, rows[None]).save(path, {})
    arrays = read_arrays(path, "a state")
    write_arrays(path, arrays | {"made_with": np.array(text)})
    with pytest.raises(UserError, match="not the state .*; delete it to start again"):
        load_state(path, {})


def test_a_photo_of_another_size_is_refused():
    projector = Projector(LinearTeacher(), 32, nothing, ProjectionSettings())
    with pytest.raises(UserError, match=r"photo must be \(32, 32, 3\), received"):
        projector.target(np.zeros((16, 16, 3), np.float32))


@pytest.fixture
def command(monkeypatch):
    """The verb with the linear teacher, as typed."""
    monkeypatch.setattr(loading, "load_teacher", lambda name: LinearTeacher())
    monkeypatch.setattr(
        "tf_fsgd.projection.likeness.load_likeness", lambda name: pixels
    )

    def command(*words):
        return main(["project", *map(str, words)])

    return command


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "anna.png"
    write_image(path, to_uint8(photo_of([0.7, 0.1, -0.2, 0.1])))
    return path


def test_the_files_of_a_projection(command, photo, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--steps", 150, "--space", "w", "--save-video")
    assert command(photo, *words, "--out", out) == 0
    assert capsys.readouterr().out == f"1 photos: {out}\n"
    with np.load(out / "anna" / "projected_w.npz") as stored:
        assert stored["w"].shape == (1, 2, W_DIM)
        np.testing.assert_allclose(stored["w"][0, 0], [0.7, 0.1, -0.2, 0.1], atol=0.02)
    ws = read_ws(out / "anna" / "projected_w.npz", LinearTeacher())
    assert ws.shape == (2, W_DIM)
    projected = read_image(out / "anna" / "projected.png").astype(int)
    assert np.abs(projected - read_image(photo)).max() <= 3
    height, width, _ = read_image(out / "anna" / "comparison.png").shape
    assert width == 32 + 2 + 32 and height > 32
    assert (out / "anna" / "projection.webp").exists()


def test_stopped_and_started_again_it_gives_the_same(
    command, photo, tmp_path, monkeypatch, capsys
):
    words = (photo, "--steps", 60, "--out")
    assert command(*words, tmp_path / "whole") == 0
    advance = Projector.advance

    def stopped(self, state, target):
        if state.step == 20:
            signal.raise_signal(signal.SIGINT)
        return advance(self, state, target)

    monkeypatch.setattr(Projector, "advance", stopped)
    assert command(*words, tmp_path / "parts") == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "parts" / "anna" / "projected_w.npz").exists()
    steps = []

    def counted(self, state, target):
        steps.append(state.step)
        return advance(self, state, target)

    monkeypatch.setattr(Projector, "advance", counted)
    assert command(*words, tmp_path / "parts") == 0
    assert steps == list(range(21, 60))
    results = []
    for name in ("whole", "parts"):
        with np.load(tmp_path / name / "anna" / "projected_w.npz") as stored:
            results.append(stored["w"])
    np.testing.assert_array_equal(*results)


def test_one_command_at_a_time(command, photo, tmp_path, capsys):
    with lease(tmp_path / "anna", "project"):
        assert command(photo, "--steps", 3, "--out", tmp_path) == 2
    assert "anna: another command works here" in _line(capsys)
    assert [path.name for path in (tmp_path / "anna").iterdir()] == ["leases"]


def test_other_settings_in_the_same_folder(command, photo, tmp_path, capsys):
    assert command(photo, "--steps", 3, "--out", tmp_path) == 0
    assert command(photo, "--steps", 4, "--out", tmp_path) == 2
    assert "anna: holds a projection with steps 3, asked for 4" in _line(capsys)


def _line(capsys):
    (line,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("error: ")
    ]
    return line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--steps", "0"], "--steps must be at least 1, received 0"),
        (["--seed", "-1"], "--seed must be 0 to 2147483647, received -1"),
        (["--resolution", "16"], "--resolution must be at least 32, received 16"),
        (["--resolution", "48"], "resolution must be 32 divided by a power of two"),
        (["--strength", "1"], "--strength belongs to --edit"),
        (["--edit", "smile", "--strength", "nan"], "strength of smile must be -3 to 3"),
        (["--edit", "nope"], "edit must be one of feminine, "),
        (["missing.png"], "missing.png: no such file or folder"),
        (["{text}"], "text.png: not an image"),
        (["{wide}"], "wide.png: must be square, cut as FFHQ cuts faces, received 9 x"),
        (["{same}"], "folders named as the photos, received 2 named anna"),
    ],
)
def test_mistakes(command, photo, tmp_path, capsys, words, message):
    (tmp_path / "text.png").write_text("no picture")
    write_image(tmp_path / "wide.png", np.zeros((8, 9, 3), np.uint8))
    write_image(tmp_path / "other" / "anna.jpg", np.zeros((8, 8, 3), np.uint8))
    places = {
        "text": tmp_path / "text.png",
        "wide": tmp_path / "wide.png",
        "same": tmp_path / "other",
    }
    words = [word.format(**places) for word in words]
    assert command(photo, *words, "--out", tmp_path / "out") == 2
    assert message in _line(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_generated_face_comes_closer(teacher):
    likeness = load_likeness("classifier")
    z = np.random.RandomState(1).randn(1, teacher.z_dim).astype(np.float32)
    face = teacher.synthesis(broadcast(teacher.mapping(z), teacher.num_ws))[0]
    photo = to_float(resize(to_uint8(face), 128))
    projector = Projector(teacher, 128, likeness, ProjectionSettings(steps=6))
    state, target = projector.start(), projector.target(photo)
    likenesses = []
    for _ in range(6):
        state, losses = projector.advance(state, target)
        likenesses.append(losses["likeness"])
    assert likenesses[-1] < 0.9 * likenesses[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"space": "x"}, "space must be one of w, w+, received 'x'"),
        ({"steps": 0}, "steps must be at least 1, received 0"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0, received 0.0"),
        ({"spread": float("nan")}, "spread must be a finite number, received nan"),
    ],
)
def test_settings_keep_their_rules(settings, message):
    with pytest.raises(UserError, match=re.escape(message)):
        Projector(LinearTeacher(), 32, nothing, ProjectionSettings(**settings))
