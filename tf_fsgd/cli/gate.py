"""`python -m export.gate FILE ...`: whether phones and browsers will run files."""

import argparse
import logging
import os
from pathlib import Path

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import guarded
from tf_fsgd.exporting.errors import ExportError


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Of the command line; None takes the process's own.

    Returns:
        0: all files pass; 1: some do not; 2: some are no .tflite files.
    """
    parser = argparse.ArgumentParser(prog="python -m export.gate", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    logging.basicConfig(level=logging.WARNING)
    return guarded(lambda: _check_files(parser.parse_args(arguments).files))


def _check_files(paths: list[Path]) -> int:
    # TensorFlow is loaded late, so that --help is quick and its greeting stays hidden.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from tf_fsgd.exporting.gate import check_file

    failed = 0
    for path in paths:
        try:
            print(f"ok      {path}: {check_file(path)}")
        except ExportError as error:
            failed += 1
            print(f"failed  {path}: {error}")
    return 1 if failed else 0
