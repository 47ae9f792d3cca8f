"""The warm-up file, read with tensorflow-serving-api's own messages."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_fsgd.exporting import warmup


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> dict:
    """Requests by signature, as TensorFlow Serving parses them."""
    reason = "tensorflow-serving-api: pip install -r requirements-serving.txt"
    protos = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2", reason=reason
    )
    folder = tmp_path_factory.mktemp("1")
    warmup.write(folder, resolution=32, axes=2)
    records = tf.data.TFRecordDataset(
        str(folder / "assets.extra/tf_serving_warmup_requests")
    )
    requests = []
    for record in records.as_numpy_iterator():
        log = protos.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
        requests.append(log.predict_log.request)
    assert len(requests) == 2
    return {request.model_spec.signature_name: request for request in requests}


def test_both_signatures_are_warmed_up(logs):
    assert set(logs) == {"serving_default", "encoded"}
    for request in logs.values():
        assert request.model_spec.name == "tf_fsgd"
        strengths = tf.make_ndarray(request.inputs["strengths"])
        np.testing.assert_array_equal(strengths, np.ones((1, 2), np.float32))


def test_pictures_are_of_the_right_size(logs):
    image = tf.make_ndarray(logs["serving_default"].inputs["image"])
    assert (image.shape, image.dtype) == ((1, 32, 32, 3), np.float32)
    assert (image.min(), image.max()) == (-1, 1)
    (file,) = tf.make_ndarray(logs["encoded"].inputs["image_bytes"])
    with Image.open(io.BytesIO(file)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (32, 32))
