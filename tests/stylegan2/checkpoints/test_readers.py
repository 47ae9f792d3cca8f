"""Foreign checkpoints: what is read from them.

The golden files are the references' own (`make_stylegan2_golden_*.py`); the networks
that these weights give are compared with the references' elsewhere.
"""

import io
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import reading, tensorflow_pickle
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint
from tf_fsgd.stylegan2.checkpoints.torch_tensors import (
    LEGACY_MAGIC,
    TENSORS,
    load_from_bytes,
    open_zip,
    read_legacy,
    read_zip,
)
from tf_fsgd.stylegan2.checkpoints.unpickling import unpickle

GOLDEN = Path(__file__).parents[1] / "golden"
SMALL = (12, 12, 8)
"""Channels of most golden files."""

READ = {
    # File: format, channels, layers of the mapping network, filter, clamp, group
    "tf_config_e.pkl": ("TensorFlow pickle", (12, 12, 8, 4), 8, (1, 3, 3, 1), None, 4),
    "tf_config_f.pkl": ("StyleGAN2 Tensor", (12, 12), 8, (1, 3, 3, 1), None, 4),
    "ada_tf.pkl": ("StyleGAN2-ADA Tensor", SMALL, 2, (1, 3, 3, 1), None, None),
    "ada_pytorch.pkl": ("stylegan2-ada-pytorch", SMALL, 2, (1, 3, 3, 1), None, 4),
    "ada_pytorch_clamp.pkl": ("stylegan2-ada", SMALL, 8, (1, 2, 2, 1), 1.5, 8),
    "stylegan3_stylegan2.pkl": ("StyleGAN3", (12, 12, 6), 4, (1, 3, 3, 1), 256, 4),
    "rosinality_zip.pt": ("rosinality", (12, 12, 12), 8, (1, 3, 3, 1), None, 4),
    "rosinality_legacy.pt": ("rosinality", (12, 12, 12), 2, (1, 3, 3, 1), None, 4),
}


@pytest.mark.parametrize("file", READ)
def test_sizes_come_from_the_file(file, tmp_path):
    renamed = tmp_path / "stylegan2-ffhq-config-f.pkl"  # names mean nothing
    renamed.write_bytes((GOLDEN / file).read_bytes())
    checkpoint = read_checkpoint(renamed)
    form, channels, layers, taps, clamp, group = READ[file]
    sizes = checkpoint.architecture
    assert form in checkpoint.format
    assert sizes.resolution == 4 * 2 ** (len(channels) - 1)
    assert sizes.channels == sizes.discriminator_channels == channels
    assert (sizes.mapping_layers, sizes.resample_filter) == (layers, taps)
    assert sizes.conv_clamp == sizes.discriminator_clamp == clamp
    assert (sizes.mbstd_group_size, sizes.mbstd_num_channels) == (group, 1)


@pytest.mark.parametrize("file", READ)
def test_the_mapping_network_is_the_references(file):
    """In NumPy, for transposed kernels and forgotten factors would show here."""
    checkpoint = read_checkpoint(GOLDEN / file)
    golden = np.load((GOLDEN / file).with_suffix(".npz"))
    w = _mapping(checkpoint, golden["z"])
    np.testing.assert_allclose(w, golden["w"], atol=1e-5)
    w_avg = checkpoint.mapping["w_avg"]
    if file != "rosinality_legacy.pt":
        np.testing.assert_array_equal(w_avg, golden["w_avg"])
    else:  # that file has none
        w = _mapping(checkpoint, np.random.RandomState(7).randn(50_000, 16))
        np.testing.assert_allclose(w_avg, w.mean(axis=0), atol=0.06)


def _mapping(checkpoint, z):
    w = z / np.sqrt(np.mean(z**2, axis=1, keepdims=True) + 1e-8)
    for index in range(checkpoint.architecture.mapping_layers):
        w = w @ checkpoint.mapping[f"dense{index}/kernel"]
        w += checkpoint.mapping[f"dense{index}/bias"]
        w = np.where(w < 0, 0.2 * w, w) * np.sqrt(2)
    return w


