"""What counts as a video."""

import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.video import is_video, open_video


@pytest.mark.parametrize("name", "a.mp4 A.MOV a.m4v a.mkv a.webm".split())
def test_films_go_by_their_name(name):
    assert is_video(name)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_pictures_go_by_what_they_hold(tmp_path, kind, name):
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    red.save(tmp_path / name, kind)
    assert not is_video(tmp_path / name)
    red.save(tmp_path / name, kind, save_all=True, append_images=[blue])
    assert is_video(tmp_path / name)
    assert open_video(tmp_path / name).count == 2


def test_pages_do_not_move(tmp_path):
    page = Image.new("RGB", (16, 16))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page])
    assert not is_video(tmp_path / "a.tif")
    assert not is_video(tmp_path / "none.jpg")


@pytest.mark.parametrize("content", [b"", b"no such thing"])
def test_no_picture_at_all(tmp_path, content):
    path = tmp_path / "a.gif"
    with pytest.raises(UserError, match="no such file"):
        open_video(path)
    path.write_bytes(content)
    assert not is_video(path)
    with pytest.raises(UserError, match="not a video that can be read"):
        open_video(path)
