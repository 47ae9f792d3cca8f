"""`python -m export RUN --out DIR`: SavedModel and TFLite of a translator."""

import argparse
import contextlib
import logging
import os
from pathlib import Path

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import guarded
from tf_fsgd.storage.lease import lease


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Of the command line; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument(
        "run",
        metavar="RUN",
        help="run folder of train.py, or a shipped translator: its name, or shipped",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder to make or replace (default: RUN/export; exported/NAME of a "
        "shipped translator)",
    )
    parser.add_argument(
        "--photos",
        metavar="PATH",
        nargs="+",
        default=[],
        help="aligned faces, files or folders, on which each file is compared with the "
        "Keras model (default: CelebA's test photos where they are prepared, else the "
        "run's held-out faces, else faces that the embedded teacher draws)",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="compare on 100 photos instead of 16, which takes some minutes longer",
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return guarded(lambda: _export(parser.parse_args(arguments)))


def _export(options: argparse.Namespace) -> None:
    # TensorFlow is loaded late, so that --help is quick and its greeting stays hidden.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from tf_fsgd.exporting import bundle
        from tf_fsgd.exporting.faces import find_faces
        from tf_fsgd.translator.translator import load_translator, run_named

    measured = bundle.THOROUGH if options.thorough else bundle.PHOTOS
    run = run_named(options.run)
    translator = load_translator(options.run)
    default = Path("exported", translator.name) if run is None else run.export
    out, side = Path(options.out or default), translator.resolution
    with output_to(os.devnull):
        photos, source = find_faces(measured, side, options.photos, run)
    # The command that makes the run exports to the same place.
    into_run = run if run and out == run.export else None
    with lease(into_run.path) if into_run else contextlib.nullcontext():
        report = bundle.export_translator(translator, out, photos, measured, source)
    print(f"{out / 'saved_model'}")
    for file in report["tflite"].values():
        latency = ", ".join(
            f"{times['fastest']:.0f} ms on {threads}"
            for threads, times in file["latency_ms"].items()
        )
        print(
            f"{out / 'tflite' / file['file']}  {file['size_bytes'] / 1e6:.2f} MB, "
            f"{file['worst_psnr_db']:.0f} dB of Keras or better, {latency} threads"
        )
    for precision, reason in report["left_out"].items():
        print(f"no {precision} file: {reason}")