def test_styles_noise_and_up_convolutions_by_hand():
    """Against the arrays of the file: TensorFlow adds 1 to styles, and turns kernels
    that double the size around; noise is numbered from the smallest layer."""
    with open(GOLDEN / "tf_config_e.pkl", "rb") as file:
        content = unpickle(file, tensorflow_pickle.GLOBALS)
    own = content[2].component("synthesis").variables()
    weights = read_checkpoint(GOLDEN / "tf_config_e.pkl").synthesis
    close = np.testing.assert_allclose
    close(weights["b8.conv0.style/bias"], own["8x8/Conv0_up/mod_bias"] + 1)
    close(weights["b32.conv1/noise"], own["noise6"][0, 0])
    kernel = own["8x8/Conv0_up/weight"]  # [3, 3, in, out]
    scaled = kernel[2, 0, 5, 7] / np.sqrt(9 * kernel.shape[2])
    close(weights["b8.conv0/kernel"][0, 2, 7, 5], scaled, rtol=1e-6)
    plain = own["8x8/Conv1/weight"][2, 0] / np.sqrt(9 * 12)
    close(weights["b8.conv1/kernel"][2, 0], plain, rtol=1e-6)


def torch_save(numbers, view, kind="Float", zipped=False):
    """What torch.save writes for one tensor: a storage, and a view (offset, shape,
    strides) of it; by hand, from PyTorch's serialization.py."""
    named = f"ctorch\n{kind}Storage\n".encode()
    storage = b"(U\x07storage" + named + b"U\x010U\x03cpuK%ctQ" % numbers.size
    program = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage
    program += b"".join(pickle.dumps(part, 2)[2:-1] for part in (*view, False, {}))
    program += b"tR."
    stream = io.BytesIO()
    if zipped:
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("x/data.pkl", program)
            archive.writestr("x/byteorder", "little")
            archive.writestr("x/data/0", numbers.tobytes())
        return stream.getvalue()
    for item in (LEGACY_MAGIC, 1001, {"little_endian": True}):
        pickle.dump(item, stream, 2)
    stream.write(program)
    pickle.dump(["0"], stream, 2)
    stream.write(numbers.size.to_bytes(8, "little") + numbers.tobytes())
    return stream.getvalue()


def open_tensor(data):
    if data.startswith(b"PK"):
        with open_zip(io.BytesIO(data)) as archive:
            return read_zip(archive, "x/", TENSORS).numpy()
    return read_legacy(io.BytesIO(data), TENSORS).numpy()


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("Float", np.arange(6, dtype="<f4")),
        ("Half", np.arange(6, dtype="<f2")),
        ("Double", np.arange(6, dtype="<f8")),
        ("Long", np.arange(6, dtype="<i8")),
        # bfloat16 is the upper half of a float32: 0x4040 is 3.
        ("BFloat16", np.array([0, 0x3F80, 0x4000, 0x4040, 0x4080, 0x40A0], "<u2")),
    ],
)
def test_tensors_are_views_of_storages(kind, numbers, zipped):
    data = torch_save(numbers, (0, (2, 3), (3, 1)), kind, zipped)
    assert open_tensor(data).tolist() == [[0, 1, 2], [3, 4, 5]]
    data = torch_save(numbers, (1, (2, 2), (1, 3)), kind, zipped)  # transposed
    assert open_tensor(data).tolist() == [[1, 4], [2, 5]]
    assert open_tensor(data).dtype == np.float32
    data = torch_save(numbers, (5, (), ()), kind, zipped)
    assert open_tensor(data).tolist() == 5


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(
    ("view", "message"),
    [
        ((0, (2**20, 2**20), (0, 0)), "larger than its storage"),
        ((1, (6,), (1,)), "outside of its storage"),
        ((0, (2,), (6,)), "outside of its storage"),
        ((-1, (2,), (1,)), "without storage or shape"),
        ((0, (2, 3), (1,)), "ValueError"),
    ],
)
def test_tensors_stay_within_their_storage(view, message, zipped):
    with pytest.raises(UserError, match=message):
        open_tensor(torch_save(np.arange(6, dtype="<f4"), view, zipped=zipped))


