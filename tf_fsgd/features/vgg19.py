"""VGG19's features for the perceptual loss, and where ImageNet weights are looked for.

pix2pixHD compares relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 of torchvision's VGG19
with weights 1/32, 1/16, 1/8, 1/4 and 1, and hands it the [-1, 1] RGB image as it is.
That network expects (p - mean) / std of p in [0, 1], so it sees a picture of less than
half the contrast around ImageNet's mean colour. The quirk is part of the method and is
kept.

Keras' weights are another training of VGG19: they expect BGR in 0..255 less the mean.
The picture that the reference's network sees is, in these units, 255 * std * x with the
channels reversed. A ReLU network is homogeneous: input and biases multiplied by k give
features multiplied by k. So the factor is put into the weights the other way round
(kernels of the first layer by std / mean(std), all biases by 1 / (255 * mean(std))),
and features come out as large as if the network had been trained on inputs of unit
scale.
"""

import itertools
import os
from pathlib import Path

import keras
import numpy as np
from keras import layers

from tf_fsgd.backend.keras_settings import keras_home
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import NUMBERS, check_arrays, read_arrays

VGG19_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
VGG19_FILES = (
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",  # Keras' own, all five blocks
    "vgg19_imagenet_block1-3.npz",
)
_FILTERS = {"block1": 64, "block2": 128, "block3": 256, "block4": 512, "block5": 512}
_DEPTHS = {"block1": 2, "block2": 2, "block3": 4, "block4": 4, "block5": 4}
_FEATURES = tuple(f"{block}_conv1" for block in _FILTERS)  # with their ReLU
_STD = np.array([0.229, 0.224, 0.225], np.float32)  # ImageNet's, of p in [0, 1], RGB
_SCALE = 255 * float(_STD.mean())


def find_weights(*filenames: str, path: str | os.PathLike | None = None) -> Path | None:
    """Looks for a weights file that the user has or that Keras has downloaded.

    Args:
        *filenames: Its name, as published; of several the first that is there.
        path: Where the user says it is: the file itself under any name, or the folder
            that holds it; nothing else is searched then.

    Returns:
        The file; without `path` the first of `$TF_FSGD_WEIGHTS/filename` and Keras'
        cache (`$KERAS_HOME`, else `~/.keras`, in `models/`). `None` when there is none.

    Raises:
        UserError: If `path` does not exist or is a folder without the file, or
            `$TF_FSGD_WEIGHTS` is no folder.
    """
    wanted = " or ".join(filenames)
    if path is not None:
        path = Path(path)
        if path.is_file():
            return path
        if not path.is_dir():
            raise UserError(f"{path}: no such file or folder (weights {wanted})")
        folders = [path]
    else:
        folders = [keras_home() / "models"]
        if own := os.environ.get("TF_FSGD_WEIGHTS"):
            if not Path(own).is_dir():
                raise UserError(f"TF_FSGD_WEIGHTS must be a folder, received {own}")
            folders.insert(0, Path(own))
    files = (folder / name for name in filenames for folder in folders)
    found = next(filter(Path.is_file, files), None)
    if path is not None and found is None:
        raise UserError(f"{path}: this folder holds no {wanted}")
    return found


def find_vgg19(path: str | os.PathLike | None = None) -> Path | None:
    """Looks for VGG19's weights, all five blocks rather than three.

    Args:
        path: As in `find_weights`.

    Returns:
        A file for `vgg19_features`, or `None`.

    Raises:
        UserError: As `find_weights`.
    """
    return find_weights(*VGG19_FILES, path=path)


def vgg19_features(weights_path: str | Path) -> keras.Model:
    """The frozen network of the perceptual loss.

    Args:
        weights_path: Keras' `..._notop.h5`, or an `.npz` with `block1_conv1/kernel`
            `[3, 3, in, out]`, `block1_conv1/bias` and so on, of the first blocks or
            all.

    Returns:
        A model from RGB images `[N, R, R, 3]` in [-1, 1] to the list of relu1_1,
        relu2_1, ... of as many blocks as the file holds. Their losses' weights are
        `VGG19_WEIGHTS[: len(model.outputs)]`.

    Raises:
        UserError: If the file is missing or does not hold VGG19's weights.
    """
    weights = _read_weights(Path(weights_path))
    names = list(itertools.takewhile(weights.__contains__, _names()))
    firsts = [position for position, name in enumerate(names) if name in _FEATURES]
    if len(firsts) < 2:
        raise UserError(
            f"{weights_path}: not VGG19's weights; needs block1_conv1 to block2_conv1"
        )

    x = image = keras.Input((None, None, 3), name="image")
    features = []
    for name in names[: firsts[-1] + 1]:
        if name in _FEATURES and features:
            x = layers.MaxPooling2D(2, name=f"{name.split('_')[0]}_halve")(x)
        filters = _FILTERS[name.split("_")[0]]
        kernel, bias = weights[name]
        if kernel.shape != (3, 3, x.shape[-1], filters) or bias.shape != (filters,):
            raise UserError(
                f"{weights_path}: {name} must be VGG19's, 3x3 from {x.shape[-1]} to "
                f"{filters} channels, received {kernel.shape} and {bias.shape}"
            )
        convolution = layers.Conv2D(
            filters, 3, padding="same", activation="relu", name=name
        )
        x = convolution(x)
        if name == "block1_conv1":
            kernel = kernel[:, :, ::-1] * (_STD / _STD.mean())[:, None]
        convolution.set_weights([kernel, bias / _SCALE])
        if name in _FEATURES:
            features.append(x)
    model = keras.Model(image, features, name="vgg19_features")
    model.trainable = False
    return model


def _names() -> list[str]:
    return [
        f"{block}_conv{number}"
        for block, depth in _DEPTHS.items()
        for number in range(1, depth + 1)
    ]


def _read_weights(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias by layer name."""
    if not path.is_file():
        raise UserError(f"{path}: no such file (VGG19 weights)")
    if path.suffix == ".npz":
        arrays = read_arrays(path, "VGG19's weights")
        names = {key.partition("/")[0] for key in arrays}
        keys = {name: (f"{name}/kernel", f"{name}/bias") for name in names}
        needed = {key: (NUMBERS, None) for pair in keys.values() for key in pair}
        check_arrays(path, "VGG19's weights", arrays, needed)
        return {n: (arrays[kernel], arrays[bias]) for n, (kernel, bias) in keys.items()}
    try:
        # Keras' own loader knows its legacy HDF5 layout.
        network = keras.applications.VGG19(include_top=False, weights=str(path))
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: not VGG19's weights ({reason})") from None
    return {
        layer.name: tuple(layer.get_weights())
        for layer in network.layers
        if layer.weights
    }
