import keras
import numpy as np
import pytest

from tf_fsgd.backend.hardware import dtype_policy
from tf_fsgd.errors import UserError
from tf_fsgd.training import precision
from tf_fsgd.training.precision import resolve_policy, with_policy


@pytest.mark.parametrize("name", precision.POLICIES)
def test_a_named_policy_is_taken(name):
    assert resolve_policy(name) == name


def test_auto_is_what_the_hardware_computes_fast(monkeypatch):
    monkeypatch.setattr(precision, "fast_policy", lambda: "mixed_bfloat16")
    assert resolve_policy("auto") == "mixed_bfloat16"


def test_an_unknown_precision_is_the_users_mistake():
    with pytest.raises(UserError, match="training.precision.*'float8'"):
        resolve_policy("float8")


def test_the_global_policy_comes_back():
    before = keras.config.dtype_policy()
    with pytest.raises(RuntimeError), dtype_policy("mixed_bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise RuntimeError
    assert keras.config.dtype_policy() == before


def test_with_policy_keeps_the_weights_and_changes_the_arithmetic():
    image = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(4, 3, activation="relu")(image)
    normed = keras.layers.BatchNormalization()(first)
    model = keras.Model(image, [first, keras.layers.Conv2D(4, 3)(normed)])
    copy = with_policy(model, "mixed_bfloat16")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 8, 8, 3)).astype("float32")
    for ours, theirs in zip(copy(x), model(x), strict=True):
        assert ours.dtype == "bfloat16"
        # bfloat16 has 8 bits of precision.
        assert np.allclose(np.asarray(ours, "float32"), theirs, atol=0.03)
    assert copy.trainable_variables == []
    assert all(weight.dtype == "float32" for weight in copy.weights)
    assert model.trainable_variables != []
