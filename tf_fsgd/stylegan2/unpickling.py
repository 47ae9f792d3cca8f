"""Reads pickles from strangers: data comes back, nothing runs.

A pickle is a program. `pickle.load` imports whatever it names and calls it, so a
checkpoint can do anything that its reader may do. Here a name stands for one of a few
replacements of ours or the file is refused, instances are inert, and what is read is
never larger than the file:

* Only instructions that Python 2 and 3 write for protocols 2 to 5 are known.
* A class of the file becomes a `StandIn` that keeps arguments and state, unevaluated.
* `BUILD` reaches stand-ins only; by default it would set attributes of anything.
* Keys are plain values: hashing nested tuples can take forever.
* Lengths are compared with what is left of the file before memory is asked for.
"""

import math
import os
import pickle
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from tf_fsgd.errors import UserError

Globals = dict[str, Callable]
"""`"module.name"` in a pickle: what stands in its place."""

MOST_INSTRUCTIONS = 1_000_000
"""stylegan2-ada-pytorch at 1024 px takes 24,000; without a limit, a file of one-byte
instructions becomes sixty times its size in memory."""

MALFORMED = (
    pickle.UnpicklingError,
    struct.error,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the pickle machine of the standard library raises for damaged input."""

_NUMBERS = {f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)} - {"f1"}
_PLAIN = (str, bytes, int, float, bool, type(None))


class StandIn:
    """An object whose class is not loaded.

    Attributes:
        arguments: What its class would have been called with.
        state: What its `__setstate__` would have been given.
    """

    def __new__(cls, *arguments):
        self = super().__new__(cls)
        self.arguments = arguments
        self.state = None
        return self

    def build(self, state: Any) -> None:
        """Keeps the state."""
        self.state = state


class Dictionary(dict):
    """`collections.OrderedDict` and NVIDIA's `EasyDict`; attributes are dropped."""

    def __init__(self, pairs=()):
        super().__init__((_plain(key), value) for key, value in pairs)

    def build(self, state: Any) -> None:
        """Drops it: PyTorch keeps version numbers there."""


class DType(StandIn):
    """`numpy.dtype`, of numbers only."""

    def resolve(self) -> np.dtype:
        """The type; raises `UnpicklingError` unless it is a plain number."""
        name = self.arguments[0] if self.arguments else None
        if name not in _NUMBERS | {"b1"}:
            raise pickle.UnpicklingError("an array does not hold numbers")
        big_endian = isinstance(self.state, tuple) and self.state[1:2] == (">",)
        return np.dtype(name).newbyteorder(">" if big_endian else "<")


class Array(StandIn):
    """`numpy.ndarray`."""

    def build(self, state: Any) -> None:
        """Rebuilds `values` from NumPy's state: version, shape, type, order, bytes."""
        *_, shape, dtype, fortran, raw = state
        self.values = _array(raw, dtype, shape, "F" if fortran else "C")


def values(value: Any) -> np.ndarray | None:
    """The NumPy array behind an array or scalar of a pickle, else `None`."""
    if isinstance(value, Array):
        return getattr(value, "values", None)
    if isinstance(value, np.ndarray):
        return value
    if type(value) is float or (type(value) is int and abs(value) < 2**63):
        return np.asarray(value, np.float64)
    return None


def number(value: Any, name: str) -> float | None:
    """A number or `None`.

    Raises:
        UserError: If it is anything else, or not finite; it is called `name`.
    """
    if value is None:
        return None
    array = values(value)
    if array is None or array.size != 1 or not np.isfinite(array).all():
        raise UserError(f"{name} must be a number, found {shown(value)}")
    return array.item()


def check_setting(value: Any, name: str, asked: Any) -> None:
    """Checks what a network was built with.

    Raises:
        UserError: If it is not what is asked.
    """
    if not isinstance(value, _PLAIN) or value != asked:
        raise UserError(f"its {name} is {shown(value)}; only {asked} is supported")


def shown(value: Any) -> str:
    """Something of a stranger's file for a message: short, on one line."""
    if not isinstance(value, _PLAIN) or (type(value) is int and abs(value) > 2**63):
        return f"a {type(value).__name__}"
    text = value if isinstance(value, str) else repr(value)
    return "".join(c if c.isprintable() else "?" for c in text[:80])


def unpickle(
    file: BinaryIO,
    allowed: Globals,
    persistent_load: Callable[[Any], Any] | None = None,
) -> Any:
    """Loads one pickle.

    Args:
        file: Where to read, open for random access; it is left behind the pickle.
        allowed: Replacements beyond those for containers and NumPy.
        persistent_load: What to put for a persistent id; the file is refused if `None`.

    Returns:
        Containers, strings, numbers, `Array`s and whatever the replacements return.

    Raises:
        UserError: If the pickle asks for anything else, or is damaged.
    """
    try:
        return _Unpickler(file, COMMON | allowed, persistent_load).load()
    except UserError:
        raise
    except MALFORMED as error:
        told = isinstance(error, (pickle.UnpicklingError, EOFError))
        reason = (told and shown(str(error))) or type(error).__name__
        raise UserError(f"a damaged or incomplete pickle ({reason})") from error


class _Unpickler(pickle._Unpickler):
    """The standard library's machine in Python: the one in C cannot be restrained.

    It asks for memory before it looks whether the file is that long, and its table of
    remembered objects is as long as the largest number that the file names.
    """

    def __init__(self, file, allowed, persistent_load):
        super().__init__(_Bounded(file), encoding="latin1")
        self._allowed = allowed
        self._persistent_load = persistent_load
        self.dispatch = _Limited(_HANDLERS)

    def find_class(self, module, name):
        asked = f"{module}.{name}"
        if asked not in self._allowed:
            raise UserError(
                f"refused, the pickle asks for {shown(asked)}, which no StyleGAN2 "
                "checkpoint needs"
            )
        return self._allowed[asked]

    def persistent_load(self, pid):
        if self._persistent_load is None:
            raise pickle.UnpicklingError("it refers to data outside of it")
        return self._persistent_load(pid)

    def _build(self):
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, (StandIn, Dictionary)):
            raise pickle.UnpicklingError("state for something that has none")
        target.build(state)

    def _set_item(self):
        value = self.stack.pop()
        key = self.stack.pop()
        self._update((key, value))

    def _set_items(self):
        self._update(self.pop_mark())

    def _update(self, items):
        if not isinstance(self.stack[-1], dict):
            raise pickle.UnpicklingError("items for something that is no dictionary")
        keys = map(_plain, items[::2])
        self.stack[-1].update(zip(keys, items[1::2], strict=True))

    def _add_items(self):
        items = self.pop_mark()
        self.stack[-1].update(map(_plain, items))

    def _frozenset(self):
        self.append(frozenset(map(_plain, self.pop_mark())))


