"""What a .tflite file may contain, so that phones and browsers run it.

TensorFlow's own analyser calls every graph GPU compatible, so the rules are written out
here: operators that the mobile GPU delegates and LiteRT.js take, no tensor of more than
four dimensions, every size known, floats only.
"""

from collections import Counter

from ai_edge_litert import schema_py_generated as schema

from export.errors import ExportError

OPERATORS = frozenset(
    {
        "ABS",
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DEPTH_TO_SPACE",
        "DEQUANTIZE",
        "DIV",
        "EXP",
        "FULLY_CONNECTED",
        "LEAKY_RELU",
        "LOGISTIC",
        "MAXIMUM",
        "MEAN",
        "MINIMUM",
        "MIRROR_PAD",
        "MUL",
        "NEG",
        "PAD",
        "RELU",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "RSQRT",
        "SPACE_TO_DEPTH",
        "SQUARE",
        "SQUARED_DIFFERENCE",
        "STRIDED_SLICE",
        "SUB",
        "SUM",
        "TANH",
        "TRANSPOSE_CONV",
    }
)
MAX_RANK = 4
# What TensorFlow's GPU delegate takes (its common/model_builder.cc). Dense layers of
# int8 weights with a scale for each output are of version 12.
MAX_VERSIONS = {"FULLY_CONNECTED": 9}

_OPERATOR_NAMES = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if not name.startswith("_")
}
_TYPE_NAMES = {
    code: name
    for name, code in vars(schema.TensorType).items()
    if not name.startswith("_")
}
_TYPES = frozenset({"FLOAT32", "FLOAT16", "INT32"})  # INT32: paddings, axes and shapes
_CONSTANT_TYPES = _TYPES | {"INT8"}  # weights, which the operators dequantise


def check(model: bytes) -> dict[str, int]:
    """Refuses a model that some target would not run, or would run wrongly.

    Args:
        model: The contents of a .tflite file.

    Returns:
        How often each operator occurs.

    Raises:
        ExportError: With everything that breaks a rule.
    """
    graph = schema.ModelT.InitFromPackedBuf(model, 0)
    counts = Counter()
    complaints = []
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            code = graph.operatorCodes[operator.opcodeIndex]
            name = _operator_name(code)
            counts[name] += 1
            if name not in OPERATORS:
                complaints.append(f"operator {name}")
            if code.version > MAX_VERSIONS.get(name, code.version):
                complaints.append(f"operator {name} of version {code.version}")
            if (
                _fused_activation(operator)
                == schema.ActivationFunctionType.RELU_N1_TO_1
            ):
                # Mobile GPU delegates before TensorFlow 2.12 clip to [0, 1] instead.
                complaints.append(f"RELU_N1_TO_1 fused into {name}")
        for tensor in subgraph.tensors:
            constant = graph.buffers[tensor.buffer].data is not None
            complaints += _tensor_complaints(tensor, constant)
    if complaints:
        raise ExportError("not for mobile: " + "; ".join(dict.fromkeys(complaints)))
    return dict(sorted(counts.items()))


def _operator_name(code: schema.OperatorCodeT) -> str:
    if code.customCode:
        return code.customCode.decode()
    # Codes below 127 live in the older, narrower field as well; files may use either.
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _OPERATOR_NAMES.get(builtin, f"number {builtin}")


def _fused_activation(operator: schema.OperatorT) -> int | None:
    return getattr(operator.builtinOptions, "fusedActivationFunction", None)


def _tensor_complaints(tensor: schema.TensorT, constant: bool) -> list[str]:
    shape = [] if tensor.shape is None else list(tensor.shape)
    signature = shape if tensor.shapeSignature is None else list(tensor.shapeSignature)
    kind = _TYPE_NAMES[tensor.type]
    name = (tensor.name or b"without a name").decode()
    complaints = []
    if len(shape) > MAX_RANK:
        complaints.append(f"tensor {name} of {len(shape)} dimensions")
    if any(size < 0 for size in signature):
        complaints.append(f"tensor {name} of open size")
    if kind not in (_CONSTANT_TYPES if constant else _TYPES):
        complaints.append(f"tensor {name} of type {kind}")
    return complaints
