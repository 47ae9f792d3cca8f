"""`tf-fsgd sample --seeds 0-15 --out grid.png`: faces of the teacher."""

import math
from pathlib import Path

from tf_fsgd.cli.options import RENDERING, Rendering, check_out


def sample(
    *,
    seeds: str = "0-15",
    out: Path = Path("grid.png"),
    rendering: Rendering = RENDERING,
) -> None:
    """Draws a sheet of faces.

    Args:
        seeds: Such as 0-15,42.
        out: A picture: .png, .jpg, .webp and others.

    Raises:
        UserError: For bad seeds, a file that cannot be written, or what the teacher
            cannot do.
    """
    from tf_fsgd.images.grid import image_grid
    from tf_fsgd.images.io import WRITABLE_SUFFIXES, check_image, write_image
    from tf_fsgd.latents.sampling import parse_seeds

    numbers = parse_seeds(seeds, "--seeds")
    check_out(out, WRITABLE_SUFFIXES)
    studio = rendering.studio()
    columns = math.ceil(math.sqrt(len(numbers)))
    side = columns * studio.side
    check_image(out, side, side)
    write_image(out, image_grid(studio.sample(numbers), columns))
    print(out)
