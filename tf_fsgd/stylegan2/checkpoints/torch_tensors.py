"""Tensors out of what `torch.save` writes, without PyTorch.

Two containers hold the same pickle, in which a tensor is a view (offset, size, strides)
of a numbered storage:

* a zip archive: `NAME/data.pkl`, and `NAME/data/NUMBER` for each storage, uncompressed;
* until PyTorch 1.6 ("legacy"), and to this day for a storage that is pickled by plain
  `pickle.dump`: five pickles in a row, then the storages one after the other.

A storage stays in the file until one of its tensors is asked for.
"""

import io
import math
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import DAMAGED, one_line
from tf_fsgd.stylegan2.checkpoints.inert_objects import Globals, InertObject
from tf_fsgd.stylegan2.checkpoints.unpickling import unpickle

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_START = b"\x80\x02\x8a\x0a" + LEGACY_MAGIC.to_bytes(10, "little")
"""The first bytes of a legacy file: a pickle of the magic number."""

_LEGACY_PROTOCOL = 1001
# A weight is looked at twice at most; weights that share one storage over and over
# would be larger in memory than in the file.
_READS = 4
_BFLOAT16 = "bfloat16"
_STORAGES = {
    "Float": "<f4",
    "Half": "<f2",
    "BFloat16": _BFLOAT16,
    "Double": "<f8",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "<i1",
    "Byte": "<u1",
    "Bool": "<u1",
}


class Storage:
    """A row of numbers in a file.

    Attributes:
        kind: NumPy's name of their type, or `bfloat16`.
        length: How many.
        read: Returns their bytes; `None` until the storage is found.
    """

    def __init__(self, kind: str, length: int):
        if type(length) is not int or not 0 <= length < 2**40:
            raise pickle.UnpicklingError("a storage without length")
        self.kind = kind
        self.length = length
        self.read: Callable[[], bytes] | None = None
        self._left = _READS * length

    @property
    def size(self) -> int:
        """In bytes."""
        item = 2 if self.kind == _BFLOAT16 else np.dtype(self.kind).itemsize
        return self.length * item

    def numpy(self, count: int) -> np.ndarray:
        """All of it, `[length]`, for a tensor of `count`; bfloat16 becomes float32."""
        self._left -= count
        if self._left < 0:
            raise UserError("refused, many of its tensors are the same numbers")
        raw = self.read() if self.read else b""
        if len(raw) != self.size:
            raise UserError(
                f"damaged or incomplete: a tensor needs {self.size:,} bytes, "
                f"found {len(raw):,}"
            )
        if self.kind == _BFLOAT16:
            # The upper half of a float32.
            return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4")
        return np.frombuffer(raw, self.kind)


class Tensor:
    """A view of a storage, as `torch._utils._rebuild_tensor_v2` takes it.

    Attributes:
        shape: Its sizes.
    """

    def __init__(self, storage: Any, offset: Any, shape: Any, strides: Any, *_):
        numbers = isinstance(shape, tuple) and isinstance(strides, tuple)
        numbers = numbers and all(
            type(number) is int and number >= 0 for number in (offset, *shape, *strides)
        )
        if not isinstance(storage, Storage) or not numbers:
            raise pickle.UnpicklingError("a tensor without storage or shape")
        steps = sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        count = math.prod(shape)
        # A few numbers repeated by strides of 0 can fill any memory.
        if len(shape) > 8 or count > storage.length:
            raise pickle.UnpicklingError("a tensor larger than its storage")
        if count and offset + steps >= storage.length:
            raise pickle.UnpicklingError("a tensor outside of its storage")
        self.shape = shape
        self._storage, self._offset, self._strides = storage, offset, strides

    def numpy(self) -> np.ndarray:
        """A copy, float32, `shape`."""
        count = math.prod(self.shape)
        flat = self._storage.numpy(count)
        if not count:
            return np.zeros(self.shape, np.float32)
        view = np.lib.stride_tricks.as_strided(
            flat[self._offset :],
            self.shape,
            [step * flat.itemsize for step in self._strides],
            writeable=False,
        )
        return np.array(view, np.float32, order="C")


def read_legacy(file: BinaryIO, allowed: Globals) -> Any:
    """Reads a legacy file; `file` must stay open while tensors are asked for.

    Raises:
        UserError: If it is damaged, or asks for more than `allowed`.
    """
    magic, protocol, system = (unpickle(file, {}) for _ in range(3))
    if magic != LEGACY_MAGIC or protocol != _LEGACY_PROTOCOL:
        raise UserError("not a file of torch.save")
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise UserError("written on a big-endian machine, which is not supported")
    storages: dict[str, Storage] = {}
    content = unpickle(file, allowed | STORAGES, _by_number(storages))
    numbers = unpickle(file, {})
    if not isinstance(numbers, list):
        raise UserError("damaged or incomplete: no list of storages")
    at = file.tell()
    end = file.seek(0, io.SEEK_END)
    for number in numbers:
        storage = storages.get(number) if isinstance(number, str) else None
        file.seek(at)
        if storage is None or file.read(8) != struct.pack("<q", storage.length):
            raise UserError("damaged or incomplete: storages do not follow their list")
        storage.read = _part(file, at + 8, storage.size)
        at += 8 + storage.size
        if at > end:
            raise UserError(f"damaged or incomplete: {at - end:,} bytes are missing")
    return content


