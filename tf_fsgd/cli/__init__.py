"""The commands, one file each; they know every room, and no room knows them.

A verb is a function: its signature names the options, its docstring is the help. A
module imports little before its verb is called, so that help and the user's mistakes
take no time.
"""

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, Parameter

from tf_fsgd import __version__
from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import UserError, guarded

# TensorFlow reads this when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# In the order in which a newcomer meets them.
VERBS = {
    "To begin with": "translate sliders sample express morph train export",
    "Further": "learn mix project evaluate web ask render",
    "For maintainers": "convert directions purity attributes ship gate",
}
_RESUMING = ("train", "learn", "render", "project", "directions")
_WITHOUT_TENSORFLOW = ("translate", "ask", "morph")

app = App(
    name="tf-fsgd",
    help="StyleGAN2 faces, edits of faces, and small networks that edit photos.",
    help_format="markdown",
    version=__version__,
    version_flags=("--version", "-V"),
    default_parameter=Parameter(negative=(), allow_repeating=True),  # the last counts
)
for _place, (_title, _names) in enumerate((VERBS | {"Options": ""}).items()):
    _group = Group(_title, sort_key=_place)
    for _order, _name in enumerate(_names.split()):
        _home = f"tf_fsgd.cli.{_name}:{_name}"
        app.command(_home, name=_name, group=_group, sort_key=_order)
for _flag in ("--help", "--version"):
    app[_flag].group = (_group,)  # the last


def main(words: Sequence[str] | None = None) -> int:
    """Runs a verb.

    Args:
        words: Of the command line; `None`: the process's own.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if words is None else list(words)
    return guarded(_run, words, resumes=bool({*words[:1]} & {*_RESUMING}))


def _run(words: list[str]) -> int | None:
    verbs = " ".join(VERBS.values()).split()
    if not (words and words[0] in verbs):
        for name in verbs:
            app[name]  # is imported here: the list of verbs has their summaries
    try:
        verb, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UserError(" ".join(str(error).split())) from None
    if verb.__module__.startswith(__name__) and words[0] not in _WITHOUT_TENSORFLOW:
        with output_to(os.devnull):  # TensorFlow greets from C++
            import tensorflow  # noqa: F401
    return verb(*bound.args, **bound.kwargs)
