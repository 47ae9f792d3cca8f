"""`tf-fsgd gate FILE ...`: whether phones and browsers will run files."""

import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def gate(files: Annotated[list[Path], Parameter(name="FILE")], /) -> int:
    """Says whether phones and browsers will run .tflite files.

    Args:
        files: What an export wrote, or others.

    Returns:
        0: all files pass; 1: some do not.

    Raises:
        UserError: If some are no .tflite files.
    """
    from tf_fsgd.exporting.errors import ExportError
    from tf_fsgd.exporting.gate import check_file

    logging.basicConfig(level=logging.WARNING)
    failed = 0
    for path in files:
        try:
            print(f"ok      {path}: {check_file(path)}")
        except ExportError as error:
            failed = 1
            print(f"failed  {path}: {error}")
    return failed
