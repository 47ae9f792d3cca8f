"""`tf-fsgd mix --rows 1-4 --cols 5-8 --layers 0-3`: a style-mixing sheet."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tf_fsgd.cli.options import RENDERING, Rendering, Several, check_out


def mix(
    *,
    rows: Annotated[list[str], Several],
    cols: Annotated[list[str], Several],
    layers: Annotated[str, Parameter(alias="--styles")] = "0-6",
    out: Path = Path("mix.png"),
    rendering: Rendering = RENDERING,
) -> None:
    """Mixes the styles of faces.

    Args:
        rows: Faces at the left, who lend everything else: seeds such as 3,17,42 or
            0-5, and .npz files of projected photos.
        cols: Faces at the top, who lend the rows of W+ in --layers.
        layers: Rows of W+ from the face at the top: 0-3 pose and shape, 4-7 features,
            8 and on colours.
        out: A picture: .png, .jpg, .webp and others.

    Raises:
        UserError: For faces that are none, layers that the teacher does not have, a
            file that cannot be written, or what the teacher cannot do.
    """
    import numpy as np

    from tf_fsgd.images.grid import image_grid
    from tf_fsgd.images.io import WRITABLE_SUFFIXES, check_image, write_image
    from tf_fsgd.latents.faces import parse_faces
    from tf_fsgd.latents.sampling import parse_ranges

    at_left, at_top = parse_faces(rows, "--rows"), parse_faces(cols, "--cols")
    check_out(out, WRITABLE_SUFFIXES)
    studio = rendering.studio()
    numbers = parse_ranges(layers, "--layers", studio.teacher.num_ws - 1)
    height, width = ((1 + len(faces)) * studio.side for faces in (at_left, at_top))
    check_image(out, height, width)
    top, left = studio.sample(at_top), studio.sample(at_left)
    mixed = studio.mix(at_left, at_top, numbers)

    corner = np.full_like(top[:1], 255)
    below = np.concatenate([left[:, None], mixed], axis=1)
    sheet = image_grid(
        np.concatenate([corner, top, *below]),
        1 + len(at_top),
        row_labels=["", *[face.label for face in at_left]],
        column_labels=["", *[face.label for face in at_top]],
    )
    write_image(out, sheet)
    print(out)
