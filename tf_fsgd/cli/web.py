"""`python -m export.web RUN --out site/`: a page that runs a translator."""

import argparse
import os
from pathlib import Path

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import guarded


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Of the command line; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m export.web", description=__doc__)
    parser.add_argument(
        "run",
        metavar="RUN",
        help="run folder of train.py, or a shipped translator: its name, or shipped",
    )
    parser.add_argument(
        "--out", metavar="DIR", default="site", help="folder to make (default: site)"
    )
    parser.add_argument(
        "--litert",
        metavar="DIR",
        help="node_modules folder with @litertjs (default: fetched with npm, once)",
    )
    return guarded(lambda: _write(parser.parse_args(arguments)))


def _write(options: argparse.Namespace) -> None:
    # TensorFlow is loaded late, so that --help is quick and its greeting stays hidden.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from tf_fsgd.exporting.web.site import write_site
        from tf_fsgd.translator.translator import load_translator

    translator = load_translator(options.run)
    with output_to(os.devnull):
        write_site(translator, Path(options.out), options.litert)
    print(f"{options.out}: python -m http.server --directory {options.out}")
