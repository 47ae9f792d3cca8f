"""Everything that is exported from one run, in one folder that is whole or absent.

    OUT/
        saved_model/1/     for TensorFlow Serving and tf.saved_model.load
        tflite/            tf_fsgd_<name>_<resolution>_<precision>.tflite, and the same
                           with .json: what the file says of itself
        report.json        how far each file is from the Keras model, sizes, latencies
        README.md          how to use them, with the same numbers
        export.log         what TensorFlow had to say

The name is the translator's. A mobile translator takes about a minute on two cores.
"""

import logging
import re
from collections.abc import Callable
from importlib import metadata as metadata_of_package
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.exporting import gate, metadata, readme, saved_model, tflite
from tf_fsgd.exporting.cases import Cases
from tf_fsgd.exporting.effect import EffectMeter
from tf_fsgd.exporting.errors import PrecisionError
from tf_fsgd.exporting.folder import EXPORT_FORMAT, replaced
from tf_fsgd.exporting.parity import held_to_bar
from tf_fsgd.exporting.repeats import check_repeats
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.storage import flatbuffer
from tf_fsgd.storage.files import sha256, write_json, write_text
from tf_fsgd.translator.translator import Translator

PHOTOS = 16  # enough for an operator's corner cases, few enough to take seconds
THOROUGH = 100
CALIBRATION = 16  # pictures from which int8x16 takes its ranges
_SERVED = 8  # cases that the SavedModel is compared on: it is the same arithmetic
# Compared on each photo once: CPUs have no fast 16-bit convolutions, and an image takes
# a quarter of a second.
_SLOW = ("int8x16",)
_OPTIONAL = ("int8", "int8x16")
_logger = logging.getLogger(__name__)


def export_translator(
    translator: Translator,
    out: str | Path,
    photos: np.ndarray,
    measured: int = PHOTOS,
    source: str = "photos",
) -> dict:
    """Exports a translator and proves each file on real pixels.

    The files are compared on every photo with every edit at 1, at strength 0, and with
    all axes at once; int8x16, the slow one, on every photo with one of these.

    Args:
        translator: What to export.
        out: The folder to make. An earlier export is replaced at the very end.
        photos: uint8 [N, R, R, 3], N at least 1. The files are compared on the first;
            what follows is to calibrate int8x16, which takes the same where none does.
        measured: How many are compared on.
        source: What the photos are, for the report.

    Returns:
        The report that is also in `out`/report.json.

    Raises:
        UserError: If `out` exists and is neither empty nor an export.
        ExportError: If a file misses its bar, its size or the operator rules; `out` is
            then as it was. 8 bits that are too coarse are left out instead.
    """
    photos = _checked(photos, translator.resolution)
    facts = {
        "name": translator.name,
        "resolution": translator.resolution,
        "axes": list(translator.axes),
        "units": translator.units,
        "licence": translator.licence,
        "photos": source,
    }
    return _export(
        Servable(translator),
        facts,
        Path(out),
        Cases.of(photos[:measured], translator),
        Cases.of(_for_calibration(photos, measured), translator),
    )


def _for_calibration(photos: np.ndarray, measured: int) -> np.ndarray:
    rest = photos[measured : measured + CALIBRATION]
    return rest if len(rest) else photos[:CALIBRATION]


def _export(
    servable: Servable,
    facts: dict,
    out: Path,
    cases: Cases,
    calibration: Cases,
) -> dict:
    with replaced(out, "export", "report.json", EXPORT_FORMAT) as folder:
        log = folder / "export.log"
        facts["versions"] = {
            package: metadata_of_package.version(package)
            for package in ("tensorflow", "keras", "ai-edge-litert")
        }
        _logger.info("export: SavedModel")
        with output_to(log):
            saved_model.write(servable, folder / "saved_model")
            served = cases.at(cases.some(_SERVED))
            compared = saved_model.compare(
                folder / "saved_model",
                served,
                _translated(servable.translate, served),
            )
        _logger.info("export: the Keras model on %d images", len(cases))
        with output_to(log):
            # The same graph as the SavedModel's, which is Keras' own as was just seen,
            # and far faster than the Keras model called layer by layer.
            graph = servable.floats(batch_size=1)
            reference = _translated(lambda *case: graph(*case)["image"], cases)
            meter = EffectMeter(cases, reference)
        (folder / "tflite").mkdir()
        report = {
            "format": EXPORT_FORMAT,
            **facts,
            "weights": servable.weight_count,
            "weights_sha256": metadata.weights_sha256(servable),
            "photos_measured": len(cases.photos),
            "images": len(cases),
            "saved_model": compared,
            "tflite": {},
            "left_out": {},
        }
        stem = re.sub(r"\W+", "-", facts["name"])
        for precision in gate.BYTES_PER_WEIGHT:
            _logger.info("export: TFLite %s", precision)
            name = f"tf_fsgd_{stem}_{facts['resolution']}_{precision}.tflite"
            path = folder / "tflite" / name
            chosen = cases.some(len(cases.photos) if precision in _SLOW else None)
            try:
                with output_to(log):
                    said = metadata.facts_of(servable, facts, precision)
                    examples = calibration.at(calibration.some(CALIBRATION)).inputs()
                    model = tflite.convert(servable, precision, said, examples)
                    path.write_bytes(model)
                    report["tflite"][precision] = _proven(
                        path, precision, cases, chosen, reference, meter
                    )
                    write_json(path.with_suffix(".json"), said)
            except PrecisionError as error:
                if precision not in _OPTIONAL:
                    raise
                # The weights decide whether 8 bits are enough, not the conversion.
                path.unlink()
                report["left_out"][precision] = str(error)
                _logger.warning("export: no %s file: %s", precision, error)
        write_json(folder / "report.json", report)
        write_text(folder / "README.md", readme.text(report))
    return report


def _translated(translate: Callable, cases: Cases) -> np.ndarray:
    return np.concatenate(
        [translate(*map(tf.constant, case.values())) for case in cases.inputs()]
    )


def _proven(
    path: Path,
    precision: str,
    cases: Cases,
    chosen: np.ndarray,
    reference: np.ndarray,
    meter: EffectMeter,
) -> dict:
    """Holds a file to every rule; what was found."""
    model = path.read_bytes()
    facts = flatbuffer.read_facts(model) or {}
    operators = gate.check(model, precision in gate.INTEGER)
    ratio = gate.check_weights(model, facts["weights"], precision)
    check_repeats(model)
    reference = reference[chosen]
    one, two = (tflite.TfliteTranslator(path, threads) for threads in tflite.THREADS)
    images = one(cases.at(chosen).inputs())
    found = held_to_bar(precision, reference, images)
    effect = meter.compare(precision, chosen, images)
    few = cases.at(chosen[:_SERVED])
    held_to_bar(precision, reference[:_SERVED], two(few.inputs()))
    case = next(few.inputs())
    return {
        "file": path.name,
        "sha256": sha256(path),
        "size_bytes": len(model),
        "constants_over_weights": ratio,
        "images": len(images),
        **found,
        "effect": effect,
        "latency_ms": {"1": one.latency_ms(case), "2": two.latency_ms(case)},
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
