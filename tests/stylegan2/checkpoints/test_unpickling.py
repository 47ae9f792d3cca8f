"""The restricted pickle machine: what it rebuilds, and what it refuses to do."""

import argparse
import collections
import datetime
import decimal
import io
import os
import pathlib
import pickle
import tracemalloc
import types
import uuid

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import inert_objects, unpickling
from tf_fsgd.stylegan2.checkpoints.inert_objects import Dictionary, InertObject, values
from tf_fsgd.stylegan2.checkpoints.unpickling import unpickle

PROTOCOLS = (2, 3, 4, 5)


def read(data: bytes):
    return unpickle(io.BytesIO(data), {})


class Call:
    """Pickles as a call, which plain `pickle.loads` would make."""

    def __init__(self, function, *arguments, state=None):
        self.parts = function, arguments, state

    def __reduce__(self):
        return self.parts


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(3, dtype=">f2"),
        np.array([True, False]),
        np.array(2.5, np.float32),
        np.float32(2.5),
        np.zeros((0, 3), np.int64),
    ],
)
def test_arrays_come_back(array, protocol):
    found = values(read(pickle.dumps(array, protocol)))
    np.testing.assert_array_equal(found, array)
    assert found.dtype.kind == array.dtype.kind


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_come_back(protocol):
    plain = {"a": [1, 2.5, None, True], 3: ("x", b"\x00\xff"), "s": {1, 2}, "b": 2**70}
    assert read(pickle.dumps(plain, protocol)) == plain
    ordered = collections.OrderedDict(b=1, a=2)
    ordered._metadata = {"version": 1}  # as PyTorch's state dictionaries have
    found = read(pickle.dumps(ordered, protocol))
    assert type(found) is Dictionary and list(found.items()) == [("b", 1), ("a", 2)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "value",
    [
        pathlib.PosixPath("/data/ffhq"),
        pathlib.PureWindowsPath("C:/data"),
        datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC),
        datetime.date(2024, 5, 1),
        datetime.timedelta(hours=2),
        argparse.Namespace(lr=0.002, out=pathlib.PurePosixPath("runs")),
        types.SimpleNamespace(lr=0.002),
        decimal.Decimal("0.002"),
        uuid.UUID(int=3),
        np.str_("ffhq"),
        np.datetime64("2024-05-01"),
        range(3),
        1 + 2j,
        slice(1, 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_arguments_of_a_training_stay_inert(value, protocol):
    found = read(pickle.dumps({"args": [value], "step": 5}, protocol))
    assert found["step"] == 5
    assert type(found["args"][0]) is InertObject


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_an_argument_held_is_kept_unevaluated(protocol):
    namespace = argparse.Namespace(lr=0.5, out=pathlib.PurePosixPath("runs/a"))
    found = read(pickle.dumps(namespace, protocol))
    assert found.state["lr"] == 0.5
    assert found.state["out"].arguments == ("runs", "a")
    assert read(pickle.dumps([np.float32, np.int64], protocol)) == [InertObject] * 2


def test_a_python_2_array_comes_back():
    """By hand: bytes are text to Python 2. 1.0 and -2.0, little-endian float32."""
    data = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b"
        b"\x87R(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff"
        b"\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tb."
    )
    assert values(read(data)).tolist() == [1.0, -2.0]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda file: Call(os.system, f"touch {file}"), "posix.system"),
        (lambda file: Call(eval, f"open({file!r}, 'w')"), "builtin.*.eval"),
        (lambda file: Call(exec, f"open({file!r}, 'w')"), "builtin.*.exec"),
        (lambda file: Call(open, file, "w"), "io.open"),
        (lambda file: Call(getattr, Call(__import__, "os"), "system"), "getattr"),
        (lambda file: Call(np.save, file, np.zeros(2)), "numpy.save"),
        (lambda file: Call(np.fromfile, file), "fromfile"),
        (lambda file: {"weights": [Call(os.mkdir, file)]}, "posix.mkdir"),
    ],
)
def test_no_call_is_made(tmp_path, call, name, protocol):
    file = tmp_path / "done"
    data = pickle.dumps(call(str(file)), protocol)
    with pytest.raises(
        UserError, match=f"refused, the pickle asks for .*{name}.*needs"
    ):
        read(data)
    assert not file.exists()


