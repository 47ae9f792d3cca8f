"""Files are whole or absent; the cache folder follows its variables."""

import errno
import json
import os
import pwd
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tf_fsgd.attributes.celeba import find_celeba
from tf_fsgd.errors import UserError
from tf_fsgd.features.vgg19 import find_weights
from tf_fsgd.storage.files import (
    _sweep,
    atomic_path,
    cache_dir,
    make_folder,
    read_json,
    scratch_folder,
    sha256,
    write_json,
    write_text,
)


def test_the_file_appears_when_the_block_succeeds(tmp_path):
    path = tmp_path / "new" / "deep" / "a.txt"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent and temporary.suffix == ".txt"
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_encoder_that_does_not_know_its_file(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError) as caught, atomic_path(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.filename == str(path)


def test_a_killed_writer_cannot_be_mistaken_for_the_file(tmp_path):
    with atomic_path(tmp_path / "a.txt") as temporary:
        assert temporary.name.startswith(".")
        temporary.write_text("x")


def test_what_a_killed_writer_left_goes_and_a_living_one_keeps_its_own(tmp_path):
    (tmp_path / ".tf_fsgd-a-x7k2m9qp.txt").write_text("half of the n")
    (tmp_path / ".tf_fsgd-folder").mkdir()
    (tmp_path / ".tf_fsgd-folder" / "deep.txt").write_text("")
    (tmp_path / ".hers-a-x7k2m9qp.txt").write_text("not ours")
    code = """
import sys, time
from tf_fsgd.storage.files import atomic_path, scratch_folder
with atomic_path(sys.argv[1]) as file, scratch_folder(sys.argv[2]) as folder:
    print(file.name, folder.name, flush=True)
    time.sleep(60)
"""
    command = [sys.executable, "-c", code, tmp_path / "b.txt", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as alive:
        names = alive.stdout.readline().split()
        _sweep.cache_clear()  # this process has swept nothing
        write_text(tmp_path / "a.txt", "whole")
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"a.txt", ".hers-a-x7k2m9qp.txt", *names}
        alive.kill()
    _sweep.cache_clear()
    with scratch_folder(tmp_path) as folder:
        assert folder.is_dir() and folder.parent == tmp_path
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.txt", ".hers-a-x7k2m9qp.txt"}


def test_a_disk_without_locks_keeps_what_nobody_can_tell(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    left = tmp_path / ".tf_fsgd-a-x7k2m9qp.txt"
    left.write_text("half of the n")
    _sweep.cache_clear()
    write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole" and left.exists()


def test_what_is_renamed_lies_on_the_disk(tmp_path, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace

    def told(descriptor):
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def renamed(source, target):
        assert done == [str(source)] and Path(source).read_text() == "whole"
        replace(source, target)

    monkeypatch.setattr(os, "fsync", told)
    monkeypatch.setattr(os, "replace", renamed)
    write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_json(tmp_path / "a.json", {})
        assert os.umask(umask) == umask  # it is put back
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == mode


def test_the_longest_name_that_a_file_may_have(tmp_path):
    path = tmp_path / ("n" * 251 + ".txt")
    with atomic_path(path) as temporary:
        temporary.write_text("x")
    assert path.exists()


def test_a_folder_in_the_files_place(tmp_path):
    with pytest.raises(UserError, match="expected a file, found a folder"):
        write_json(tmp_path, {})


@pytest.mark.parametrize("below", ["a.json", "deeper/a.json"])
def test_a_file_in_a_folders_place(tmp_path, below):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="expected a folder, found a file"):
        write_json(tmp_path / "file" / below, {})


def test_json_round_trip(tmp_path):
    value = {"a": [1, 2.5, None, True], "name": "Zoë"}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value


def test_a_value_that_is_no_json_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", object())
    assert read_json(tmp_path / "a.json") == 1


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b"1" * 5_000],
    ids=["empty", "cut", "not UTF-8", "deep", "long number"],
)
def test_what_is_no_json_is_one_line(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(UserError, match="a.json: not a JSON file") as caught:
        read_json(path)
    assert "\n" not in str(caught.value)


def test_missing_json(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        read_json(tmp_path / "a.json")


def test_sha256_of_abc(tmp_path):
    # FIPS 180-2, appendix B.1.
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_cache_dir_follows_the_variables(monkeypatch, tmp_path):
    monkeypatch.setenv("TF_FSGD_CACHE", "/chosen")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == Path("/chosen")
    monkeypatch.delenv("TF_FSGD_CACHE")
    assert cache_dir() == tmp_path / "xdg" / "tf_fsgd"
    monkeypatch.setenv("HOME", str(tmp_path / "her"))
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("XDG_CACHE_HOME")
        else:
            monkeypatch.setenv("XDG_CACHE_HOME", unset)
        assert cache_dir() == tmp_path / "her" / ".cache" / "tf_fsgd"


def test_no_place_for_a_cache(monkeypatch, tmp_path):
    folders = ("TF_FSGD_CACHE", "TF_FSGD_WEIGHTS", "TFDS_DATA_DIR", "KERAS_HOME")
    for variable in ("HOME", "XDG_CACHE_HOME", *folders):
        monkeypatch.delenv(variable, raising=False)

    def nobody(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    rule = "TF_FSGD_CACHE must name a folder for the cache; .*"
    with pytest.raises(UserError, match=rule + "Could not determine home directory"):
        cache_dir()
    # What is read from a home, if there is any, is not there.
    assert find_weights("vgg19.h5") is None and find_celeba() is None
    # Docker gives `/` to who has no home, and nobody may write there.
    (tmp_path / ".cache").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UserError, match=rule + re.escape(str(tmp_path))):
        cache_dir()


def test_json_is_for_human_eyes(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    text = (tmp_path / "a.json").read_text()
    assert text == '{\n  "a": 1\n}\n' and json.loads(text) == {"a": 1}


@pytest.mark.parametrize("address", ["gs://bucket/runs", "s3://bucket", "file:///runs"])
def test_an_address_is_no_folder(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="must be a folder on this machine"):
        make_folder(address)
    with pytest.raises(UserError, match="must be a folder on this machine"):
        write_json(Path(address, "a.json"), {})
    assert list(tmp_path.iterdir()) == []


def test_other_colons_are_part_of_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes:").mkdir()
    for name in ("notes:/a", "12:30/a", "a/b:/c", tmp_path / "gs:" / "a"):
        make_folder(name)
        assert Path(name).is_dir()


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path):
    name = os.fsdecode(b"caf\xe9")  # as a Latin-1 system has written it
    write_text(tmp_path / "a.html", f"<h1>{name} \u00e9</h1>")
    assert (tmp_path / "a.html").read_bytes() == b"<h1>caf\\udce9 \xc3\xa9</h1>"
    write_json(tmp_path / "a.json", {"name": name})
    assert read_json(tmp_path / "a.json") == {"name": name}
