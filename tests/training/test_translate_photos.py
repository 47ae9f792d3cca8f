"""`translate` on whole photos and videos, with a translator that brightens faces."""

import sys

import numpy as np
import pytest
from PIL import Image

from tf_fsgd import __main__ as verbs
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.io import read_image, to_uint8, write_image
from tf_fsgd.images.video import open_video, video_writer
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast

# imageio-ffmpeg leaves the pipes of its child to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("ffmpeg_pipes"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SIDE = 160


@pytest.fixture(scope="module")
def two_faces(teacher):
    """Two generated faces side by side with room around them, [240, 480, 3] uint8."""
    w = sample_w(teacher, np.arange(2), 0.5)
    ws = broadcast(w, teacher.num_ws)
    faces = to_uint8(teacher.synthesis(ws, noise_mode="const", resolution=256))
    photo = np.full((240, 480, 3), 128, np.uint8)
    for face, left in zip(faces, (40, 280), strict=True):
        small = Image.fromarray(face).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        photo[40 : 40 + SIDE, left : left + SIDE] = np.asarray(small)
    return photo


@pytest.fixture
def translate(monkeypatch, capfd, tmp_path, brightens):
    """Runs the verb; returns its exit code, what it printed, and what it complained."""

    def translate(*words):
        words = ["translate", *words, "--translator", brightens.path]
        words += ["--edit", "smile=0.5", "--out", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
        code = verbs.main()
        return code, *capfd.readouterr()

    return translate


def changed(before: np.ndarray, after: np.ndarray) -> list[float]:
    """Mean change of the left and the right face, and the largest of the rim."""
    change = after.astype(float) - before
    rim = np.concatenate([change[:5].ravel(), change[-5:].ravel()])
    left, right = change[80:160, 80:160], change[80:160, 320:400]
    return [left.mean(), right.mean(), np.abs(rim).max()]


def test_every_face_in_its_place(translate, tmp_path, two_faces):
    write_image(tmp_path / "photo.png", two_faces)
    code, out, _ = translate(tmp_path / "photo.png")
    assert code == 0 and out.startswith("1 photo: ")
    left, right, rim = changed(two_faces, read_image(tmp_path / "out" / "photo.png"))
    assert left > 5 and right > 5 and rim == 0


def test_faces_on_their_heads_are_edited(translate, tmp_path, two_faces):
    write_image(tmp_path / "photo.png", two_faces[::-1, ::-1])
    assert translate(tmp_path / "photo.png")[0] == 0
    turned = read_image(tmp_path / "out" / "photo.png")
    left, right, rim = changed(two_faces, turned[::-1, ::-1])
    assert left > 5 and right > 5 and rim == 0


@pytest.mark.parametrize("number", [1, 2])
def test_one_face(translate, tmp_path, two_faces, number):
    write_image(tmp_path / "photo.png", two_faces)
    translate(tmp_path / "photo.png", "--face", number)
    after = read_image(tmp_path / "out" / "photo.png")
    change = changed(two_faces, after)
    assert change[number - 1] > 5
    assert change[2 - number] == 0


def test_orientation_and_format_of_a_photo(translate, tmp_path, two_faces):
    # Stored on its side, with the note that a viewer turns by.
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(two_faces)))
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    assert translate(tmp_path / "photo.jpg", "--couple")[0] == 0
    with Image.open(tmp_path / "out" / "photo.jpg") as image:
        assert image.format == "JPEG" and not image.getexif().get(0x0112)
    couple = read_image(tmp_path / "out" / "photo.jpg")
    assert couple.shape == (240, 960, 3)
    assert np.abs(couple[:, :480].astype(int) - two_faces).mean() < 3
    left, right, _ = changed(couple[:, :480], couple[:, 480:])
    assert left > 5 and right > 5


def test_one_photo_without_a_face_is_an_error(translate, tmp_path):
    write_image(tmp_path / "wall.png", np.full((200, 300, 3), 90, np.uint8))
    code, out, error = translate(tmp_path / "wall.png")
    assert (code, out) == (2, "")
    assert error == f"error: {tmp_path / 'wall.png'}: no face found\n"
    assert not (tmp_path / "out").exists()


def test_of_a_folder_such_photos_are_named_at_the_end(translate, tmp_path, two_faces):
    folder = tmp_path / "in"
    write_image(folder / "a.png", np.full((200, 300, 3), 90, np.uint8))
    write_image(folder / "b.png", two_faces)
    (folder / "c.jpg").write_text("no such thing")
    code, out, _ = translate(folder)
    lines = out.splitlines()
    assert code == 0 and len(lines) == 3
    assert lines[0] == f"left out: {folder / 'a.png'}: no face found"
    assert lines[1].startswith(f"left out: {folder / 'c.jpg'}: not an image")
    assert lines[2] == f"1 photo: {tmp_path / 'out'}, 2 left out"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.png"]


def test_faces_that_are_not_there(translate, tmp_path, two_faces):
    write_image(tmp_path / "photo.png", two_faces)
    photo = tmp_path / "photo.png"
    assert "--face must be 1 to 2, received 3" in translate(photo, "--face", 3)[2]
    assert "--face must be at least 1, received 0" in translate(photo, "--face", 0)[2]
    assert "--aligned looks for none" in translate(photo, "--face", 1, "--aligned")[2]
    assert not (tmp_path / "out").exists()


def test_results_never_replace_a_photo_or_one_another(translate, tmp_path):
    grey = np.full((50, 50, 3), 90, np.uint8)
    write_image(tmp_path / "out" / "a.png", grey)
    code, _, error = translate(tmp_path / "out" / "a.png")
    assert code == 2 and "--out must not replace the photo" in error
    write_image(tmp_path / "one" / "b.png", grey)
    write_image(tmp_path / "two" / "b.png", grey)
    code, _, error = translate(tmp_path / "one", tmp_path / "two")
    assert code == 2 and "would both become" in error


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_video(translate, tmp_path, two_faces, suffix):
    path = tmp_path / f"clip{suffix}"
    with video_writer(path, 12.5) as append:
        for shift in range(4):
            append(np.roll(two_faces, 2 * shift, axis=1))
    assert translate(path, "--face", 2)[0] == 0
    video = open_video(tmp_path / "out" / path.name)
    assert video.fps == pytest.approx(12.5) and video.count == 4
    for before, after in zip(open_video(path).frames(), video.frames(), strict=True):
        left, right, _ = changed(before, after)
        assert right > 5 and abs(left) < 2


def test_a_video_without_a_face_leaves_nothing(translate, tmp_path):
    with video_writer(tmp_path / "wall.mp4", 10) as append:
        for _ in range(3):
            append(np.full((64, 96, 3), 90, np.uint8))
    code, _, error = translate(tmp_path / "wall.mp4")
    assert code == 2 and "wall.mp4: no face found" in error
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_in_a_video_leaves_nothing(translate, tmp_path, two_faces, monkeypatch):
    path = tmp_path / "clip.mp4"
    with video_writer(path, 10) as append:
        for _ in range(4):
            append(two_faces)

    refine = FaceDetector.refine
    calls = []

    def stopped(self, frame, points, **how):
        calls.append(points)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return refine(self, frame, points, **how)

    monkeypatch.setattr(FaceDetector, "refine", stopped)
    code, out, error = translate(path)
    assert code == 130 and out == "" and error.endswith("stopped\n")
    assert list((tmp_path / "out").iterdir()) == []
