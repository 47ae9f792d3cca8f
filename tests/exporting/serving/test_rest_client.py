"""The client's REST side, through its command, against one that runs the model."""

import base64
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.cli import main
from tf_fsgd.exporting.serving import retries
from tf_fsgd.images.io import read_image


def error(message: str) -> bytes:
    return json.dumps({"error": message}).encode()


def predictions(*files: bytes) -> bytes:
    encoded = [base64.b64encode(file).decode("ascii") for file in files]
    return json.dumps({"predictions": [{"b64": file} for file in encoded]}).encode()


@pytest.fixture
def ask(server, exported, photo, tmp_path, capsys):
    """Runs the command: exit code, and the one line that it prints."""

    def run(*more: str, url: str | None = None) -> tuple[int, str]:
        arguments = [str(photo), "--out", str(tmp_path / "out.png")]
        arguments += ["--model-info", str(exported), "--url", url or server.url]
        if "--edit" not in more:
            arguments += ["--edit", "smile"]
        code = main(["ask", *arguments, *more])
        printed = capsys.readouterr()
        line = printed.err if code else printed.out
        assert line.count("\n") == 1 and line.endswith("\n")
        assert (code == 0) == (tmp_path / "out.png").exists()
        return code, line

    return run


@pytest.mark.parametrize(
    ("arguments", "edits"),
    [
        (["--edit", "smile", "--strength", "0.8"], {"smile": 0.8}),
        (["--edit", "frown=0.5,masculine"], {"frown": 0.5, "masculine": 1.0}),
    ],
)
def test_the_reply_is_what_keras_makes_of_the_photo(
    ask, translator, face, tmp_path, arguments, edits
):
    assert ask(*arguments) == (0, f"{tmp_path / 'out.png'}\n")
    expected = translator.translate(face[None], edits)[0]
    found = read_image(tmp_path / "out.png")
    assert np.abs(expected.astype(int) - face).max() > 20  # there is an edit to see
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_the_suffix_chooses_the_format(server, exported, photo, tmp_path):
    out = tmp_path / "folder" / "out.jpg"
    arguments = [str(photo), "--edit", "smile", "--out", str(out), "--url", server.url]
    assert main(["ask", *arguments, "--model-info", str(exported)]) == 0
    assert out.read_bytes()[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--edit", "smlie"], "edit must be one of feminine, masculine, smile, frown"),
        (["--edit", "smile", "--strength", "nan"], "strength of smile must be -3 to 3"),
        (["--edit", ""], "edit must name different edits"),
        (["--timeout", "0"], "--timeout must be above 0 seconds, received 0"),
        (["--timeout", "inf"], "--timeout must be above 0 seconds, received inf"),
        (["--out", "out.txt"], "suffix must be one of .jpg, .jpeg, .png, .webp"),
        (["--url", "localhost:8501"], "url must look like http://localhost:8501"),
        (["--url", "http://localhost:99999"], "url must look like http"),
        (["--model-info", "nowhere"], "exported folder or one of mix-128, "),
    ],
)
def test_mistakes_are_found_before_the_server_is_asked(ask, server, arguments, message):
    code, line = ask(*arguments)
    assert code == 2 and message in line
    assert server.manager.requests == 0


def test_photos_that_cannot_be_sent(ask, photo, tmp_path, monkeypatch):
    photo.write_bytes(b"")
    assert "must have 1 byte to 50 MB, received 0 bytes" in ask()[1]
    monkeypatch.setattr("tf_fsgd.cli.ask.LARGEST_PHOTO", 10)
    photo.write_bytes(bytes(11))
    assert "received 11 bytes" in ask()[1]
    photo.unlink()
    assert ask() == (2, f"error: {photo}: no such file\n")
    photo.mkdir()
    assert ask() == (2, f"error: {photo}: expected a photo, received a folder\n")


def test_one_of_several_edits_must_be_named(server, exported, photo, tmp_path, capsys):
    arguments = [str(photo), "--out", str(tmp_path / "o.png"), "--strength", "1"]
    assert main(["ask", *arguments, "--model-info", str(exported)]) == 2
    assert capsys.readouterr().err == (
        "error: edit must be one or more of feminine, masculine, smile, frown, "
        "received none\n"
    )


def test_nobody_there(ask):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        assert ask(url=url) == (
            1,
            f"error: no server at {url} (Connection refused)\n",
        )


def test_another_server(ask, server):
    code, line = ask(url=f"{server.url}/elsewhere")
    assert code == 2 and "no TensorFlow Serving at" in line and "404" in line


