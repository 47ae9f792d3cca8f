"""What a .tflite file says of itself: the same JSON inside the file and beside it.

No task type of TFLite's own metadata fits a network from image to image, so the facts
are one named buffer of UTF-8 JSON, which every reader of the schema can get at:

    from tf_fsgd.exporting.metadata import read
    read(open("face.tflite", "rb").read())["units"]["smile"]
"""

import hashlib
import json

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tf_fsgd.exporting import flatbuffer
from tf_fsgd.exporting.signatures import Servable

NAME = "tf_fsgd"
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


def embed(model: bytes, facts: dict) -> bytes:
    """Adds facts to a model, in place of what it had under the same name.

    Args:
        model: The contents of a .tflite file.
        facts: Whatever JSON can hold.

    Returns:
        The contents of another.
    """
    graph = flatbuffer.read(model)
    text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
    buffer = schema.BufferT(data=np.frombuffer(text.encode(), np.uint8))
    graph.buffers.append(buffer)
    others = [entry for entry in graph.metadata or [] if entry.name != NAME.encode()]
    entry = schema.MetadataT(name=NAME, buffer=len(graph.buffers) - 1)
    graph.metadata = [*others, entry]
    builder = flatbuffers.Builder(len(model) + len(text))
    builder.Finish(graph.Pack(builder), flatbuffer.IDENTIFIER)
    return bytes(builder.Output())


def read(model: bytes) -> dict | None:
    """The facts in a file, `None` where there are none of ours.

    Raises:
        ValueError: If it is not a whole .tflite file.
    """
    graph = flatbuffer.read(model)
    for entry in graph.metadata or []:
        if entry.name == NAME.encode():
            return json.loads(graph.buffers[entry.buffer].data.tobytes())
    return None
