"""`python -m export RUN --out DIR`: SavedModel and TFLite of a finished run."""

import argparse
import logging
import os
import sys
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError, guarded
from tf_fsgd.quiet import output_to


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Of the command line; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("run", metavar="RUN", help="run folder of train.py")
    parser.add_argument(
        "--out", metavar="DIR", help="folder to make or replace (default: RUN/export)"
    )
    parser.add_argument(
        "--photos",
        metavar="PATH",
        nargs="+",
        default=[],
        help="aligned faces, files or folders, on which each file is compared with the "
        "Keras model (default: the run's held-out faces)",
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return guarded(_export, parser.parse_args(arguments))


def _export(options: argparse.Namespace) -> None:
    # TensorFlow is loaded late, so that --help is quick and its greeting stays hidden.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from export.bundle import export_run
        from tf_fsgd.training.runfolder import open_run

    run = open_run(options.run)
    translator = run.load_translator()
    out = Path(options.out) if options.out else run.export
    report = export_run(translator, run.config, out, _photos(run, options.photos))
    print(f"{out / 'saved_model'}")
    for file in report["tflite"].values():
        print(
            f"{out / 'tflite' / file['file']}  {file['size_bytes'] / 1e6:.2f} MB, "
            f"differs from Keras by at most {file['max_abs_difference']:.1e}, "
            f"{file['latency_ms']:.0f} ms on {file['threads']} threads"
        )


def _photos(run, paths: list[str]) -> np.ndarray:
    """A few faces for the comparison, uint8 [N, R, R, 3]."""
    from export.bundle import PHOTOS
    from tf_fsgd.images.io import find_images, read_image, resize

    if paths:
        faces = [
            resize(read_image(path), run.config.pairs.resolution)
            for path in find_images(paths)[:PHOTOS]
        ]
    else:
        source = run.open_pairs("held_out")
        faces = [source.pair(index)[0] for index in range(min(source.count, PHOTOS))]
    if not faces:
        raise UserError("--photos is needed: this run kept no held-out faces")
    return np.stack(faces)


if __name__ == "__main__":
    sys.exit(main())
