"""The attribute network: a small ResNet that reads a 128 px face.

    classifier = load_classifier()
    classifier.probabilities(faces)[:, classifier.index("Smiling")]

The maps of its stages serve as features for a perceptual loss (`feature_model`), where
ImageNet's VGG19 is not at hand.
"""

import os
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.backend import keras_settings  # noqa: F401  settles them
from tf_fsgd.backend.hardware import dtype_policy
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_float
from tf_fsgd.storage.weights import load_weights

SIZE = 128
STAGE_FILTERS = (32, 48, 96, 192, 320)
STAGE_BLOCKS = (0, 1, 1, 1, 1)
FEATURE_WEIGHTS = (0.1, 0.1, 0.2, 0.3, 0.3)  # of each stage's map in a perceptual loss
_BATCH = 64  # faces read at once
LOGIT_WEIGHT = 0.05  # of the logits beside them
SHIPPED_WEIGHTS = Path(__file__).parent / "weights" / "celeba40.npz"
# The same network from another seed, which no training ever sees: it judges edits.
JUDGE_WEIGHTS = SHIPPED_WEIGHTS.with_name("judge40.npz")


def _conv(x, filters: int, kernel: int, strides: int, name: str):
    return layers.Conv2D(
        filters,
        kernel,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)


def _norm(x, name: str, gamma: str = "ones"):
    # Momentum 0.97: the statistics must settle within the few thousand steps there are.
    return layers.BatchNormalization(
        momentum=0.97, epsilon=1e-4, gamma_initializer=gamma, name=f"{name}_norm"
    )(x)


def _block(x, filters: int, strides: int, name: str):
    """Two 3x3 convolutions and a shortcut, which is averaged where the map shrinks."""
    shortcut = x
    if strides > 1:
        shortcut = layers.AveragePooling2D(strides, name=f"{name}_pool")(shortcut)
    if shortcut.shape[-1] != filters:
        shortcut = _norm(_conv(shortcut, filters, 1, 1, f"{name}_0"), f"{name}_0")
    x = _norm(_conv(x, filters, 3, strides, f"{name}_1"), f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    # A block starts as its shortcut, which makes the first epochs faster.
    x = _norm(_conv(x, filters, 3, 1, f"{name}_2"), f"{name}_2", gamma="zeros")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)


