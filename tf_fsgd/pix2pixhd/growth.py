"""A conditional translator made from a trained one, of other edits or another side.

At twice the side and twice the patch the trunk is the same network. Only the first
layer, which reads a patch's pixels, and the last, which writes them, are larger. Grown,
they read the mean of 2x2 pixels and write each value to 2x2 pixels, so that

    grown(image) = image + enlarged(change of halved(image))

holds exactly, and training at the new resolution starts from all that was learnt at the
old one. (ProGAN's idea, arXiv 1710.10196.) The other way round, for half the side,

    shrunk(image) = image + halved(change of enlarged(image)).

Texture's windows (`modulation.Texture`) follow the patch, so that a gain means the same
band of the face; but means over pixels of another size are only nearly the same.

Residual blocks, the detail part and the finest may be on one side only: new ones begin
close to identity or at no change, and what the target lacks is left out. The same holds
for edits: what belongs to one alone are rows of the first layer of the embedding and of
every `modulation.EndScale`, and all else serves all edits.

A morph of two faces (`morph_generator`) reads their mean as an edit's network reads a
face, so that it begins with all that is known of faces; its change begins at 0. So does
a mix's (`mix_generator`), whose strengths an encoder of its own reads.
"""

import re
from collections.abc import Sequence

import keras
import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.edit_generator import PAINT_AND_GAINS

_READS_PIXELS = ("stem/kernel", "detail_stem/kernel", "finest_stem/kernel")
# Values of a pixel: colours, and gains of texture.
_WRITES_PIXELS = {
    f"{name}_conv/{part}": values
    for name, values in (
        ("change", 3),
        ("detail", 3),
        ("finest", PAINT_AND_GAINS),
        ("finest_other", PAINT_AND_GAINS),
    )
    for part in ("kernel", "bias")
}
_OPTIONAL = re.compile(r"(\w+_)?block\d+_|detail_|finest_|encoder")

_AN_END_EACH = re.compile(r"embed1/kernel|\w+_ends/kernel")


def grow(
    source: keras.Model,
    target: keras.Model,
    axes: Sequence[int | None] | None = None,
) -> None:
    """Gives a network the weights of one of the same, half or twice the resolution.

    Args:
        source: As `edit_generator` makes it.
        target: The same, of the same side and patch, of twice or of half both; changed
            in place. It may be of two faces, a morph or a mix.
        axes: Of each of the target's axes its number among the source's, `None` if it
            is new; by default the two have the same.

    Raises:
        UserError: If the two do not fit.
    """
    values = {variable.path: np.asarray(variable.value) for variable in source.weights}
    colours = source.inputs[0].shape[-1]
    faces = target.inputs[0].shape[-1] // colours  # for each that the source reads
    for variable in target.weights:
        value = values.get(variable.path)
        if faces > 1 and variable.path in _WRITES_PIXELS:
            continue
        if value is None and _OPTIONAL.match(variable.path):
            continue
        if axes is not None and value is not None and _AN_END_EACH.match(variable.path):
            value = _rows(value, np.asarray(variable.value), axes)
        if value is not None and value.shape != variable.shape:
            if variable.path in _READS_PIXELS:
                value = _resize(value, 2, variable.shape[2] // faces, colours)
                value = _repeat(value, faces, colours)
                # Each pixel is read as four, or four as one, or of two faces: the sum
                # stays.
                value = value * (values[variable.path].shape[2] / value.shape[2])
            elif variable.path in _WRITES_PIXELS:
                last, held = value.ndim - 1, _WRITES_PIXELS[variable.path]
                value = _resize(value, last, variable.shape[-1], held)
        if value is None or value.shape != variable.shape:
            raise UserError(
                "training.start_from must be of the same generator, at the same "
                f"resolution and patch, at half or twice both; {variable.path} is "
                f"{None if value is None else value.shape}, needs {variable.shape}"
            )
        variable.assign(value)


def _rows(
    values: np.ndarray, initial: np.ndarray, axes: Sequence[int | None]
) -> np.ndarray:
    """Rows of both ends of each axis, `[2 E, ...]`; of new axes the `initial` ones."""
    chosen = initial.copy()
    ours, theirs = len(initial) // 2, len(values) // 2
    for axis, known in enumerate(axes):
        if known is not None:
            chosen[[axis, ours + axis]] = values[[known, theirs + known]]
    return chosen


def _repeat(kernel: np.ndarray, faces: int, colours: int) -> np.ndarray:
    """Reads every face of a patch's pixels by the same kernel."""
    height, width, _, filters = kernel.shape
    pixels = kernel.reshape(height, width, -1, 1, colours, filters)
    return pixels.repeat(faces, axis=3).reshape(height, width, -1, filters)


def _resize(values: np.ndarray, axis: int, wanted: int, held: int) -> np.ndarray:
    """Brings a patch's channels (y, x, `held` values) to twice or half the side.

    Pixels are repeated or averaged; other sizes come back as they are.
    """
    side = round((values.shape[axis] // held) ** 0.5)
    before, after = values.shape[:axis], values.shape[axis + 1 :]
    patch = values.reshape(*before, side, side, held, *after)
    if wanted == 4 * values.shape[axis]:
        patch = patch.repeat(2, axis=axis).repeat(2, axis=axis + 1)
    elif 4 * wanted == values.shape[axis]:
        half = side // 2
        patch = patch.reshape(*before, half, 2, half, 2, held, *after)
        patch = patch.mean(axis=(axis + 1, axis + 3))
    return patch.reshape(*before, -1, *after)
