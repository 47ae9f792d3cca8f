"""A small exported translator, and what TensorFlow Serving would do with it.

No server binary can be had from a package index, so stand-ins answer the client: HTTP
in test_rest_client.py, gRPC in test_grpc_client.py. Both run the SavedModel, and fail
as the source of tensorflow/serving 2.20 says that the server does:

* "Servable not found for request: Latest(NAME)": core/basic_manager.cc, also while the
  model is loading (tensorflow/serving#750)
* the status of a model: model_servers/get_model_status_impl.cc, and the JSON that
  model_servers/http_rest_api_handler_test.cc expects
"""

import io
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import saved_model
from export.signatures import Servable
from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.training.translator import Translator

RESOLUTION = 32


@pytest.fixture(scope="session")
def translator() -> Translator:
    """A few kilobytes of weights; two axes whose ends have units of their own."""
    keras.utils.set_random_seed(0)
    generator = GeneratorConfig(
        kind="modulated", filters=16, blocks=1, side_blocks=1, strided_ends=False
    )
    network = build_generator(generator, RESOLUTION, 2)
    rng = np.random.default_rng(1)
    for variable in network.variables:  # some begin at zero, and the change with them
        noise = rng.normal(0, 0.1, variable.shape)
        variable.assign(keras.ops.convert_to_numpy(variable) + noise)
    units = {"feminine": 2.5, "masculine": 2.0, "smile": 1.5, "frown": 1.0}
    return Translator("tiny", network, RESOLUTION, ("feminine", "smile"), units)


@pytest.fixture(scope="session")
def face() -> np.ndarray:
    """A smooth picture, uint8 [R, R, 3]."""
    blots = np.random.default_rng(3).integers(0, 256, (5, 5, 3), np.uint8)
    size = (RESOLUTION, RESOLUTION)
    return np.asarray(Image.fromarray(blots).resize(size, Image.BICUBIC))


@pytest.fixture(scope="session")
def face_png(face) -> bytes:
    file = io.BytesIO()
    Image.fromarray(face).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def photo(face_png, tmp_path) -> Path:
    path = tmp_path / "face.png"
    path.write_bytes(face_png)
    return path


@pytest.fixture(scope="session")
def exported(translator, tmp_path_factory) -> Path:
    """What of `python -m export`'s folder a server and its client read."""
    out = tmp_path_factory.mktemp("served") / "tiny"
    servable = Servable(translator.network, RESOLUTION, len(translator.axes))
    saved_model.write(servable, out / "saved_model")
    facts = {
        "name": translator.name,
        "resolution": RESOLUTION,
        "axes": list(translator.axes),
        "units": translator.units,
    }
    (out / "report.json").write_text(json.dumps(facts))
    return out


@pytest.fixture(scope="session")
def signatures(exported):
    """The SavedModel's signatures."""
    return tf.saved_model.load(str(exported / "saved_model/1")).signatures


class Manager:
    """Serving's manager with one model, "tf_fsgd".

    Attributes:
        state: Of the model's only version, as Serving names states.
        error: Why it could not be loaded.
        requests: How many predictions it was asked for.
    """

    def __init__(self, signatures):
        self.signatures = signatures
        self.state, self.error = "AVAILABLE", ""
        self.requests = 0

    def check(self, name: str) -> None:
        """Counts a prediction, and refuses it if the model is not there."""
        self.requests += 1
        if name != "tf_fsgd" or self.state != "AVAILABLE":
            raise tf.errors.NotFoundError(
                None, None, f"Servable not found for request: Latest({name})"
            )

    def run(self, signature: str, inputs: dict) -> dict:
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = self.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    def status(self, name: str) -> tuple[str, str]:
        """State and error message of the model's only version."""
        if name != "tf_fsgd":
            raise tf.errors.NotFoundError(
                None, None, f"Could not find any versions of model {name}"
            )
        return self.state, self.error


@pytest.fixture
def manager(signatures) -> Manager:
    return Manager(signatures)
