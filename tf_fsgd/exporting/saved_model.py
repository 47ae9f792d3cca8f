"""A translator as a SavedModel, in the layout that TensorFlow Serving reads."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tf_fsgd.backend.disk import disk_errors, plain_path
from tf_fsgd.exporting import warmup
from tf_fsgd.exporting.cases import Cases
from tf_fsgd.exporting.errors import ExportError
from tf_fsgd.exporting.parity import held_to_bar
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.images.io import to_uint8

VERSION = "1"  # Serving takes the highest number among a model's folders


def write(servable: Servable, folder: Path) -> None:
    """Writes `folder`/1: `serving_default`, `encoded`, and a first request for each.

    Raises:
        OSError: If the disk is full.
    """
    with disk_errors(folder):
        tf.saved_model.save(
            servable,
            str(folder / VERSION),
            signatures={
                "serving_default": servable.floats(batch_size=None),
                "encoded": servable.encoded(),
            },
        )
        warmup.write(folder / VERSION, servable.resolution, servable.axes)


def compare(folder: Path, cases: Cases, reference: np.ndarray) -> dict:
    """Reads a SavedModel back and compares both signatures with the Keras model.

    Args:
        folder: What `write` was given.
        cases: What to compare on.
        reference: The Keras model's images of them, float32 in [-1, 1].

    Returns:
        The numbers of `serving_default` as `parity.held_to_bar` has them, and
        `encoded_max_levels`, the largest difference in 8-bit levels.

    Raises:
        ExportError: If a signature's images are not the Keras model's.
    """
    with plain_path(folder) as plain:
        loaded = tf.saved_model.load(str(plain / VERSION))
    floats = loaded.signatures["serving_default"]
    encoded = loaded.signatures["encoded"]
    outputs, levels = [], []
    for case in cases.inputs():
        tensors = {name: tf.constant(value) for name, value in case.items()}
        outputs.append(floats(**tensors)["image"])
        tensors["image_bytes"] = tf.constant([_png(tensors.pop("image").numpy()[0])])
        levels.append(_pixels(encoded(**tensors)["image_bytes"].numpy()[0]))
    apart = int(np.abs(np.stack(levels) - to_uint8(reference)).max())
    if apart > 1:  # rounding may fall to either side
        raise ExportError(f"encoded: differs from the Keras model by {apart} levels")
    return {
        "images": len(outputs),
        **held_to_bar("saved_model", reference, np.concatenate(outputs)),
        "encoded_max_levels": apart,
    }


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(to_uint8(image)).save(file, "PNG")
    return file.getvalue()


def _pixels(file: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image, np.int16)
