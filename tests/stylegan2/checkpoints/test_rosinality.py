"""Rosinality's files as trainings leave them: names that hold nothing, wrappers."""

import argparse
import datetime
import io
import pickle
import sys
import types
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import rosinality
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint
from tf_fsgd.stylegan2.checkpoints.torch_tensors import open_zip, read_zip, torch_folder

GOLDEN = Path(__file__).parents[1] / "golden" / "rosinality_zip.pt"


class Saver(pickle.Pickler):
    """Pickles NumPy arrays as `torch.save` pickles tensors; keeps their bytes."""

    def __init__(self, file):
        super().__init__(file, 2)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, memoryview):
            return None
        self.storages.append(value.tobytes())
        named = sys.modules["torch"].FloatStorage
        number = str(len(self.storages) - 1)
        return "storage", named, number, "cpu", value.nbytes // 4

    def reducer_override(self, value):
        if not isinstance(value, np.ndarray):
            return NotImplemented
        value = np.ascontiguousarray(value, "<f4")
        steps = tuple(step // 4 for step in value.strides)
        storage = memoryview(value.reshape(-1))
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (storage, 0, value.shape, steps, False, {})


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Writes a dictionary of arrays as `torch.save` would."""
    for module, name, value in (
        ("torch", "FloatStorage", type("FloatStorage", (), {})),
        ("torch._utils", "_rebuild_tensor_v2", lambda *_: None),
    ):
        value.__module__, value.__qualname__ = module, name
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
        setattr(sys.modules[module], name, value)

    def write(content):
        program = io.BytesIO()
        saver = Saver(program)
        saver.dump(content)
        path = tmp_path / "550000.pt"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("550000/data.pkl", program.getvalue())
            for number, storage in enumerate(saver.storages):
                archive.writestr(f"550000/data/{number}", storage)
        return path

    return write


@pytest.fixture
def content():
    """What the golden file holds, `g_ema`, `d` and `latent_avg`, as arrays."""
    with open(GOLDEN, "rb") as file, open_zip(file) as archive:
        stored = read_zip(archive, torch_folder(archive), rosinality.GLOBALS)
        return {
            "g_ema": {name: value.numpy() for name, value in stored["g_ema"].items()},
            "d": {name: value.numpy() for name, value in stored["d"].items()},
            "latent_avg": stored["latent_avg"].numpy(),
        }


def assert_same(found, expected):
    assert found.architecture == expected.architecture
    for part in ("mapping", "synthesis", "discriminator"):
        ours, theirs = getattr(found, part), getattr(expected, part)
        assert ours.keys() == theirs.keys() != set()
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_a_mean_that_is_none_is_drawn_as_where_there_is_none(save, content):
    del content["latent_avg"]
    missing = read_checkpoint(save(content))
    absent = read_checkpoint(save(content | {"latent_avg": None}))
    assert_same(absent, missing)
    w = np.random.RandomState(7).randn(50_000, 16)
    w /= np.sqrt(np.mean(w**2, axis=1, keepdims=True) + 1e-8)
    for index in range(absent.architecture.mapping_layers):
        w = w @ absent.mapping[f"dense{index}/kernel"]
        w += absent.mapping[f"dense{index}/bias"]
        w = np.where(w < 0, 0.2 * w, w) * np.sqrt(2)
    assert np.abs(absent.mapping["w_avg"]).max() > 4  # it was 0
    np.testing.assert_allclose(absent.mapping["w_avg"], w.mean(axis=0), atol=0.15)


def test_networks_that_are_none_are_as_missing(save, content):
    whole = read_checkpoint(GOLDEN)
    moved = {"g": content["g_ema"], "g_ema": None, "d": None}
    found = read_checkpoint(save(content | moved))
    assert found.discriminator == {}
    np.testing.assert_array_equal(
        found.synthesis["b8.conv0/kernel"], whole.synthesis["b8.conv0/kernel"]
    )


def test_noise_that_is_none_is_as_missing(save, content):
    """Files from before February 2020 have none, and none is applied."""
    noises = [name for name in content["g_ema"] if name.startswith("noises.")]
    assert len(noises) == 5
    content["g_ema"] |= dict.fromkeys(noises)
    found = read_checkpoint(save(content)).synthesis
    assert not found["b16.conv1/noise"].any() and found["b16.conv1/noise"].size == 256


@pytest.mark.parametrize("value", ["missing", None])
@pytest.mark.parametrize(
    "name",
    ["noises.noise_0", "style.3.weight", "style.8.weight", "to_rgbs.1.bias"],
)
def test_a_gap_is_refused(save, content, name, value):
    """Not taken for a network without noise, or with fewer layers or blocks."""
    if value is None:
        content["g_ema"][name] = None
    else:
        del content["g_ema"][name]
    with pytest.raises(UserError, match=f"without a usable {name}"):
        read_checkpoint(save(content))


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]
)
@pytest.mark.parametrize("alone", [False, True])
def test_wrappers_are_taken_off(save, content, prefix, alone):
    wrapped = {
        key: {f"{prefix}{name}": array for name, array in content[key].items()}
        for key in ("g_ema", "d")
    }
    if alone:
        found = read_checkpoint(save(wrapped["g_ema"])).synthesis
        expected = read_checkpoint(GOLDEN).synthesis
        assert all(np.array_equal(found[name], expected[name]) for name in expected)
    else:
        assert_same(read_checkpoint(save(content | wrapped)), read_checkpoint(GOLDEN))


def test_a_prefix_of_some_names_is_no_wrapper(save, content):
    content["g_ema"]["module.style.1.weight"] = content["g_ema"].pop("style.1.weight")
    with pytest.raises(UserError, match=r"without a usable style\.1\.weight"):
        read_checkpoint(save(content))


def test_arguments_of_a_training_are_passed_over(save, content):
    arguments = argparse.Namespace(
        path=PurePosixPath("/data/ffhq"),
        started=datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC),
        pause=datetime.timedelta(seconds=3),
        rate=np.float64(0.002),
        note=np.str_("second try"),
        dtype=np.float32,
    )
    # NumPy's numbers are no tensors, and pickle as NumPy does.
    found = read_checkpoint(save(content | {"args": arguments}))
    assert_same(found, read_checkpoint(GOLDEN))
