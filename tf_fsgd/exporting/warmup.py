"""Requests that TensorFlow Serving answers to itself before it answers to anybody.

The first request of a signature takes seconds, in which operators are set up and memory
is reserved. Serving reads `assets.extra/tf_serving_warmup_requests`, a TFRecord of
`tensorflow.serving.PredictionLog`, and runs them while it loads a version.

The few messages that this takes are described here, with the field numbers of
tensorflow/serving's `apis/*.proto`, so that an export does not depend on
tensorflow-serving-api; the tests read the file with it.
"""

import functools
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PLACE = Path("assets.extra", "tf_serving_warmup_requests")

_PACKAGE = "tf_fsgd.warmup"
_TENSOR = ".tensorflow.TensorProto"
# Message by message: field, number, type, whether repeated. A map is on the wire what
# a repeated entry of key and value is.
_MESSAGES = {
    "Entry": [("key", 1, "string", False), ("value", 2, _TENSOR, False)],
    "ModelSpec": [("name", 1, "string", False), ("signature_name", 3, "string", False)],
    "PredictRequest": [
        ("model_spec", 1, "ModelSpec", False),
        ("inputs", 2, "Entry", True),
    ],
    "PredictLog": [("request", 1, "PredictRequest", False)],
    "PredictionLog": [("predict_log", 6, "PredictLog", False)],
}


def write(folder: Path, resolution: int, axes: int, name: str = "tf_fsgd") -> None:
    """Writes one request for each signature beside a SavedModel.

    The picture is a drawn one: a photo would go wherever the model goes.

    Args:
        folder: Of one version of a SavedModel.
        resolution: R.
        axes: E, columns of the strengths.
        name: Of the model in Serving.
    """
    ramp = np.linspace(0, 255, resolution).astype(np.uint8)
    picture = np.stack([ramp[None].repeat(resolution, 0)] * 3, axis=2)
    strengths = {"strengths": np.ones((1, axes), np.float32)}
    requests: dict[str, dict] = {
        "serving_default": {
            "image": (picture / np.float32(127.5) - 1)[None].astype(np.float32)
        },
        "encoded": {"image_bytes": [tf.io.encode_jpeg(picture).numpy()]},
    }
    (folder / PLACE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / PLACE)) as file:
        for signature, inputs in requests.items():
            log = _message_class("PredictionLog")()
            request = log.predict_log.request
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for key, value in (inputs | strengths).items():
                tensor = tf.make_tensor_proto(value)
                request.inputs.add(key=key, value=tensor)
            file.write(log.SerializeToString())


@functools.cache
def _message_class(name: str) -> type:
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="tf_fsgd/warmup.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=["tensorflow/core/framework/tensor.proto"],
    )
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for key, number, kind, repeated in fields:
            entry = described.field.add(name=key, number=number)
            entry.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            if kind == "string":
                entry.type = field.TYPE_STRING
            else:
                entry.type = field.TYPE_MESSAGE
                entry.type_name = kind if kind[0] == "." else f".{_PACKAGE}.{kind}"
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    )
