"""Damage to files: what bad disks, cut downloads and hostile people make of them.

    mutated(data, others, random.Random(7))

Half of it happens inside of a container whose checksums are made anew (zip, TFRecord,
PNG), where a parser has nothing left to trust in.
"""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

_PNG = b"\x89PNG\r\n\x1a\n"
_ZIP = b"PK"
_NUMBERS = re.compile(rb"-?\d+(\.\d+)?")
_TEXTS = (b"1e999", b"-1", b"9" * 30, b"NaN", b"null", b"[]", b'""', b"{}", b"true")
_EDGES = (0, 1, -1, 2**7, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1)


def mutated(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """A damaged copy.

    Args:
        data: A whole file.
        others: More of the same kind, to take pieces from.
        rng: Decides on all of it.
    """
    for pack in (_inside_zip, _inside_png, _inside_records):
        if rng.random() < 0.5 and (packed := pack(data, others, rng)) is not None:
            return packed
    return _damaged(data, others, rng)


def _damaged(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        data = rng.choice(_WAYS)(data, others, rng)
    return data


def _flip(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 4, 8, 64, 4096)))


def _insert(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    at, _ = _span(data, rng)
    return data[:at] + rng.randbytes(rng.choice((1, 4, 64))) + data[at:]


def _drop(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 50)) + data[end:]


def _swap(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    start, middle = _span(data, rng)
    end = min(len(data), 2 * middle - start)
    return data[:start] + data[middle:end] + data[start:middle] + data[end:]


def _splice(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    start, end = _span(rng.choice(others), rng)
    at, _ = _span(data, rng)
    return data[:at] + rng.choice(others)[start:end] + data[at + end - start :]


def _length(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Another number in the place of what may be a length, a count or an offset."""
    size = rng.choice((1, 2, 4, 8))
    order = rng.choice(("little", "big"))
    at = rng.randrange(max(1, min(len(data), rng.choice((64, len(data) or 1)))))
    found = int.from_bytes(data[at : at + size], order)
    number = rng.choice((*_EDGES, found + 1, found - 1, found * 2, -found))
    return data[:at] + (number % 256**size).to_bytes(size, order) + data[at + size :]


def _number(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Another number, or no number, where text has one."""
    found = list(_NUMBERS.finditer(data[:100_000]))
    if not found:
        return _length(data, others, rng)
    start, end = rng.choice(found).span()
    return data[:start] + rng.choice(_TEXTS) + data[end:]


_WAYS: tuple[Callable[[bytes, Sequence[bytes], random.Random], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _insert,
    _drop,
    _repeat,
    _swap,
    _splice,
    _length,
    _length,
    _number,
)


def _inside_zip(data: bytes, others: Sequence[bytes], rng: random.Random):
    if not data.startswith(_ZIP):
        return None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    chosen = rng.randrange(len(members))
    name, content = members[chosen]
    if rng.random() < 0.1:
        members[chosen] = (rng.choice(members)[0] + rng.choice(("", "x")), content)
    else:
        members[chosen] = (name, _damaged(content, [m for _, m in members], rng))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content)  # with no date
    return file.getvalue()


def _inside_png(data: bytes, others: Sequence[bytes], rng: random.Random):
    if not data.startswith(_PNG):
        return None
    chunks, at = [], len(_PNG)
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        chunks.append(data[at + 4 : at + 8 + size])
        at += size + 12
    _shuffle(chunks, rng)
    packed = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
        if len(chunk) >= 4
    )
    return _PNG + b"".join(packed)


def records(data: bytes) -> list[bytes] | None:
    """The records of a whole TFRecord file; `None` if it is none."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        if at + 16 + size > len(data):
            return None
        found.append(data[at + 12 : at + 12 + size])
        at += size + 16
    return found


def recorded(contents: Sequence[bytes]) -> bytes:
    """A TFRecord file."""
    parts = []
    for content in contents:
        size = struct.pack("<Q", len(content))
        parts += [size, _checksum(size), content, _checksum(content)]
    return b"".join(parts)


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", masked_crc32c(data))


def _inside_records(data: bytes, others: Sequence[bytes], rng: random.Random):
    found = records(data)
    if not found:
        return None
    _shuffle(found, rng)
    return recorded(found)


def _shuffle(parts: list[bytes], rng: random.Random) -> None:
    """Damages one part, or swaps, drops or repeats some, in place."""
    first, second = rng.randrange(len(parts)), rng.randrange(len(parts))
    way = rng.random()
    if way < 0.7:
        parts[first] = _damaged(parts[first], parts, rng)
    elif way < 0.8:
        parts[first], parts[second] = parts[second], parts[first]
    elif way < 0.9:
        del parts[first]
    else:
        parts.insert(second, parts[first])
