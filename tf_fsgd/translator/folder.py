"""Photos and videos in, the same edited in a folder: names, formats, leftovers."""

import collections
import copy
import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tf_fsgd.backend.quiet import output_to
from tf_fsgd.errors import UserError
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.finding import find_images, print_left_out
from tf_fsgd.images.io import (
    WRITABLE_SUFFIXES,
    read_photo,
    resize,
    write_photo,
)
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.tracking import FaceTracker
from tf_fsgd.images.video import VIDEO_SUFFIXES, is_video, open_video
from tf_fsgd.translator.photos import Edit, edit_frames, edit_photo, find_squares

_JPEG_SUFFIXES = (".jfif", ".jpe", ".mpo")  # of what is written as .jpg


@dataclasses.dataclass(frozen=True)
class FolderEditor:
    """Edits photos and videos, each under its own name and format.

    Attributes:
        edit: The translator, with what is asked of it.
        resolution: R of the faces that it takes.
        out: The folder to write to.
        face: Of one face only, from 1 on the left; `None`: all.
        aligned: Whether the photos are faces in FFHQ framing: the square in the middle
            is edited and written as PNG.
        couple: Whether to write before and after side by side.
        mark: What the results' metadata says of them; `None`: nothing.
    """

    edit: Edit
    resolution: int
    out: Path
    face: int | None = None
    aligned: bool = False
    couple: bool = False
    mark: str | None = None

    def run(self, photos: Sequence[str]) -> None:
        """Edits each photo, and says what was done and what was left out.

        One photo that cannot be edited is an error; of several, each such photo is a
        line at the end.

        Args:
            photos: Files, and folders of them.

        Raises:
            UserError: If two results would have one name or replace a photo, or no
                photo could be edited.
        """
        left_out: list[str] = []
        targets = self._targets(photos, left_out)
        with output_to(os.devnull):  # LiteRT greets from C++
            detector = None if self.aligned else FaceDetector()
        problems = []
        for path, target in tqdm(
            targets.items(), unit="photo", leave=False, disable=len(targets) == 1
        ):
            try:
                if detector is None:
                    self._aligned(path, target)
                elif is_video(path):
                    lost = self._video(path, target, detector)
                    left_out += [f"{path}: {what}" for what in lost]
                else:
                    self._photo(path, target, detector)
            except UserError as error:
                # What comes from a file names it; the rest is about what it shows.
                text = str(error)
                named = text if text.startswith(str(path)) else f"{path}: {text}"
                problems.append(named)
        done = len(targets) - len(problems)
        if not done:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            raise UserError(problems[0] + more)
        left_out += problems
        for line in left_out:
            print_left_out(line)
        more = f", {len(left_out)} left out" if left_out else ""
        print(f"{done} {'photo' if done == 1 else 'photos'}: {self.out}{more}")

    def _targets(self, photos: Sequence[str], left_out: list[str]) -> dict[Path, Path]:
        """Where each photo's result goes; adds to `left_out` what has none."""
        also = () if self.aligned else VIDEO_SUFFIXES
        paths = find_images(photos, also, left_out.append)
        suffixes = {path: self._suffix(path) for path in paths}
        names = collections.Counter(
            f"{path.stem}{suffix}" for path, suffix in suffixes.items()
        )
        targets: dict[Path, Path] = {}
        for path, suffix in suffixes.items():
            name = f"{path.stem}{suffix}"
            if names[name] > 1 and name != path.name:
                name = f"{path.name}{suffix}"  # photo.bmp.png, beside photo.avif.png
            targets[path] = self.out / name
        sources: dict[Path, Path] = {}
        for path, target in targets.items():
            if target in sources:
                raise UserError(
                    f"PHOTO: {sources[target]} and {path} would both become {target}"
                )
            if target.resolve() == path.resolve():
                raise UserError(f"--out must not replace the photo {path}")
            sources[target] = path
        return targets

    def _suffix(self, path: Path) -> str:
        """Of the result: the photo's own, or of a format that can be written."""
        suffix = path.suffix.lower()
        if self.aligned:
            return ".png"
        if is_video(path):
            return suffix if suffix in VIDEO_SUFFIXES else ".png"
        if suffix in _JPEG_SUFFIXES:
            return ".jpg"
        return suffix if suffix in WRITABLE_SUFFIXES else ".png"

    def _aligned(self, path: Path, target: Path) -> None:
        if is_video(path):
            raise UserError("--aligned takes photos, and this one moves")
        photo = read_photo(path)
        before = Photo(resize(photo.seen(), self.resolution), exif=photo.exif)
        after = dataclasses.replace(before, pixels=self.edit(before.pixels[None])[0])
        write_photo(target, before.beside(after) if self.couple else after, self.mark)

    def _photo(self, path: Path, target: Path, detector: FaceDetector) -> None:
        photo = read_photo(path)
        squares = find_squares(detector, photo, self.face)
        before = copy.deepcopy(photo) if self.couple else None
        edit_photo(photo, squares, self.edit, self.resolution)
        write_photo(target, before.beside(photo) if before else photo, self.mark)

    def _video(self, path: Path, target: Path, detector: FaceDetector) -> list[str]:
        """Returns what of the video its result does not have."""
        video = open_video(path)
        frames = tqdm(
            video.frames(), total=video.count, unit="frame", desc=path.name, leave=False
        )
        pairs = edit_frames(
            frames, FaceTracker(detector), self.edit, self.resolution, self.face
        )
        return video.write(
            target,
            (before.beside(after) if self.couple else after for before, after in pairs),
            self.mark,
        )