class _Limited(dict):
    """Handlers by instruction, for as many instructions as a checkpoint may have."""

    left = MOST_INSTRUCTIONS

    def __getitem__(self, instruction):
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError(f"over {MOST_INSTRUCTIONS:,} instructions")
        return super().__getitem__(instruction)


class _Bounded:
    """A file that is asked for more than it has refuses before allocating."""

    def __init__(self, file: BinaryIO):
        self._file = file
        at = file.tell()
        self._left = file.seek(0, os.SEEK_END) - at
        file.seek(at)

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._left:
            raise EOFError(f"it ends early, {self._left:,} bytes are left")
        self._left -= size
        return self._file.read(size)

    def readline(self) -> bytes:
        line = self._file.readline()
        self._left -= len(line)
        return line


def _plain(key: Any) -> Any:
    if not isinstance(key, _PLAIN):
        raise pickle.UnpicklingError("a key that is no plain value")
    return key


def _array(raw: Any, dtype: Any, shape: Any, order: str) -> np.ndarray:
    if isinstance(raw, str):  # Python 2
        raw = raw.encode("latin1")
    if not isinstance(dtype, DType) or not isinstance(raw, bytes):
        raise pickle.UnpicklingError("an array without type or bytes")
    kind = dtype.resolve()
    sizes = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not sizes or len(shape) > 8 or math.prod(shape) * kind.itemsize != len(raw):
        raise pickle.UnpicklingError("an array's shape does not fit its bytes")
    return np.ndarray(shape, kind, buffer=raw, order=order)


def _scalar(dtype: Any, raw: Any) -> np.ndarray:
    return _array(raw, dtype, (), "C")


def _from_buffer(raw: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return _array(raw, dtype, shape, "F" if order == "F" else "C")


def _encode(text: Any, encoding: Any = None) -> bytes:
    """How Python 3 writes bytes in protocol 2; other codecs unpack archives."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("text in an encoding other than latin1")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """How Python 3 writes empty bytes in protocol 2."""
    return b""


def _set(items: Any = ()) -> set:
    return set(map(_plain, items))


COMMON: Globals = {
    "collections.OrderedDict": Dictionary,
    "_codecs.encode": _encode,
    "numpy.ndarray": Array,
    "numpy.dtype": DType,
    "__builtin__.bytes": _no_bytes,
    **{f"{module}.set": _set for module in ("builtins", "__builtin__")},
    **{
        f"numpy.{core}.{name}": replacement
        for core in ("core", "_core")
        for name, replacement in (
            ("multiarray._reconstruct", Array),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _from_buffer),
        )
    },
}
"""Containers and NumPy, in all spellings since Python 2 and NumPy 1."""

_ASIS = (
    "MARK STOP POP POP_MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 "
    "BINFLOAT SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES BINBYTES8 "
    "SHORT_BINUNICODE BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS EMPTY_DICT "
    "EMPTY_SET EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 BINGET LONG_BINGET BINPUT "
    "LONG_BINPUT MEMOIZE PROTO FRAME GLOBAL STACK_GLOBAL REDUCE NEWOBJ BINPERSID"
)
_HANDLERS = {
    getattr(pickle, name)[0]: pickle._Unpickler.dispatch[getattr(pickle, name)[0]]
    for name in _ASIS.split()
} | {
    pickle.BUILD[0]: _Unpickler._build,
    pickle.SETITEM[0]: _Unpickler._set_item,
    pickle.SETITEMS[0]: _Unpickler._set_items,
    pickle.ADDITEMS[0]: _Unpickler._add_items,
    pickle.FROZENSET[0]: _Unpickler._frozenset,
    # As bytes: the original makes room for the length that the file claims.
    pickle.BYTEARRAY8[0]: pickle._Unpickler.load_binbytes8,
}
