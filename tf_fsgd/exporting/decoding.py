"""From the bytes of a picture to what a translator reads, as a graph.

The same steps as `tf_fsgd.images.io.read_image` and `resize`, for servers: upright by
EXIF, transparency laid over white, 16 bits to 8, the square in the middle, an
antialiased Lanczos filter. Every file that is not taken is an `InvalidArgumentError`
that names the rule; a picture too large is refused by its header, before anything is
reserved for its pixels.
"""

import tensorflow as tf

from tf_fsgd.exporting import headers

MAX_PIXELS = 2**25  # 100 MB as RGB; a translator needs a face of some hundred pixels
FORMATS = "JPEG, PNG or still WebP"


def read_square(file: tf.Tensor, index: tf.Tensor, size: int) -> tf.Tensor:
    """Decodes one picture.

    Args:
        file: The contents, a scalar string.
        index: Which of the request it is, for messages.
        size: R, side of the result in pixels.

    Returns:
        `[R, R, 3]` float32 in [-1, 1], of whole 8-bit levels.

    Raises:
        tf.errors.InvalidArgumentError: When run on bytes that are no such picture, are
            damaged or cut off, are animated, or have more than `MAX_PIXELS` pixels.
    """
    header = headers.read_header(file)
    # Without this the decoder could run before the checks, or beside them.
    with tf.control_dependencies(_checks(file, index, header)):
        file = tf.identity(file)
    pixels = tf.switch_case(
        header.kind,
        [
            # The slower transform is the one that Pillow uses.
            lambda: tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE"),
            # 16 bits are cut to their upper 8. Alpha only where there is some: the
            # one that is made up is wrong where grey has fewer than 8 bits.
            lambda: tf.cond(
                header.transparent,
                lambda: tf.io.decode_png(file, channels=4),
                lambda: tf.io.decode_png(file, channels=3),
            ),
            # With as many channels as the file has: other numbers are refused.
            lambda: tf.io.decode_image(file, expand_animations=False),
        ],
    )
    pixels = tf.ensure_shape(pixels, (None, None, None))
    square = _square(pixels, header.orientation)
    square = tf.cond(
        tf.shape(square)[2] == 4, lambda: _over_white(square), lambda: square
    )
    image = tf.image.resize(square, (size, size), method="lanczos3", antialias=True)
    # Whole levels, as an image that was resized before it was handed over has them.
    image = tf.clip_by_value(tf.round(image), 0.0, 255.0) / 127.5 - 1.0
    return tf.ensure_shape(_upright(image, header.orientation), (size, size, 3))


def _checks(file: tf.Tensor, index: tf.Tensor, header: headers.Header) -> list:
    """Assertions in order: the first that fails is what the client reads."""
    where = tf.strings.format("image_bytes[{}]", index)
    length = tf.strings.length(file)
    checks = []
    for passed, rule, received in [
        (length > 0, "must not be empty, received", "0 bytes"),
        (
            header.kind != headers.UNKNOWN,
            f"must be a {FORMATS} file, received",
            tf.strings.format("{} bytes of something else", length),
        ),
        (
            (header.height > 0) & (header.width > 0),
            "must have a whole header with the picture's size, received",
            tf.strings.format("a damaged one in {} bytes", length),
        ),
        (
            header.height * header.width <= MAX_PIXELS,
            f"must have {MAX_PIXELS} pixels at most, received",
            tf.strings.format("{} x {}", (header.width, header.height)),
        ),
        (~header.animated, "must be a still picture, received", "an animated WebP"),
    ]:
        with tf.control_dependencies(checks[-1:]):
            message = tf.strings.join([where, rule, received], " ")
            checks.append(tf.debugging.Assert(passed, [message]))
    return checks


def _flips(orientation: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Whether rows, then columns, are to be reversed, and both then exchanged."""
    rows, columns = (
        tf.reduce_any(orientation == tf.constant(which, tf.int64))
        for which in ([3, 4, 6, 7], [2, 3, 7, 8])
    )
    return rows, columns, orientation >= 5


def _square(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """The square in the middle of the upright picture, still as it is stored."""
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    side = tf.minimum(height, width)
    rows, columns, _ = _flips(orientation)
    # An odd excess leaves its pixel at the end, which a flip makes the start.
    top = (height - side + tf.cast(rows, tf.int32)) // 2
    left = (width - side + tf.cast(columns, tf.int32)) // 2
    return image[top : top + side, left : left + side]


def _over_white(image: tf.Tensor) -> tf.Tensor:
    alpha = image[..., 3:]

    def blended():
        # At most 255 * 255 + 127, which 16 bits hold: half the memory of floats.
        wide, colour = tf.cast(alpha, tf.uint16), tf.cast(image[..., :3], tf.uint16)
        return tf.cast((colour * wide + 255 * (255 - wide) + 127) // 255, tf.uint8)

    opaque = tf.reduce_min(alpha) == 255
    return tf.cond(opaque, lambda: image[..., :3], blended)


def _upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    rows, columns, exchanged = _flips(orientation)
    image = tf.cond(rows, lambda: image[::-1], lambda: image)
    image = tf.cond(columns, lambda: image[:, ::-1], lambda: image)
    return tf.cond(exchanged, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
