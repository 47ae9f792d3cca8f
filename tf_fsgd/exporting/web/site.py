"""The site's folder: static sources, the networks, LiteRT.js and model.json.

    OUT/
        index.html *.js style.css    as in static/
        model.json                   what the page reads: sizes, sliders, files
        translator.tflite            fp16 weights
        face_detection.tflite        BlazeFace
        litert/                      LiteRT.js and its WebAssembly

fp16, because WebGPU's kernels take its weights as they are, XNNPACK in WebAssembly
widens them once at the start, and it is half of fp32's download; the 8-bit files have
operators whose arithmetic WebGPU lacks.
"""

import base64
import hashlib
import re
import shutil
from pathlib import Path

from tf_fsgd.edits import one_ended, opposite
from tf_fsgd.exporting import gate, metadata, tflite
from tf_fsgd.exporting.folder import replaced
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.exporting.web.litert import copy_litert
from tf_fsgd.images import detection
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator.translator import Translator

FORMAT = "tf_fsgd web 2"  # as in static/app.js; 2: the network takes strengths
PRECISION = "fp16"
STATIC = Path(__file__).parent / "static"
DETECTOR = Path(detection.__file__).parent / "weights" / "face_detection.tflite"

_FARTHEST = 1.5  # of a slider: half as much again as a clear edit


def axes_of(translator: Translator) -> list[dict]:
    """Sliders of a translator.

    Returns:
        For each column of strengths, `ends`: words for the slider's left and right;
        `units`: what a position is multiplied with on either side; `minimum` and
        `maximum`. One fixed edit has the photo itself at its left.
    """
    units = translator.units
    return [
        {
            "ends": ["original", axis],
            "units": [units[axis], units[axis]],
            "minimum": 0,
            "maximum": 1,
        }
        if one_ended(axis, units)
        else {
            "ends": [opposite(axis), axis],
            "units": [units[opposite(axis)], units[axis]],
            "minimum": -_FARTHEST,
            "maximum": _FARTHEST,
        }
        for axis in translator.axes
    ]


def write_site(
    translator: Translator, out: Path, litert: str | Path | None = None
) -> dict:
    """Writes the site.

    Args:
        translator: What it runs.
        out: Folder to make; an earlier site is replaced at the very end.
        litert: As `litert.copy_litert` takes it.

    Returns:
        What is in model.json.

    Raises:
        UserError: If `out` is something else than a site, or LiteRT.js cannot be had.
        ExportError: If the network has operators that browsers do not run.
    """
    with replaced(out, "site", "model.json", FORMAT) as partial:
        # First what can fail for want of a network: a conversion takes much longer.
        copy_litert(partial / "litert", litert)
        facts = _fill(translator, partial)
    return facts


def _fill(translator: Translator, folder: Path) -> dict:
    for source in STATIC.iterdir():
        shutil.copyfile(source, folder / source.name)
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text(_with_hash(html), encoding="utf-8")
    notice = (STATIC / "NOTICE.txt").read_text(encoding="utf-8")
    notice = notice.replace("LICENCE_OF_WEIGHTS", translator.licence)
    (folder / "NOTICE.txt").write_text(notice, encoding="utf-8")
    shutil.copyfile(DETECTOR, folder / DETECTOR.name)
    servable = Servable(translator)
    model = tflite.convert(servable, PRECISION)
    gate.check(model)
    (folder / "translator.tflite").write_bytes(model)
    facts = {
        "format": FORMAT,
        "name": translator.name,
        "file": "translator.tflite",
        "sha256": hashlib.sha256(model).hexdigest(),
        "weights_sha256": metadata.weights_sha256(servable),
        "precision": PRECISION,
        "detector": DETECTOR.name,
        "resolution": translator.resolution,
        "axes": axes_of(translator),
    }
    write_json(folder / "model.json", facts)
    return facts


def _with_hash(html: str) -> str:
    """Names the import map in the page's policy, which allows no other inline code."""
    (source,) = re.findall(r'<script type="importmap">(.*?)</script>', html, re.S)
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return html.replace("IMPORT_MAP_HASH", f"sha256-{digest}")
