"""Configs of earlier versions, brought to the form of this one.

A file that lacks a field was written when there was none, and its run did what the
code did then. That is the field's default where this file does not say otherwise. Who
gives a config a field, or another meaning, that the default does not cover writes here
what was before, and counts `FORMAT` up.
"""

from typing import Any

from tf_fsgd.errors import UserError

FORMAT = 2  # of `config.json`; 1, the first, did not say so
_FIRST = 1

# What runs of format 1 did before there was a field for it.
_BEFORE: dict[str, Any] = {
    "generator": {"strided_ends": False},
    "loss": {"unchanged": 0.0},
    "pairs": {"head_only": False},
}


def is_earlier(values: dict[str, Any]) -> bool:
    """Whether an earlier version wrote a config that `migrated` takes."""
    return values.get("format", _FIRST) != FORMAT


def migrated(values: Any, where: str) -> dict[str, Any]:
    """The fields of a config, whichever version wrote it.

    Args:
        values: The content of a `config.json`; not changed.
        where: What is read, for messages.

    Returns:
        Values by field, for `settings.from_dict`, which checks them.

    Raises:
        UserError: If `values` is no dict, or of a format that this version does not
            know.
    """
    if not isinstance(values, dict):
        raise UserError(f"{where}: expected an object, received {values!r}")
    fields = {name: value for name, value in values.items() if name != "format"}
    found = values.get("format", _FIRST)
    if found not in (_FIRST, FORMAT):
        raise UserError(
            f"{where}: format must be {_FIRST} or {FORMAT}, received {found!r}; a "
            "later version may read it"
        )
    return _from_first(fields) if is_earlier(values) else fields


def _from_first(fields: dict[str, Any]) -> dict[str, Any]:
    training = fields.get("training")
    before: dict[str, Any] = dict(_BEFORE)
    if isinstance(training, dict) and "learning_rate" in training:
        # One rate for both networks.
        rate = training["learning_rate"]
        before["training"] = {"discriminator_learning_rate": rate}
    for section, values in before.items():
        there = fields.get(section, {})
        if isinstance(there, dict):
            fields[section] = values | there
    return fields
