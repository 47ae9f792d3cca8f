"""Everything that is exported from one run, in one folder that is whole or absent.

    OUT/
        saved_model/1/     for TensorFlow Serving and tf.saved_model.load
        tflite/            tf_fsgd_<name>_<resolution>_<precision>.tflite
        report.json        how far each file is from the Keras model, sizes, latencies
        README.md          how to use them, with the same numbers
        export.log         what TensorFlow had to say

The name is the edit, or the translator's of several edits. A 5 M parameter translator
at 128 px takes about a quarter of a minute on two cores.
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
from export.errors import PrecisionError
from export.parity import held_to_bar, singly
from export.signatures import Servable
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.files import make_folder, read_json, sha256, write_json
from tf_fsgd.images.io import to_float
from tf_fsgd.quiet import output_to
from tf_fsgd.training.translator import Translator

FORMAT = "tf_fsgd export 1"

PHOTOS = 8  # enough for an operator's corner cases, few enough to take seconds
_logger = logging.getLogger(__name__)


def export_run(
    translator: keras.Model, config: Config, out: str | Path, photos: np.ndarray
) -> dict:
    """Exports a translator of one edit and proves each file on real pixels.

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
            then as it was. int8 that is too coarse is left out instead.
    """
    resolution = config.pairs.resolution
    photos = _checked(photos, resolution)[:PHOTOS]
    # A custom direction is named by its path.
    facts = {"name": Path(config.edit).stem, "resolution": resolution}
    inputs = {"image": to_float(photos)}
    return _export(Servable(translator, resolution), facts, Path(out), inputs)


def export_translator(
    translator: Translator, out: str | Path, photos: np.ndarray
) -> dict:
    """Exports a translator of several edits and proves each file on real pixels.

    The files are compared at strength 0, with every edit at 1, and with all axes at
    once, on a photo each.

    Args:
        translator: What to export.
        out: As for `export_run`.
        photos: As for `export_run`.

    Returns:
        The report that is also in `out`/report.json.

    Raises:
        UserError: As `export_run`.
        ExportError: As `export_run`.
    """
    resolution = translator.resolution
    photos = _checked(photos, resolution)[:PHOTOS]
    strengths = _strengths(translator)
    cases = np.arange(max(len(photos), len(strengths)))
    inputs = {
        "image": to_float(photos[cases % len(photos)]),
        "strengths": strengths[cases % len(strengths)],
    }
    facts = {
        "name": translator.name,
        "resolution": resolution,
        "axes": list(translator.axes),
        "units": translator.units,
    }
    servable = Servable(translator.network, resolution, len(translator.axes))
    return _export(servable, facts, Path(out), inputs)


def _strengths(translator: Translator) -> np.ndarray:
    """Float32 [K, E]: none, every edit at 1, and all axes at once."""
    asked = [{}, *({edit: 1.0} for edit in translator.edits)]
    asked.append(dict.fromkeys(translator.axes, 1.0))
    return np.stack([translator.strengths(edits) for edits in asked])


def _export(
    servable: Servable, facts: dict, out: Path, inputs: dict[str, np.ndarray]
) -> dict:
    with _replaced(out) as folder:
        log = folder / "export.log"
        with output_to(log):
            reference = np.concatenate(
                [servable.translate(*case.values()) for case in singly(inputs)]
            )
        _logger.info("export: SavedModel")
        with output_to(log):
            saved_model.write(servable, folder / "saved_model")
            served = saved_model.compare(folder / "saved_model", inputs, reference)
        (folder / "tflite").mkdir()
        report = {
            "format": FORMAT,
            **facts,
            "weights": servable.weight_count,
            "images": len(reference),
            "versions": {
                package: metadata.version(package)
                for package in ("tensorflow", "keras", "ai-edge-litert")
            },
            "saved_model": served,
            "tflite": {},
            "left_out": {},
        }
        stem = re.sub(r"\W+", "-", facts["name"])
        for precision in tflite.BYTES_PER_WEIGHT:
            _logger.info("export: TFLite %s", precision)
            name = f"tf_fsgd_{stem}_{facts['resolution']}_{precision}.tflite"
            path = folder / "tflite" / name
            try:
                with output_to(log):
                    report["tflite"][precision] = _tflite(
                        servable, path, precision, inputs, reference
                    )
            except PrecisionError as error:
                if precision != "int8":
                    raise
                # The weights decide whether 8 bits are enough, not the conversion.
                path.unlink()
                report["left_out"][precision] = str(error)
                _logger.warning("export: no %s file: %s", precision, error)
        write_json(folder / "report.json", report)
        (folder / "README.md").write_text(readme.text(report), encoding="utf-8")
    return report


def _tflite(
    servable: Servable,
    path: Path,
    precision: str,
    inputs: dict[str, np.ndarray],
    reference: np.ndarray,
) -> dict:
    model = tflite.convert(servable, precision)
    size_ratio = tflite.check_size(len(model), servable.weight_count, precision)
    operators = gate.check(model)
    path.write_bytes(model)
    latency = {}
    for threads in tflite.THREADS:
        translate = tflite.TfliteTranslator(path, threads)
        found = held_to_bar(precision, reference, translate(inputs))
        # Some back-ends are right on the first call only (LiteRT#8065).
        held_to_bar(precision, reference[:1], translate(next(singly(inputs))))
        latency[str(threads)] = translate.latency_ms(inputs)
    return {
        "file": path.name,
        "sha256": sha256(path),
        "size_bytes": len(model),
        "size_over_weights": size_ratio,
        **found,
        "latency_ms": latency,  # by threads
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
