"""Checkpoints as Keras models: the verb, and the cache behind `--teacher FILE`."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_fsgd.cli.convert import convert
from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import sha256
from tf_fsgd.stylegan2.checkpoints import converted as cache
from tf_fsgd.stylegan2.checkpoints.converted import converted

GOLDEN = Path(__file__).parents[1] / "golden"
CHECKPOINT = GOLDEN / "tf_config_f.pkl"


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "converted"


def assert_is_the_golden_model(path):
    golden = np.load(CHECKPOINT.with_suffix(".npz"))
    model = keras.saving.load_model(path)
    np.testing.assert_allclose(model.mapping(golden["z"]), golden["w"], atol=1e-5)
    np.testing.assert_array_equal(model.w_avg, golden["w_avg"])


def test_the_verb_says_what_it_read(tmp_path, capsys):
    out = tmp_path / "new" / "network.keras"
    convert(CHECKPOINT, out)
    assert capsys.readouterr().out.splitlines() == [
        f"{CHECKPOINT}: StyleGAN2 TensorFlow pickle",
        "  resolution    8 px",
        "  channels      12 12 from 4x4 up",
        "  filter        1 3 3 1",
        "  mapping       8 layers, z 16, w 16, 4 rows of W+",
        # 8 layers of 16 x 16 + 16; 3 convolutions of 12 x 12 x 9 + 12 + 1 and 2 image
        # heads of 12 x 3 + 3, each with a style of 16 x 12 + 12; 4 x 4 x 12 constants.
        f"  generator     {8 * 272 + 3 * 1309 + 2 * 39 + 5 * 204 + 192:,} parameters",
        # From RGB 48, block 2 x 1308 + 144, end 13 x 12 x 9 + 12, 192 x 12 + 12, 13.
        f"  discriminator {48 + 2760 + 1416 + 2316 + 13:,} parameters",
        str(out),
    ]
    assert_is_the_golden_model(out)


def test_the_verb_leaves_nothing_when_it_refuses(tmp_path):
    with pytest.raises(UserError, match=r"out must end in \.keras, received .*out\.h5"):
        convert("stylegan2-ffhq-config-e", tmp_path / "out.h5")
    with pytest.raises(UserError, match="a StyleGAN3 pickle"):
        convert(GOLDEN / "stylegan3.pkl", tmp_path / "out.keras")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_converted_once(tmp_path, cache_folder, monkeypatch):
    path = converted(CHECKPOINT)
    assert path == cache_folder / f"{sha256(CHECKPOINT)}-{cache.LAYOUT}.keras"
    assert_is_the_golden_model(path)
    copy = tmp_path / "another name.pkl"
    copy.write_bytes(CHECKPOINT.read_bytes())
    monkeypatch.setattr(cache, "read_checkpoint", None)  # would fail
    assert converted(copy) == path


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_cache_entry_is_made_again(damage, monkeypatch, caplog):
    def write(_, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.weights.h5", b"weights " * 20)

    monkeypatch.setattr(cache, "write_keras", write)
    path = converted(CHECKPOINT)
    whole = path.read_bytes()
    flipped = whole.replace(b"weights weights", b"weights Weights")
    path.write_bytes({"flip": flipped, "cut": whole[:-30], "empty": b""}[damage])
    assert converted(CHECKPOINT) == path
    assert path.read_bytes() == whole
    assert "; it is made again" in caplog.text
    caplog.clear()
    assert converted(CHECKPOINT) == path
    assert caplog.text == ""


def test_what_is_no_checkpoint_is_not_cached(cache_folder, tmp_path):
    with pytest.raises(UserError, match="a StyleGAN1 pickle"):
        converted(GOLDEN / "stylegan1.pkl")
    with pytest.raises(UserError, match="none.pkl: no such file"):
        converted(tmp_path / "none.pkl")
    assert not cache_folder.exists()
