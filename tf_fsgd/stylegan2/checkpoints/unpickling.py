"""Reads pickles from strangers: data comes back, nothing runs.

A pickle is a program. `pickle.load` imports whatever it names and calls it, so a
checkpoint can do anything that its reader may do. Here a name stands for one of a few
replacements of ours or the file is refused, instances are inert, and what is read is
never larger than the file:

* Only instructions that Python 2 and 3 write for protocols 2 to 5 are known.
* A class of the file becomes an `InertObject` of arguments and state, unevaluated.
* `BUILD` reaches inert objects only; by default it would set attributes of anything.
* Keys are plain values: hashing nested tuples can take forever.
* Lengths are compared with what is left of the file before memory is asked for.
"""

import os
import pickle
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints.inert_objects import (
    COMMON,
    Dictionary,
    Globals,
    InertObject,
    checked_key,
    shown,
)

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

    # The machine's own, which types of the standard library leave out.
    stack: list
    append: Callable[[Any], None]
    pop_mark: Callable[[], list]

    def __init__(
        self,
        file: BinaryIO,
        allowed: Globals,
        persistent_load: Callable[[Any], Any] | None,
    ):
        super().__init__(_Bounded(file), encoding="latin1")
        self._allowed = allowed
        self._persistent_load = persistent_load
        self.dispatch = _Limited(_HANDLERS)  # type: ignore[misc]  # counts this file's

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
        if not isinstance(target, (InertObject, Dictionary)):
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
        keys = map(checked_key, items[::2])
        self.stack[-1].update(zip(keys, items[1::2], strict=True))

    def _add_items(self):
        items = self.pop_mark()
        self.stack[-1].update(map(checked_key, items))

    def _frozenset(self):
        self.append(frozenset(map(checked_key, self.pop_mark())))


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
    pickle.BYTEARRAY8[0]: pickle._Unpickler.dispatch[pickle.BINBYTES8[0]],
}
