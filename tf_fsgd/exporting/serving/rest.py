"""A translator over TensorFlow Serving's REST interface, with the standard library.

Forms of requests, replies and errors: g3doc/api_rest.md of tensorflow/serving, and
tensorflow_serving/util/json_tensor.cc and model_servers/http_server.cc for what the
page leaves out (read at 2.20). An error is `{"error": "..."}` with the HTTP status that
stands for TensorFlow's code, 504 for a deadline, 503 for a full queue.
"""

import base64
import binascii
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence

from tf_fsgd.errors import UserError
from tf_fsgd.exporting.serving.errors import (
    STATUS_SECONDS,
    BusyError,
    ServerError,
    model_absent,
    no_reply,
    one_line,
)

_BUSY = (429, 503)
_UNKNOWN_PATH = 404
_TOO_LARGE = 413
_DEADLINE = 504


class RestServer:
    """A model on a server, by its REST interface."""

    def __init__(self, url: str, model: str, signature: str = "encoded"):
        """Asks nothing of the server yet.

        Args:
            url: Such as `http://localhost:8501`; a path before `/v1` is kept.
            model: Name under which the model is served.
            signature: The one from files to files.

        Raises:
            UserError: If `url` is no HTTP address.
        """
        try:
            parts = urllib.parse.urlsplit(url)
            valid = parts.scheme in ("http", "https") and parts.hostname
            _ = parts.port  # raises beyond 65535
        except ValueError:
            valid = False
        if not valid:
            raise UserError(
                f"url must look like http://localhost:8501, received {url!r}"
            )
        self.place = url.rstrip("/")
        self._model = model
        self._signature = signature
        name = urllib.parse.quote(model, safe="")
        self._address = f"{self.place}/v1/models/{name}"

    def translate(
        self, photo: bytes, strengths: Sequence[float], timeout: float
    ) -> bytes:
        """Sends a photo and waits for its translation.

        Args:
            photo: A file of a format that the model reads: JPEG, PNG or WebP.
            strengths: The model's input of that name.
            timeout: Seconds to wait for the server at most, each time it is silent.

        Returns:
            What the server says is a PNG file.

        Raises:
            UserError: If the server refuses what it was asked.
            BusyError: If it is worth asking again in a moment.
            ServerError: If there is no server, or its answer is no answer.
        """
        # Rows, because by columns Serving ignores an input that the model has not.
        row = {
            "image_bytes": {"b64": base64.b64encode(photo).decode("ascii")},
            "strengths": list(strengths),
        }
        body = json.dumps({"signature_name": self._signature, "instances": [row]})
        status, reply = self._send(f"{self._address}:predict", body, timeout)
        if status != http.HTTPStatus.OK:
            raise self._refusal(status, reply)
        try:
            (prediction,) = json.loads(reply)["predictions"]
            return base64.b64decode(prediction["b64"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise ServerError(
                f"{self.place}: the reply is not one image_bytes, as the signature "
                f"{self._signature} promises: {one_line(reply[:100].decode('latin-1'))}"
            ) from None

    def _send(self, address: str, body: str | None, timeout: float):
        """Status and body of the reply, whatever the status."""
        request = urllib.request.Request(
            address,
            data=None if body is None else body.encode("ascii"),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except TimeoutError:
            raise no_reply(self.place, timeout) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise no_reply(self.place, timeout) from None
            reason = getattr(error.reason, "strerror", None) or str(error.reason)
            raise ServerError(
                f"no server at {self.place} ({one_line(reason)})"
            ) from None
        except (http.client.HTTPException, OSError) as error:
            raise ServerError(
                f"{self.place} does not speak HTTP, or hung up ({error!r}); "
                "the REST interface is at port 8501 by default"
            ) from None

    def _refusal(self, status: int, reply: bytes) -> Exception:
        try:
            message = json.loads(reply)["error"]
        except (ValueError, KeyError, TypeError):
            message = None
        if not isinstance(message, str):
            return self._not_serving(status)
        message = one_line(message)
        if status == _UNKNOWN_PATH:
            return model_absent(self._model, self.place, self._states())
        if status in _BUSY:
            return BusyError(f"{self.place} is busy: {message}")
        if status == _DEADLINE:
            return ServerError(
                f"{self.place}: the server's own deadline has passed "
                f"(--rest_api_timeout_in_ms): {message}"
            )
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerError(f"{self.place} failed ({status}): {message}")
        return UserError(f"{self.place} refuses the request: {message}")

    def _not_serving(self, status: int) -> Exception:
        """An error that is not in Serving's form: of a proxy, or of another server."""
        if status == _TOO_LARGE:
            return UserError(
                f"{self.place}: the photo is larger than the server lets through"
            )
        if status in (*_BUSY, http.HTTPStatus.BAD_GATEWAY):
            return BusyError(f"{self.place}: a proxy finds no server ({status})")
        return UserError(f"no TensorFlow Serving at {self.place} (it answers {status})")

    def _states(self) -> list[tuple[str, str]] | None:
        """State and error of each version; None if the server knows no such model."""
        status, reply = self._send(self._address, None, STATUS_SECONDS)
        if status == _UNKNOWN_PATH:
            return None
        try:
            return [
                (version["state"], version["status"]["error_message"])
                for version in json.loads(reply)["model_version_status"]
            ]
        except (ValueError, KeyError, TypeError):
            raise ServerError(
                f"{self.place}: no model {self._model!r}, and no status of it "
                f"(it answers {status})"
            ) from None
