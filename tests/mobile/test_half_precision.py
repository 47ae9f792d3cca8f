"""What lets a GPU run the shipped network in 16-bit floats: no number comes near 65504.

`docs/devices.md` says why it matters. The network is run without XNNPACK, which keeps
what lies between its operators to itself.
"""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.exporting.tflite import convert
from tf_fsgd.translator.translator import DEFAULT, load_translator

LARGEST_HALF = 65504
REDUCTIONS = {
    schema.BuiltinOperator.SUM: "SUM",
    schema.BuiltinOperator.MEAN: "MEAN",
    schema.BuiltinOperator.REDUCE_MAX: "REDUCE_MAX",
}


@pytest.fixture(scope="module")
def translator():
    return load_translator(DEFAULT)


@pytest.fixture(scope="module")
def model(translator) -> bytes:
    servable = Servable(translator)
    return convert(servable, "fp32")


@pytest.mark.slow
def test_nothing_is_summed_over_the_picture(model):
    graph = schema.ModelT.InitFromPackedBuf(model, 0)
    (subgraph,) = graph.subgraphs
    reduced = [
        tuple(subgraph.tensors[operator.inputs[0]].shape)
        for operator in subgraph.operators
        if graph.operatorCodes[operator.opcodeIndex].builtinCode in REDUCTIONS
    ]
    assert reduced, "the modulation's own small sums are there to be found"
    assert max(map(len, reduced)) == 2  # [1, C]: scales of channels, not [1, H, W, C]
    pooled = [
        operator.builtinOptions.filterHeight * operator.builtinOptions.filterWidth
        for operator in subgraph.operators
        if graph.operatorCodes[operator.opcodeIndex].builtinCode
        == schema.BuiltinOperator.AVERAGE_POOL_2D
    ]
    assert max(pooled) < 20  # means for texture: of a row of pixels each


@pytest.mark.slow
def test_no_number_comes_near_the_largest_half(model, translator):
    rng = np.random.default_rng(0)
    side = translator.resolution
    image = rng.choice(np.float32([-1, 1]), (1, side, side, 3))  # all edges, no face
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    translate = interpreter.get_signature_runner()
    for position in (-1.5, 1.5):
        strengths = translator.strengths(dict.fromkeys(translator.axes, position))
        translate(image=image, strengths=strengths[None])
        largest = max(
            np.abs(interpreter.get_tensor(tensor["index"])).max()
            for tensor in interpreter.get_tensor_details()
            if tensor["dtype"] == np.float32
        )
        assert 1 < largest < LARGEST_HALF / 10
