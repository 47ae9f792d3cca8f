"""What a .tflite file says of itself: the same JSON inside the file and beside it."""

import hashlib

import numpy as np

from tf_fsgd.exporting.signatures import Servable

FORMAT = "tf_fsgd tflite 2"  # 2: every file takes strengths


def facts_of(servable: Servable, facts: dict, precision: str) -> dict:
    """What is written into a file.

    Short, for it counts against what a mobile preset promises to weigh.

    Args:
        servable: What the file was made of.
        facts: `name`, `resolution`, `axes`, `units`, `licence` and `versions`, among
            others.
        precision: Of the file.
    """
    said = ("name", "resolution", "axes", "units", "licence", "versions")
    return {
        "format": FORMAT,
        "precision": precision,
        **{key: facts[key] for key in said},
        "framing": "one upright face, as FFHQ aligns it",
        "layout": "NHWC RGB float32",
        "range": [-1, 1],
        "weights": servable.weight_count,
        "weights_sha256": weights_sha256(servable),
    }


def weights_sha256(servable: Servable) -> str:
    """SHA-256 of the Keras model's weights: float32, in order, without names."""
    digest = hashlib.sha256()
    for weight in servable.weights:
        digest.update(np.asarray(weight, np.float32).tobytes())
    return digest.hexdigest()
