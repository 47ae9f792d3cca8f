"""`tf-fsgd ask PHOTO --edit smile --out OUT.png`: ask a server.

The model is one that `tf-fsgd export` has made and TensorFlow Serving serves (see
export/serving/README.md of a checkout).
"""

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.cli.options import DEFAULT_TRANSLATOR, Edits, Strength
from tf_fsgd.errors import UserError

LARGEST_PHOTO = 50_000_000  # bytes; beyond is a mistake, such as a film


def ask(
    photo: Annotated[Path, Parameter(name="PHOTO")],
    /,
    *,
    edit: Edits = None,
    strength: Strength = None,
    out: Path,
    url: str = "http://localhost:8501",
    grpc: str | None = None,
    model: str = "tf_fsgd",
    model_info: str = DEFAULT_TRANSLATOR,
    timeout: float = 30,
) -> int:
    """Asks a server for an edit: TensorFlow Serving with what was exported.

    Args:
        photo: An aligned face.
        out: The picture to write.
        url: REST interface.
        grpc: Use gRPC instead, such as localhost:8500; needs tf_fsgd[serving].
        model: Its name on the server.
        model_info: The exported folder that is served, or the shipped translator that
            it was made from; says what the edits mean.
        timeout: Seconds for all attempts together; a busy server is asked again.

    Returns:
        0; 1: the server is absent, broken or too slow.

    Raises:
        UserError: For what has to change in the command.
    """
    from tf_fsgd.edits import asked_for
    from tf_fsgd.exporting.serving.errors import ServerError
    from tf_fsgd.exporting.serving.model import load_model_info
    from tf_fsgd.exporting.serving.png import decode_png
    from tf_fsgd.exporting.serving.rest import RestServer
    from tf_fsgd.exporting.serving.retries import persistently
    from tf_fsgd.images.io import check_image, write_image

    if not 0 < timeout < float("inf"):
        raise UserError(f"--timeout must be above 0 seconds, received {timeout:g}")
    info = load_model_info(model_info)
    strengths = info.strengths(asked_for(edit, strength, list(info.units)))
    check_image(out, info.resolution, info.resolution)
    sent = _read(photo)
    try:
        with contextlib.ExitStack() as stack:
            if grpc is None:
                server = RestServer(url, model)
            else:
                server = stack.enter_context(_grpc_server(grpc, model))
            reply = persistently(
                lambda seconds: server.translate(sent, strengths, seconds), timeout
            )
        write_image(out, decode_png(reply, info.resolution, server.place))
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(out)
    return 0


def _read(path: Path) -> bytes:
    if not path.is_file():
        what = (
            "expected a photo, received a folder" if path.is_dir() else "no such file"
        )
        raise UserError(f"{path}: {what}")
    size = path.stat().st_size
    if not 0 < size <= LARGEST_PHOTO:
        limit = LARGEST_PHOTO // 1_000_000
        raise UserError(
            f"{path}: a photo must have 1 byte to {limit} MB, received {size:,} bytes"
        )
    return path.read_bytes()


def _grpc_server(address: str, model: str):
    for module, package in (
        ("grpc", "grpcio"),
        ("tensorflow_serving", "tensorflow-serving-api"),
    ):
        if importlib.util.find_spec(module) is None:
            raise UserError(f"--grpc needs {package}: pip install 'tf_fsgd[serving]'")
    # Serving's messages are made of TensorFlow's, whose import takes seconds and talks.
    with output_to(os.devnull):
        from tf_fsgd.exporting.serving.grpc_api import GrpcServer
    return GrpcServer(address, model)
