"""An export's folder: whole or absent, and never in the place of something else."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.files import make_folder, read_json

FORMAT = "tf_fsgd export 1"
"""Of report.json, by which an earlier export is known."""


@contextlib.contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `out` if the block succeeds.

    Args:
        out: The folder to make or replace.

    Raises:
        UserError: If `out` exists and is neither empty nor an export.
    """
    out = out.resolve()
    if out.exists() and not _may_go(out):
        raise UserError(
            f"--out must be new, empty or an earlier export, received {out}"
        )
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


def _may_go(out: Path) -> bool:
    if not out.is_dir():
        return False
    if (out / "report.json").is_file():
        report = read_json(out / "report.json")
        return isinstance(report, dict) and report.get("format") == FORMAT
    return not any(out.iterdir())
