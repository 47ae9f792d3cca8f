"""What Keras files call the layers: names that stay wherever a class moves.

A finished run's `translator.keras` holds them, so a name that is gone is a run that no
longer loads. A new class adds its name here; none is ever taken away or changed.
"""

import re
import zipfile

import keras
import numpy as np
import pytest

import tf_fsgd.pix2pixhd.blend
import tf_fsgd.pix2pixhd.discriminator
import tf_fsgd.pix2pixhd.generator
import tf_fsgd.stylegan2.loading
import tf_fsgd.training.fused_adam  # noqa: F401
from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.generator import build_generator

NAMES = """
    Blend ConstantInput CrossFade DepthToSpace EndScale Ends Face FusedAdam Gate
    HaarUpsample HalvingAveragePooling2D InstanceNormalization Lowpass Midway
    MinibatchStddev ModulatedConv ModulatedConv2D MultiscaleDiscriminator NoiseBias
    OneByOne ReflectionPadding2D ScaledLeakyReLU Shares SpaceToDepth Spread StyleGAN2
    StyledConv Texture Times ToRGB UpsampleImage
""".split()


def test_these_names_are_registered_and_no_others():
    found = {
        name
        for name, made in keras.saving.get_custom_objects().items()
        if made.__module__.startswith("tf_fsgd.")
    }
    assert found == {f"tf_fsgd>{name}" for name in NAMES}


@pytest.mark.parametrize(
    ("generator", "edits"),
    [
        (GeneratorConfig(filters=4, blocks=1, downsamplings=2), 0),
        (GeneratorConfig("local", 4, 1, 1, norm="instance", strided_ends=False), 0),
        (GeneratorConfig("modulated", 4, blocks=1, side_blocks=1, detail_blocks=1), 2),
    ],
)
def test_a_file_loads_when_its_classes_have_moved(tmp_path, generator, edits):
    network = build_generator(generator, 32, edits)
    draw = np.random.default_rng(0)
    network.set_weights([draw.normal(0, 0.1, w.shape) for w in network.get_weights()])
    path, moved = tmp_path / "translator.keras", tmp_path / "moved.keras"
    network.save(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                text = content.decode()
                content, count = re.subn(r'"tf_fsgd\.[\w.]+"', '"tf_fsgd.gone"', text)
                assert count and "tf_fsgd.pix2pixhd" not in content
                names = set(re.findall(r'"tf_fsgd>(\w+)"', text))
                assert names and names <= set(NAMES)
            new.writestr(name, content)
    images = draw.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    inputs = [images, np.ones((1, edits), np.float32)] if edits else images
    read = keras.models.load_model(moved, compile=False)
    np.testing.assert_array_equal(read(inputs), network(inputs))
