"""`tf-fsgd export RUN --out DIR`: SavedModel and TFLite of a translator."""

import contextlib
import logging
import os
from pathlib import Path
from typing import Annotated

from tf_fsgd.cli.options import Run, Several


def export(
    run: Run,
    /,
    *,
    out: Path | None = None,
    photos: Annotated[list[str] | None, Several] = None,
    thorough: bool = False,
) -> None:
    """Writes a translator for servers, phones and browsers: SavedModel and TFLite.

    Args:
        run: Run folder of train.py, or a shipped translator: its name, or shipped.
        out: Folder to make or replace (RUN/export; exported/NAME of a shipped
            translator).
        photos: Aligned faces, files or folders, on which each file is compared with
            the Keras model (CelebA's test photos where they are prepared, else the
            run's held-out faces, else faces that the embedded teacher draws).
        thorough: Compare on 100 photos instead of 16, some minutes longer.

    Raises:
        UserError: If the run is none or not finished, or a folder is in the way.
    """
    from tf_fsgd.backend.quiet import output_to
    from tf_fsgd.exporting import bundle
    from tf_fsgd.exporting.faces import find_faces
    from tf_fsgd.storage.lease import lease
    from tf_fsgd.translator.translator import load_translator, run_named

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    measured = bundle.THOROUGH if thorough else bundle.PHOTOS
    folder, translator = run_named(run), load_translator(run)
    default = folder.export if folder else Path("exported", translator.name)
    out = out or default
    with output_to(os.devnull):
        faces, source = find_faces(
            measured, translator.resolution, photos or [], folder
        )
    # The command that makes the run exports to the same place.
    into_run = folder if folder and out == folder.export else None
    with lease(into_run.path) if into_run else contextlib.nullcontext():
        report = bundle.export_translator(translator, out, faces, measured, source)
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
