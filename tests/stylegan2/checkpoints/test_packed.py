"""Packed checkpoints: the same networks, and bombs refused before they fill a disk."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import converted as cache
from tf_fsgd.stylegan2.checkpoints import packed
from tf_fsgd.stylegan2.checkpoints.converted import converted
from tf_fsgd.stylegan2.checkpoints.packed import unpacked
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

GOLDEN = Path(__file__).parents[1] / "golden"
FILES = (
    "tf_config_f.pkl",
    "ada_tf.pkl",
    "ada_pytorch.pkl",
    "stylegan3_stylegan2.pkl",
    "rosinality_zip.pt",
    "rosinality_legacy.pt",
)


def gzipped(source: Path, target: Path):
    target.write_bytes(gzip.compress(source.read_bytes(), 1))


def zipped(source: Path, target: Path):
    """As a Mac does it, and with a note beside the checkpoint."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("weights")
        archive.write(source, f"weights/{source.name}")
        archive.writestr("weights/README.txt", "FFHQ, 550,000 steps")
        archive.writestr(f"__MACOSX/weights/._{source.name}", b"\x00\x05\x16\x07")


@pytest.mark.parametrize("pack", [gzipped, zipped])
@pytest.mark.parametrize("file", FILES)
def test_a_packed_checkpoint_is_what_is_in_it(tmp_path, file, pack):
    path = tmp_path / "network.bin"  # names mean nothing
    pack(GOLDEN / file, path)
    found, expected = read_checkpoint(path), read_checkpoint(GOLDEN / file)
    assert found.architecture == expected.architecture
    for part in ("mapping", "synthesis", "discriminator"):
        ours, theirs = getattr(found, part), getattr(expected, part)
        assert ours.keys() == theirs.keys()
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_the_cache_goes_by_contents(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path / "cache"))
    plain = converted(GOLDEN / "ada_tf.pkl")
    monkeypatch.setattr(cache, "read_checkpoint", None)  # would fail
    for pack in (gzipped, zipped):
        pack(GOLDEN / "ada_tf.pkl", tmp_path / "network.pkl.gz")
        assert converted(tmp_path / "network.pkl.gz") == plain


def test_what_is_not_packed_is_opened_as_it_is():
    for file in FILES:
        with unpacked(GOLDEN / file) as opened:
            assert opened.read() == (GOLDEN / file).read_bytes()


@pytest.mark.parametrize("pack", [gzipped, zipped])
def test_bombs_are_refused(tmp_path, monkeypatch, pack):
    """Ten million zeros pack to some ten or forty thousand bytes."""
    source = tmp_path / "zeros.pkl"
    source.write_bytes(b"\x80\x04" + bytes(10_000_000))
    bomb = tmp_path / "network.pkl.gz"
    pack(source, bomb)
    limit = 100 * bomb.stat().st_size
    assert limit < 10_000_000
    with pytest.raises(
        UserError, match=f"pkl.gz: refused, it unpacks to more than {limit:,} bytes"
    ):
        read_checkpoint(bomb)
    monkeypatch.setattr(packed, "LARGEST", 20_000)
    pack(GOLDEN / "ada_tf.pkl", bomb)
    with pytest.raises(UserError, match="unpacks to more than 20,000 bytes"):
        read_checkpoint(bomb)


@pytest.mark.parametrize("pack", [gzipped, zipped])
def test_damage_is_always_a_user_error(tmp_path, pack):
    path = tmp_path / "network.pkl.gz"
    pack(GOLDEN / "tf_config_f.pkl", path)
    whole = path.read_bytes()
    step = len(whole) // 25
    for place in range(0, len(whole), step):
        flipped = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        for data in (whole[:place], flipped):
            path.write_bytes(data)
            try:
                read_checkpoint(path)
            except UserError as error:
                assert str(path) in str(error) and "\n" not in str(error)


def test_several_checkpoints_in_one_archive(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in FILES[:2]:
            archive.write(GOLDEN / file, file)
    with pytest.raises(UserError, match=r"all.zip: a zip archive of 2 checkpoints"):
        read_checkpoint(path)
