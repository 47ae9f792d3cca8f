"""Whether phones and browsers will run a .tflite file (`tf-fsgd gate`).

TensorFlow's own analyser calls every graph GPU compatible, so the rules are written out
here: operators that the CPU, the mobile GPU delegates and LiteRT.js take, no tensor of
more than four dimensions, every size known, floats between the operators, all weights
there, and the same answer from the second inference as from a fresh interpreter.

A file of 16-bit activations is held to the same rules, but it may hold whole numbers
between the operators: it is for the CPU and for NPUs, and neither GPU nor browser.
"""

from collections import Counter
from pathlib import Path

from ai_edge_litert import schema_py_generated as schema

from tf_fsgd.errors import UserError
from tf_fsgd.exporting.errors import ExportError
from tf_fsgd.exporting.repeats import check_repeats
from tf_fsgd.storage import flatbuffer

BYTES_PER_WEIGHT = {"fp32": 4, "fp16": 2, "int8": 1, "int8x16": 1}
"""By precision. int8 is TFLite's dynamic range: weights of 8 bits, floats between the
operators; int8x16 has 16 bits between its convolutions as well."""
INTEGER = frozenset({"int8x16"})

OPERATORS = frozenset(
    """
    ABS ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE
    DEQUANTIZE DIV EXP FULLY_CONNECTED LEAKY_RELU LOGISTIC MAXIMUM MEAN MINIMUM
    MIRROR_PAD MUL NEG PAD RELU RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT
    SPACE_TO_DEPTH SQUARE SQUARED_DIFFERENCE STRIDED_SLICE SUB SUM TANH TRANSPOSE_CONV
    """.split()
)
MAX_RANK = 4
# What TensorFlow's GPU delegate takes (its common/model_builder.cc). Dense layers of
# int8 weights with a scale for each output are of version 12.
MAX_VERSIONS = {"FULLY_CONNECTED": 9}

_OPERATOR_NAMES, _TYPE_NAMES = (
    {code: name for name, code in vars(kind).items() if not name.startswith("_")}
    for kind in (schema.BuiltinOperator, schema.TensorType)
)
_TYPES = frozenset({"FLOAT32", "FLOAT16", "INT32"})  # INT32: paddings, axes and shapes
_CONSTANT_TYPES = _TYPES | {"INT8"}  # weights, which the operators dequantise
_INTEGER_TYPES = _CONSTANT_TYPES | {"INT16", "INT64"}  # INT64: biases
_GRAPH_BYTES = 64 * 1024  # biases, axes and paddings, beside the weights


def check(model: bytes, integer: bool = False) -> dict[str, int]:
    """Refuses a model that some target would not run, or would run wrongly.

    Args:
        model: The contents of a .tflite file.
        integer: Whether whole numbers may be between the operators.

    Returns:
        How often each operator occurs.

    Raises:
        ExportError: With everything that breaks a rule.
        ValueError: If it is not a whole .tflite file.
    """
    graph = flatbuffer.read(model)
    counts = Counter()
    complaints = []
    for subgraph in graph.subgraphs:
        for operator in subgraph.operators:
            code = graph.operatorCodes[operator.opcodeIndex]
            name = _operator_name(code)
            counts[name] += 1
            if name not in OPERATORS and not (integer and name == "QUANTIZE"):
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
            constant = flatbuffer.has_data(graph.buffers[tensor.buffer])
            types = _CONSTANT_TYPES if constant else _TYPES
            complaints += _tensor_complaints(
                tensor, _INTEGER_TYPES if integer else types
            )
    if complaints:
        raise ExportError("not for mobile: " + "; ".join(dict.fromkeys(complaints)))
    return dict(sorted(counts.items()))


def check_weights(model: bytes, weights: int, precision: str) -> float:
    """Compares a file's constants with the weights that it should hold.

    Args:
        model: The contents of a .tflite file.
        weights: Numbers in the Keras model.
        precision: A key of `BYTES_PER_WEIGHT`.

    Returns:
        Bytes of the constants over those of the weights.

    Raises:
        ExportError: If there are too few, or as many as of a wider type.
    """
    held = flatbuffer.constant_bytes(flatbuffer.read(model))
    expected = weights * BYTES_PER_WEIGHT[precision]
    if held < 0.9 * expected:
        raise ExportError(
            f"{precision}: weights were dropped: {held} bytes for {weights} weights"
        )
    if held > 1.2 * expected + _GRAPH_BYTES:
        raise ExportError(
            f"{precision}: weights are stored twice or too wide: "
            f"{held} bytes for {weights} weights"
        )
    return held / expected


def check_file(path: Path) -> str:
    """Holds a file to every rule; what it says of itself decides which.

    Args:
        path: A .tflite file, ours or not.

    Returns:
        A line on what was found.

    Raises:
        UserError: If it is not a .tflite file.
        ExportError: If it breaks a rule.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    model = path.read_bytes()
    try:
        facts = flatbuffer.read_facts(model) or {}
        precision, weights = str(facts.get("precision")), facts.get("weights")
        operators = check(model, precision in INTEGER)
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    counted = "weights not counted: it does not say how many"
    if precision in BYTES_PER_WEIGHT and type(weights) is int and weights > 0:
        check_weights(model, weights, precision)
        counted = f"all of {weights:,} weights in {precision}"
    check_repeats(model)
    targets = "CPU, NPU" if precision in INTEGER else "CPU, GPU, LiteRT.js"
    return f"{sum(operators.values())} operators for {targets}; {counted}"


def _operator_name(code: schema.OperatorCodeT) -> str:
    if code.customCode:
        return code.customCode.decode()
    # Codes below 127 live in the older, narrower field as well; files may use either.
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _OPERATOR_NAMES.get(builtin, f"number {builtin}")


def _fused_activation(operator: schema.OperatorT) -> int | None:
    return getattr(operator.builtinOptions, "fusedActivationFunction", None)


def _tensor_complaints(tensor: schema.TensorT, types: frozenset[str]) -> list[str]:
    shape = [] if tensor.shape is None else list(tensor.shape)
    signature = shape if tensor.shapeSignature is None else list(tensor.shapeSignature)
    kind = _TYPE_NAMES.get(tensor.type, f"number {tensor.type}")
    name = (tensor.name or b"without a name").decode()
    complaints = []
    if len(shape) > MAX_RANK:
        complaints.append(f"tensor {name} of {len(shape)} dimensions")
    if any(size < 0 for size in signature):
        complaints.append(f"tensor {name} of open size")
    if kind not in types:
        complaints.append(f"tensor {name} of type {kind}")
    return complaints
