"""Networks in TensorFlow.js' format, run by TensorFlow.

A graph model is a GraphDef written as JSON, whose constants carry no values, and files
with the values of all of them, one after another in the order of the manifest. Some are
stored in fewer bits: as float16, or as whole numbers with a scale and a minimum.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import read_json

_TYPES = {"float32": "f4", "int32": "i4", "bool": "?"}
_STORED = {"float16": "f2", "uint8": "u1", "uint16": "u2"}


class GraphModel:
    """A network of one input, as its file of JSON says.

    Args:
        path: The JSON; the weights lie beside it.

    Raises:
        UserError: If a file is missing, or is of another format or size.
    """

    def __init__(self, path: Path):
        description = read_json(path)
        try:
            graph = json_format.ParseDict(
                description["modelTopology"], tf.compat.v1.GraphDef()
            )
            signature = _signature(description)
            outputs = {name: facts["name"] for name, facts in signature.items()}
            _fill(graph, _weights(path.parent, description["weightsManifest"]))
            _complete(graph.node)
            (place,) = (node for node in graph.node if node.op == "Placeholder")
        except (LookupError, TypeError, ValueError, json_format.ParseError) as error:
            raise UserError(
                f"{path}: not a graph model of TensorFlow.js ({error})"
            ) from None
        shape = [int(part.size) for part in place.attr["shape"].shape.dim]
        self.shape = tuple(shape[1:])
        """Of one input, without the batch."""

        def run(images: tf.Tensor) -> dict[str, tf.Tensor]:
            names = [_tensor(name) for name in outputs.values()]
            values = tf.import_graph_def(graph, {place.name: images}, names, name="")
            return dict(zip(outputs, values, strict=True))

        spec = tf.TensorSpec([None, *self.shape], tf.float32)
        self._run = tf.compat.v1.wrap_function(run, [spec])

    def __call__(self, inputs: np.ndarray, batch_size: int = 32) -> dict:
        """The outputs by their names, arrays of N rows, of `[N, *shape]` float32."""
        batches = [
            self._run(tf.constant(inputs[first : first + batch_size]))
            for first in range(0, max(1, len(inputs)), batch_size)
        ]
        return {
            name: np.concatenate([batch[name].numpy() for batch in batches])
            for name in batches[0]
        }


def _signature(description: dict) -> dict:
    # Earlier converters put it among the metadata.
    metadata = description.get("userDefinedMetadata") or {}
    return (description.get("signature") or metadata["signature"])["outputs"]


def _tensor(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _weights(folder: Path, manifest: list[dict]) -> dict[str, np.ndarray]:
    weights = {}
    for group in manifest:
        files = [(folder / name).read_bytes() for name in group["paths"]]
        data = memoryview(b"".join(files))
        for entry in group["weights"]:
            size, weights[entry["name"]] = _decode(data, entry)
            data = data[size:]
        if data:
            raise ValueError(f"{len(data)} bytes of {group['paths']} are of no weight")
    return weights


def _decode(data: memoryview, entry: dict[str, Any]) -> tuple[int, np.ndarray]:
    """The first weight of the data, and how many bytes it takes."""
    quantised = entry.get("quantization")
    stored = np.dtype(
        f"<{_STORED[quantised['dtype']] if quantised else _TYPES[entry['dtype']]}"
    )
    count = math.prod(entry["shape"])
    values = np.frombuffer(data, stored, count).reshape(entry["shape"])
    if quantised and stored.kind == "u":
        values = values * np.float64(quantised["scale"]) + quantised["min"]
    return count * stored.itemsize, values.astype(_TYPES[entry["dtype"]])


def _fill(graph: tf.compat.v1.GraphDef, weights: dict[str, np.ndarray]) -> None:
    for node in graph.node:
        if node.op == "Const":
            tensor = tf.make_tensor_proto(weights.pop(node.name))
            node.attr["value"].tensor.CopyFrom(tensor)
    if weights:
        raise ValueError(f"no constant is called {min(weights)}")


def _complete(nodes: Iterable) -> None:
    """Gives fused convolutions the attribute that TensorFlow has since added."""
    for node in nodes:
        if node.op == "_FusedConv2D" and "TArgs" not in node.attr:
            types = [node.attr["T"].type] * node.attr["num_args"].i
            node.attr["TArgs"].list.type.extend(types)
