"""Animations: what a player reads out of the file again."""

import sys

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.animation import write_animation


def ramps(count: int, size: int = 48) -> list[np.ndarray]:
    """Smooth gradients, each in another hue, where banding would show."""
    y, x = np.mgrid[:size, :size] / (size - 1)
    frames = []
    for index in range(count):
        planes = np.roll([x, y, np.full_like(x, index / count)], index, axis=0)
        frames.append(np.rint(60 + 140 * np.moveaxis(planes, 0, -1)).astype(np.uint8))
    return frames


def read(path) -> tuple[list[np.ndarray], list[int], dict]:
    """Frames, durations in milliseconds, and the facts about the whole."""
    with Image.open(path) as file:
        frames, durations = [], []
        for index in range(file.n_frames):
            file.seek(index)
            frames.append(np.asarray(file.convert("RGB")).astype(float))
            durations.append(file.info["duration"])
        return frames, durations, file.info


def smooth(image: np.ndarray) -> np.ndarray:
    """Means of 4 x 4 pixels: what an eye sees of a dithered picture."""
    height, width, _ = image.shape
    return image.reshape(height // 4, 4, width // 4, 4, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".GIF"])
def test_every_frame_keeps_its_colours(tmp_path, suffix):
    frames = ramps(4)
    write_animation(tmp_path / f"a{suffix}", frames)
    found, _, _ = read(tmp_path / f"a{suffix}")
    assert len(found) == 4
    for frame, back in zip(frames, found, strict=True):
        assert np.abs(smooth(back) - smooth(frame)).mean() < 2.5


def test_gif_is_dithered_where_a_palette_alone_would_band(tmp_path):
    frame = ramps(1, 128)[0]
    write_animation(tmp_path / "a.gif", [frame])
    banded = np.asarray(Image.fromarray(frame).quantize(256).convert("RGB"))
    with Image.open(tmp_path / "a.gif") as file:
        back = np.asarray(file.convert("RGB"))
    error = np.abs(smooth(back) - smooth(frame)).mean()
    assert error < 0.7 * np.abs(smooth(banded) - smooth(frame)).mean()


def test_gif_keeps_black_and_white(tmp_path):
    # Labels and the paper of a grid.
    frame = ramps(1)[0]
    frame[:8], frame[8:16] = 0, 255
    write_animation(tmp_path / "a.gif", [frame, np.flip(frame, axis=1)])
    for back in read(tmp_path / "a.gif")[0]:
        assert (back[:8] == 0).all() and (back[8:16] == 255).all()


@pytest.mark.parametrize(
    ("suffix", "loop", "field"),
    [(".gif", True, 0), (".gif", False, None), (".webp", True, 0), (".webp", False, 1)],
)
def test_loop(tmp_path, suffix, loop, field):
    # 0: for ever; a GIF without the field and a WebP with 1 are shown once.
    write_animation(tmp_path / f"a{suffix}", ramps(2), loop=loop)
    assert read(tmp_path / f"a{suffix}")[2].get("loop") == field


def test_gif_does_not_drift(tmp_path):
    # 12 frames a second: 8.33 hundredths each, 50 for six.
    write_animation(tmp_path / "a.gif", ramps(6), fps=12)
    assert read(tmp_path / "a.gif")[1] == [80, 90, 80, 80, 90, 80]


def test_webp_counts_milliseconds(tmp_path):
    write_animation(tmp_path / "a.webp", ramps(3), fps=12)
    assert read(tmp_path / "a.webp")[1] == [83, 84, 83]


def test_equal_frames_last_as_long_as_they_are_many(tmp_path):
    frame, other = ramps(2)
    write_animation(tmp_path / "a.gif", [frame, frame, frame, other], fps=10)
    assert sum(read(tmp_path / "a.gif")[1]) == 400


def test_float_frames(tmp_path):
    frames = [np.full((16, 16, 3), value, np.float32) for value in (-1.0, 1.0)]
    write_animation(tmp_path / "a.gif", frames)
    assert [frame.mean() for frame in read(tmp_path / "a.gif")[0]] == [0, 255]


@pytest.mark.parametrize(
    ("name", "frames", "fps", "message"),
    [
        ("a.avi", ramps(1), 10, "ends in .gif, .webp, .mp4"),
        ("a.gif", [], 10, "received no frame"),
        ("a.gif", ramps(1) + ramps(1, 32), 10, r"sizes \[\(32, 32\), \(48, 48\)\]"),
        ("a.gif", ramps(1), 0, "fps must be from 0.1 to 50, received 0"),
        ("a.gif", ramps(1), float("nan"), "received nan"),
        ("a.gif", ramps(1), 60, "received 60"),
    ],
)
def test_mistakes(tmp_path, name, frames, fps, message):
    with pytest.raises(UserError, match=message):
        write_animation(tmp_path / name, frames, fps=fps)
    assert list(tmp_path.iterdir()) == []


def test_mp4_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match="needs the package av; install it"):
        write_animation(tmp_path / "a.mp4", ramps(2))
    assert list(tmp_path.iterdir()) == []


def test_mp4_keeps_the_size_and_the_rate(tmp_path):
    av = pytest.importorskip("av")
    frames = [frame[:45, :47] for frame in ramps(3)]
    write_animation(tmp_path / "a.mp4", frames, fps=12.5)
    with av.open(tmp_path / "a.mp4") as file:
        found = list(file.decode(video=0))
    assert [frame.time for frame in found] == [0, 0.08, 0.16]
    for frame, back in zip(frames, found, strict=True):
        assert (back.width, back.height) == (48, 46)
        seen = back.to_ndarray(format="rgb24")[:45, :47]
        assert np.abs(seen.mean((0, 1)) - frame.mean((0, 1))).max() < 4
