"""Films there and back: the same moments, the same colours, the right way up."""

import dataclasses
import errno
import resource
import sys
from fractions import Fraction

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.images.frame import Frame
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.video import open_video

av = pytest.importorskip("av")

# Twelve frames in half a second, then four a second: 3.00 s, in ticks of 1/600 s.
UNEVEN = [*range(0, 300, 25), *range(300, 1801, 150)]


def greys(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Frames that are told apart by their shade: 40, 48, 56 ..."""
    return [np.full((height, width, 3), 40 + 8 * i, np.uint8) for i in range(count)]


def stored(path) -> tuple[list[Fraction], list[int], float]:
    """Seconds at which frames appear, their shades, and the length of the whole."""
    with av.open(path) as file:
        base = file.streams.video[0].time_base
        frames = [
            (frame.pts * base, round(frame.to_ndarray(format="gray").mean()))
            for frame in file.decode(video=0)
        ]
        return [f[0] for f in frames], [f[1] for f in frames], file.duration / 1e6


@pytest.mark.parametrize("suffix", [".mp4", ".MOV", ".m4v", ".mkv", ".webm"])
def test_every_frame_at_its_moment(tmp_path, make_film, suffix):
    path = make_film(tmp_path / f"a{suffix}", greys(22), UNEVEN)
    video = open_video(path)
    frames = list(video.frames())
    assert sum(frame.duration for frame in frames) == 3
    video.write(tmp_path / f"b{suffix}", frames)
    times, shades, length = stored(path)
    assert len(times) == 22 and times[12:14] == [Fraction(1, 2), Fraction(3, 4)]
    again, shades_again, length_again = stored(tmp_path / f"b{suffix}")
    assert again == times
    assert np.abs(np.subtract(shades_again, shades)).max() <= 1
    assert length == length_again == 3


def test_times_may_start_late_and_the_last_frame_may_stay(tmp_path, make_film):
    path = make_film(tmp_path / "a.mp4", greys(3), [420, 450, 480, 1680])
    video = open_video(path)
    video.write(tmp_path / "b.mp4", video.frames())
    frames = list(open_video(tmp_path / "b.mp4").frames())
    assert [frame.time * 100 for frame in frames] == [70, 75, 80]
    assert [frame.duration * 100 for frame in frames] == [5, 5, 200]


def test_frames_are_upright(tmp_path, make_film):
    # As a phone stores it: on its side, with a note how to turn it.
    upright = np.full((64, 48, 3), 60, np.uint8)
    upright[:16], upright[:, :12] = 200, 120
    path = make_film(
        tmp_path / "a.mov", [np.rot90(upright, -1)] * 2, [0, 20, 40], turned=(90,)
    )
    for frame in open_video(path).frames():
        assert np.abs(frame.photo.pixels.astype(int) - upright).mean() < 2
    # As a mirror would show it, without and with a quarter turn.
    mirrored = np.fliplr(upright)
    path = make_film(path, [upright] * 2, [0, 20, 40], turned=(0, True))
    assert (
        np.abs(
            next(open_video(path).frames()).photo.pixels - mirrored.astype(int)
        ).mean()
        < 2
    )
    path = make_film(path, [np.rot90(upright, -1)] * 2, [0, 20, 40], turned=(90, True))
    assert (
        np.abs(
            next(open_video(path).frames()).photo.pixels - mirrored.astype(int)
        ).mean()
        < 2
    )


def test_what_is_written_upright_has_no_note_how_to_turn_it(tmp_path, make_film):
    path = make_film(tmp_path / "a.mov", greys(2), [0, 20, 40], turned=(90,))
    video = open_video(path)
    video.write(tmp_path / "b.mov", video.frames())
    with av.open(tmp_path / "b.mov") as film:
        frame = next(film.decode(video=0))
    assert (frame.width, frame.height, frame.rotation) == (48, 64, 0)


def test_frames_that_ffmpeg_refuses_are_one_line(tmp_path, make_film):
    video = open_video(make_film(tmp_path / "a.mp4", greys(2), [0, 20, 40]))
    late, early = reversed(list(video.frames()))
    with pytest.raises(UserError, match="b.mp4: ffmpeg cannot write it"):
        video.write(tmp_path / "b.mp4", [late, early])


@pytest.mark.parametrize("space", [1, 5, 9])  # BT.709, BT.601, BT.2020
@pytest.mark.parametrize("full", [1, 2])
def test_colours_keep_their_meaning(tmp_path, make_film, space, full):
    facts = {"colorspace": space, "color_range": full, "color_trc": space}
    facts |= {"color_primaries": space, "sample_aspect_ratio": Fraction(4, 3)}
    path = make_film(tmp_path / "a.mp4", greys(2), [0, 20, 40], **facts)
    red = np.full((48, 64, 3), (200, 60, 40), np.uint8)
    video = open_video(path)
    frames = [dataclasses.replace(f, photo=Photo(red)) for f in video.frames()]
    video.write(tmp_path / "b.mp4", frames)
    with av.open(tmp_path / "b.mp4") as file:
        found = next(file.decode(video=0))
        assert file.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
    assert found.colorspace == found.color_trc == found.color_primaries == space
    assert found.color_range == full
    back = next(open_video(tmp_path / "b.mp4").frames()).photo.pixels
    assert np.abs(back.astype(int) - red).max() <= 3


def test_nothing_grows_darker(tmp_path, make_film):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    path = make_film(tmp_path / "a.mp4", [np.repeat(ramp, 48, axis=0)], [0, 20])
    video = open_video(path)
    video.write(tmp_path / "b.mp4", video.frames())
    before = next(video.frames()).photo.pixels.astype(int)
    after = next(open_video(tmp_path / "b.mp4").frames()).photo.pixels
    assert abs((after - before).mean()) < 0.2


def test_odd_sizes_repeat_a_row_and_a_column(tmp_path, make_film):
    path = make_film(tmp_path / "a.mp4", greys(2), [0, 20, 40])
    video = open_video(path)
    odd = [
        dataclasses.replace(f, photo=Photo(f.photo.pixels[:33, :51]))
        for f in video.frames()
    ]
    video.write(tmp_path / "b.mp4", odd)
    assert next(open_video(tmp_path / "b.mp4").frames()).photo.pixels.shape == (
        34,
        52,
        3,
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
@pytest.mark.parametrize("after", [0, 1, 60])
def test_a_stop_leaves_nothing(tmp_path, make_film, error, after):
    path = make_film(tmp_path / "a.mp4", greys(1) * 90, range(0, 91 * 20, 20))
    video = open_video(path)

    def frames():
        for index, frame in enumerate(video.frames()):
            if index == after:
                raise error
            yield frame

    with pytest.raises(error):
        video.write(tmp_path / "b.mp4", frames())
    assert list(tmp_path.iterdir()) == [path]


def test_a_frame_that_the_format_cannot_hold(tmp_path, make_film):
    video = open_video(make_film(tmp_path / "a.mp4", greys(1), [0, 20]))
    frame = next(video.frames())
    wide = dataclasses.replace(frame, photo=Photo(np.zeros((2, 20_000, 3), np.uint8)))
    with pytest.raises(UserError, match="20000 x 2 is too large for libx264"):
        video.write(tmp_path / "b.mp4", [wide])
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.parametrize(
    "content", [b"", b"no such thing", b"ffconcat version 1.0\nfile a.mp4\n"]
)
def test_files_that_cannot_be_read(tmp_path, make_film, content):
    make_film(tmp_path / "a.mp4", greys(1), [0, 20])
    path = tmp_path / "b.mp4"
    with pytest.raises(UserError, match="no such file"):
        open_video(path)
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a video that can be read") as caught:
        open_video(path)
    assert "\n" not in str(caught.value) and "Errno" not in str(caught.value)


def test_damage_in_the_middle_is_one_line(tmp_path, make_film):
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), np.uint8)
    path = make_film(tmp_path / "a.mp4", list(noise), range(0, 31 * 20, 20))
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    path.write_bytes(data)
    with pytest.raises(UserError, match="not a video that can be read"):
        list(open_video(path).frames())


def test_a_full_disk_names_the_file(tmp_path, make_film):
    video = open_video(make_film(tmp_path / "a.mp4", greys(1), [0, 20]))
    noise = np.random.default_rng(0).integers(0, 256, (60, 240, 320, 3), np.uint8)
    frames = (
        Frame(Photo(pixels), Fraction(i), Fraction(1)) for i, pixels in enumerate(noise)
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            video.write(tmp_path / "b.mp4", frames)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (caught.value.errno, caught.value.filename) == (
        errno.EFBIG,
        str(tmp_path / "b.mp4"),
    )
    assert not list(tmp_path.glob("*b*"))


def test_it_says_which_package_it_needs(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.mov").write_bytes(b"")
    with pytest.raises(UserError, match=r"a.mov: needs the package av; install it"):
        open_video(tmp_path / "a.mov")


def test_a_track_of_no_known_codec_is_no_picture(tmp_path, make_film):
    path = make_film(tmp_path / "a.mp4", greys(2), [0, 25, 50])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(UserError, match="a.mp4: not a video .*no picture"):
        open_video(path)