def build_classifier(
    filters: tuple[int, ...] = STAGE_FILTERS, blocks: tuple[int, ...] = STAGE_BLOCKS
) -> keras.Model:
    """The network, with fresh weights.

    Args:
        filters: Channels of each stage; every stage halves the resolution.
        blocks: Residual blocks of each stage; the first stage is one convolution
            followed by this many blocks.

    Returns:
        A model from `[N, 128, 128, 3]` float32 in [-1, 1] (FFHQ framing) to a dict of
        `logits` (`[N, 40]` float32, in the order of `ATTRIBUTES`) and `features` (the
        stages' last maps: `[N, 64, 64, filters[0]]`, `[N, 32, 32, filters[1]]`, ...).
    """
    image = keras.Input((SIZE, SIZE, 3), name="image")
    # An even kernel at stride 2 touches every pixel equally often, so that gradients
    # through the network (the perceptual loss) carry no checkerboard.
    x = _norm(_conv(image, filters[0], 4, 2, "stem"), "stem")
    x = layers.ReLU(name="stem_relu")(x)
    features = []
    for stage, (width, count) in enumerate(zip(filters, blocks, strict=True)):
        for number in range(count):
            strides = 2 if stage and number == 0 else 1
            x = _block(x, width, strides, f"stage{stage}_{number}")
        features.append(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    logits = layers.Dense(len(ATTRIBUTES), dtype="float32", name="logits")(x)
    return keras.Model(
        image, {"logits": logits, "features": features}, name="attributes"
    )


class AttributeClassifier:
    """A trained classifier for faces in FFHQ framing.

    Attributes:
        model: The Keras network of `build_classifier`, frozen.
        size: Side in pixels of the faces that the network reads.
        train_share: `[40]` float32, share of each attribute in the train split.
    """

    size = SIZE

    def __init__(self, model: keras.Model, train_share: np.ndarray):
        self.model = model
        self.train_share = train_share
        model.trainable = False
        self._logits = keras.Model(model.input, model.output["logits"])

    def index(self, name: str) -> int:
        """Column of an attribute.

        Raises:
            UserError: If CelebA has no such attribute.
        """
        if name not in ATTRIBUTES:
            raise UserError(
                f"attribute must be one of {', '.join(ATTRIBUTES)}, received {name!r}"
            )
        return ATTRIBUTES.index(name)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Reads faces.

        Args:
            images: `[N, R, R, 3]` uint8, or float32 in [-1, 1]; FFHQ framing, any R.

        Returns:
            `[N, 40]` float32 in [0, 1], in the order of `ATTRIBUTES`.

        Raises:
            UserError: If `images` has another shape.
        """
        read = _read(images, self._logits, len(ATTRIBUTES))
        return ops.convert_to_numpy(ops.sigmoid(read))

    def features(self, images: np.ndarray) -> np.ndarray:
        """The last features, averaged over the picture: what logits are linear in.

        Args:
            images: As for `probabilities`.

        Returns:
            `[N, 320]` float32.
        """
        pooled = self.model.get_layer("pool").output
        return _read(images, keras.Model(self.model.input, pooled), pooled.shape[-1])

    def head(self) -> tuple[np.ndarray, np.ndarray]:
        """The logits of features: weights `[320, 40]` and biases `[40]`."""
        kernel, bias = self.model.get_layer("logits").get_weights()
        return kernel, bias


def _read(images: np.ndarray, network: keras.Model, numbers: int) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] != (*images.shape[1:2] * 2, 3):
        raise UserError(f"images must be [N, R, R, 3], received {images.shape}")
    rows = np.empty((len(images), numbers), np.float32)
    for start in range(0, len(images), _BATCH):
        faces = images[start : start + _BATCH]
        if faces.dtype == np.uint8:
            faces = to_float(faces)
        faces = _shrink(faces.astype(np.float32, copy=False))
        read = network(faces, training=False)
        rows[start : start + _BATCH] = ops.convert_to_numpy(read)
    return rows


def _shrink(images: np.ndarray):
    """Resizes a batch of square images to the network's side."""
    side = images.shape[1]
    if side == SIZE:
        return images
    if side % SIZE == 0:
        # Box filter: exact, and much faster than a general resize of large renders.
        factor = side // SIZE
        shape = (len(images), SIZE, factor, SIZE, factor, 3)
        return images.reshape(shape).mean(axis=(2, 4))
    return ops.image.resize(images, (SIZE, SIZE), "bilinear", antialias=True)


def load_classifier(path: str | os.PathLike | None = None) -> AttributeClassifier:
    """Builds the network in float32 and reads its weights.

    Args:
        path: An npz file that `train_classifier` wrote; `None`: the shipped weights.

    Raises:
        UserError: If the file is missing or holds something else.
    """
    path = SHIPPED_WEIGHTS if path is None else Path(path)
    with dtype_policy("float32"):
        model = build_classifier()
    more = load_weights(model, path, train_share=(len(ATTRIBUTES),))
    return AttributeClassifier(model, more["train_share"])


def feature_model(
    classifier: AttributeClassifier, logits: bool = False, side: int = SIZE
) -> keras.Model:
    """The network up to its stages' maps, frozen, for a perceptual loss.

    Args:
        classifier: The classifier.
        logits: Whether what it reads, `[N, 40]`, is one more output.
        side: Of the pictures in pixels. The maps of larger ones are as much larger, and
            see finer than those that the classifier was trained on.

    Returns:
        A model from `[N, side, side, 3]` float32 in [-1, 1] to a list of five maps
        after their activation, of a half to a 32nd of the side, with 32, 48, 96, 192
        and 320 channels. Call it with `training=False`; gradients flow to the images.
    """
    outputs = list(classifier.model.output["features"])
    if logits:
        outputs.append(classifier.model.output["logits"])
    features = keras.Model(classifier.model.input, outputs, name="features")
    if side != SIZE:
        image = keras.Input((side, side, 3), name="image")
        larger = keras.models.clone_model(features, input_tensors=image)
        larger.set_weights(features.get_weights())
        features = larger
    features.trainable = False
    return features
