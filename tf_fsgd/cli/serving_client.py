"""`python -m export.serving.client PHOTO --edit smile --out OUT.png`: ask a server.

The model is one that `python -m export` has made and TensorFlow Serving serves (see
README.md beside this file). Exit code 2: something to change in the command; 1: the
server is absent, broken or too slow.
"""

import argparse
import contextlib
import importlib.util
import os
import sys
from pathlib import Path

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.edits import asked_for
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.exporting.serving.errors import ServerError
from tf_fsgd.exporting.serving.model import DEFAULT, load_model_info
from tf_fsgd.exporting.serving.png import decode_png
from tf_fsgd.exporting.serving.rest import RestServer
from tf_fsgd.exporting.serving.retries import persistently
from tf_fsgd.images.io import check_image, write_image

LARGEST_PHOTO = 50_000_000  # bytes; beyond is a mistake, such as a film


def main(arguments: list[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: Of the command line; None takes the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m export.serving.client", description=__doc__
    )
    parser.add_argument("photo", metavar="PHOTO", type=Path, help="an aligned face")
    parser.add_argument(
        "--edit",
        metavar="EDITS",
        help="such as smile, or several: smile=0.8,younger=0.5; may be left out where "
        "there is one only",
    )
    parser.add_argument(
        "--strength", type=float, help="of edits without a number (1, a clear edit)"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True)
    parser.add_argument(
        "--url", default="http://localhost:8501", help="REST interface (%(default)s)"
    )
    parser.add_argument(
        "--grpc",
        metavar="HOST:PORT",
        help="use gRPC instead, such as localhost:8500; needs tf_fsgd[serving]",
    )
    parser.add_argument(
        "--model", default="tf_fsgd", help="its name on the server (%(default)s)"
    )
    parser.add_argument(
        "--model-info",
        metavar="DIR",
        default=DEFAULT,
        help="the exported folder that is served, or the shipped translator that it "
        "was made from; says what the edits mean (%(default)s)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="for all attempts together; a busy server is asked again (%(default)g)",
    )
    return guarded(lambda: _run(parser.parse_args(arguments)))


def _run(options: argparse.Namespace) -> int:
    try:
        _translate(options)
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _translate(options: argparse.Namespace) -> None:
    if not 0 < options.timeout < float("inf"):
        raise UserError(
            f"--timeout must be above 0 seconds, received {options.timeout:g}"
        )
    model = load_model_info(options.model_info)
    edits = asked_for(options.edit, options.strength, list(model.units))
    strengths = model.strengths(edits)
    check_image(options.out, model.resolution, model.resolution)
    photo = _read(options.photo)
    with contextlib.ExitStack() as stack:
        if options.grpc is None:
            server = RestServer(options.url, options.model)
        else:
            server = stack.enter_context(_grpc_server(options.grpc, options.model))
        reply = persistently(
            lambda seconds: server.translate(photo, strengths, seconds),
            options.timeout,
        )
    write_image(options.out, decode_png(reply, model.resolution, server.place))
    print(options.out)


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
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with output_to(os.devnull):
        from tf_fsgd.exporting.serving.grpc_api import GrpcServer
    return GrpcServer(address, model)
