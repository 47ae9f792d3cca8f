"""The variables of a Keras network in a .tflite file of it, and back.

A shipped translator is one file, which LiteRT runs; whoever trains on it or exports it
wants its weights in Keras. They are all in the file, in float16, but neither under
their names nor as they were: kernels are turned about, `ModulatedConv2D`'s are of unit
norm, and the converter multiplies a `Rescaling` into the convolution before it. So
whoever writes a file looks for each variable by its values, and keeps where it is:

    {"stem/kernel": [54, "3012", 1.0], "change_conv/bias": [176, "0", 0.2], ...}

the number of a tensor, the order of the variable's axes in it, and what the variable
was multiplied by. A variable of zeros has no place, for the converter drops what adds
nothing. What is read back is what the file computes with, up to the unit norm, which a
network takes of its kernels again.
"""

import keras
import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.edit_generator import CHANGE
from tf_fsgd.pix2pixhd.modulation import unit_norm
from tf_fsgd.storage import flatbuffer

# By rank: dense kernels; kernels of convolutions, and those of transposed ones.
_ORDERS = {1: ("0",), 2: ("10",), 4: ("3012", "2013")}
_RELATIVE, _ABSOLUTE = 2.0**-10, 2.0**-24  # what rounding to float16 may do


def find_variables(network: keras.Model, model: bytes) -> dict[str, list]:
    """Where a file has the variables of the network that it was made of.

    Args:
        network: The network.
        model: The contents of a .tflite file of it with float16 weights.

    Returns:
        Place by the path of the variable, as above.

    Raises:
        ValueError: If a variable is not in the file.
    """
    constants = _constants(model)
    return {
        variable.path: _place(variable.path, np.asarray(variable.value), constants)
        for variable in network.weights
        if np.any(variable.value)
    }


def read_variables(
    network: keras.Model, model: bytes, places: dict[str, list], name: str
) -> None:
    """Gives a network the variables that are in a file.

    Args:
        network: Built as the one that the file was made of; changed in place.
        model: The contents of the file.
        places: As `find_variables` has found them.
        name: Of the file, for messages.

    Raises:
        UserError: If the file is of another network.
    """
    constants = _constants(model)
    variables = {variable.path: variable for variable in network.weights}
    if strange := sorted(places.keys() - variables.keys()):
        raise UserError(f"{name}: not a file of this network ({strange[0]})")
    for path, variable in variables.items():
        value = np.zeros(variable.shape, np.float32)
        if path in places:
            tensor, order, scale = places[path]
            value = constants[tensor].transpose(np.argsort([*map(int, order)])) / scale
        if value.shape != tuple(variable.shape):
            raise UserError(
                f"{name}: {path} must be of shape {list(variable.shape)}, "
                f"received {list(value.shape)}"
            )
        variable.assign(value)


def _constants(model: bytes) -> dict[int, np.ndarray]:
    """What a file holds in float16, as float32 by the number of the tensor."""
    graph = flatbuffer.read(model)
    float16 = flatbuffer.schema.TensorType.FLOAT16
    return {
        number: np.frombuffer(graph.buffers[tensor.buffer].data.tobytes(), np.float16)
        .astype(np.float32)
        .reshape(tensor.shape)
        for number, tensor in enumerate(graph.subgraphs[0].tensors)
        if tensor.type == float16
        and flatbuffer.has_data(graph.buffers[tensor.buffer])
        and tensor.shape is not None
    }


def _place(path: str, value: np.ndarray, constants: dict[int, np.ndarray]) -> list:
    forms = [(value, 1.0), (value * np.float32(CHANGE), CHANGE)]
    if value.ndim == 4:
        forms.append((np.asarray(unit_norm(value)), 1.0))
    for order in _ORDERS[value.ndim]:
        axes = [*map(int, order)]
        for form, scale in forms:
            turned = form.transpose(axes)
            for tensor, constant in constants.items():
                if constant.shape == turned.shape and np.allclose(
                    constant, turned, _RELATIVE, _ABSOLUTE
                ):
                    return [tensor, order, scale]
    raise ValueError(f"the .tflite file does not hold {path}")