def test_one_storage_does_not_make_many_weights():
    data = torch_save(np.arange(6, dtype="<f4"), (0, (6,), (1,)))
    tensor = read_legacy(io.BytesIO(data), TENSORS)
    with pytest.raises(UserError, match="many of its tensors are the same numbers"):
        for _ in range(10):
            tensor.numpy()


@pytest.mark.parametrize("zipped", [False, True])
def test_every_shorter_tensor_is_refused(zipped):
    data = torch_save(np.arange(6, dtype="<f4"), (0, (6,), (1,)), zipped=zipped)
    for length in range(len(data)):
        with pytest.raises(UserError):
            open_tensor(data[:length])


def test_nothing_is_called_inside_of_a_storage(tmp_path):
    """A storage in a plain pickle is a file of torch.save of its own."""
    done = tmp_path / "done"
    evil = b"\x80\x02cposix\nsystem\nU%ctouch %s\x85R." % (
        len(str(done)) + 6,
        bytes(done),
    )
    parts = [pickle.dumps(part, 2) for part in (LEGACY_MAGIC, 1001, {})]
    with pytest.raises(UserError, match="refused, the pickle asks for posix.system"):
        load_from_bytes(b"".join(parts) + evil)
    tensor = torch_save(np.arange(6, dtype="<f4"), (0, (6,), (1,)))
    with pytest.raises(UserError, match="asks for torch._utils._rebuild_tensor_v2"):
        load_from_bytes(tensor)
    assert not done.exists()


@pytest.mark.parametrize("packed", ["x/data.pkl", "x/data/0"])
def test_packed_archives_are_refused(packed):
    """10 MB of zeros pack to 10 kB, and gigabytes to little more."""
    whole = torch_save(np.zeros(6, "<f4"), (0, (6,), (1,)), zipped=True)
    bomb = io.BytesIO()
    with open_zip(io.BytesIO(whole)) as old, zipfile.ZipFile(bomb, "w") as new:
        for name in old.namelist():
            if name == packed:
                zeros = bytes(10_000_000)
                new.writestr(name, zeros, compress_type=zipfile.ZIP_DEFLATED)
            else:
                new.writestr(name, old.read(name))
    assert len(bomb.getvalue()) < 20_000
    with pytest.raises(UserError, match="another size than it should"):
        open_tensor(bomb.getvalue())


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html><head><title>Google Drive", "a web page, not a check"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"),
        (b"latent codes\n1 2 3\n", "a text file"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "neither a pickle nor a file of torch.save"),
        (b"PK\x03\x04 and no more", "a damaged or incomplete zip archive"),
        (pickle.dumps([1, 2]), "a pickle of a list without a StyleGAN2 generator"),
        (pickle.dumps({"mean": 1, "cov": 2}), r"StyleGAN2 generator .*mean, cov\)"),
    ],
)
def test_files_of_another_kind_say_what_they_are(tmp_path, start, message):
    file = tmp_path / "network.pkl"
    file.write_bytes(start)
    with pytest.raises(UserError, match=f"^{file}: .*{message}"):
        read_checkpoint(file)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["w.npy"], "a NumPy archive such as a projector's w.npz"),
        (["model.weights.h5", "config.json"], "a Keras model already"),
        (["inception/constants.pkl", "inception/data.pkl"], "a TorchScript program"),
        (["photo.png"], "a zip archive, not"),
    ],
)
def test_archives_of_another_kind_say_what_they_are(tmp_path, names, message):
    file = tmp_path / "network.pt"
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    with pytest.raises(UserError, match=message):
        read_checkpoint(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="none.pkl: no such file"):
        read_checkpoint(tmp_path / "none.pkl")


@pytest.mark.parametrize("file", READ)
def test_damage_is_always_a_user_error(file):
    """Seeded; whatever is flipped, the file is read or refused in one line."""
    whole = (GOLDEN / file).read_bytes()
    state = random.Random(0)
    for _ in range(10):
        data = bytearray(whole)
        for _ in range(4):
            data[state.randrange(len(data))] = state.randrange(256)
        for damaged in (data, whole[: state.randrange(len(whole))]):
            try:
                with np.errstate(all="ignore"):
                    reading._read(io.BytesIO(bytes(damaged)))
            except UserError as refusal:
                assert "\n" not in str(refusal)
