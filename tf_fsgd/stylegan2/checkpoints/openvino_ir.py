"""Constants of an OpenVINO IR (version 10): an XML graph beside a file of raw numbers.

Each `Const` layer of the XML names its element type, shape, offset and size in the
binary file; that is all that is needed to take the weights out without OpenVINO.
"""

import xml.etree.ElementTree as ElementTree

import numpy as np

from tf_fsgd.errors import UserError

_TYPES: dict[str | None, np.dtype] = {
    "f32": np.dtype("<f4"),
    "f16": np.dtype("<f2"),
}


def read_constants(xml: bytes, binary: bytes) -> list[tuple[str, np.ndarray]]:
    """The floating-point constants of a graph, in the order of the file.

    Args:
        xml: The graph.
        binary: The numbers.

    Returns:
        Names and read-only arrays.

    Raises:
        UserError: If the XML is no IR graph or points outside the binary file.
    """
    try:
        layers = ElementTree.fromstring(xml).find("layers")
    except ElementTree.ParseError as error:
        raise UserError(f"OpenVINO IR: the graph is not XML ({error})") from None
    if layers is None:
        raise UserError("OpenVINO IR: the graph has no layers")
    constants = []
    for layer in layers.iterfind("layer[@type='Const']"):
        data = {} if (found := layer.find("data")) is None else found.attrib
        if (dtype := _TYPES.get(data.get("element_type"))) is None:
            continue
        shape = [int(side) for side in data["shape"].split(",") if side.strip()]
        offset, size = int(data["offset"]), int(data["size"])
        count = size // dtype.itemsize
        if (
            offset < 0
            or offset + size > len(binary)
            or count != np.prod(shape, dtype=int)
        ):
            raise UserError(
                f"OpenVINO IR: constant {layer.get('name', '')} of shape {shape} needs "
                f"bytes {offset} to {offset + size}, the binary file has {len(binary)}"
            )
        array = np.frombuffer(binary, dtype, count, offset).reshape(shape)
        constants.append((layer.get("name", ""), array))
    return constants
