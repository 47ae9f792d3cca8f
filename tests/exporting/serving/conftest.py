"""A small exported translator, and what TensorFlow Serving would do with it.

No server binary can be had from a package index, so stand-ins answer the client, for
REST below and for gRPC in test_grpc_client.py. Both run the SavedModel, and fail
as the source of tensorflow/serving 2.20 says that the server does:

* "Servable not found for request: Latest(NAME)": core/basic_manager.cc, also while the
  model is loading (tensorflow/serving#750)
* the status of a model: model_servers/get_model_status_impl.cc, and the JSON that
  model_servers/http_rest_api_handler_test.cc expects
"""

import base64
import contextlib
import http.server
import io
import json
import re
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.exporting import saved_model
from tf_fsgd.exporting.folder import EXPORT_FORMAT
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.translator.translator import Translator

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
    """What of `tf-fsgd export`'s folder a server and its client read."""
    out = tmp_path_factory.mktemp("served") / "tiny"
    servable = Servable(translator)
    saved_model.write(servable, out / "saved_model")
    facts = {
        "format": EXPORT_FORMAT,
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


_HTTP = {
    tf.errors.InvalidArgumentError: 400,
    tf.errors.NotFoundError: 404,
}


class RestStandIn(http.server.ThreadingHTTPServer):
    """Serving's REST interface, as tensorflow/serving 2.20 has it.

    Paths as kPredictionApiGegex and kModelStatusApiRegex in
    model_servers/http_rest_api_util.cc; rows checked as by AddInstanceItem and
    FillTensorMapFromInstancesList, replies made as by MakeRowFormatJsonFromTensors and
    MakeJsonFromStatus in util/json_tensor.cc; HTTP status by ToHTTPStatusCode in
    model_servers/http_server.cc; an unknown path is answered by libevent, in HTML.

    Attributes:
        scripted: Replies, status and body, that go before the model's.
        answering: Cleared: take requests and stay silent.
    """

    daemon_threads = True

    def __init__(self, manager):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manager = manager
        self.scripted: list[tuple[int, bytes]] = []
        self.answering = threading.Event()
        self.answering.set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: RestStandIn

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.scripted:
            self.server.manager.requests += 1
            self._reply(*self.server.scripted.pop(0))
            return
        match = re.fullmatch(r"/v1/models/([^/:]+):predict", self.path)
        self._answer(match, lambda: self._predict(match[1], request))

    def do_GET(self):
        match = re.fullmatch(r"/v1/models/([^/:]+)", self.path)
        self._answer(match, lambda: self._status(match[1]))

    def _answer(self, match, make):
        if match is None:
            self._reply(404, b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD>")
            return
        try:
            status, reply = 200, make()
        except tf.errors.OpError as error:
            status, reply = _HTTP[type(error)], {"error": error.message}
        self._reply(status, json.dumps(reply, indent=4).encode())

    def _status(self, name: str) -> dict:
        state, error = self.server.manager.status(name)
        status = {"error_code": "UNKNOWN" if error else "OK", "error_message": error}
        version = {"version": "1", "state": state, "status": status}
        return {"model_version_status": [version]}

    def _predict(self, name: str, request: dict) -> dict:
        manager, signature = self.server.manager, request["signature_name"]
        manager.check(name)
        if signature not in manager.signatures:
            _refuse(f'Serving signature name: "{signature}" not found in signature def')
        function = manager.signatures[signature]
        names = set(function.structured_input_signature[1])
        rows = request["instances"]
        for number, row in enumerate(rows):
            element = f"Failed to process element: {number}"
            for key in row.keys() - names:
                _refuse(
                    f"{element} key: {key} of 'instances' list. Error: "
                    f"INVALID_ARGUMENT: JSON object: does not have named input: {key}"
                )
            if names - row.keys():
                _refuse(
                    f"{element} of 'instances' list. JSON object: {{...}} "
                    f"keys must be equal to: {','.join(sorted(names))}"
                )
        inputs = {
            "image_bytes": [base64.b64decode(row["image_bytes"]["b64"]) for row in rows]
        }
        if "strengths" in names:
            inputs["strengths"] = np.float32([row["strengths"] for row in rows])
        (files,) = manager.run(signature, inputs).values()
        return {"predictions": [{"b64": _b64(file)} for file in files]}

    def _reply(self, status: int, body: bytes):
        self.server.answering.wait()
        with contextlib.suppress(ConnectionError):  # the client may have given up
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def _refuse(message: str):
    raise tf.errors.InvalidArgumentError(None, None, message)


def _b64(file: bytes) -> str:
    return base64.b64encode(file).decode("ascii")


@pytest.fixture
def server(manager):
    with RestStandIn(manager) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.answering.set()
        server.shutdown()
        thread.join()
