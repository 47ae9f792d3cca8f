"""The whole loop on tiny networks: reproducible, resumable, and it stops at a NaN."""

import copy
import json
import os
import signal

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import read_image, write_image
from tf_fsgd.pairs.source import pictures
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.training import loop
from tf_fsgd.training.checkpoints import newest_values
from tf_fsgd.training.samples import write_training_animation
from tf_fsgd.training.state import TrainingState
from tf_fsgd.translator.translator import load_translator


@pytest.fixture
def stop_after(monkeypatch):
    """Lets something happen after a number of steps of the next `train` only."""

    def arrange(steps: int, event):
        make = loop.make_train_step

        def make_with_event(*args, **kwargs):
            step, done = make(*args, **kwargs), 0
            monkeypatch.setattr(loop, "make_train_step", make)

            def counted(a, b):
                nonlocal done
                losses = step(a, b)
                done += 1
                if done == steps:
                    event()
                return losses

            return counted

        monkeypatch.setattr(loop, "make_train_step", make_with_event)

    return arrange


def killed():
    """As good as kill -9 for the folder: nothing is saved on the way out."""
    raise RuntimeError("killed")


def log_of(run) -> list[dict]:
    return [json.loads(line) for line in run.log.read_text().splitlines()]


def same_weights(one, other) -> bool:
    return all(
        np.array_equal(a, b)
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True)
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, session_config, pairs):
    run = unfinished_or_new(tmp_path_factory.mktemp("uninterrupted"), session_config)
    return loop.train(session_config, run=run, source=pairs), run


@pytest.mark.parametrize(
    ("event", "raised"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGINT), KeyboardInterrupt),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), KeyboardInterrupt),
        (killed, RuntimeError),
    ],
    ids=["ctrl-c", "sigterm", "kill"],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    uninterrupted, config, run, pairs, stop_after, event, raised
):
    expected, other = uninterrupted
    stop_after(3, event)
    with pytest.raises(raised):
        loop.train(config, run=run, source=pairs)
    latest = sorted(path.name for path in run.checkpoints.iterdir())[-1]
    # Checkpoints are due every second step; a request to stop makes one more.
    assert latest == ("000000004.npz" if event is killed else "000000006.npz")
    assert not run.translator.exists()

    resumed = loop.train(config, run=run, source=pairs)

    assert same_weights(resumed, expected)
    assert same_weights(run.load_translator(), expected)
    ours, theirs = log_of(run), log_of(other)
    assert [line["images"] for line in ours] == [2, 4, 6, 8, 10, 12]
    timings = ("images_per_second", "seconds_left")
    for line in ours + theirs:
        for name in timings:
            del line[name]
    assert ours == theirs


def test_the_seed_decides(uninterrupted, tmp_path, config, run, pairs):
    expected, _ = uninterrupted
    assert same_weights(loop.train(config, run=run, source=pairs), expected)
    config.seed = 1
    other = loop.train(config, run=unfinished_or_new(tmp_path, config), source=pairs)
    assert not same_weights(other, expected)


def test_a_finished_training_is_not_done_again(uninterrupted, config, pairs):
    expected, run = uninterrupted
    before = run.log.read_text()
    assert same_weights(loop.train(config, run=run, source=pairs), expected)
    assert run.log.read_text() == before


def test_training_changes_the_faces_it_shows(config, run, pairs):
    faces = pictures(pairs, 0, 2)
    loop.train(config, run=run, source=pairs, faces=faces)
    samples = sorted(path.name for path in run.samples.iterdir())
    assert samples == ["000000000.jpg", "000000006.jpg", "000000012.jpg"]
    first, last = (read_image(run.samples / name) for name in (samples[0], samples[-1]))
    assert first.shape == last.shape
    assert not np.array_equal(first, last)
    assert any(run.tensorboard.iterdir())


