"""The embedded teacher's weights: one wheel from the package index, cached and checked.

PyPI's `random-face` carries MobileStyleGAN (Belousov 2021, arXiv 2104.04767) trained on
FFHQ. Its files are read out of the wheel, which is never installed: its requirements
are large, and none of its code is needed.
"""

import subprocess
import sys
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import cache_dir, scratch_folder, sha256

REQUIREMENT = "random-face==2021.7.21.1"
FILE_NAME = "random_face-2021.7.21.1-py3-none-any.whl"
SHA256 = "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5"


def fetch_wheel(folder: Path | None = None) -> Path:
    """The checked wheel, downloaded by pip when it is not in the cache.

    The download goes to a folder of its own and is renamed into the cache only when its
    checksum is right, so that an interrupted one leaves nothing that looks whole.

    Args:
        folder: The cache; the user's cache folder if `None`.

    Returns:
        Path of the wheel.

    Raises:
        UserError: If a file of that name has another checksum, or it is not cached and
            cannot be downloaded.
    """
    folder = folder or cache_dir()
    wheel = folder / FILE_NAME
    if wheel.exists():
        _check(wheel)
        return wheel
    with scratch_folder(folder) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", str(scratch), REQUIREMENT]
        pip = subprocess.run(command, capture_output=True, text=True, check=False)
        downloaded = scratch / FILE_NAME
        if pip.returncode or not downloaded.exists():
            reason = (pip.stderr.strip().splitlines() or ["no file arrived"])[-1]
            raise UserError(
                f"teacher mobile-ffhq: {wheel} is not cached and pip could not "
                f"download {REQUIREMENT} ({reason}); go online once, or put the wheel "
                "there"
            )
        _check(downloaded)
        downloaded.replace(wheel)
    return wheel


def _check(wheel: Path) -> None:
    found = sha256(wheel)
    if found != SHA256:
        raise UserError(
            f"teacher mobile-ffhq: {wheel} must have SHA-256 {SHA256}, found {found}; "
            "delete the file to download it again"
        )
