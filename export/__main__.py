"""`python -m export RUN --out DIR`: SavedModel and TFLite of a translator."""

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
        "Keras model (default: the run's held-out faces)",
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return guarded(_export, parser.parse_args(arguments))


def _export(options: argparse.Namespace) -> None:
    # TensorFlow is loaded late, so that --help is quick and its greeting stays hidden.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from export.bundle import export_run, export_translator
        from tf_fsgd.training.runfolder import open_run
        from tf_fsgd.training.translator import load_translator, of_run

    run = open_run(options.run) if Path(options.run).is_dir() else None
    if run is None:
        translator = load_translator(options.run)
        out = Path(options.out or Path("exported", translator.name))
        photos = _photos(None, translator.resolution, options.photos)
        report = export_translator(translator, out, photos)
    else:
        network = run.load_translator()
        out = Path(options.out or run.export)
        photos = _photos(run, run.config.pairs.resolution, options.photos)
        if run.config.axes:
            report = export_translator(of_run(run, network), out, photos)
        else:
            report = export_run(network, run.config, out, photos)
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


def _photos(run, resolution: int, paths: list[str]) -> np.ndarray:
    """A few faces for the comparison, uint8 [N, R, R, 3].

    Args:
        run: Where they come from without `paths`; None for a shipped translator.
        resolution: R.
        paths: Files and folders.
    """
    from export.bundle import PHOTOS
    from tf_fsgd.images.io import find_images, read_image, resize

    if paths:
        files = find_images(paths)[:PHOTOS]
        return np.stack([resize(read_image(path), resolution) for path in files])
    if run is None:
        raise UserError("--photos is needed: a shipped translator has no faces with it")
    source = run.open_pairs("held_out")
    indices = range(min(source.count, PHOTOS))
    if not indices:
        raise UserError("--photos is needed: this run kept no held-out faces")
    if run.config.axes:
        return np.concatenate([source.family(index, [0]).images for index in indices])
    return np.stack([source.pair(index)[0] for index in indices])


if __name__ == "__main__":
    sys.exit(main())
