"""Translators that come with the package: one float16 .tflite file each."""

import dataclasses
from pathlib import Path

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.exporting import gate, tflite
from tf_fsgd.exporting.compact import compact
from tf_fsgd.exporting.repeats import check_repeats
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.pix2pixhd.growth import grow
from tf_fsgd.storage import flatbuffer
from tf_fsgd.storage.files import atomic_path, write_json
from tf_fsgd.translator.shipped import VARIABLES
from tf_fsgd.translator.translator import FORMAT, Translator
from tf_fsgd.translator.variables import find_variables

PRECISION = "fp16"


def halve(
    translator: Translator, generator: GeneratorConfig
) -> tuple[Translator, GeneratorConfig]:
    """The same translator for pictures of half the side (`growth.grow`).

    Args:
        translator: Of a modulated generator.
        generator: What its network was built from.

    Returns:
        The smaller translator, and what its network was built from.

    Raises:
        UserError: If the generator is of another kind, or cannot be built at half its
            side and patch.
    """
    if generator.kind != "modulated":
        raise UserError(
            f"halving needs a generator.kind of modulated, received {generator.kind}"
        )
    smaller = dataclasses.replace(generator, patch=generator.patch // 2)
    resolution = translator.resolution // 2
    network = build_generator(smaller, resolution, len(translator.axes))
    grow(translator.model, network)
    halved = dataclasses.replace(translator, network=network, resolution=resolution)
    return halved, smaller


def ship(translator: Translator, generator: GeneratorConfig, folder: Path) -> None:
    """Writes a translator as one small file with its facts, to be kept with the code.

    Args:
        translator: What to write, under its name.
        generator: What its network was built from.
        folder: Gets `NAME.tflite` (float16 weights, from which Keras reads them back:
            `translator.variables`) and `NAME.json`.
    """
    model = tflite.convert(Servable(translator), PRECISION)
    gate.check(model)
    check_repeats(model)
    places = find_variables(translator.model, model)
    path = folder / f"{translator.name}.tflite"
    with atomic_path(path) as temporary:
        temporary.write_bytes(compact(flatbuffer.embed(model, {VARIABLES: places})))
    write_json(
        path.with_suffix(".json"),
        {
            "format": FORMAT,
            "resolution": translator.resolution,
            "axes": list(translator.axes),
            "units": translator.units,
            "licence": translator.licence,
            "faces": translator.faces,
            "generator": dataclasses.asdict(generator),
        },
    )
