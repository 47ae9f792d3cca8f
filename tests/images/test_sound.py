"""Films keep what is beside their pictures, byte for byte and at its moment."""

from fractions import Fraction

import numpy as np
import pytest

from tf_fsgd.images.video import open_video

av = pytest.importorskip("av")

# As in the tests of films: twelve frames in half a second, then four a second.
UNEVEN = [*range(0, 300, 25), *range(300, 1801, 150)]


def tones(stream, seconds=2):
    """Packets of noise in a new track."""
    rate, side = stream.rate, stream.frame_size or 1000
    noise = np.random.default_rng(0).normal(0, 0.1, (1, seconds * rate))
    noise = noise.astype(np.float32)
    convert = av.AudioResampler(stream.format, "mono", rate)
    for start in range(0, noise.shape[1] - side, side):
        part = np.ascontiguousarray(noise[:, start : start + side])
        frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
        frame.rate, frame.pts = rate, start
        for converted in convert.resample(frame):
            yield from stream.encode(converted)
    yield from stream.encode(None)


def add(path, into, *, sound=(), subtitles=None, about=None, options=None, early=0):
    """The film at `path` with tracks beside it, and all of it `early` seconds sooner.

    Args:
        sound: Codec and language of each track.
        subtitles: Their codec; one line, shown from second 1 on.
    """
    with (
        av.open(path) as source,
        av.open(into, "w", container_options=options or {}) as target,
    ):
        target.metadata.update(about or {})
        target.set_chapters(
            [
                {
                    "id": 1,
                    "start": 0,
                    "end": 2,
                    "time_base": Fraction(1),
                    "metadata": {"title": "Anfang"},
                }
            ]
        )
        picture = target.add_stream_from_template(source.streams.video[0], opaque=True)
        streams = []
        for codec, language in sound:
            streams.append(target.add_stream(codec, 48_000, layout="mono"))
            streams[-1].metadata["language"] = language
        text = subtitles and target.add_mux_stream(
            subtitles, time_base=Fraction(1, 1000)
        )
        packets = [packet for packet in source.demux(video=0) if packet.size]
        for packet in packets:
            packet.stream = picture
        for stream in streams:
            packets += tones(stream)
        if text:
            line = av.Packet(b"\0\5Hallo" if subtitles == "mov_text" else b"Hallo")
            line.pts = line.dts = 1000
            line.duration, line.time_base, line.stream = 500, Fraction(1, 1000), text
            packets.append(line)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            packet.pts -= round(early / packet.time_base)
            packet.dts -= round(early / packet.time_base)
            target.mux(packet)
    return into


def tracks(path) -> list[tuple]:
    """Kind, codec, language and packets (second, bytes) of all beside the pictures."""
    found = []
    for kind in ("audio", "subtitles"):
        with av.open(path) as file:
            count = len(getattr(file.streams, kind))
        for index in range(count):
            with av.open(path) as file:
                stream = getattr(file.streams, kind)[index]
                packets = [
                    (packet.pts * packet.time_base, bytes(packet))
                    for packet in file.demux(stream)
                    # Between its lines MP4 has empty ones, of the muxer's making.
                    if packet.size and bytes(packet) != b"\0\0"
                ]
                name = stream.codec_context.name
                found.append((kind, name, stream.language, packets))
    return found


def written(path, mark=None):
    """Where the same pictures were written, and what was left out."""
    out = path.with_name(f"out{path.suffix}")
    video = open_video(path)
    return out, video.write(out, video.frames(), mark)


@pytest.fixture
def film(make_film):
    def film(path, **beside):
        greys = [np.full((48, 64, 3), 40 + 8 * i, np.uint8) for i in range(22)]
        silent = path.with_name(f"silent{path.suffix}")
        return add(make_film(silent, greys, UNEVEN), path, **beside)

    return film


@pytest.mark.parametrize(
    ("name", "codec", "first"),
    [
        # What the encoder needs ahead of the first sound stays ahead of it.
        ("a.mp4", "aac", Fraction(-1024, 48_000)),
        ("a.m4v", "aac", Fraction(-1024, 48_000)),
        ("a.MOV", "pcm_s16le", 0),
        ("a.mkv", "flac", 0),
        ("a.webm", "libopus", Fraction(-7, 1000)),
    ],
)
def test_sound_is_copied_at_its_moments(tmp_path, film, name, codec, first):
    path = film(tmp_path / name, sound=[(codec, "fra")])
    [(_, _, language, packets)] = before = tracks(path)
    assert language == "fra" and packets[0][0] == first
    assert sum(len(data) for _, data in packets) > 2000
    out, lost = written(path)
    assert tracks(out) == before and lost == []
    moments = [frame.time for frame in open_video(out).frames()]
    assert moments == [frame.time for frame in open_video(path).frames()]
    assert moments[12:14] == [Fraction(1, 2), Fraction(3, 4)]


