"""`tf-fsgd sliders PHOTO ... --out sheet.jpg`: every edit of some faces."""

from pathlib import Path

from tf_fsgd.cli.options import (
    DEFAULT_TRANSLATOR,
    AlignedPhotos,
    Edits,
    Int,
    Strength,
    Translator,
    check_at_least,
    wants_film,
)
from tf_fsgd.errors import UserError

_FRAMES_PER_SECOND = 12
_MOST = 16  # photos that fit side by side


def sliders(
    photos: AlignedPhotos,
    /,
    *,
    translator: Translator = DEFAULT_TRANSLATOR,
    edit: Edits = None,
    strength: Strength = None,
    frames: Int = 24,
    out: Path = Path("sliders.jpg"),
) -> None:
    """Shows every edit of some aligned photos, 16 at most.

    Args:
        frames: Of each scene of a film.
        out: .jpg or .png for a sheet with a row of each edit, .gif, .webp or .mp4 for
            a film in which each edit comes and goes.

    Raises:
        UserError: If the translator, an edit or the suffix is unknown, or a photo is
            missing or unreadable.
    """
    import numpy as np

    from tf_fsgd.edits import parse_edits
    from tf_fsgd.images.animation import write_animation
    from tf_fsgd.images.finding import find_images
    from tf_fsgd.images.io import read_image, resize, write_image
    from tf_fsgd.training.samples import edits_film, edits_grid
    from tf_fsgd.translator.translator import load_translator

    film = wants_film(out, _FRAMES_PER_SECOND)
    check_at_least("--frames", frames, 2)
    model = load_translator(translator)
    edits = parse_edits(edit or ",".join(model.edits), strength)
    model.strengths(edits)  # refuses unknown edits before any work
    paths = find_images(photos)
    if len(paths) > _MOST:
        raise UserError(f"PHOTO: at most {_MOST} photos, received {len(paths)}")
    faces = np.stack([resize(read_image(path), model.resolution) for path in paths])
    if film:
        shown = edits_film(model, faces, edits, frames)
        write_animation(out, shown, fps=_FRAMES_PER_SECOND)
    else:
        write_image(out, edits_grid(model, faces, edits, model.resolution))
    print(out)
