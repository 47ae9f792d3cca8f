"""Teachers by name and from files; what StyleGAN2Teacher adds to its networks."""

import keras
import numpy as np
import pytest
from keras import layers

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.stylegan2.model import StyleGAN2
from tf_fsgd.stylegan2.stylegan2_teacher import StyleGAN2Teacher

ARCHITECTURE = Architecture(16, (8, 8, 4), mapping_layers=2, z_dim=6, w_dim=5)


@pytest.fixture(scope="module")
def model() -> StyleGAN2:
    keras.utils.set_random_seed(3)
    model = StyleGAN2(ARCHITECTURE)
    model.w_avg.assign(np.arange(5.0))
    for layer in model.synthesis_network().layers:
        if hasattr(layer, "noise_strength"):
            layer.noise_strength.assign(0.5)
    return model


def ws_of(teacher: StyleGAN2Teacher) -> np.ndarray:
    w = teacher.mapping(np.random.default_rng(0).normal(size=(2, 6)).astype("f4"))
    return np.repeat(w[:, None], teacher.num_ws, axis=1)


def test_a_converted_file_is_a_teacher(model, tmp_path):
    path = tmp_path / "x.keras"
    model.save(path)
    teacher = load_teacher(str(path), "float32")
    assert (teacher.resolution, teacher.num_ws, teacher.z_dim) == (16, 6, 6)
    assert teacher.w_avg.tolist() == [0, 1, 2, 3, 4]
    ws = ws_of(teacher)
    np.testing.assert_allclose(teacher.synthesis(ws), model.synthesis(ws), atol=1e-5)
    # The name tells the weights, not the file.
    assert teacher.name == StyleGAN2Teacher(model, "float32").name


def test_another_checkpoint_has_another_name(model):
    other = StyleGAN2(ARCHITECTURE)
    assert StyleGAN2Teacher(other).name != StyleGAN2Teacher(model).name


def test_smaller_pictures_are_means_of_the_full_ones_pixels(model):
    teacher = StyleGAN2Teacher(model, "float32")
    ws = ws_of(teacher)
    means = teacher.synthesis(ws).reshape(2, 4, 4, 4, 4, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(teacher.synthesis(ws, resolution=4), means, atol=1e-5)


def test_only_random_noise_differs_from_picture_to_picture(model):
    teacher = StyleGAN2Teacher(model, "float32")
    ws = ws_of(teacher)
    for mode, same in (("const", True), ("none", True), ("random", False)):
        first, second = (teacher.synthesis(ws, noise_mode=mode) for _ in range(2))
        assert np.array_equal(first, second) == same


def test_what_is_no_teacher_is_named(tmp_path):
    with pytest.raises(UserError, match="teacher must be mobile-ffhq, an existing"):
        load_teacher("nobody")
    other = tmp_path / "other.keras"
    keras.Sequential([keras.Input([2]), layers.Dense(1)]).save(other)
    with pytest.raises(UserError, match="not a converted StyleGAN2 but a Sequential"):
        load_teacher(str(other))
    other.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError, match="other.keras: not a converted StyleGAN2"):
        load_teacher(str(other))
    wrong = StyleGAN2Teacher(StyleGAN2(ARCHITECTURE))
    with pytest.raises(UserError, match="noise_mode must be one of const, random"):
        wrong.synthesis(ws_of(wrong), noise_mode="loud")
    with pytest.raises(UserError, match="resolution must be 16 divided"):
        wrong.synthesis(ws_of(wrong), resolution=12)
