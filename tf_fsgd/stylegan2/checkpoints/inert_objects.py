"""What a pickle's names stand for: inert objects, containers, arrays of numbers.

`unpickling.py` calls these with whatever a file says, so each takes any argument and
either returns plain data or raises; none imports, opens or evaluates anything.
"""

import math
import pickle
from typing import Any, Literal, TypeVar

import numpy as np

from tf_fsgd.errors import UserError

Default = TypeVar("Default")

Globals = dict[str, Any]
"""`"module.name"` in a pickle: what stands in its place."""

_NUMBERS = {f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)} - {"f1"}
_PLAIN = (str, bytes, int, float, bool, type(None))


class InertObject:
    """An object whose class is not loaded.

    Attributes:
        arguments: What its class would have been called with.
        state: What its `__setstate__` would have been given.
    """

    arguments: tuple
    state: Any

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
        super().__init__((checked_key(key), value) for key, value in pairs)

    def build(self, state: Any) -> None:
        """Drops it: PyTorch keeps version numbers there."""


class DType(InertObject):
    """`numpy.dtype`."""

    @property
    def _name(self) -> Any:
        name = self.arguments[0] if self.arguments else None
        return name if isinstance(name, str) else None

    @property
    def is_number(self) -> bool:
        """Whether it is a plain number or boolean."""
        return self._name in _NUMBERS | {"b1"}

    def resolve(self) -> np.dtype:
        """The type; raises `UnpicklingError` unless it is a plain number."""
        if not self.is_number:
            raise pickle.UnpicklingError("an array does not hold numbers")
        big_endian = isinstance(self.state, tuple) and self.state[1:2] == (">",)
        return np.dtype(self._name).newbyteorder(">" if big_endian else "<")


class Array(InertObject):
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


def number(value: Any, name: str, default: Default) -> float | Default:
    """A number; `default` for `None`, as where there is no such setting at all.

    Raises:
        UserError: If it is anything else, or not finite; it is called `name`.
    """
    if value is None:
        return default
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


def checked_key(key: Any) -> Any:
    """A key of a dictionary, or member of a set; raises unless it hashes in no time."""
    if not isinstance(key, _PLAIN):
        raise pickle.UnpicklingError("a key that is no plain value")
    return key


def _array(raw: Any, dtype: Any, shape: Any, order: Literal["C", "F"]) -> np.ndarray:
    if isinstance(raw, str):  # Python 2
        raw = raw.encode("latin1")
    if not isinstance(dtype, DType) or not isinstance(raw, bytes):
        raise pickle.UnpicklingError("an array without type or bytes")
    kind = dtype.resolve()
    sizes = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not sizes or len(shape) > 8 or math.prod(shape) * kind.itemsize != len(raw):
        raise pickle.UnpicklingError("an array's shape does not fit its bytes")
    return np.ndarray(shape, kind, buffer=raw, order=order)


def _scalar(dtype: Any, raw: Any = None) -> np.ndarray | InertObject:
    """A number; text and dates are arguments of a training, which nobody reads."""
    if not isinstance(dtype, DType) or dtype.is_number:
        return _array(raw, dtype, (), "C")
    return InertObject(raw)


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
    return set(map(checked_key, items))


_ARGUMENTS = {
    "argparse": ("Namespace",),
    "types": ("SimpleNamespace",),
    "datetime": ("date", "time", "datetime", "timedelta", "timezone"),
    "decimal": ("Decimal",),
    "uuid": ("UUID",),
    **{
        module: tuple(
            f"{pure}{system}Path"
            for pure in ("Pure", "")
            for system in ("Posix", "Windows")
        )
        # pathlib._local is Python 3.13's.
        for module in ("pathlib", "pathlib._local")
    },
    "numpy": (*(np.dtype(kind).name for kind in _NUMBERS), "bool", "bool_", "str_"),
    "builtins": ("complex", "range", "slice"),
    "__builtin__": ("complex", "xrange", "slice"),
}
"""What else the arguments of a training may hold; each becomes an `InertObject`."""

COMMON: Globals = {
    **{f"{m}.{name}": InertObject for m, names in _ARGUMENTS.items() for name in names},
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
