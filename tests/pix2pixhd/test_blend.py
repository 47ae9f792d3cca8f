"""A fixed edit's strength: exact at both ends, a line between them."""

import keras
import numpy as np
import pytest

from tf_fsgd.pix2pixhd.blend import Blend, taking_strengths, with_strength


@pytest.mark.parametrize(
    ("strength", "value"),
    [(-1, 0.5), (0, 0.5), (0.5, 0.4), (1.25, 0.25), (2.5, 0.0), (9, 0.0)],
)
def test_mixed_by_hand(strength, value):
    image = keras.Input((4, 4, 3))
    darker = keras.Model(image, keras.layers.Rescaling(1.0, -0.5)(image))
    network = with_strength(darker, 4, unit=2.5)
    assert [each.name for each in network.inputs] == ["image", "strengths"]
    grey = np.full((2, 4, 4, 3), 0.5, np.float32)
    mixed = network([grey, np.array([[strength], [0]], np.float32)])
    mixed = keras.ops.convert_to_numpy(mixed)
    np.testing.assert_allclose(mixed[0], value, atol=1e-7)
    # Each face has a strength of its own.
    np.testing.assert_array_equal(mixed[1], grey[1])


def test_the_layer_is_saved_with_its_unit(tmp_path):
    image = keras.Input((4, 4, 3))
    network = with_strength(keras.Model(image, -image), 4, unit=2.5)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    assert loaded.get_layer("blend").unit == 2.5
    assert keras.saving.get_registered_name(Blend) == "tf_fsgd>Blend"


def test_what_takes_strengths_already_is_left_alone():
    image = keras.Input((4, 4, 3))
    network = taking_strengths(keras.Model(image, -image), 4, unit=2.5)
    assert len(network.inputs) == 2
    assert taking_strengths(network, 4, unit=2.5) is network
