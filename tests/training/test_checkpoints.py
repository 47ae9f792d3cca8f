import itertools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.discriminator import multiscale_discriminator
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.presets import PRESETS, preset
from tf_fsgd.storage.archives import write_arrays
from tf_fsgd.training import checkpoints as checkpoints_module
from tf_fsgd.training import state as training_state
from tf_fsgd.training.checkpoints import Checkpoints
from tf_fsgd.training.state import TrainingState


@pytest.fixture
def state(config):
    return TrainingState(config)


@pytest.fixture
def checkpoints(state, tmp_path):
    return Checkpoints(state, tmp_path / "checkpoints")


def values(state):
    return [variable.numpy() for variable in state.variables.values()]


def save_at(checkpoints, state, step):
    for variable in state.variables.values():
        variable.assign(tf.ones_like(variable) * step)
    checkpoints.save()


def test_every_variable_comes_back(state, checkpoints, tmp_path, config):
    draw = np.random.default_rng(0)
    for variable in state.variables.values():
        fresh = draw.integers(1, 100, variable.shape)
        variable.assign(fresh.astype(variable.dtype.as_numpy_dtype))
    checkpoints.save()
    other = TrainingState(config)
    assert Checkpoints(other, tmp_path / "checkpoints").restore()
    for ours, theirs in zip(values(other), values(state), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_state_holds_both_networks_optimizers_and_averages(state):
    weights = sum(
        len(network.trainable_variables)
        for network in (state.generator, state.discriminator)
    )
    # Adam holds two moments a weight, and two counters in all; the step is the last.
    expected = 3 * weights + 2 + len(state.average.variables) + 1
    assert len(state.variables) == expected


def test_without_a_checkpoint_the_state_stays(state, checkpoints):
    before = values(state)
    assert not checkpoints.restore()
    assert checkpoints.paths == []
    for ours, theirs in zip(values(state), before, strict=True):
        assert np.array_equal(ours, theirs)


def test_three_checkpoints_are_kept(state, checkpoints):
    for step in range(1, 6):
        save_at(checkpoints, state, step)
    names = [path.name for path in checkpoints.paths]
    assert names == ["000000006.npz", "000000008.npz", "000000010.npz"]


def test_a_copy_beside_them_is_neither_restored_nor_removed(state, checkpoints):
    save_at(checkpoints, state, 1)
    copy = checkpoints.paths[0].with_name("000000002 copy.npz")
    copy.write_bytes(checkpoints.paths[0].read_bytes())
    for step in (2, 3, 4):
        save_at(checkpoints, state, step)
    assert copy.exists()
    late = copy.rename(copy.with_name("000000008 copy.npz"))
    assert late not in checkpoints.paths
    assert checkpoints.restore()
    assert int(state.step) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_state_that_is_not_finite_is_never_saved(state, checkpoints, bad):
    save_at(checkpoints, state, 1)
    state.step.assign(2)
    state.generator.trainable_variables[0].assign_add(
        tf.fill(state.generator.trainable_variables[0].shape, bad)
    )
    with pytest.raises(UserError, match=r"step 2; last good checkpoint: .*02\.npz"):
        checkpoints.save()
    assert [path.name for path in checkpoints.paths] == ["000000002.npz"]


@pytest.mark.parametrize("damage", ["empty", "cut", "flip", "head"])
def test_a_damaged_checkpoint_is_passed_over(state, checkpoints, damage, caplog):
    save_at(checkpoints, state, 1)
    save_at(checkpoints, state, 2)
    newest = checkpoints.paths[-1]
    content = bytearray(newest.read_bytes())
    half = len(content) // 2
    if damage == "flip":
        # Inside an array's values, not in a name that is written twice.
        half = content.index(np.float32(2).tobytes() * 16, half)
        content[half] ^= 1
        newest.write_bytes(content)
    elif damage == "head":  # which NumPy reads before it compares checksums
        newest.write_bytes(content.replace(b"{'descr'", b"('descr'", 1))
    else:
        newest.write_bytes(content[: half if damage == "cut" else 0])
    state.step.assign(7)
    assert checkpoints.restore()
    assert all((value == 1).all() for value in values(state))
    assert f"{newest}: not a whole checkpoint" in caplog.text
    assert "trying an older one" in caplog.text


def test_when_every_checkpoint_is_damaged_the_user_decides(state, checkpoints):
    save_at(checkpoints, state, 1)
    checkpoints.paths[0].write_bytes(b"no archive")
    with pytest.raises(UserError, match="every checkpoint is damaged"):
        checkpoints.restore()


@pytest.mark.parametrize(("filters", "blocks"), [(6, 1), (4, 2)])
def test_checkpoints_of_another_network_are_refused(
    state, checkpoints, tmp_path, config, filters, blocks
):
    save_at(checkpoints, state, 1)
    config.generator.filters, config.generator.blocks = filters, blocks
    other = TrainingState(config)
    before = values(other)
    with pytest.raises(UserError, match="another config; average/"):
        Checkpoints(other, tmp_path / "checkpoints").restore()
    for ours, theirs in zip(values(other), before, strict=True):
        assert np.array_equal(ours, theirs)


def test_of_several_workers_the_chief_saves(state, checkpoints, monkeypatch):
    monkeypatch.setattr(checkpoints_module.workers, "is_chief", lambda: False)
    save_at(checkpoints, state, 1)
    assert checkpoints.paths == []


def test_workers_that_see_two_folders_are_told(state, checkpoints, monkeypatch):
    save_at(checkpoints, state, 1)
    monkeypatch.setattr(checkpoints_module.workers, "chiefs", lambda mine: 4)
    with pytest.raises(UserError) as caught:
        checkpoints.restore()
    assert str(caught.value) == (
        f"{checkpoints._folder}: the newest checkpoint here is of 2 images, the chief "
        "found one of 4; all workers must see the same folder"
    )


def swapped(config, resolution, edits=0):
    """Two equal layers in a row, in one order or the other."""
    names = ("one", "two") if config.residual else ("two", "one")
    x = image = keras.Input((resolution, resolution, 3), name="image")
    for name in names:
        x = keras.layers.Conv2D(3, 1, name=name)(x)
    return keras.Model(image, x, name="swapped")


def test_equal_layers_that_change_places_keep_their_own_values(
    config, tmp_path, monkeypatch
):
    monkeypatch.setattr(training_state, "build_generator", swapped)
    state = TrainingState(config)
    for number, variable in enumerate(state.variables.values()):
        variable.assign(tf.ones_like(variable) * number)
    Checkpoints(state, tmp_path).save()
    config.generator.residual = False
    other = TrainingState(config)
    order = [variable.path for variable in other.generator.variables]
    assert order == ["two/kernel", "two/bias", "one/kernel", "one/bias"]
    assert Checkpoints(other, tmp_path).restore()
    # Numbered from 0 in the order of the state that was saved: one's kernel first.
    assert (other.generator.get_layer("one").kernel.numpy() == 0).all()
    assert (other.generator.get_layer("two").bias.numpy() == 3).all()
    saved, restored = state.variables, other.variables
    assert saved.keys() == restored.keys()
    for name, variable in saved.items():
        assert np.array_equal(restored[name], variable), name
    assert "generator_optimizer/adam/two_kernel_momentum" in saved


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_names_are_the_same_in_every_state_and_no_two_share_one(config, precision):
    config.training.precision = precision
    states = [TrainingState(config) for _ in range(2)]
    names = [list(state.variables) for state in states]
    assert names[0] == names[1]
    assert "average/stem_conv/kernel" in names[0]
    assert "discriminator_optimizer/adam/iteration" in names[0]
    owners = ("generator", "discriminator", "average")
    owners += ("generator_optimizer", "discriminator_optimizer")
    held = sum(len(getattr(states[0], owner).variables) for owner in owners)
    assert len(names[0]) == held + 1  # and the step


@pytest.mark.parametrize("name", PRESETS)
def test_every_variable_of_a_presets_networks_has_a_path_of_its_own(name):
    config = preset(name)
    # The same layers with fewer channels.
    config.generator.filters = config.discriminator.filters = 4
    resolution, edits = config.pairs.resolution, len(config.axes)
    for network in (
        build_generator(config.generator, resolution, edits),
        multiscale_discriminator(config.discriminator, resolution, edits),
    ):
        # As an optimizer joins them for the names of its moments.
        paths = [variable.path.replace("/", "_") for variable in network.variables]
        assert len(set(paths)) == len(paths)
        assert not re.search(r"_\d+$", " ".join(layer.name for layer in network.layers))


def test_a_numbered_checkpoint_is_refused(state, checkpoints):
    numbered = {
        f"generator/{number}": variable.numpy()
        for number, variable in enumerate(state.variables.values())
    }
    path = checkpoints._folder / "000000002.npz"
    write_arrays(path, numbered)
    before = values(state)
    with pytest.raises(UserError) as caught:
        checkpoints.restore()
    assert str(caught.value) == (
        f"{path}: a checkpoint of format 1, this version goes on with 2; remove "
        f"{path.parent} to train from the start"
    )
    for ours, theirs in zip(values(state), before, strict=True):
        assert np.array_equal(ours, theirs)


def test_averages_start_as_the_weights(state):
    for mean, weight in itertools.zip_longest(
        state.average.get_weights(), state.generator.get_weights()
    ):
        assert np.array_equal(mean, weight)
