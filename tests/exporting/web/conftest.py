"""The site of the shipped translator, a server, and a browser that has it open."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tf_fsgd.errors import UserError
from tf_fsgd.exporting.web.site import write_site
from tf_fsgd.images.io import to_uint8
from tf_fsgd.translator.translator import load_translator

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What LiteRT's C++ logs on standard error becomes a console error, whatever its level.
LOGGED = ("INFO: ", "WARNING: ", "I1", "W1")


@pytest.fixture(scope="session")
def shipped():
    return load_translator("shipped")


@pytest.fixture(scope="session")
def site(shipped, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("web") / "site"
    try:
        write_site(shipped, out, os.environ.get("TF_FSGD_LITERT"))
    except UserError as error:
        pytest.skip(str(error))
    return out


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def address(site):
    handler = functools.partial(_Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def launch():
    """Starts a browser with flags; skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("needs Chromium")
    with sync_api.sync_playwright() as playwright:
        browsers = []

        def start(*flags):
            browser = playwright.chromium.launch(
                # Containers run as root, where Chromium's sandbox does not start.
                executable_path=found,
                args=["--no-sandbox", *flags],
            )
            browsers.append(browser)
            return browser

        yield start
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="session")
def browser(launch):
    return launch()


@pytest.fixture
def open_page(address):
    """Opens the page and waits for its network; holds it to a clean console."""
    complaints, pages = [], []

    def opened(browser, width=1200, height=900, query="", **options):
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        pages.append(page)

        def on_console(message):
            if message.type == "error" and not message.text.startswith(LOGGED):
                complaints.append(message.text)

        page.on("console", on_console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: requested.append(asked.url))
        page.goto(address + query)
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        return page

    requested = []
    yield opened
    for page in pages:
        page.close()
    assert complaints == []
    local = (address, "blob:", "data:")
    assert [url for url in requested if not url.startswith(local)] == []


@pytest.fixture(scope="session")
def photo_of_two(teacher, tmp_path_factory) -> Path:
    """Two generated faces of unlike size, turned, in a larger picture."""
    from tf_fsgd.latents.samples import sample_w
    from tf_fsgd.latents.sampling import broadcast

    ws = broadcast(sample_w(teacher, np.arange(2), 0.5), teacher.num_ws)
    faces = to_uint8(teacher.synthesis(ws, noise_mode="const", resolution=1024))
    canvas = Image.fromarray(faces[0]).resize((1200, 900))
    canvas = canvas.filter(ImageFilter.GaussianBlur(90))
    for face, middle, side, angle in zip(
        faces, [(400, 430), (900, 560)], (620, 330), (12, -8), strict=True
    ):
        face = Image.fromarray(face).resize((side, side), Image.Resampling.LANCZOS)
        mask = Image.new("L", face.size, 255).rotate(angle, expand=True)
        face = face.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        corner = (middle[0] - face.width // 2, middle[1] - face.height // 2)
        canvas.paste(face, corner, mask)
    path = tmp_path_factory.mktemp("photos") / "two.png"
    canvas.save(path)
    return path
