"""Weights as a small file: float16 by name, and what is no such file is one line."""

import keras
import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.storage.weights import load_weights, save_weights


def network(seed, filters=40):
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(filters, 3, name="first")(image)
    return keras.Model(image, keras.layers.Conv2D(3, 1, name="last")(x))


def test_round_trip_to_float16(tmp_path):
    saved, loaded = network(0), network(1)
    save_weights(saved, tmp_path / "weights.npz")
    load_weights(loaded, tmp_path / "weights.npz")
    for ours, theirs in zip(loaded.get_weights(), saved.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16))
    # Two bytes a number, and what names and shapes take.
    size = (tmp_path / "weights.npz").stat().st_size
    assert size < 2 * saved.count_params() + 1200


def spoil_middle(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def save_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(4))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_text("no archive"), "not a file of this network"),
        (lambda path: path.write_bytes(b""), "not a file of this network"),
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "not a file of"),
        (spoil_middle, "not a file of this network"),
        (save_array, "not a file of this network"),
        (lambda path: np.savez(path, first=np.zeros(3)), r"not .*\(first/kernel is m"),
        (lambda path: save_weights(network(0, 41), path), r"not .*\(first/kernel must"),
        (lambda path: save_weights(network(0), path, other=np.ones(3)), r"not .*other"),
    ],
    ids="missing text empty cut flipped array names shapes more".split(),
)
def test_what_is_no_file_of_weights(tmp_path, spoil, message):
    path = tmp_path / "weights.npz"
    save_weights(network(0), path)
    spoil(path)
    untouched = network(1)
    before = untouched.get_weights()
    with pytest.raises(UserError, match=f"weights.npz: {message}"):
        load_weights(untouched, path)
    for ours, theirs in zip(untouched.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_any_damaged_byte_is_one_line_or_harmless(tmp_path):
    path = tmp_path / "weights.npz"
    original = network(0, filters=2)
    save_weights(original, path)
    load_weights(original, path)
    whole = path.read_bytes()
    loaded = network(1, filters=2)
    for place in range(0, len(whole), 11):
        data = bytearray(whole)
        data[place] ^= 255
        path.write_bytes(data)
        try:
            load_weights(loaded, path)
        except UserError:
            continue
        for ours, theirs in zip(
            loaded.get_weights(), original.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
