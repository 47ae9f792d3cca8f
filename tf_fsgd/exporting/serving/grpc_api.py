"""A translator over TensorFlow Serving's gRPC interface.

Needs the extra [serving]. The services are those of
tensorflow_serving/apis/prediction_service.proto and model_service.proto; a status is
TensorFlow's code and message (model_servers/grpc_status_util.cc, read at 2.20).
"""

from collections.abc import Sequence
from typing import Self

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tf_fsgd.errors import UserError
from tf_fsgd.exporting.serving.errors import (
    STATUS_SECONDS,
    BusyError,
    ServerError,
    model_absent,
    no_reply,
    one_line,
)

# Serving itself takes 2 GB (model_servers/server.cc); gRPC gives a client 4 MB.
_LARGEST_MESSAGE = 64 * 1024 * 1024
_OUTPUT = "image_bytes"
# gRPC calls these UNAVAILABLE too, but another attempt would not mend them.
_NO_SERVER = ("failed to connect", "DNS resolution failed", "http1.x")


class GrpcServer:
    """A model on a server, by its gRPC interface; to be closed, or used in a `with`."""

    def __init__(self, address: str, model: str, signature: str = "encoded"):
        """Asks nothing of the server yet.

        Args:
            address: Host and port, such as `localhost:8500`; without TLS.
            model: Name under which the model is served.
            signature: The one from files to files.

        Raises:
            UserError: If `address` is no host and port.
        """
        host, _, port = address.rpartition(":")
        if not host or "/" in host or not port.isascii() or not port.isdigit():
            raise UserError(
                f"gRPC address must look like localhost:8500, received {address!r}"
            )
        self.place = address
        self._model = model
        self._signature = signature
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_send_message_length", _LARGEST_MESSAGE),
                ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ],
        )
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(
            self._channel
        )
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._channel.close()

    def translate(
        self, photo: bytes, strengths: Sequence[float], timeout: float
    ) -> bytes:
        """Sends a photo and waits for its translation.

        Args:
            photo: A file of a format that the model reads: JPEG, PNG or WebP.
            strengths: The model's input of that name.
            timeout: Seconds, the deadline that the server is told.

        Returns:
            What the server says is a PNG file.

        Raises:
            UserError: If the server refuses what it was asked.
            BusyError: If it is worth asking again in a moment.
            ServerError: If there is no server, or its answer is no answer.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model
        request.model_spec.signature_name = self._signature
        request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([photo]))
        request.inputs["strengths"].CopyFrom(
            tf.make_tensor_proto([list(strengths)], tf.float32)
        )
        try:
            reply = self._predictions.Predict(request, timeout=timeout)
        except grpc.RpcError as error:
            raise self._refusal(error, timeout) from None
        # Asking a map of messages for a missing key would make one.
        output = reply.outputs[_OUTPUT] if _OUTPUT in reply.outputs else None
        if output is None or output.dtype != tf.string.as_datatype_enum:
            names = ", ".join(sorted(reply.outputs)) or "nothing"
            raise self._broken_promise(names)
        files = output.string_val
        if len(files) != 1:
            raise self._broken_promise(f"{len(files)} files")
        return files[0]

    def _broken_promise(self, received: str) -> ServerError:
        return ServerError(
            f"{self.place}: the reply is not one {_OUTPUT}, as the signature "
            f"{self._signature} promises: {received}"
        )

    def _refusal(self, error: grpc.RpcError, timeout: float) -> Exception:
        code, message = error.code(), one_line(error.details() or "")
        codes = grpc.StatusCode
        if code is codes.NOT_FOUND:
            return model_absent(self._model, self.place, self._states())
        if code is codes.UNAVAILABLE:
            if any(reason in message for reason in _NO_SERVER):
                return ServerError(f"no server at {self.place} ({message})")
            return BusyError(f"{self.place} is busy: {message}")
        if code is codes.RESOURCE_EXHAUSTED:
            if "larger than max" in message:
                return UserError(
                    f"{self.place}: the photo or its translation is larger than gRPC "
                    f"lets through: {message}"
                )
            return BusyError(f"{self.place} is busy: {message}")
        if code is codes.DEADLINE_EXCEEDED:
            return no_reply(self.place, timeout)
        if code is codes.UNIMPLEMENTED:
            return UserError(f"no TensorFlow Serving at {self.place}")
        if code in (codes.INVALID_ARGUMENT, codes.FAILED_PRECONDITION):
            return UserError(f"{self.place} refuses the request: {message}")
        return ServerError(f"{self.place} failed ({code.name}): {message}")

    def _states(self) -> list[tuple[str, str]] | None:
        """State and error of each version; None if the server knows no such model."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        try:
            reply = self._models.GetModelStatus(request, timeout=STATUS_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise ServerError(
                f"{self.place}: no model {self._model!r}, and no status of it "
                f"({error.code().name})"
            ) from None
        state_name = get_model_status_pb2.ModelVersionStatus.State.Name
        return [
            (state_name(version.state), version.status.error_message)
            for version in reply.model_version_status
        ]
