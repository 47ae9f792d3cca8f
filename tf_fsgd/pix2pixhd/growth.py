"""A conditional translator of twice or half the side, made from a trained one.

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
close to identity or at no change, and what the target lacks is left out.
"""

import re

import keras
import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.edit_generator import PAINT_AND_GAINS

_COLOURS = 3
_READS_PIXELS = ("stem/kernel", "detail_stem/kernel", "finest_stem/kernel")
# Values of a pixel: colours, and gains of texture.
_WRITES_PIXELS = {
    f"{name}_conv/{part}": values
    for name, values in (("change", 3), ("detail", 3), ("finest", PAINT_AND_GAINS))
    for part in ("kernel", "bias")
}
_OPTIONAL = re.compile(r"(\w+_)?block\d+_|detail_|finest_")


def grow(source: keras.Model, target: keras.Model) -> None:
    """Gives a network the weights of one of the same, half or twice the resolution.

    Args:
        source: As `edit_generator` makes it.
        target: The same, for the same edits, of the same side and patch, of twice or
            of half both; changed in place.

    Raises:
        UserError: If the two do not fit.
    """
    values = {variable.path: np.asarray(variable.value) for variable in source.weights}
    for variable in target.weights:
        value = values.get(variable.path)
        if value is None and _OPTIONAL.match(variable.path):
            continue
        if value is not None and value.shape != variable.shape:
            if variable.path in _READS_PIXELS:
                value = _resize(value, 2, variable.shape[2], _COLOURS)
                # Each pixel is read as four, or four as one: the sum stays.
                value = value * (values[variable.path].shape[2] / value.shape[2])
            elif variable.path in _WRITES_PIXELS:
                last, held = value.ndim - 1, _WRITES_PIXELS[variable.path]
                value = _resize(value, last, variable.shape[-1], held)
        if value is None or value.shape != variable.shape:
            raise UserError(
                "training.start_from must be of the same generator and edits, at the "
                f"same resolution and patch, at half or twice both; {variable.path} is "
                f"{None if value is None else value.shape}, needs {variable.shape}"
            )
        variable.assign(value)


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