def read_zip(archive: zipfile.ZipFile, folder: str, allowed: Globals) -> Any:
    """Reads a zip archive, which must stay open while tensors are asked for.

    Args:
        archive: The file.
        folder: What the names in it begin with, with a slash.
        allowed: Replacements, as for `unpickle`.

    Raises:
        UserError: If it is damaged, or asks for more than `allowed`.
    """
    if f"{folder}byteorder" in archive.namelist():
        order = _member(archive, f"{folder}byteorder")
        if order != b"little":
            raise UserError("written on a big-endian machine, which is not supported")
    storages: dict[str, Storage] = {}
    program = io.BytesIO(_member(archive, f"{folder}data.pkl"))
    content = unpickle(program, allowed | STORAGES, _by_number(storages))
    for number, storage in storages.items():
        storage.read = _member_of(archive, f"{folder}data/{number}", storage.size)
    return content


def load_from_bytes(raw: Any) -> Storage:
    """`torch.storage._load_from_bytes`: a storage inside of a plain pickle.

    Raises:
        UserError: If there is anything else.
    """
    if not isinstance(raw, bytes):
        raise pickle.UnpicklingError("a storage that is no bytes")
    file = io.BytesIO(raw)
    if raw.startswith(b"PK\x03\x04"):
        archive = open_zip(file)
        storage = read_zip(archive, torch_folder(archive) or "", {})
    else:
        storage = read_legacy(file, {})
    if not isinstance(storage, Storage):
        raise pickle.UnpicklingError("a storage that is something else")
    return storage


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Opens a zip archive.

    Raises:
        UserError: If it is damaged or incomplete.
    """
    try:
        return zipfile.ZipFile(file)
    except DAMAGED as error:
        raise UserError(
            f"a damaged or incomplete zip archive ({one_line(error)})"
        ) from error


def torch_folder(archive: zipfile.ZipFile) -> str | None:
    """The folder of `data.pkl` in an archive of `torch.save`; `None` in any other."""
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    return names[0].removesuffix("data.pkl") if len(names) == 1 else None


def _by_number(storages: dict[str, Storage]) -> Callable[[Any], Storage]:
    def persistent_load(pid):
        # A sixth item would be a view of a storage, from before PyTorch 0.4.
        if not isinstance(pid, tuple) or pid[:1] != ("storage",) or any(pid[5:]):
            raise pickle.UnpicklingError("a reference that is no storage")
        kind, number, _device, length = pid[1:5]
        if not isinstance(kind, _Kind) or not isinstance(number, str):
            raise pickle.UnpicklingError("a storage without type or number")
        storage = storages.setdefault(number, Storage(kind.name, length))
        if (storage.kind, storage.length) != (kind.name, length):
            raise pickle.UnpicklingError("a storage of two sizes")
        return storage

    return persistent_load


def _part(file: BinaryIO, start: int, size: int) -> Callable[[], bytes]:
    def read():
        file.seek(start)
        return file.read(size)

    return read


def _member_of(archive: zipfile.ZipFile, name: str, size: int) -> Callable[[], bytes]:
    return lambda: _member(archive, name, size)


def _member(archive: zipfile.ZipFile, name: str, size: int | None = None) -> bytes:
    """Bytes of a member; one that would be unpacked is refused, for it could be any
    size, and PyTorch never packs."""
    try:
        info = archive.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != (
            info.compress_size if size is None else size
        ):
            raise UserError(f"damaged: {name} has another size than it should")
        return archive.read(info)
    except UserError:
        raise
    except DAMAGED as error:
        raise UserError(f"damaged or incomplete ({name}: {one_line(error)})") from error


class _Kind:
    """A class such as `torch.FloatStorage`; a pickle only names it."""

    def __init__(self, name: str):
        self.name = name


STORAGES: Globals = {
    f"torch.{name}Storage": _Kind(kind) for name, kind in _STORAGES.items()
}
TENSORS: Globals = {
    "torch._utils._rebuild_tensor_v2": Tensor,
    "torch._utils._rebuild_tensor": Tensor,
    "torch._utils._rebuild_parameter": lambda data=None, *_: data,
    "torch.Size": InertObject,
    "torch.device": InertObject,
    **{
        f"torch.{name}": InertObject
        for name in ("float16", "bfloat16", "float32", "float64", "int32", "int64")
    },
}
"""What a pickle with tensors asks for, apart from its own classes."""
