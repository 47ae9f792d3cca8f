"""GIF, WebP, PNG and AVIF that move: every frame, for as long as before."""

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from tf_fsgd.errors import UserError
from tf_fsgd.images import moving_picture
from tf_fsgd.images.video import is_video, open_video

UNEVEN = [20, 20, 500, 20]
SUFFIXES = [".gif", ".webp", ".png", ".apng", ".avif"]


def greys(count: int, mode: str = "RGB") -> list[Image.Image]:
    """Frames that are told apart by their shade: 40, 48, 56 ..."""
    shades = range(40, 40 + 8 * count, 8)
    return [Image.new("L", (64, 48), shade).convert(mode) for shade in shades]


def discs() -> list[Image.Image]:
    """A red disc that moves over nothing."""
    frames = [Image.new("RGBA", (64, 48)) for _ in UNEVEN]
    for i, frame in enumerate(frames):
        box = (4 + 9 * i, 10, 24 + 9 * i, 30)
        ImageDraw.Draw(frame).ellipse(box, fill=(200, 40, 30))
    return frames


def save(path, frames, durations=UNEVEN, **options):
    kind = {"format": "PNG"} if path.suffix == ".apng" else {}
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        **kind,
        **options,
    )
    return path


def stored(path) -> tuple[list[float], list[np.ndarray], dict]:
    """Durations in milliseconds, frames `[H, W, 4]`, and the facts about the whole."""
    with Image.open(path) as image:
        facts, durations, frames = dict(image.info), [], []
        for index in range(image.n_frames):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGBA")).astype(int))
            durations.append(image.info.get("duration"))
        return durations, frames, facts


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_frame_for_its_time(tmp_path, suffix):
    path = save(tmp_path / f"a{suffix}", greys(4))
    video = open_video(path)
    assert video.count == 4
    frames = list(video.frames())
    assert [frame.time * 1000 for frame in frames] == [0, 20, 40, 540]
    assert [frame.duration * 1000 for frame in frames] == UNEVEN
    video.write(tmp_path / f"b{suffix}", frames)
    durations, again, _ = stored(tmp_path / f"b{suffix}")
    assert durations == UNEVEN
    for shade, frame in zip((40, 48, 56, 64), again, strict=True):
        assert np.abs(frame[..., :3] - shade).max() <= 2


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
@pytest.mark.parametrize("loop", [0, 3])
def test_it_repeats_as_often(tmp_path, suffix, loop):
    path = save(tmp_path / f"a{suffix}", greys(4), loop=loop)
    video = open_video(path)
    video.write(tmp_path / f"b{suffix}", video.frames())
    assert stored(tmp_path / f"b{suffix}")[2]["loop"] == loop


def test_a_gif_that_is_shown_once(tmp_path):
    video = open_video(save(tmp_path / "a.gif", greys(4)))
    video.write(tmp_path / "b.gif", video.frames())
    assert "loop" not in stored(tmp_path / "b.gif")[2]


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_what_is_transparent_stays_so(tmp_path, suffix):
    options = {"disposal": 2} if suffix == ".gif" else {}
    options |= {"lossless": True} if suffix == ".webp" else {}
    path = save(tmp_path / f"a{suffix}", discs(), **options)
    video = open_video(path)
    frames = list(video.frames())
    assert frames[0].photo.alpha[0, 0] == 0
    assert frames[0].photo.alpha[20, 14] == 255
    video.write(tmp_path / f"b{suffix}", frames)
    before, after = stored(path)[1], stored(tmp_path / f"b{suffix}")[1]
    for frame, again in zip(before, after, strict=True):
        seen = frame[..., 3] > 0
        assert seen.sum() == 349
        assert (again[..., 3] == frame[..., 3]).all()
        assert (again[seen] == frame[seen]).all()


def test_frames_without_a_duration_are_shown_for_a_tenth_of_a_second(tmp_path):
    video = open_video(save(tmp_path / "a.gif", greys(3), 0))
    assert [frame.time * 10 for frame in video.frames()] == [0, 1, 2]
    video.write(tmp_path / "b.gif", video.frames())
    assert stored(tmp_path / "b.gif")[0] == [100, 100, 100]


def test_thirds_of_a_tenth_do_not_drift(tmp_path):
    video = open_video(save(tmp_path / "a.png", greys(30), 100 / 3))
    video.write(tmp_path / "b.png", video.frames())
    assert sum(stored(tmp_path / "b.png")[0]) == pytest.approx(1000, abs=1e-6)


def test_a_png_whose_first_picture_is_not_shown(tmp_path):
    frames = [Image.new("RGB", (64, 48), "white"), *greys(4)]
    video = open_video(save(tmp_path / "a.png", frames, default_image=True))
    video.write(tmp_path / "b.png", video.frames())
    durations, again, _ = stored(tmp_path / "b.png")
    assert durations == UNEVEN and again[0][0, 0, 0] == 40


def test_pixels_and_profile_of_a_lossless_file_stay(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 64, 3), np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for suffix, options in ((".png", {}), (".webp", {"lossless": True})):
        path = save(
            tmp_path / f"a{suffix}",
            list(map(Image.fromarray, noise)),
            icc_profile=profile,
            **options,
        )
        video = open_video(path)
        video.write(tmp_path / f"b{suffix}", video.frames())
        _, frames, facts = stored(tmp_path / f"b{suffix}")
        assert facts["icc_profile"] == profile
        assert (np.stack(frames)[..., :3] == noise).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_a_stop_leaves_nothing(tmp_path, suffix, error):
    path = save(tmp_path / f"a{suffix}", greys(4))
    video = open_video(path)

    def frames():
        yield next(video.frames())
        raise error

    with pytest.raises(error):
        video.write(tmp_path / f"b{suffix}", frames())
    assert list(tmp_path.iterdir()) == [path]


def test_memory_is_bounded(tmp_path, monkeypatch):
    path = save(tmp_path / "a.gif", greys(4))
    monkeypatch.setattr(moving_picture, "_MAX_PIXELS_OF_ALL", 4 * 64 * 48 - 1)
    with pytest.raises(UserError, match="received 4 of 64 x 48; make it a video"):
        open_video(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_file_is_an_error_or_its_beginning(tmp_path, suffix, share):
    noise = np.random.default_rng(0).integers(0, 256, (4, 48, 64, 3), np.uint8)
    path = save(tmp_path / f"a{suffix}", list(map(Image.fromarray, noise)))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    try:
        frames = list(open_video(path).frames())
    except UserError as error:
        assert "not a video that can be read" in str(error)
        assert "\n" not in str(error)
    else:
        assert suffix == ".gif" and 1 <= len(frames) <= 4


def test_sixteen_bits_of_grey_become_eight(tmp_path):
    grey = [Image.fromarray(np.full((8, 8), v, np.uint16)) for v in (100, 60_000)]
    frames = open_video(save(tmp_path / "a.png", grey, 50)).frames()
    assert [frame.photo.pixels[0, 0, 0] for frame in frames] == [0, 233]


def test_a_gif_that_ends_where_its_second_frame_begins(tmp_path):
    path = tmp_path / "a.gif"
    frames = [Image.new("RGB", (8, 8), (shade, 0, 0)) for shade in (0, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"!\xf9") + 1])
    assert not is_video(path)  # whoever reads it as a photo says what is wrong
    with pytest.raises(UserError, match="a.gif: not a video that can be read"):
        open_video(path)
