"""VGG19 features in the reference's units; where weights are looked for."""

import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.features.vgg19 import (
    VGG19_FILES,
    VGG19_WEIGHTS,
    find_vgg19,
    find_weights,
    vgg19_features,
)

WIDTHS = {
    "block1_conv1": (3, 64),
    "block1_conv2": (64, 64),
    "block2_conv1": (64, 128),
    "block2_conv2": (128, 128),
    "block3_conv1": (128, 256),
    "block3_conv2": (256, 256),
    "block3_conv3": (256, 256),
    "block3_conv4": (256, 256),
    "block4_conv1": (256, 512),
    "block4_conv2": (512, 512),
    "block4_conv3": (512, 512),
    "block4_conv4": (512, 512),
    "block5_conv1": (512, 512),
    "block5_conv2": (512, 512),
    "block5_conv3": (512, 512),
    "block5_conv4": (512, 512),
}
STD = np.array([0.229, 0.224, 0.225], np.float32)


def random_weights(names):
    random = np.random.default_rng(0)
    for name in names:
        cin, cout = WIDTHS[name]
        scale = np.float32((2 / (9 * cin)) ** 0.5)
        kernel = random.standard_normal((3, 3, cin, cout), np.float32) * scale
        yield name, kernel, random.standard_normal(cout, np.float32)


def write_npz(path, names):
    arrays = {}
    for name, kernel, bias in random_weights(names):
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
    np.savez(path, **arrays)
    return path


def images():
    random = np.random.default_rng(1)
    return random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)


def expected_features(names):
    """Caffe's units through the unscaled weights, then features scaled down."""
    x = (images() * STD * 255)[..., ::-1]
    for name, kernel, bias in random_weights(names):
        if name.endswith("conv1") and name != "block1_conv1":
            x = keras.ops.max_pool(x, 2, 2)
        x = keras.ops.relu(keras.ops.conv(x, kernel, padding="same") + bias)
        if name.endswith("conv1"):
            yield x / (255 * STD.mean())


def test_shows_the_network_the_picture_that_the_reference_shows(tmp_path):
    names = list(WIDTHS)[:8]
    model = vgg19_features(write_npz(tmp_path / "vgg.npz", names))
    features = model(images())
    assert len(features) == 3
    for feature, expected in zip(features, expected_features(names[:5]), strict=True):
        np.testing.assert_allclose(feature, expected, rtol=1e-3, atol=1e-4)
    assert not model.trainable_variables


def test_reads_the_file_that_keras_caches(tmp_path):
    path = tmp_path / VGG19_FILES[0]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in WIDTHS]
        for name, kernel, bias in random_weights(WIDTHS):
            group = file.create_group(name)
            group.attrs["weight_names"] = [b"kernel", b"bias"]
            group["kernel"], group["bias"] = kernel, bias
    features = vgg19_features(path)(images())
    assert len(features) == len(VGG19_WEIGHTS) == 5
    for feature, expected in zip(features, expected_features(WIDTHS), strict=True):
        np.testing.assert_allclose(feature, expected, rtol=2e-3, atol=1e-3)


def test_a_block_without_its_predecessor_is_left_out(tmp_path):
    names = [*list(WIDTHS)[:4], "block4_conv1"]
    model = vgg19_features(write_npz(tmp_path / "vgg.npz", names))
    assert [output.shape[-1] for output in model.outputs] == [64, 128]


def test_imagenet_weights_tell_pictures_apart():
    folder = os.environ.get("TF_FSGD_WEIGHTS")
    if not folder or find_vgg19() is None:
        pytest.skip("VGG19's ImageNet weights are not there (TF_FSGD_WEIGHTS)")
    ramp = np.broadcast_to(np.linspace(-1, 1, 64, dtype=np.float32), (64, 64))
    edges = np.where(np.indices((64, 64)).sum(0) % 8 < 4, 1.0, -1.0)
    pictures = np.stack([ramp, edges]).astype(np.float32)[..., None].repeat(3, -1)
    for feature in vgg19_features(find_vgg19())(pictures):
        smooth, busy = np.asarray(feature).mean(axis=(1, 2, 3))
        assert 0.01 < smooth < busy < 10


@pytest.mark.parametrize("name", ["vgg.npz", "vgg.h5"])
def test_refuses_what_is_no_weights_file(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(UserError, match="no such file"):
        vgg19_features(path)
    path.write_text("not found\n")
    with pytest.raises(UserError, match=f"{name}: not VGG19's weights"):
        vgg19_features(path)


def test_refuses_other_weights(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, dense=np.zeros(3))
    with pytest.raises(UserError, match="not VGG19's weights"):
        vgg19_features(path)
    names = list(WIDTHS)[:3]
    arrays = {f"{name}/kernel": np.zeros((3, 3, 3, 32)) for name in names}
    np.savez(path, **arrays, **{f"{name}/bias": np.zeros(32) for name in names})
    with pytest.raises(UserError, match="block1_conv1 must be VGG19's"):
        vgg19_features(path)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty $TF_FSGD_WEIGHTS folder and an empty Keras cache."""
    own, cache = tmp_path / "own", tmp_path / "keras" / "models"
    own.mkdir()
    cache.mkdir(parents=True)
    monkeypatch.setenv("TF_FSGD_WEIGHTS", str(own))
    monkeypatch.setenv("KERAS_HOME", str(cache.parent))
    return own, cache


def test_finds_weights_in_the_users_folder_before_keras_cache(places):
    own, cache = places
    assert find_weights("net.h5") is None
    (cache / "net.h5").touch()
    assert find_weights("net.h5") == cache / "net.h5"
    (own / "net.h5").touch()
    assert find_weights("net.h5") == own / "net.h5"


def test_a_path_given_is_the_only_place_searched(places, tmp_path):
    own, _ = places
    (own / "net.h5").touch()
    given = tmp_path / "given"
    given.mkdir()
    with pytest.raises(UserError, match="given: this folder holds no net.h5"):
        find_weights("net.h5", path=given)
    renamed = given / "renamed.h5"
    renamed.touch()
    assert find_weights("net.h5", path=renamed) == renamed
    with pytest.raises(UserError, match="no such file or folder"):
        find_weights("net.h5", path=Path("missing"))


def test_a_folder_given_for_vgg19_that_has_neither_file(tmp_path):
    with pytest.raises(UserError, match=r"holds no vgg19_.*h5 or vgg19_.*npz"):
        find_vgg19(tmp_path)
    (tmp_path / VGG19_FILES[1]).touch()
    assert find_vgg19(tmp_path) == tmp_path / VGG19_FILES[1]


def test_the_users_folder_must_be_one(places, monkeypatch):
    own, cache = places
    (cache / "net.h5").touch()
    monkeypatch.setenv("TF_FSGD_WEIGHTS", str(own / "typo"))
    with pytest.raises(UserError, match="TF_FSGD_WEIGHTS must be a folder, .*typo"):
        find_weights("net.h5")


def test_prefers_all_blocks(places):
    own, cache = places
    (own / VGG19_FILES[1]).touch()
    assert find_vgg19() == own / VGG19_FILES[1]
    (cache / VGG19_FILES[0]).touch()
    assert find_vgg19() == cache / VGG19_FILES[0]
