"""The two things that an exported translator does, as graphs.

`serving_default` maps float images to float images; `encoded` maps the bytes of image
files to the bytes of PNG files, so that a client needs no image code and a request
stays small (a float image as JSON is about ten times its PNG). Both take the strengths
of the edits beside the images, in standard deviations of w.
"""

import functools

import numpy as np
import tensorflow as tf

from tf_fsgd.exporting.decoding import read_square
from tf_fsgd.translator.translator import Translator

# The largest float32 below 1. With exactly [-1, 1] the TFLite converter fuses the clip
# into the layer before as RELU_N1_TO_1, which mobile GPU delegates before TensorFlow
# 2.12 compute as a clip to [0, 1] (tensorflow#58255); MINIMUM and MAXIMUM stay apart.
_UPPER = float(np.nextafter(np.float32(1), np.float32(0)))


class Servable(tf.Module):
    """A translator with the signatures that it is served with."""

    def __init__(self, translator: Translator):
        """Builds the signatures."""
        super().__init__()
        # A module that held the Keras model would be saved with it, and ask for Keras
        # and for this package's layers when it is loaded. A function is not saved.
        self._network = functools.partial(translator.model, training=False)
        self.resolution = translator.resolution
        self.axes = len(translator.axes)
        self.faces = translator.faces
        # Keras' variables wrap TensorFlow's, which are what a module saves.
        self.weights = [variable.value for variable in translator.model.variables]

    @property
    def weight_count(self) -> int:
        """Numbers in the translator."""
        return sum(weight.shape.num_elements() for weight in self.weights)

    def translate(self, image: tf.Tensor, strengths: tf.Tensor) -> tf.Tensor:
        """What both signatures do with images in [-1, 1], clipped to the same."""
        return tf.clip_by_value(self._network([image, strengths]), -1.0, _UPPER)

    def floats(self, batch_size: int | None) -> tf.types.experimental.ConcreteFunction:
        """{"image": float32 [N, R, R, 3 F] in [-1, 1], "strengths": float32 [N, E]} to
        {"image": float32 [N, R, R, 3]}.

        Args:
            batch_size: N; None leaves it open, which TFLite must not.
        """
        side = self.resolution
        shape = (batch_size, side, side, 3 * self.faces)
        return tf.function(
            lambda *inputs: {"image": self.translate(*inputs)},
            input_signature=[
                tf.TensorSpec(shape, tf.float32, name="image"),
                self._strengths(batch_size),
            ],
        ).get_concrete_function()

    def encoded(self) -> tf.types.experimental.ConcreteFunction:
        """{"image_bytes": string [N], files, "strengths": float32 [N, E]} to
        {"image_bytes": string [N], PNG files}.

        Reads JPEG, PNG and still WebP, upright by EXIF, and takes the square in the
        middle. Anything else is an `InvalidArgumentError`: see `decoding.read_square`.
        """
        return tf.function(
            self._translate_files,
            input_signature=[
                tf.TensorSpec((None,), tf.string, name="image_bytes"),
                self._strengths(None),
            ],
            autograph=False,
        ).get_concrete_function()

    def _strengths(self, batch_size: int | None) -> tf.TensorSpec:
        return tf.TensorSpec((batch_size, self.axes), tf.float32, "strengths")

    def _translate_files(self, image_bytes: tf.Tensor, strengths: tf.Tensor) -> dict:
        side = self.resolution
        # One after the other, so that a batch needs the memory of its largest picture.
        images = tf.map_fn(
            lambda numbered: read_square(numbered[0], numbered[1], side),
            (image_bytes, tf.range(tf.size(image_bytes))),
            fn_output_signature=tf.TensorSpec((side, side, 3), tf.float32),
            parallel_iterations=1,
        )
        translated = self.translate(images, strengths)
        levels = tf.cast(tf.round((translated + 1) * 127.5), tf.uint8)
        files = tf.map_fn(
            tf.io.encode_png, levels, fn_output_signature=tf.TensorSpec((), tf.string)
        )
        return {"image_bytes": files}