def test_a_stray_picture_among_the_grids_costs_nothing(config, run, pairs):
    write_image(run.samples / "holiday.jpg", np.zeros((50, 70, 3), np.uint8))
    loop.train(config, run=run, source=pairs, faces=pictures(pairs, 0, 2))
    assert run.translator.is_file()
    write_training_animation(run.animation, run.samples)
    with Image.open(run.animation) as animation:
        assert animation.n_frames == 3


def test_a_run_that_diverges_stops_and_names_the_last_good_checkpoint(
    config, run, pairs
):
    config.training.checkpoint_every = 2
    # One update makes weights whose squares overflow; the next step cannot be finite.
    config.training.learning_rate = 1e30
    with pytest.raises(UserError, match=r"by step 2; last good checkpoint: .*02\.npz"):
        loop.train(config, run=run, source=pairs)
    assert [path.name for path in run.checkpoints.iterdir()] == ["000000002.npz"]
    assert not run.translator.exists()


@pytest.fixture(scope="module")
def sliders(tmp_path_factory, slider_config, families):
    """A modulated run that nothing stopped, with grids of two faces."""
    run = unfinished_or_new(tmp_path_factory.mktemp("sliders"), slider_config)
    faces = pictures(families, 0, 2)
    return loop.train(slider_config, run=run, source=families, faces=faces), run


def test_a_resumed_run_of_sliders_equals_an_uninterrupted_one(
    sliders, slider_config, families, tmp_path, stop_after
):
    expected, _ = sliders
    run = unfinished_or_new(tmp_path, slider_config)
    stop_after(3, killed)
    with pytest.raises(RuntimeError):
        loop.train(slider_config, run=run, source=families)
    assert [path.name for path in run.checkpoints.iterdir()] == ["000000004.npz"]
    resumed = loop.train(slider_config, run=run, source=families)
    assert same_weights(resumed, expected)


def test_sliders_start_from_another_run(
    sliders, slider_config, families, tmp_path, stop_after
):
    first, first_run = sliders
    config = copy.deepcopy(slider_config)
    config.training.start_from = str(first_run.path)
    config.training.learning_rate = 1e-12  # what it ends with is what it began with
    config.training.checkpoint_every = 2
    run = unfinished_or_new(tmp_path, config)
    stop_after(1, killed)
    with pytest.raises(RuntimeError):
        loop.train(config, run=run, source=families)
    grown = loop.train(config, run=run, source=families)
    for ours, theirs in zip(grown.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_run_brings_its_discriminator(sliders, slider_config):
    _, first_run = sliders
    values = newest_values(first_run.checkpoints)
    state = TrainingState(slider_config)
    network = state.generator
    state.start_from(network, [0, 1], {})
    name = next(name for name in values if name.startswith("discriminator/"))
    assert not np.array_equal(state.variables[name], values[name])
    state.start_from(network, [0, 1], values)
    for name, variable in state.variables.items():
        if name.startswith("discriminator/"):
            np.testing.assert_array_equal(variable, values[name])


def test_training_makes_sliders_that_move(sliders, families):
    network, run = sliders
    translator = load_translator(run.path)
    assert same_weights(translator.network, network)
    face = families.family(0, [0]).images
    np.testing.assert_array_equal(translator.translate(face, {}), face)
    edits = [np.float32([row]) for row in ([1, 0], [-1, 0], [0, 1])]
    edited = [np.asarray(network([face / 127.5 - 1, row])) for row in edits]
    for i in range(3):
        assert np.abs(edited[i] - edited[i - 1]).max() > 1e-6


def test_grids_of_sliders_show_every_edit(sliders):
    _, run = sliders
    samples = sorted(path.name for path in run.samples.iterdir())
    assert samples == ["000000000.jpg", "000000006.jpg", "000000012.jpg"]
    # Five rows, the faces and both ends of two axes, of 32 px and a gap.
    height, width, _ = read_image(run.samples / samples[0]).shape
    assert height // 32 == 5 and width >= 2 * 32