@pytest.mark.parametrize(
    "data",
    [
        # Attributes of what is allowed, as protocol 4 can name them.
        b"\x80\x04\x8c\x0bcollections\x8c\x15OrderedDict.__class__\x93.",
        b"\x80\x02cnumpy\nndarray.tofile\n.",
        b"\x80\x02cnumpy.core.multiarray\nscalar.__globals__\n.",
        b"\x80\x02cevil\n\x1b[2J" + b"x" * 1000 + b"\n.",
    ],
)
def test_only_exact_names_are_known(data):
    with pytest.raises(UserError, match="refused, the pickle asks for") as refusal:
        read(data)
    assert str(refusal.value).isprintable() and len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("data", "message"),
    [
        # State for a class would change it for everybody.
        (b"\x80\x02ccollections\nOrderedDict\n}U\x01aK\x01sb.", "state for something"),
        (b"\x80\x02cnumpy\nndarray\nN}U\x01aK\x01s\x86b.", "state for something"),
        (b"\x80\x02c_codecs\nencode\nN}U\x01aK\x01s\x86b.", "state for something"),
        (b"\x80\x02]}b.", "state for something"),
        (b"\x80\x02K\x01)R.", "TypeError"),
        (b"\x80\x02K\x01)\x81.", "TypeError"),
        (b"\x80\x02]U\x01aK\x01s.", "no dictionary"),
        (b"\x80\x02U\x01aQ.", "data outside of it"),
        # Instructions of protocols 0 and 1, among them the direct call of a class.
        (b"(S'touch x'\nios\nsystem\n.", "damaged"),
        (b"\x80\x02(cos\nsystem\no.", "os.system"),
    ],
)
def test_tricks_are_refused(data, message):
    with pytest.raises(UserError, match=message):
        read(data)
    for touched in (Dictionary, inert_objects.Array, inert_objects._encode):
        assert not hasattr(touched, "a")


@pytest.mark.parametrize("codec", ["zip", "bz2", "hex", "rot13", "utf-7"])
def test_no_codec_unpacks(codec):
    import _codecs

    data = pickle.dumps(Call(_codecs.encode, "text", codec), 2)
    with pytest.raises(UserError, match="encoding other than latin1"):
        read(data)


@pytest.mark.parametrize(
    ("dtype", "shape", "raw", "message"),
    [
        ("O8", (1,), bytes(8), "does not hold numbers"),
        ("V8", (1,), bytes(8), "does not hold numbers"),
        ("f4", (2**40,), bytes(8), "does not fit"),
        ("f4", (2**40, 0), bytes(8), "does not fit"),
        ("f4", (-1, -2), bytes(8), "does not fit"),
        ("f4", (3,), bytes(8), "does not fit"),
        ("f4", (1,) * 9, bytes(4), "does not fit"),
        ("f4", [2], bytes(8), "does not fit"),
        ("f4", (2,), None, "without type or bytes"),
    ],
)
def test_arrays_are_what_they_claim(dtype, shape, raw, message):
    reconstruct = np.zeros(1).__reduce__()[0]
    state = (1, shape, Call(np.dtype, dtype, False, True), False, raw)
    data = pickle.dumps(Call(reconstruct, np.ndarray, (0,), b"b", state=state), 4)
    with pytest.raises(UserError, match=message):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"x.",
        b"\x80\x05\x96" + (2**60).to_bytes(8, "little") + b"x.",
        b"\x80\x04\x95" + (2**40).to_bytes(8, "little") + b"N.",
        b"\x80\x04\x8d" + (2**40).to_bytes(8, "little") + b"x.",
        b"\x80\x03B\xff\xff\xff\xffx.",
        b"\x80\x02\x8b\xff\xff\xff\x7fx.",
        # Remembered as number 4 billion, whose table would be 32 GB.
        b"\x80\x02Nr\xff\xff\xff\xff0.",
        b"\x80\x02" + b"]" * 20_000 + b".",
    ],
)
def test_small_files_take_little_memory(data, monkeypatch):
    monkeypatch.setattr(unpickling._Limited, "left", 10_000)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="damaged or incomplete"):
            read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(data) + 2**20


def test_nested_keys_are_not_hashed():
    """Each tuple holds the one before twice; to hash the last takes 2**60 steps."""
    nested = b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(60))
    for use in (b"}h\x3cNs.", b"\x8f(h\x3c\x90.", b"(h\x3c\x91."):
        with pytest.raises(UserError, match="no plain value"):
            read(b"\x80\x04Nq\x00" + nested + use)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_shorter_file_is_refused(protocol):
    data = pickle.dumps({"a": [np.arange(3.0), "text"], "b": {1.5}}, protocol)
    for length in range(len(data)):
        with pytest.raises(UserError, match="damaged or incomplete|asks for"):
            read(data[:length])
