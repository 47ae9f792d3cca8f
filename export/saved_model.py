"""A translator as a SavedModel, in the layout that TensorFlow Serving reads."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from export.errors import ExportError
from export.parity import held_to_bar
from export.signatures import Servable
from tf_fsgd.disk import disk_errors
from tf_fsgd.images.io import to_float, to_uint8

VERSION = "1"  # Serving takes the highest number among a model's folders


def write(servable: Servable, folder: Path) -> None:
    """Writes `folder`/1 with the signatures `serving_default` and `encoded`.

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


def compare(folder: Path, photos: np.ndarray, reference: np.ndarray) -> dict:
    """Reads a SavedModel back and compares both signatures with the Keras model.

    Args:
        folder: What `write` was given.
        photos: uint8 [N, R, R, 3].
        reference: The Keras model's images of them, float32 in [-1, 1].

    Returns:
        The numbers of `serving_default` as `parity.held_to_bar` has them, and
        `encoded_max_levels`, the largest difference in 8-bit levels.

    Raises:
        ExportError: If a signature's images are not the Keras model's.
    """
    loaded = tf.saved_model.load(str(folder / VERSION))
    floats = loaded.signatures["serving_default"]
    encoded = loaded.signatures["encoded"]
    output = np.concatenate(
        [floats(image=tf.constant(photo[None]))["image"] for photo in to_float(photos)]
    )
    levels = np.stack([_decoded(encoded, photo) for photo in photos])
    apart = int(np.abs(levels - to_uint8(reference)).max())
    if apart > 1:  # rounding may fall to either side
        raise ExportError(f"encoded: differs from the Keras model by {apart} levels")
    return {
        **held_to_bar("saved_model", reference, output),
        "encoded_max_levels": apart,
    }


def _decoded(encoded, photo: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    reply = encoded(image_bytes=tf.constant([file.getvalue()]))["image_bytes"]
    with Image.open(io.BytesIO(reply.numpy()[0])) as image:
        return np.asarray(image, np.int16)
