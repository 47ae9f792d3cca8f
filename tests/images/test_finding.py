"""What a command takes from folders, and what it says of the rest."""

import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.images.finding import find_images


def test_finds_files_and_folders_in_order_and_once(tmp_path):
    (tmp_path / "faces").mkdir()
    for name in ("b.jpg", "a.PNG"):
        (tmp_path / "faces" / name).touch()
    single = tmp_path / "z.dat"
    single.touch()
    found = find_images([single, tmp_path / "faces", tmp_path / "faces" / "b.jpg"])
    faces = tmp_path / "faces"
    assert found == [single, faces / "a.PNG", faces / "b.jpg"]


def test_what_phones_and_browsers_write_is_found(tmp_path):
    names = ["a.HEIC", "b.heif", "c.jfif", "d.mpo", "e.avif", "f.jpe", "g.MOV"]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in find_images([tmp_path], [".mov"])] == names


def test_the_rest_of_a_folder_is_named_with_its_reason(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    for name in ("a.jpg", "clip.MOV", "notes"):
        (tmp_path / name).touch()
    lines = []
    assert find_images([tmp_path], left_out=lines.append) == [tmp_path / "a.jpg"]
    assert lines == [
        f"{tmp_path / 'clip.MOV'}: not a picture by its name (.MOV)",
        f"{tmp_path / 'deeper'}: a folder inside a folder; name it to have it read",
        f"{tmp_path / 'gone.jpg'}: not a file",
        f"{tmp_path / 'notes'}: not a picture by its name (no suffix)",
    ]


def test_what_systems_leave_in_folders_is_no_news(tmp_path, capsys):
    for name in ("a.jpg", ".DS_Store", "._a.jpg", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).touch()
    assert find_images([tmp_path]) == [tmp_path / "a.jpg"]
    assert capsys.readouterr().out == ""


def test_commands_say_it_unless_they_wait_for_the_end(tmp_path, capsys):
    (tmp_path / "a.jpg").touch()
    (tmp_path / "b.raw").touch()
    find_images([tmp_path])
    line = f"left out: {tmp_path / 'b.raw'}: not a picture by its name (.raw)\n"
    assert capsys.readouterr().out == line


def test_nothing_to_find(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UserError, match="no image in this folder"):
        find_images([tmp_path])
    with pytest.raises(UserError, match="absent: no such file or folder"):
        find_images([tmp_path / "absent"])
