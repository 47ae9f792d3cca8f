"""Dataclasses as settings: rules beside the defaults, read from JSON or from a flag.

    @dataclass
    class Loop:
        images: int = setting(12_000, at_least(1))

    check_fields(Loop(images=0), "loop")
    # UserError: loop.images must be at least 1, received 0

Types are checked where text comes in (`from_dict`, `override`), so rules rely on them.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from tf_fsgd.errors import UserError


@dataclass(frozen=True)
class Rule:
    """What a value must be: in words, as they follow "must be", and as a test."""

    words: str
    holds: Callable[[Any], bool]


def at_least(least: float) -> Rule:
    """A number from `least` on."""
    return Rule(f"at least {least}", lambda value: value >= least)


def above(limit: float) -> Rule:
    """A number greater than `limit`."""
    return Rule(f"above {limit}", lambda value: value > limit)


def between(least: float, most: float) -> Rule:
    """A number from `least` to `most`, both allowed."""
    return Rule(f"{least} to {most}", lambda value: least <= value <= most)


def one_of(*choices: Any) -> Rule:
    """One of a few values."""
    return Rule(
        f"one of {', '.join(map(str, choices))}", lambda value: value in choices
    )


def setting(default: Any, rule: Rule) -> Any:
    """A dataclass field with a default and the rule that its values keep."""
    return dataclasses.field(default=default, metadata={"rule": rule})


def check_fields(owner: Any, name: str = "") -> None:
    """Checks the fields of a dataclass object and of those that it holds.

    Args:
        owner: The object.
        name: What it is called in messages; empty: fields are named alone.

    Raises:
        UserError: At the first value that breaks its rule, or is no finite number.
    """
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        rule = field.metadata.get("rule")
        key = f"{name}.{field.name}" if name else field.name
        if dataclasses.is_dataclass(value):
            check_fields(value, key)
        elif isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{key} must be a finite number, received {value}")
        elif rule is not None and not rule.holds(value):
            raise UserError(f"{key} must be {rule.words}, received {value!r}")


def from_dict(cls: type, values: Any, where: str) -> Any:
    """Makes a dataclass object, and those in its fields, from JSON's dicts.

    Args:
        cls: The dataclass; fields that `values` lacks have their defaults.
        values: Values by field name.
        where: What is read, for messages.

    Raises:
        UserError: If `values` is no dict, or has a field that is unknown or of the
            wrong type.
    """
    if not isinstance(values, dict):
        raise UserError(f"{where}: expected an object, received {values!r}")
    types = get_type_hints(cls)
    arguments = {}
    for name, value in values.items():
        if name not in types:
            raise UserError(
                f"{where}: unknown field {name!r}; known: {', '.join(types)}"
            )
        if dataclasses.is_dataclass(types[name]):
            value = from_dict(types[name], value, f"{where}: {name}")
        elif types[name] is float and type(value) is int:
            value = float(value)
        elif type(value) is not types[name]:
            raise UserError(
                f"{where}: {name} must be {types[name].__name__}, received {value!r}"
            )
        arguments[name] = value
    return cls(**arguments)


def override(config: Any, assignment: str) -> None:
    """Sets one field from the command line.

    Args:
        config: A dataclass object, changed in place.
        assignment: Such as `training.images=4000` or `edit=smile`.

    Raises:
        UserError: If it is no assignment, the field is unknown, or the value does not
            fit its type.
    """
    key, equals, text = assignment.partition("=")
    *path, name = key.strip().split(".")
    owner: Any = config
    for part in path:
        owner = getattr(owner, part, None)
    known = dataclasses.is_dataclass(owner)
    types = get_type_hints(type(owner)) if known else {}
    if not equals or name not in types or dataclasses.is_dataclass(types[name]):
        raise UserError(
            f"--set must look like training.images=4000, received {assignment!r}"
        )
    parse = _parse_bool if types[name] is bool else types[name]
    try:
        setattr(owner, name, parse(text.strip()))
    except ValueError:
        raise UserError(
            f"--set {key}: must be {types[name].__name__}, received {text!r}"
        ) from None


def _parse_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
