"""`tf-fsgd translate PHOTO ... --edit smile=0.8`: a translator at work."""

import os
from pathlib import Path

from tf_fsgd import __version__
from tf_fsgd.backend.quiet import output_to
from tf_fsgd.cli.options import (
    Edits,
    Int,
    Photos,
    Strength,
    check_at_least,
)
from tf_fsgd.errors import UserError

MARK = f"tf_fsgd {__version__} (faces edited)"
"""What a result's metadata says of it."""


def translate(
    photos: Photos,
    /,
    *,
    translator: str | None = None,
    edit: Edits = None,
    like: Path | None = None,
    strength: Strength = None,
    face: Int | None = None,
    aligned: bool = False,
    out: Path = Path("translated"),
    couple: bool = False,
    no_mark: bool = False,
) -> None:
    """Edits the faces of photos and videos.

    Args:
        photos: Photos, videos (.mp4, .mov, .m4v, .mkv, .webm; with their sound),
            moving GIF, WebP, PNG and AVIF, and folders of them; every face is found
            and edited in its place.
        translator: A finished run's folder, or a shipped translator such as mobile-128;
            else it is mobile-256, with --like mix-128.
        like: A photo whose largest face lends the others its colours and texture, as
            translators of train.py --preset mix do it; --strength is how much of them.
        face: Edit one face only: 1 is the leftmost (all).
        aligned: The photos are faces framed as FFHQ frames them: look for none, edit
            the square in the middle, write it as PNG at the translator's size.
        out: Folder to write to.
        couple: Write before and after side by side.
        no_mark: Do not say in the metadata (Software, or a comment) that tf_fsgd has
            edited faces.

    Raises:
        UserError: If the translator or an edit is unknown, the run is not finished,
            flags contradict each other, two results would have one name or replace a
            photo, or no photo could be edited.
    """
    check_at_least("--face", face, 1)
    if face is not None and aligned:
        raise UserError("--face chooses among faces, and --aligned looks for none")
    import numpy as np

    from tf_fsgd.edits import asked_for
    from tf_fsgd.images.detection import FaceDetector
    from tf_fsgd.translator.folder import FolderEditor
    from tf_fsgd.translator.photos import largest_face_of
    from tf_fsgd.translator.translator import load_translator

    with output_to(os.devnull):  # LiteRT greets from C++, and TensorFlow for a run
        model = load_translator(translator, "mix" if like else "edit")
        if like:
            style = largest_face_of(FaceDetector(), like, model.resolution)
            model = model.like(style)
    asked = asked_for(edit, strength, model.edits)
    strengths = model.strengths(asked)  # refuses unknown edits before any work
    FolderEditor(
        lambda faces: model.translate(faces, np.tile(strengths, (len(faces), 1))),
        model.resolution,
        out,
        face=face,
        aligned=aligned,
        couple=couple,
        mark=None if no_mark else MARK,
    ).run(photos)
