"""The client's gRPC side, through its command, against a stand-in that runs the model.

Codes and messages are those of tensorflow/serving 2.20: checks of signature and inputs
in servables/tensorflow/predict_util.cc (RunPredict, VerifyRequestInputsSize), codes
passed on by model_servers/grpc_status_util.cc.
"""

import concurrent.futures
import importlib.util
import socket
import threading

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.cli import main
from tf_fsgd.images.io import read_image

grpc = pytest.importorskip("grpc", reason="needs requirements-serving.txt")
pytest.importorskip("tensorflow_serving", reason="needs requirements-serving.txt")

from tensorflow_serving.apis import (  # noqa: E402
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

_CODES = {
    tf.errors.InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    tf.errors.FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    tf.errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
}


class InertObject(
    prediction_service_pb2_grpc.PredictionServiceServicer,
    model_service_pb2_grpc.ModelServiceServicer,
):
    """Serving's two services.

    Attributes:
        scripted: Answers that go before the model's: a code with its message, or a
            reply.
        deadlines: Seconds that each prediction was given.
    """

    def __init__(self, manager):
        self.manager = manager
        self.scripted: list[tuple | predict_pb2.PredictResponse] = []
        self.deadlines: list[float] = []

    def Predict(self, request, context):
        self.deadlines.append(context.time_remaining())
        if self.scripted:
            answer = self.scripted.pop(0)
            if isinstance(answer, tuple):
                context.abort(*answer)
            return answer
        return self._or_abort(context, lambda: self._predict(request))

    def GetModelStatus(self, request, context):
        return self._or_abort(context, lambda: self._status(request.model_spec.name))

    def _or_abort(self, context, make):
        try:
            return make()
        except tf.errors.OpError as error:
            context.abort(_CODES[type(error)], error.message[:1024])

    def _predict(self, request):
        signature = request.model_spec.signature_name
        self.manager.check(request.model_spec.name)
        if signature not in self.manager.signatures:
            message = f'Serving signature key "{signature}" not found.'
            raise tf.errors.FailedPreconditionError(None, None, message)
        function = self.manager.signatures[signature]
        sent, names = set(request.inputs), set(function.structured_input_signature[1])
        if sent != names:
            raise tf.errors.InvalidArgumentError(
                None,
                None,
                f"input size does not match signature: {len(sent)}!={len(names)}",
            )
        inputs = {name: tf.make_ndarray(request.inputs[name]) for name in names}
        reply = predict_pb2.PredictResponse()
        for name, value in self.manager.run(signature, inputs).items():
            reply.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return reply

    def _status(self, name):
        state, error = self.manager.status(name)
        reply = get_model_status_pb2.GetModelStatusResponse()
        version = reply.model_version_status.add(version=1)
        version.state = get_model_status_pb2.ModelVersionStatus.State.Value(state)
        version.status.error_message = error
        return reply


@pytest.fixture
def servicer(manager):
    return InertObject(manager)


@pytest.fixture
def address(servicer):
    # Serving's own limit is 2 GB; a small one stands for a proxy's.
    limit = ("grpc.max_receive_message_length", 100_000)
    workers = concurrent.futures.ThreadPoolExecutor(2)
    server = grpc.server(workers, options=[limit])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        servicer, server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()
    workers.shutdown()


@pytest.fixture
def ask(address, exported, photo, tmp_path, capsys):
    """Runs the command: exit code, and the one line that it prints."""

    def run(*more: str) -> tuple[int, str]:
        arguments = [str(photo), "--out", str(tmp_path / "out.png")]
        arguments += ["--edit", "smile=0.8", "--model-info", str(exported)]
        code = main(["ask", *arguments, "--grpc", address, *more])
        printed = capsys.readouterr()
        line = printed.err if code else printed.out
        assert line.count("\n") == 1 and line.endswith("\n")
        assert (code == 0) == (tmp_path / "out.png").exists()
        return code, line

    return run


def reply(**outputs) -> "predict_pb2.PredictResponse":
    message = predict_pb2.PredictResponse()
    for name, value in outputs.items():
        message.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return message


def test_the_reply_is_what_keras_makes_of_the_photo(
    ask, servicer, translator, face, tmp_path
):
    assert ask("--timeout", "20") == (0, f"{tmp_path / 'out.png'}\n")
    expected = translator.translate(face[None], {"smile": 0.8})[0]
    found = read_image(tmp_path / "out.png")
    assert np.abs(found.astype(int) - expected).max() <= 1
    (deadline,) = servicer.deadlines
    assert 15 < deadline <= 20


def test_nobody_there(ask):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        code, line = ask("--grpc", f"127.0.0.1:{unused.getsockname()[1]}")
    assert code == 1 and "no server at 127.0.0.1:" in line


@pytest.mark.parametrize(
    "address", ["localhost", "http://localhost:8500", ":8500", "localhost:x"]
)
def test_addresses_that_are_none(ask, address):
    assert ask("--grpc", address) == (
        2,
        f"error: gRPC address must look like localhost:8500, received {address!r}\n",
    )


def test_a_server_of_something_else(ask):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    code, line = ask("--grpc", f"127.0.0.1:{port}")
    server.stop(0).wait()
    assert (code, line) == (
        2,
        f"error: no TensorFlow Serving at 127.0.0.1:{port}\n",
    )


def test_a_model_that_the_server_does_not_have(ask):
    code, line = ask("--model", "other")
    assert code == 2 and "serves no model 'other'" in line


def test_a_model_that_loads_for_too_long(ask, manager, servicer):
    manager.state = "LOADING"
    code, line = ask("--timeout", "1")
    assert code == 1 and "is still loading the model 'tf_fsgd'" in line
    assert len(servicer.deadlines) > 1  # it was asked again
    assert servicer.deadlines == sorted(servicer.deadlines, reverse=True)


def test_a_model_that_could_not_be_loaded(ask, manager):
    manager.state, manager.error = "END", "Could not find variables"
    code, line = ask()
    assert code == 1
    assert "could not load the model 'tf_fsgd': Could not find variables" in line


def test_a_full_queue_is_asked_again(ask, servicer):
    servicer.scripted = [
        (
            grpc.StatusCode.UNAVAILABLE,
            "The batch scheduling queue to which this task was submitted is full",
        ),
        # batching/batching_session.cc
        (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "Run() timeout exceeded while waiting in batching queue",
        ),
    ]
    assert ask()[0] == 0
    assert len(servicer.deadlines) == 3


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (
            (
                grpc.StatusCode.FAILED_PRECONDITION,
                'Serving signature key "encoded" not found.',
            ),
            2,
            'refuses the request: Serving signature key "encoded" not found.',
        ),
        (
            (grpc.StatusCode.INVALID_ARGUMENT, "input size does not match\nsignature"),
            2,
            "refuses the request: input size does not match signature",
        ),
        ((grpc.StatusCode.INTERNAL, "broken"), 1, "failed (INTERNAL): broken"),
        (reply(), 1, "promises: nothing"),
        (reply(image=np.zeros(3, np.float32)), 1, "promises: image"),
        (reply(image_bytes=np.zeros(3, np.float32)), 1, "promises: image_bytes"),
        (reply(image_bytes=[b"a", b"b"]), 1, "promises: 2 files"),
        (reply(image_bytes=[b"GIF89a"]), 1, "6 bytes that are no PNG file"),
    ],
)
def test_refusals_and_broken_replies(ask, servicer, answer, code, message):
    servicer.scripted = [answer]
    found, line = ask()
    assert (found, message in line) == (code, True), line
    assert len(servicer.deadlines) == 1


def test_a_photo_that_the_model_refuses(ask, photo):
    photo.write_bytes(b"no picture")
    code, line = ask()
    assert code == 2 and "refuses the request" in line


def test_a_message_that_is_too_large(ask, photo):
    photo.write_bytes(bytes(200_000))
    code, line = ask()
    assert code == 2 and "larger than gRPC lets through" in line and "100000" in line


def test_a_deadline_that_passes(ask, manager, monkeypatch):
    answering = threading.Event()
    monkeypatch.setattr(manager, "check", lambda name: answering.wait(10))
    code, line = ask("--timeout", "0.5")
    answering.set()
    assert code == 1 and "no reply within the timeout of 0.5 s" in line


def test_without_the_package_one_line_says_so(ask, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "tensorflow_serving" else find_spec(name),
    )
    assert ask() == (
        2,
        "error: --grpc needs tensorflow-serving-api: pip install 'tf_fsgd[serving]'\n",
    )
