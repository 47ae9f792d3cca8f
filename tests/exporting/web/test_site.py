"""The site's folder and where LiteRT.js comes from; no browser and no network."""

import base64
import dataclasses
import hashlib
import io
import json
import re
import tarfile

import keras
import pytest

from tf_fsgd.cli import main
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.web import litert
from tf_fsgd.exporting.web.site import FORMAT, STATIC, axes_of, write_site
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.translator.translator import Translator


@pytest.fixture
def modules(tmp_path):
    """A node_modules folder with the packages' file names."""
    names = ["core/dist/index.js", "wasm-utils/dist/index.js"]
    for build in ("", "_compat", "_jspi"):
        names += [f"core/wasm/litert_wasm{build}_internal.{s}" for s in ("js", "wasm")]
    for name in names:
        path = tmp_path / "node_modules/@litertjs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for name in ("core", "wasm-utils"):
        facts = json.dumps({"version": litert.VERSION})
        (tmp_path / "node_modules/@litertjs" / name / "package.json").write_text(facts)
    return tmp_path / "node_modules"


@pytest.fixture
def translator():
    """Of one fixed edit."""
    image = keras.Input((16, 16, 3))
    output = keras.layers.Conv2D(3, 3, padding="same")(image)
    network = with_strength(keras.Model(image, output), 16, 2.0)
    return Translator("run", network, 16, ("smile",), {"smile": 2.0})


def test_site_is_whole_and_says_what_it_is(translator, modules, tmp_path):
    out = tmp_path / "site"
    for _ in range(2):  # an earlier site is replaced
        facts = write_site(translator, out, modules)
    assert json.loads((out / "model.json").read_text()) == facts
    assert facts["format"] == FORMAT
    assert facts["resolution"] == 16
    assert facts["axes"] == axes_of(translator)
    for key in ("file", "detector"):
        assert (out / facts[key]).stat().st_size > 1000
    model = (out / facts["file"]).read_bytes()
    assert facts["sha256"] == hashlib.sha256(model).hexdigest()
    assert f"\n{translator.licence}." in (out / "NOTICE.txt").read_text()
    assert (out / "litert/core.js").read_text() == "core/dist/index.js"
    assert [path.name for path in out.parent.glob(".site*")] == []


def test_sliders_go_as_far_as_the_edits_do(translator):
    (fixed,) = axes_of(translator)
    assert fixed["ends"] == ["original", "smile"] and fixed["units"] == [2, 2]
    assert (fixed["minimum"], fixed["maximum"]) == (0, 1)
    units = {"smile": 2.0, "frown": 1.5}
    (both,) = axes_of(dataclasses.replace(translator, units=units))
    assert both["ends"] == ["frown", "smile"] and both["units"] == [1.5, 2]
    assert (both["minimum"], both["maximum"]) == (-1.5, 1.5)


def test_the_page_reads_the_version_that_is_written():
    (asked,) = re.findall(r'FORMAT = "(.*?)"', (STATIC / "app.js").read_text())
    assert asked == FORMAT == "tf_fsgd web 2"


def test_everything_that_the_page_names_is_there(translator, modules, tmp_path):
    out = tmp_path / "site"
    write_site(translator, out, modules)
    html = (out / "index.html").read_text()
    names = re.findall(r'(?:href|src)="(?!data:)([^"]+)"', html)
    imports = json.loads(re.search(r"importmap\">(.*?)</script>", html)[1])["imports"]
    names += imports.values()
    for source in out.glob("*.js"):
        names += re.findall(r'from "(\./[^"]+)"', source.read_text())
    assert len(names) > 10
    assert [name for name in names if not (out / name).is_file()] == []
    ids = set(re.findall(r'id="([^"]+)"', html))
    asked = set(re.findall(r'\$\("([^"]+)"\)', (out / "app.js").read_text()))
    assert asked <= ids


def test_policy_allows_the_import_map_and_no_other_host(translator, modules, tmp_path):
    write_site(translator, tmp_path / "site", modules)
    html = (tmp_path / "site/index.html").read_text()
    policy = re.search(r'Security-Policy" content="([^"]+)"', html)[1]
    source = re.search(r'importmap">(.*?)</script>', html)[1]
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    assert "connect-src 'self';" in policy and "http" not in policy


def test_other_folders_are_not_replaced(translator, modules, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/me.jpg").write_text("me")
    with pytest.raises(UserError, match=r"out must be new, empty or an earlier site"):
        write_site(translator, tmp_path / "photos", modules)
    assert (tmp_path / "photos/me.jpg").read_text() == "me"


def test_litert_without_a_file_is_one_line(translator, modules, tmp_path):
    (modules / "@litertjs/core/dist/index.js").unlink()
    with pytest.raises(UserError, match=r"litert must be .*without .*index\.js"):
        write_site(translator, tmp_path / "site", modules)
    assert not (tmp_path / "site").exists()


def test_litert_of_another_version_is_one_line(translator, modules, tmp_path):
    facts = modules / "@litertjs/wasm-utils/package.json"
    facts.write_text('{"version": "0.1.0"}')
    message = r"litert: .*wasm-utils must be of version 2\.5\.3, received 0\.1\.0"
    with pytest.raises(UserError, match=message):
        write_site(translator, tmp_path / "site", modules)
    assert not (tmp_path / "site").exists()


def test_no_npm_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["web", "mobile-128", "--out", str(tmp_path / "site")]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1 and "npm is needed to fetch LiteRT.js" in error[0]


def fake_npm(tmp_path, monkeypatch, script: str) -> None:
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin/npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path / "cache"))


def test_offline_is_one_line(tmp_path, monkeypatch):
    fake_npm(tmp_path, monkeypatch, "echo 'npm error ENOTFOUND' >&2; exit 1")
    with pytest.raises(UserError, match=r"could not fetch .*\(npm error ENOTFOUND\)"):
        litert.copy_litert(tmp_path / "litert")


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz"):
        pass
    (tmp_path / "other.tgz").write_bytes(archive.getvalue())
    script = f'cp {tmp_path}/other.tgz "$5"; echo other.tgz'
    fake_npm(tmp_path, monkeypatch, script)
    with pytest.raises(UserError, match=r"core@2\.5\.3: not the file that was pinned"):
        litert.copy_litert(tmp_path / "litert")
    assert not list((tmp_path / "cache").rglob("*.tgz"))
