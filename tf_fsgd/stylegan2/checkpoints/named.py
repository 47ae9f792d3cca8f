"""Published checkpoints by name: found in the cache, or downloaded and checked.

NVIDIA publishes no checksums. Those below were taken from other projects that pin the
same addresses; a file whose checksum nobody publishes is kept if `read_checkpoint`
accepts it, and its SHA-256 is logged, so that it can be compared with a colleague's.

All of them are under NVIDIA's licences for non-commercial use.
"""

import difflib
import http
import http.client
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import cache_dir, make_folder, sha256
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """Where a checkpoint is published.

    Attributes:
        url: Its address.
        sha256: What its SHA-256 must be; `None` where none is known.
    """

    url: str
    sha256: str | None = None


_CDN = "https://nvlabs-fi-cdn.nvidia.com"
_NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan2/versions/1/files"

# clibdev/stylegan2-pytorch prints these five; several projects agree on ffhq's.
_STYLEGAN2_SHA256 = {
    "ffhq": "adf127ea7bb8a7788c8bdeda3c9937f7310b669b09ecf799ca53a631ff46948d",
    "car": "e1618eee2b3ce87c4a3849442f7850ef12a478556bff035c8e09ee7e23b3794c",
    "cat": "08940fd616cfaf6bc7b0286b5d1a0b3f70febb26e136d64716c8d3f5e9bd3883",
    "church": "4090c5f83b44b83475c84864188aa39a0fb72694492302b7e6af36aad0d18104",
    "horse": "cbc73372c7d82d095913ca8b4b9f170560777175bd7c3b8a75dd55d70807f32b",
}
# Four projects at least pin this one.
_ADA_SHA256 = {
    "ffhq": "a205a346e86a9ddaae702e118097d014b7b8bd719491396a162cca438f2f524c",
}

NAMED: dict[str, Published] = {
    "stylegan2-ffhq-config-e": Published(
        f"{_CDN}/stylegan2/networks/stylegan2-ffhq-config-e.pkl"
    ),
    "stylegan2-car-config-e": Published(
        f"{_CDN}/stylegan2/networks/stylegan2-car-config-e.pkl"
    ),
    **{
        f"stylegan2-{data}-config-f": Published(
            f"{_CDN}/stylegan2/networks/stylegan2-{data}-config-f.pkl", digest
        )
        for data, digest in _STYLEGAN2_SHA256.items()
    },
    **{
        f"stylegan2-ada-{data}": Published(
            f"{_CDN}/stylegan2-ada-pytorch/pretrained/{data}.pkl", _ADA_SHA256.get(data)
        )
        for data in "ffhq metfaces afhqcat afhqdog afhqwild brecahad".split()
    },
    **{
        name: Published(f"{_NGC}/{name}.pkl")
        for name in (
            "stylegan2-ffhq-1024x1024",
            "stylegan2-ffhq-512x512",
            "stylegan2-ffhq-256x256",
            "stylegan2-ffhqu-1024x1024",
            "stylegan2-ffhqu-256x256",
            "stylegan2-metfaces-1024x1024",
            "stylegan2-metfacesu-1024x1024",
            "stylegan2-afhqv2-512x512",
            "stylegan2-afhqcat-512x512",
            "stylegan2-afhqdog-512x512",
            "stylegan2-afhqwild-512x512",
            "stylegan2-brecahad-512x512",
            "stylegan2-celebahq-256x256",
            "stylegan2-lsundog-256x256",
        )
    },
}
"""NVIDIA's unconditional StyleGAN2 for RGB: in TensorFlow (`config`), ADA in PyTorch,
and those that it lists with StyleGAN3."""

_CHUNK = 1 << 20
_TIMEOUT = 30  # seconds without a byte


def resolve(name_or_path: str | os.PathLike) -> Path:
    """Finds a checkpoint.

    Args:
        name_or_path: A file, or a name in `NAMED`: its file is looked for in
            `checkpoints/` of the cache folder and downloaded into it when missing. A
            download that was stopped goes on where it was.

    Returns:
        A file that exists.

    Raises:
        UserError: If there is no such file or name, it cannot be downloaded, or is not
            what was published.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.is_dir():
        raise UserError(f"{path}: expected a file, found a folder")
    name = str(name_or_path).removesuffix(".pkl")
    if name not in NAMED:
        near = difflib.get_close_matches(name, NAMED, n=3, cutoff=0.5)
        known = ", ".join(near or list(NAMED)[:3])
        raise UserError(
            f"{path}: no such file, and no checkpoint has that name ({known}, ...)"
        )
    published = NAMED[name]
    target = cache_dir() / "checkpoints" / f"{name}.pkl"
    if not target.is_file():
        part = target.with_name(f"{target.name}.part")
        make_folder(target.parent)
        _download(published.url, part, target)
        try:
            _accept(published, part)
            part.replace(target)
        except FileNotFoundError:
            if not target.is_file():  # another process was not faster
                raise
    elif published.sha256:
        _check(published, target)
    return target


def _download(url: str, part: Path, target: Path) -> None:
    """Brings `part` to its full length, beginning where it ends."""
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"})
    hint = f"go online once, or download {url} yourself and put it at {target}"
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and done:
            return  # all of it is there
        raise UserError(f"{target.stem}: {error}; {hint}") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise UserError(f"{target.stem}: no connection ({error}); {hint}") from error
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            done = 0
            part.unlink(missing_ok=True)
        length = response.headers.get("Content-Length")
        total = done + int(length) if length and length.isdigit() else None
        progress = tqdm(
            desc=target.stem, total=total, initial=done, unit="B", unit_scale=True
        )
        with progress, open(part, "ab") as file:
            for chunk in _chunks(response):
                file.write(chunk)
                file.flush()
                done += len(chunk)
                progress.update(len(chunk))
                if os.fstat(file.fileno()).st_size != done:
                    part.unlink(missing_ok=True)
                    raise UserError(
                        f"{target.stem}: another process downloads it too; wait for it"
                    )
    if total is not None and done != total:
        raise UserError(
            f"{target.stem}: the connection broke after {done:,} of {total:,} bytes; "
            f"the same command goes on from there, or {hint}"
        )


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """What arrives until the end, or until the connection breaks."""
    while True:
        try:
            chunk = response.read(_CHUNK)
        except (http.client.HTTPException, ConnectionError, TimeoutError):
            return
        if not chunk:
            return
        yield chunk


def _accept(published: Published, part: Path) -> None:
    """Checks a download, and removes it if it is wrong."""
    try:
        if published.sha256:
            _check(published, part)
        else:
            read_checkpoint(part)
            _logger.warning(
                "%s has SHA-256 %s; no published one is known to compare it with",
                published.url,
                sha256(part),
            )
    except UserError:
        part.unlink()
        raise


def _check(published: Published, path: Path) -> None:
    found = sha256(path)
    if found != published.sha256:
        raise UserError(
            f"{path} must have SHA-256 {published.sha256}, found {found}; delete it to "
            f"download {published.url} again"
        )
