"""Videos there and back, one frame at a time."""

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.video import is_video, open_video, video_writer

# imageio-ffmpeg leaves the pipes of its child to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("ffmpeg_pipes"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def ramp(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Frames that grow brighter, the left half by 8 and the right half by 4."""
    frames = np.zeros((count, height, width, 3), np.uint8)
    shade = np.arange(height, dtype=np.uint8)[:, None, None]
    for i, frame in enumerate(frames):
        frame[:, : width // 2] = shade + 40 + 8 * i
        frame[:, width // 2 :] = shade + 40 + 4 * i
    return list(frames)


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_what_is_written_is_read(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    with video_writer(path, 20) as append:
        for frame in ramp(10):
            append(frame)
    assert is_video(path)
    video = open_video(path)
    assert video.fps == pytest.approx(20)
    assert video.count == 10
    frames = np.stack(list(video.frames())).astype(int)
    assert frames.shape == (10, 48, 64, 3)
    difference = frames - ramp(10)
    # A GIF is dithered, and blocks bleed at the edge: means of halves.
    for half in (difference[:, :, 4:28], difference[:, :, 36:60]):
        assert np.abs(half.mean(axis=(1, 2, 3))).max() < 2
    assert np.abs(difference).mean() < 6


def test_odd_sizes_repeat_a_row_and_a_column(tmp_path):
    path = tmp_path / "clip.mp4"
    with video_writer(path, 10) as append:
        for frame in ramp(3, 33, 51):
            append(frame)
    assert next(open_video(path).frames()).shape == (34, 52, 3)


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_a_stop_leaves_nothing(tmp_path, suffix, error):
    with pytest.raises(error):
        with video_writer(tmp_path / f"clip{suffix}", 10) as append:
            append(ramp(1)[0])
            raise error
    assert list(tmp_path.iterdir()) == []


def test_the_mean_rate_of_a_gif_with_a_pause(tmp_path):
    path = tmp_path / "clip.gif"
    pictures = [Image.fromarray(frame) for frame in ramp(3)]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=[100, 100, 400]
    )
    assert open_video(path).fps == pytest.approx(5)


def test_what_is_no_video(tmp_path):
    still = tmp_path / "still.gif"
    Image.fromarray(ramp(1)[0]).save(still)
    text = tmp_path / "text.gif"
    text.write_text("no such thing")
    assert not is_video(still) and not is_video(text)
    assert not is_video("photo.jpg") and is_video("holiday.MP4")


@pytest.mark.parametrize("name", ["text.mp4", "text.webm", "text.gif"])
def test_files_that_cannot_be_read(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(UserError, match="no such file"):
        open_video(path)
    for content in (b"", b"no such thing"):
        path.write_bytes(content)
        with pytest.raises(UserError, match="not a video that can be read") as caught:
            open_video(path)
        assert "\n" not in str(caught.value)


def test_a_truncated_video_is_an_error_or_its_beginning(tmp_path):
    path = tmp_path / "clip.gif"
    with video_writer(path, 10) as append:
        for frame in ramp(6):
            append(frame)
    path.write_bytes(path.read_bytes()[:-300])
    try:
        frames = list(open_video(path).frames())
    except UserError as error:
        assert "not a video that can be read" in str(error)
    else:
        assert 1 <= len(frames) <= 6
