"""The picture in a server's reply, which is not trusted to be one."""

import io
import warnings

import numpy as np
from PIL import Image

from tf_fsgd.exporting.serving.errors import ServerError
from tf_fsgd.images.exif import DECODING_ERRORS


def decode_png(reply: bytes, resolution: int, place: str) -> np.ndarray:
    """Reads the PNG file of a reply.

    Args:
        reply: The file.
        resolution: Side of the model's pictures, in pixels.
        place: The server, for the message.

    Returns:
        `[resolution, resolution, 3]` uint8.

    Raises:
        ServerError: If the file is no PNG, is damaged, or is of another size.
    """
    try:
        with (
            warnings.catch_warnings(),
            Image.open(io.BytesIO(reply), formats=("PNG",)) as image,
        ):
            warnings.simplefilter("ignore")
            size = image.size
            if size == (resolution, resolution):
                return np.asarray(image.convert("RGB"))
    except DECODING_ERRORS as error:
        reason = f"{len(reply):,} bytes that are no PNG file ({type(error).__name__})"
        raise ServerError(f"{place}: the reply is {reason}") from None
    raise ServerError(
        f"{place}: the reply has {size[0]} x {size[1]} pixels, the model that "
        f"model info tells of {resolution} x {resolution}"
    )
