"""Dataclasses as settings: rules in their types, read from JSON or from a flag.

    @dataclass
    class Loop(Settings):
        images: Count = 12_000

    check_fields(Loop(images=0), "loop")
    # UserError: loop.images must be at least 1, received 0

Pydantic checks types and rules together. It takes a tenth of a second to import, which
waits until there is something to check.
"""

import dataclasses
import functools
import json
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

from annotated_types import Interval

from tf_fsgd.errors import UserError

Count = Annotated[int, Interval(ge=1)]
Natural = Annotated[int, Interval(ge=0)]
Positive = Annotated[float, Interval(gt=0)]
Weight = Annotated[float, Interval(ge=0)]
Share = Annotated[float, Interval(ge=0, le=1)]
BelowOne = Annotated[float, Interval(ge=0, lt=1)]


class Settings:
    """What every dataclass of settings derives from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
    }


def check_fields(owner: Any, name: str = "") -> None:
    """Checks the fields of an object and of those that it holds.

    Args:
        owner: The settings.
        name: What they are called in messages; empty: fields are named alone.

    Raises:
        UserError: At the first value of another type, or that breaks its rule.
    """
    from_dict(type(owner), dataclasses.asdict(owner), name=name)


def from_dict(cls: type, values: Any, where: str = "", name: str = "") -> Any:
    """Makes an object, and those in its fields, from JSON's dicts.

    Args:
        cls: The dataclass; fields that `values` lacks have their defaults.
        values: Values by field name.
        where: What is read, for messages.
        name: As for `check_fields`.

    Raises:
        UserError: If `values` is no dict, or has a field that is unknown, of the wrong
            type, or breaks its rule.
    """
    from pydantic import ValidationError

    try:
        # JSON's dicts become dataclasses, and nothing else is converted. What is no
        # JSON is of no type that a field has.
        return _adapter(cls).validate_json(json.dumps(values, default=repr))
    except ValidationError as error:
        line = _line(cls, [name] if name else [], error.errors()[0])
        raise UserError(f"{where}: {line}" if where else line) from None


def override(config: Any, assignment: str) -> None:
    """Sets one field from the command line.

    Args:
        config: Settings, changed in place.
        assignment: Such as `training.images=4000` or `edit=smile`.

    Raises:
        UserError: If it is no assignment, the field is unknown, or the value does not
            fit its type.
    """
    key, equals, text = (part.strip() for part in assignment.partition("="))
    *path, name = key.split(".")
    owner = functools.reduce(lambda part, step: getattr(part, step, None), path, config)
    form: Any = type(owner)
    known = isinstance(owner, Settings) and name in _hints(form)
    default = getattr(form, name, None) if known else None
    if not equals or default is None:  # sections have none
        raise UserError(
            f"--set must look like training.images=4000, received {assignment!r}"
        )
    kind = type(default)
    words = {"true": True, "false": False}
    try:
        setattr(owner, name, words[text.lower()] if kind is bool else kind(text))
    except (KeyError, ValueError):
        raise UserError(
            f"--set {key}: must be {kind.__name__}, received {text!r}"
        ) from None


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


@functools.cache
def _adapter(cls: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def _line(cls: type, owners: list[str], error: Any) -> str:
    """Where, the rule, and what was received."""
    *sections, name = map(str, error["loc"] or [""])
    for section in sections:
        cls = _hints(cls)[section]
    owners, value = [*owners, *sections], error["input"]
    if error["type"] == "unexpected_keyword_argument":
        known = ", ".join(_hints(cls))
        return ": ".join([*owners, f"unknown field {name!r}; known: {known}"])
    if error["type"] == "dataclass_type":
        where = [*owners, name] if name else owners
        return ": ".join([*where, f"expected an object, received {value!r}"])
    kind = type(getattr(cls, name))
    if type(value) not in (kind, int if kind is float else kind):
        rule = f"{name} must be {kind.__name__}, received {value!r}"
        return ": ".join([*owners, rule])
    rule = _words(_hints(cls)[name], error["type"])
    return ".".join([*owners, f"{name} must be {rule}, received {value!r}"])


def _words(hint: Any, problem: str) -> str:
    if problem == "finite_number":
        return "a finite number"
    *_, rule = get_args(hint)
    if not isinstance(rule, Interval):
        return f"one of {', '.join(map(str, get_args(hint)))}"
    if rule.le is not None:
        return f"{rule.ge} to {rule.le}"
    least = f"above {rule.gt}" if rule.ge is None else f"at least {rule.ge}"
    return least if rule.lt is None else f"{least} and below {rule.lt}"
