"""An export's folder: whole or absent, and never in the place of something else."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import make_folder, read_json

EXPORT_FORMAT = "tf_fsgd export 2"
"""Of an export's report.json; 2: every file takes strengths."""


@contextlib.contextmanager
def replaced(out: Path, kind: str, facts: str, form: str) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `out` if the block succeeds.

    Args:
        out: The folder to make or replace.
        kind: What it holds, for the message: "export".
        facts: Name of the JSON file by which an earlier one is known.
        form: The value of its key "format": what, and a version. One of another
            version may go as well.

    Raises:
        UserError: If `out` exists and is neither empty nor one of its kind.
    """
    make_folder(out.parent)  # refuses an address, which it is no more when resolved
    out = out.resolve()
    if out.exists() and not _may_go(out, facts, form):
        raise UserError(f"out must be new, empty or an earlier {kind}, received {out}")
    # Fixed names, so that the next export clears what a killed one left.
    partial = out.with_name(f".{out.name}.partial")
    previous = out.with_name(f".{out.name}.previous")
    shutil.rmtree(partial, ignore_errors=True)
    make_folder(partial)
    try:
        yield partial
        shutil.rmtree(previous, ignore_errors=True)
        if out.exists():
            out.rename(previous)
        partial.rename(out)
        shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _may_go(out: Path, facts: str, form: str) -> bool:
    if not out.is_dir():
        return False
    if (out / facts).is_file():
        found = read_json(out / facts)
        return isinstance(found, dict) and _kind(found.get("format")) == _kind(form)
    return not any(out.iterdir())


def _kind(form: object) -> str:
    """A format without its version."""
    return str(form).rpartition(" ")[0]
