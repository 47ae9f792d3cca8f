"""Published checkpoints by name, against a server on this machine."""

import hashlib
import http.server
import logging
import re
import threading
from pathlib import Path

import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import named
from tf_fsgd.stylegan2.checkpoints.named import NAMED, Published, resolve

GOLDEN = Path(__file__).parents[1] / "golden" / "tf_config_f.pkl"
DATA = GOLDEN.read_bytes()
NAME = "stylegan2-ffhq-config-e"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with `server.body`; `server.breaks_at` ends the connection early."""

    def do_GET(self):
        server = self.server
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        server.starts.append(start)
        start = start if server.resumes else 0
        if server.status:
            self.send_error(server.status)
        elif start >= len(server.body):
            self.send_error(416)
        else:
            self.send_response(206 if server.resumes else 200)
            self.send_header("Content-Length", str(len(server.body) - start))
            self.end_headers()
            self.wfile.write(server.body[start : server.breaks_at])
            self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Serves the golden file under `NAME`, and no checksum is known for it."""
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.body, server.breaks_at, server.starts = DATA, None, []
        server.resumes, server.status = True, None
        url = f"http://127.0.0.1:{server.server_port}/network.pkl"
        monkeypatch.setitem(NAMED, NAME, Published(url))
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "checkpoints"


def pin(monkeypatch, digest):
    monkeypatch.setitem(NAMED, NAME, Published(NAMED[NAME].url, digest))


def test_a_path_is_itself():
    assert resolve(GOLDEN) == GOLDEN
    assert resolve(str(GOLDEN)) == GOLDEN


def test_a_name_is_downloaded_once(server, folder, caplog):
    with caplog.at_level(logging.WARNING):
        assert resolve(NAME) == folder / f"{NAME}.pkl"
    assert hashlib.sha256(DATA).hexdigest() in caplog.text
    assert resolve(f"{NAME}.pkl") == folder / f"{NAME}.pkl"
    assert (folder / f"{NAME}.pkl").read_bytes() == DATA
    assert len(server.starts) == 1 and len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("resumes", [True, False])
def test_a_broken_download_goes_on(server, folder, monkeypatch, resumes):
    pin(monkeypatch, hashlib.sha256(DATA).hexdigest())
    server.resumes = resumes
    server.breaks_at = 5000
    with pytest.raises(
        UserError, match=r"broke after 5,000 of \d\d,\d+ bytes.*goes on"
    ):
        resolve(NAME)
    assert [file.name for file in folder.iterdir()] == [f"{NAME}.pkl.part"]
    server.breaks_at = None
    assert resolve(NAME).read_bytes() == DATA
    assert server.starts == [0, 5000]


def test_a_whole_part_is_only_checked(server, folder):
    """Killed between the last byte and the renaming."""
    folder.mkdir(parents=True)
    (folder / f"{NAME}.pkl.part").write_bytes(DATA)
    assert resolve(NAME).read_bytes() == DATA


@pytest.mark.parametrize(
    ("digest", "body", "message"),
    [
        ("0" * 64, DATA, "must have SHA-256 0000.*found"),
        (None, b"<!DOCTYPE html><title>Sign in", "a web page, not a checkpoint"),
        (None, DATA[:-100], "damaged or incomplete"),
    ],
)
def test_a_wrong_download_is_not_kept(
    server, folder, monkeypatch, digest, body, message
):
    pin(monkeypatch, digest)
    server.body = body
    with pytest.raises(UserError, match=message):
        resolve(NAME)
    assert list(folder.iterdir()) == []


def test_a_file_put_there_is_checked(server, folder, monkeypatch):
    folder.mkdir(parents=True)
    (folder / f"{NAME}.pkl").write_bytes(DATA)
    assert resolve(NAME).read_bytes() == DATA
    pin(monkeypatch, "0" * 64)
    with pytest.raises(UserError, match="must have SHA-256 0000.*delete it"):
        resolve(NAME)
    assert server.starts == []


def test_two_writers_do_not_mix(server, folder, monkeypatch):
    chunks = named._chunks

    def disturbed(response):
        for chunk in chunks(response):
            with open(folder / f"{NAME}.pkl.part", "ab") as part:
                part.write(b"somebody else's")
            yield chunk

    monkeypatch.setattr(named, "_chunks", disturbed)
    with pytest.raises(UserError, match="another process downloads it too"):
        resolve(NAME)
    assert list(folder.iterdir()) == []


def test_offline_says_what_to_download_and_where_to_put_it(server, folder, monkeypatch):
    server.status = 404
    where = re.escape(f"put it at {folder / NAME}.pkl")
    with pytest.raises(UserError, match=f"404.*download http://127.*{where}"):
        resolve(NAME)
    monkeypatch.setitem(NAMED, NAME, Published("http://127.0.0.1:1/network.pkl"))
    with pytest.raises(UserError, match=f"no connection.*download http://.*{where}"):
        resolve(NAME)
    assert list(folder.iterdir()) == []


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(UserError, match="ffhq-confige: no such file.*-ffhq-config-e"):
        resolve("stylegan2-ffhq-confige")


def test_known_checksums_look_like_checksums():
    known = [published.sha256 for published in NAMED.values() if published.sha256]
    assert len(known) == len(set(known)) == 6
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in known)
