"""`translate` on whole photos and videos, with a translator that brightens faces."""

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.io import read_image, to_uint8, write_image
from tf_fsgd.images.video import open_video
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast

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
    assert "face must be 1 to 2, received 3" in translate(photo, "--face", 3)[2]
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


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_film_keeps_its_moments(translate, tmp_path, make_film, two_faces, suffix):
    frames = [np.roll(two_faces, 2 * shift, axis=1) for shift in range(4)]
    path = make_film(tmp_path / f"clip{suffix}", frames, [0, 24, 48, 348, 600])
    assert translate(path, "--face", 2)[0] == 0
    before = list(open_video(path).frames())
    after = list(open_video(tmp_path / "out" / path.name).frames())
    assert [frame.time * 1000 for frame in after] == [0, 40, 80, 580]
    assert after[-1].duration * 1000 == 420
    for frame, edited in zip(before, after, strict=True):
        left, right, _ = changed(frame.photo.pixels, edited.photo.pixels)
        assert right > 5 and abs(left) < 2


def test_sound_that_cannot_be_kept_is_a_line(translate, tmp_path, make_film, two_faces):
    av = pytest.importorskip("av")
    make_film(tmp_path / "silent.mkv", [two_faces], [0, 600])
    path = tmp_path / "clip.webm"  # by its name; it holds what WebM does not
    with (
        av.open(tmp_path / "silent.mkv") as silent,
        av.open(path, "w", "matroska") as target,
    ):
        picture = target.add_stream_from_template(silent.streams.video[0], opaque=True)
        sound = target.add_stream("pcm_s16le", 8_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8_000), np.int16), "s16", "mono"
        )
        frame.rate, frame.pts = 8_000, 0
        for packet in silent.demux(video=0):
            if packet.size:
                packet.stream = picture
                target.mux(packet)
        target.mux(sound.encode(frame))
    code, out, _ = translate(path)
    assert code == 0 and out.splitlines() == [
        f"left out: {path}: a track of sound (pcm_s16le), which cannot be copied "
        "into .webm",
        f"1 photo: {tmp_path / 'out'}, 1 left out",
    ]
    with av.open(tmp_path / "out" / "clip.webm") as film:
        assert [stream.type for stream in film.streams] == ["video"]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng"])
def test_a_picture_that_moves(translate, tmp_path, two_faces, suffix):
    path = tmp_path / f"clip{suffix}"
    first, *rest = (
        Image.fromarray(np.roll(two_faces, 2 * shift, axis=1)) for shift in range(4)
    )
    kind = {".gif": "GIF", ".webp": "WEBP"}.get(suffix, "PNG")
    durations = [20, 20, 500, 20]
    first.save(
        path, kind, save_all=True, append_images=rest, duration=durations, quality=95
    )
    assert translate(path, "--couple")[0] == 0
    video = open_video(tmp_path / "out" / path.name)
    assert list(video.durations) == durations
    for couple in video.frames():
        pixels = couple.photo.pixels
        assert pixels.shape == (240, 960, 3)
        left, right, _ = changed(pixels[:, :480], pixels[:, 480:])
        assert left > 5 and right > 5


def test_what_moves_under_another_name_becomes_a_png(translate, tmp_path, two_faces):
    picture = Image.fromarray(two_faces)
    other = Image.fromarray(two_faces // 2)
    path = tmp_path / "clip.jpg"
    picture.save(path, "WEBP", save_all=True, append_images=[other], duration=70)
    assert translate(path)[0] == 0
    assert open_video(tmp_path / "out" / "clip.png").durations == (70, 70)


def test_films_in_a_folder_are_taken(translate, tmp_path, make_film, two_faces):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.MOV", "b.m4v", "c.mkv"):
        make_film(folder / name, [two_faces], [0, 60])
    code, out, _ = translate(folder)
    assert code == 0 and out.startswith("3 photos: ")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.mov", "b.m4v", "c.mkv"]


def test_aligned_takes_nothing_that_moves(translate, tmp_path):
    path = tmp_path / "clip.webp"
    grey, dark = (Image.new("L", (40, 40), shade) for shade in (90, 40))
    grey.save(path, save_all=True, append_images=[dark])
    code, _, error = translate(path, "--aligned")
    assert code == 2 and "clip.webp: --aligned takes photos" in error
    assert not (tmp_path / "out").exists()


def test_a_video_without_a_face_leaves_nothing(translate, tmp_path, make_film):
    wall = np.full((64, 96, 3), 90, np.uint8)
    make_film(tmp_path / "wall.mp4", [wall] * 3, [0, 60, 120, 180])
    code, _, error = translate(tmp_path / "wall.mp4")
    assert code == 2 and "wall.mp4: no face found" in error
    assert list((tmp_path / "out").iterdir()) == []


def test_ctrl_c_in_a_video_leaves_nothing(
    translate, tmp_path, make_film, two_faces, monkeypatch
):
    path = make_film(tmp_path / "clip.mp4", [two_faces] * 4, [0, 60, 120, 180, 240])

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