def test_every_language_and_the_subtitles(tmp_path, film):
    sound = [("aac", "deu"), ("ac3", "eng")]
    for name, text in (("a.mkv", "subrip"), ("a.mp4", "mov_text")):
        path = film(tmp_path / name, sound=sound, subtitles=text)
        before = tracks(path)
        assert [track[:2] for track in before][:2] == [
            ("audio", "aac"),
            ("audio", "ac3"),
        ]
        assert (1, b"Hallo") in [(s, data[-5:]) for s, data in before[2][3]]
        assert tracks(written(path)[0]) == before


def test_what_was_cut_off_the_beginning_is_not_heard(tmp_path, film):
    path = film(tmp_path / "a.mp4", sound=[("aac", "deu")], early=Fraction(1, 2))
    out, _ = written(path)
    for file in (path, out):
        [(*_, packets)] = tracks(file)
        assert packets[0][0] == Fraction(-1024 - 24_000, 48_000)
        with av.open(file) as opened:
            unheard = [p for p in opened.demux(audio=0) if p.is_discard]
            # 0.5 s of 1024 samples each, and the encoder's own.
            assert len(unheard) == 24
    assert tracks(out) == tracks(path)
    assert next(open_video(out).frames()).time == 0


def test_sound_that_the_format_does_not_hold_is_named(tmp_path, film):
    matroska = film(tmp_path / "a.mkv", sound=[("aac", "deu"), ("libopus", "eng")])
    path = matroska.rename(tmp_path / "a.webm")
    out, lost = written(path)
    assert lost == ["a track of sound (aac), which cannot be copied into .webm"]
    assert [track[1:3] for track in tracks(out)] == [("opus", "eng")]
    # As a phone's track of a codec that is too new for ffmpeg.
    path = film(tmp_path / "a.mov", sound=[("aac", "deu")])
    path.write_bytes(
        path.read_bytes().replace(b"mp4a", b"soon").replace(b"esds", b"soon")
    )
    out, lost = written(path)
    assert lost == [
        "a track of sound (an unknown codec), which cannot be copied into .mov"
    ]
    assert len(list(open_video(out).frames())) == 22


@pytest.mark.parametrize("mark", [None, "edited"])
def test_date_place_camera_and_chapters(tmp_path, film, mark):
    about = {"title": "Übung", "comment": "hello", "encoder": "a phone's"}
    apple = {
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.location.ISO6709": "+52.5200+013.4050+034/",
        "com.apple.quicktime.creationdate": "2026-11-27T08:00:00+0100",
    }
    date = {"creation_time": "2026-11-27T07:00:00.000000Z"}
    place = {"location": "+52.5200+013.4050/"}
    comment = "hello\nedited" if mark else "hello"
    for name, facts, options in (
        ("a.mov", about | date | apple, {"movflags": "use_metadata_tags"}),
        ("a.mp4", about | date | place, {}),
        ("a.mkv", about | {"DATE": "2026"}, {}),
    ):
        path = film(tmp_path / name, about=facts, options=options)
        out, _ = written(path, mark)
        with av.open(out) as file:
            found = {key.lower(): value for key, value in file.metadata.items()}
            [chapter] = file.chapters()
        assert found.pop("comment") == comment
        assert found.pop("encoder").startswith("Lavf")
        expected = {key.lower(): value for key, value in facts.items()}
        assert (
            found.items()
            >= {
                key: value
                for key, value in expected.items()
                if key not in ("comment", "encoder")
            }.items()
        )
        assert chapter["metadata"]["title"] == "Anfang"


def test_text_that_is_no_utf_8_goes_through(tmp_path, film):
    path = film(tmp_path / "a.mp4", about={"title": "Übung"})
    path.write_bytes(path.read_bytes().replace("Übung".encode(), b"\xdcbung."))
    out, _ = written(path)
    assert b"\xdcbung." in out.read_bytes()