def test_a_server_that_speaks_no_http(ask):
    """As the gRPC port answers, with the first bytes of HTTP/2."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\n\n")

        thread = threading.Thread(target=answer)
        thread.start()
        code, line = ask(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert code == 1 and "does not speak HTTP" in line and "8501" in line


def test_a_model_that_the_server_does_not_have(ask):
    code, line = ask("--model", "a model")
    assert code == 2 and "serves no model 'a model'" in line


def test_a_model_that_is_still_loading_is_waited_for(ask, server, monkeypatch):
    server.manager.state = "LOADING"
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            server.manager.state = "AVAILABLE"

    monkeypatch.setattr(retries.time, "sleep", sleep)
    assert ask()[0] == 0
    assert server.manager.requests == 4 and len(pauses) == 3


def test_a_model_that_loads_for_too_long(ask, server):
    server.manager.state = "LOADING"
    code, line = ask("--timeout", "0.4")
    assert code == 1 and "is still loading the model 'tf_fsgd'" in line


def test_a_model_that_could_not_be_loaded(ask, server):
    server.manager.state, server.manager.error = "END", "Could not find\nvariables"
    code, line = ask()
    assert code == 1
    assert "could not load the model 'tf_fsgd': Could not find variables" in line
    assert server.manager.requests == 1


def test_a_full_queue_is_asked_again(ask, server):
    full = "The batch scheduling queue to which this task was submitted is full"
    server.scripted = [(503, error(full))] * 2
    assert ask()[0] == 0
    assert server.manager.requests == 3


@pytest.mark.parametrize(
    ("status", "reply", "code", "message"),
    [
        # model_servers/http_rest_api_handler.cc, GetInfoMap
        (
            400,
            error('Serving signature name: "encoded" not found in signature def'),
            2,
            'refuses the request: Serving signature name: "encoded" not found',
        ),
        (400, error("Matrix size-incompatible:\n In[0]: [1,3]"), 2, ": In[0]: [1,3]"),
        # tensorflow/serving#1672
        (504, error("Timed out waiting for notification"), 1, "rest_api_timeout_in_ms"),
        (500, error("Tensor concat failed"), 1, "failed (500): Tensor concat failed"),
        (
            400,
            error("assertion failed: [a[0] is\nbad]\n\t [[{{node map/while/Assert}}]]"),
            2,
            "refuses the request: a[0] is bad\n",
        ),
        (413, b"<html>nginx</html>", 2, "larger than the server lets through"),
        (401, b"<html>nginx</html>", 2, "no TensorFlow Serving at"),
        (200, b"<html>welcome</html>", 1, "is not one image_bytes"),
        (200, b'{"predictions": []}', 1, "is not one image_bytes"),
        (200, b'{"predictions": ["AAAA"]}', 1, "is not one image_bytes"),
        (200, b'{"predictions": [{"b64": "%%%"}]}', 1, "is not one image_bytes"),
        (200, predictions(b"a", b"b"), 1, "is not one image_bytes"),
        (200, predictions(b"GIF89a"), 1, "6 bytes that are no PNG file"),
        (200, b"", 1, "it gives no reason"),
    ],
)
def test_refusals_and_broken_replies(ask, server, status, reply, code, message):
    server.scripted = [(status, reply)]
    found, line = ask()
    assert (found, message in line) == (code, True), line
    assert server.manager.requests == 1  # none of these is worth another attempt


def test_long_messages_are_cut(ask, server):
    server.scripted = [(400, error("x" * 10_000))]
    assert len(ask()[1]) < 400


def test_a_damaged_picture(ask, server, face_png):
    server.scripted = [(200, predictions(face_png[:-40]))]
    assert "that are no PNG file" in ask()[1]


def test_a_model_of_another_size_than_its_facts(ask, exported, tmp_path):
    facts = json.loads((exported / "report.json").read_text()) | {"resolution": 64}
    (tmp_path / "report.json").write_text(json.dumps(facts))
    code, line = ask("--model-info", str(tmp_path))
    assert code == 1 and "has 32 x 32 pixels" in line and "of 64 x 64" in line


def test_a_photo_that_the_model_refuses(ask, photo):
    photo.write_bytes(b"no picture")
    code, line = ask()
    assert code == 2 and "refuses the request: image_bytes[0] must be" in line
    assert "node" not in line


def test_a_silent_server(ask, server):
    server.answering.clear()
    code, line = ask("--timeout", "0.3")
    assert code == 1 and "no reply within the timeout of 0.3 s" in line


def test_the_health_check_sees_what_the_client_sees(server):
    """The script that compose.yaml runs inside the image, with bash and grep alone."""
    script = Path(__file__).parents[3] / "export" / "serving" / "config" / "healthy.sh"
    command = ["bash", str(script), "tf_fsgd", str(server.server_port)]

    def healthy():
        return subprocess.run(command, timeout=10).returncode == 0

    assert healthy()
    server.manager.state = "LOADING"
    assert not healthy()
    command[2] = "other"
    assert not healthy()


def test_the_client_needs_no_framework():
    script = """
import sys
sys.modules.update(dict.fromkeys(["tensorflow", "keras", "grpc"]))
from tf_fsgd.cli import main
sys.exit(main(["ask", "x.jpg", "--edit", "smile", "--out", "x.png", *sys.argv[1:]]))
"""
    for arguments, message in (
        ([], "x.jpg: no such file"),
        (["--grpc", "localhost:8500"], "x.jpg: no such file"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (2, f"error: {message}\n")
