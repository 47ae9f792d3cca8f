"""Everything that is exported from one run, in one folder that is whole or absent.

    OUT/
        saved_model/1/     for TensorFlow Serving and tf.saved_model.load
        tflite/            tf_fsgd_<edit>_<resolution>_<precision>.tflite
        report.json        how far each file is from the Keras model, sizes, latencies
        README.md          how to use them, with the same numbers
        export.log         what TensorFlow had to say

A 5 M parameter translator at 128 px takes about a quarter of a minute on two cores.
"""

import contextlib
import logging
import re
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import keras
import numpy as np

from export import gate, readme, saved_model, tflite
from export.parity import held_to_bar
from export.signatures import Servable
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.files import make_folder, read_json, sha256, write_json
from tf_fsgd.images.io import to_float
from tf_fsgd.quiet import output_to

FORMAT = "tf_fsgd export 1"

PHOTOS = 8  # enough for an operator's corner cases, few enough to take seconds
_logger = logging.getLogger(__name__)


def export_run(
    translator: keras.Model, config: Config, out: str | Path, photos: np.ndarray
) -> dict:
    """Exports a translator as SavedModel and TFLite and proves each on real pixels.

    Args:
        translator: Images [N, R, R, 3] to images [N, R, R, 3], float32 in [-1, 1].
        config: Of the run; names the edit and R.
        out: The folder to make. An earlier export is replaced at the very end.
        photos: uint8 [N, R, R, 3], N at least 1; the first eight are used.

    Returns:
        The report that is also in `out`/report.json.

    Raises:
        UserError: If `out` exists and is neither empty nor an export.
        ExportError: If a file misses its bar, its size or the operator rules; `out` is
            then as it was.
    """
    resolution = config.pairs.resolution
    photos = _checked(photos, resolution)[:PHOTOS]
    with _replaced(Path(out)) as folder:
        log = folder / "export.log"
        with output_to(log):
            inputs = to_float(photos)
            # Singly: a batch at 512 px would need gigabytes for its activations.
            reference = np.concatenate(
                [
                    np.clip(translator(photo[None], training=False), -1, 1)
                    for photo in inputs
                ]
            )
            servable = Servable(translator, resolution)
        _logger.info("export: SavedModel")
        with output_to(log):
            saved_model.write(servable, folder / "saved_model")
            served = saved_model.compare(folder / "saved_model", photos, reference)
        (folder / "tflite").mkdir()
        # A custom direction is named by its path.
        edit = re.sub(r"\W+", "-", Path(config.edit).stem)
        report = {
            "format": FORMAT,
            "edit": edit,
            "resolution": resolution,
            "weights": translator.count_params(),
            "photos": len(photos),
            "versions": {
                package: metadata.version(package)
                for package in ("tensorflow", "keras", "ai-edge-litert")
            },
            "saved_model": served,
            "tflite": {},
        }
        for precision in tflite.BYTES_PER_WEIGHT:
            _logger.info("export: TFLite %s", precision)
            name = f"tf_fsgd_{edit}_{resolution}_{precision}.tflite"
            with output_to(log):
                report["tflite"][precision] = _tflite(
                    servable,
                    report["weights"],
                    folder / "tflite" / name,
                    precision,
                    inputs,
                    reference,
                )
        write_json(folder / "report.json", report)
        (folder / "README.md").write_text(readme.text(report), encoding="utf-8")
    return report


def _tflite(
    servable: Servable,
    weights: int,
    path: Path,
    precision: str,
    inputs: np.ndarray,
    reference: np.ndarray,
) -> dict:
    model = tflite.convert(servable, precision)
    size_ratio = tflite.check_size(len(model), weights, precision)
    operators = gate.check(model)
    path.write_bytes(model)
    translate = tflite.TfliteTranslator(path)
    found = held_to_bar(precision, reference, translate(inputs))
    # Some back-ends are right on the first call only (LiteRT#8065).
    held_to_bar(precision, reference[:1], translate(inputs[:1]))
    return {
        "file": path.name,
        "sha256": sha256(path),
        "size_bytes": len(model),
        "size_over_weights": size_ratio,
        **found,
        "latency_ms": translate.latency_ms(inputs[0]),
        "threads": tflite.THREADS,
        "operators": operators,
    }


def _checked(photos: np.ndarray, resolution: int) -> np.ndarray:
    photos = np.asarray(photos)
    expected = (resolution, resolution, 3)
    if photos.dtype != np.uint8 or photos.shape[1:] != expected or not len(photos):
        raise ValueError(
            f"photos must be uint8 [N, {resolution}, {resolution}, 3], "
            f"received {photos.dtype} {list(photos.shape)}"
        )
    return photos


@contextlib.contextmanager
def _replaced(out: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `out` if the block succeeds."""
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
