"""What is shipped runs in LiteRT, as Keras runs it, for several threads at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tf_fsgd.translator.litert import LiteRTNetwork
from tf_fsgd.translator.translator import SHIPPED, load_translator

NAMES = sorted(path.stem for path in SHIPPED.glob("*.json"))


def cases(translator, count):
    """Smooth pictures with a little noise, and strengths of up to 1.5, or shares."""
    rng = np.random.default_rng(0)
    side, axes, colours = (
        translator.resolution,
        len(translator.axes),
        3 * translator.faces,
    )
    images = rng.uniform(-0.8, 0.8, (count, 8, 8, colours)).repeat(side // 8, axis=1)
    noise = rng.normal(0, 0.05, (side, side, colours))
    images = images.repeat(side // 8, axis=2) + noise
    least, most = (-4, 4) if translator.faces == 1 else (0.3, 0.7)
    strengths = rng.uniform(least, most, (count, axes))
    return np.clip(images, -1, 1).astype(np.float32), strengths.astype(np.float32)


def test_every_name_has_its_file():
    assert NAMES == ["mix-128", "mobile-128", "mobile-256", "morph-128"]
    files = {path.name for path in SHIPPED.iterdir()} - {"README.md"}
    assert files == {f"{name}.{kind}" for name in NAMES for kind in ("json", "tflite")}


@pytest.mark.parametrize("name", NAMES)
def test_litert_is_keras_within_a_level(name):
    translator = load_translator(name, task=None)
    assert isinstance(translator.network, LiteRTNetwork)
    images, strengths = cases(translator, 2)
    strengths[1] = 0
    by_litert = translator.network([images, strengths])
    by_keras = np.clip(translator.model([images, strengths]), -1, 1)
    # 1/255 of a range of 2; levels are rounded after that.
    np.testing.assert_allclose(by_litert, by_keras, atol=2 / 255)
    photos = images[..., :3]
    assert np.abs(by_litert[0] - photos[0]).mean() > 0.01
    # At rest it is the picture itself.
    np.testing.assert_array_equal(by_litert[1], np.minimum(photos[1], by_litert.max()))


def test_threads_share_a_translator():
    translator = load_translator("mobile-128")
    images, strengths = cases(translator, 6)
    alone = translator.network([images, strengths])
    with ThreadPoolExecutor(3) as threads:
        shared = threads.map(
            lambda i: translator.network([images[i : i + 1], strengths[i : i + 1]]),
            range(6),
        )
        np.testing.assert_array_equal(np.concatenate([*shared]), alone)
