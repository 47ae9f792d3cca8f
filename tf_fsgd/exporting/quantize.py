"""8-bit weights and 16-bit activations: convolutions in whole numbers, for NPUs.

Ranges of the activations are fixed from examples. What is not a convolution, norms
above all, stays in floats: TFLite has 16-bit kernels for few other operators, and a
norm in few bits is what costs a translator its picture. Dense layers, which compute
next to nothing here, get 8-bit weights that are read into floats.

TensorFlow's own converter makes files of this network that no interpreter loads
(space-to-depth from int16 to float32), hence AI Edge Quantizer.
"""

import warnings
from collections.abc import Iterable

import numpy as np
from ai_edge_quantizer.calibrator import Calibrator
from ai_edge_quantizer.qtyping import QuantGranularity, TFLOperationName
from ai_edge_quantizer.quantizer import Quantizer
from ai_edge_quantizer.recipe_manager import RecipeManager
from ai_edge_quantizer.utils.qsv_utils import min_max_update

from tf_fsgd.storage import flatbuffer

_CONVOLUTIONS = (
    TFLOperationName.CONV_2D,
    TFLOperationName.DEPTHWISE_CONV_2D,
    TFLOperationName.CONV_2D_TRANSPOSE,
)
_ANY = ".*"
# Another photo or strength goes further than the examples, and what does not fit is
# cut off, which is seen; of 16 bits one can be spared.
_HEADROOM = np.float32(2)


def to_int8x16(model: bytes, examples: Iterable[dict[str, np.ndarray]]) -> bytes:
    """Quantises a model in float32.

    Args:
        model: The contents of a .tflite file.
        examples: Inputs by name, of batch 1, as the model will see them.

    Returns:
        The contents of another, with inputs and outputs in float32 as before.
    """
    recipe = RecipeManager()
    for operation in _CONVOLUTIONS:
        recipe.add_static_config(
            _ANY, operation, activation_num_bits=16, weight_num_bits=8
        )
    # One scale a kernel: more make operators that some delegates are too old for.
    recipe.add_dynamic_config(
        _ANY,
        TFLOperationName.FULLY_CONNECTED,
        num_bits=8,
        granularity=QuantGranularity.TENSORWISE,
    )
    with warnings.catch_warnings():
        # That every tensor is kept for a look is what a calibration is.
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors")
        # The quantiser's own calibration is a slow moving average of the ranges.
        calibrator = Calibrator(bytearray(model), qsv_update_func=min_max_update)
        calibrator.calibrate({"serving_default": list(examples)}, recipe)
        constants = _constants(model)
        ranges = {
            name: found
            if name in constants
            else {end: value * _HEADROOM for end, value in found.items()}
            for name, found in calibrator.get_model_qsvs().items()
        }
        quantizer = Quantizer(bytearray(model), recipe.get_quantization_recipe())
        quantized = quantizer.quantize(
            ranges, enable_progress_bar=False, enable_progress_report=False
        )
    return bytes(quantized.quantized_model)


def _constants(model: bytes) -> set[str]:
    graph = flatbuffer.read(model)
    return {
        tensor.name.decode()
        for subgraph in graph.subgraphs
        for tensor in subgraph.tensors
        if flatbuffer.has_data(graph.buffers[tensor.buffer])
    }
