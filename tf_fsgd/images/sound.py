"""What a film holds beside its pictures, copied as it is stored: sound and subtitles.

Nothing is decoded: the packets of the new film are those of the old one. With them go
the chapters and what the film says about itself (title, date, place, camera).
"""

import io
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

_COPIED = ("audio", "subtitle")
# Of the file that was; the new one has its own.
_OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder")
_APPLE = "com.apple.quicktime."


def muxer_options(source: Any) -> dict[str, str]:
    """What the container of the new film is to be opened with.

    Args:
        source: The old film, opened.
    """
    # What the old film's format holds as an experiment, the new one's may.
    options = {"strict": "experimental"}
    # Names of Apple's own, among them place and camera, have their own kind of box;
    # where there are none, all players know the other kind.
    if any(name.startswith(_APPLE) for name in source.metadata):
        options["movflags"] = "use_metadata_tags"
    return options


def copy_facts(source: Any, target: Any, mark: str | None) -> None:
    """Copies title, date, place, camera and chapters.

    Args:
        source: The old film, opened.
        target: The new one, before anything is written.
        mark: What edited it, for its comment to say; `None` if nothing has.
    """
    facts = {
        name: value
        for name, value in source.metadata.items()
        if name.lower() not in _OF_THE_FILE
    }
    if mark:
        key = next((name for name in facts if name.lower() == "comment"), "comment")
        facts[key] = "\n".join(filter(None, (facts.get(key), mark)))
    target.metadata.update(facts)
    target.set_chapters(source.chapters())


def copy_tracks(source: Any, target: Any) -> tuple[dict[int, Any], list[str]]:
    """Makes a track in the new film for each of sound and subtitles.

    Args:
        source: The old film, opened.
        target: The new one, before anything is written.

    Returns:
        The new track by the old one's index; and what the new film's format does not
        hold, as "a track of sound (mp3)".
    """
    copies, lost = {}, []
    for stream in source.streams:
        if stream.type not in _COPIED:
            continue
        if not _is_held(stream, target):
            context = stream.codec_context
            codec = "an unknown codec" if context is None else context.name
            kind = "sound" if stream.type == "audio" else "subtitles"
            lost.append(f"a track of {kind} ({codec})")
            continue
        copy = target.add_stream_from_template(stream)
        copy.metadata.update(stream.metadata)
        copy.disposition = stream.disposition
        copies[stream.index] = copy
    return copies, lost


def packets(
    source: Any, target: Any, copies: Mapping[int, Any]
) -> Iterator[tuple[Fraction, Any]]:
    """What the tracks hold, in the order of their moments, each in its new track.

    Args:
        source: The old film, opened.
        target: The new one.
        copies: As `copy_tracks` returns them.

    Yields:
        Seconds at which a packet is due, and the packet.
    """
    if not copies:
        return
    from av.format import Flags  # it is optional

    # Muxers refuse what has no moment of its own; some take two things at one.
    step = 0 if target.format.flags & Flags.ts_nonstrict.value else 1
    earliest: dict[int, int] = {}
    for packet in source.demux([source.streams[index] for index in copies]):
        index, tick = packet.stream.index, packet.dts
        if tick is None or tick < earliest.get(index, tick):
            continue
        earliest[index] = tick + step
        packet.stream = copies[index]
        yield tick * packet.time_base, packet


def _is_held(stream: Any, target: Any) -> bool:
    """Whether the target's format has a place for a track, tried out in memory.

    What muxers say that they hold is more than they do.
    """
    import av  # it is optional

    how = target.container_options
    try:
        with av.open(
            io.BytesIO(), "w", format=target.format.name, container_options=how
        ) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (ValueError, av.FFmpegError):  # PyAV's own word, and ffmpeg's
        return False
    return True
