"""The same .tflite model in fewer bytes.

The converter writes every vector anew: a zero point of 8 bytes for each channel of each
convolution, all of them zero, and each shape twice. A flatbuffer may refer to one
vector from many places, which every reader follows. A mobile translator of 8-bit
weights shrinks by a twenty-fifth, which is what brings it under 3 MB.
"""

from collections.abc import Callable

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tf_fsgd.storage.flatbuffer import IDENTIFIER, has_data, read

_ALIGNMENT = 16  # of weights, in bytes: `force_align` in TFLite's schema
_LARGEST = 127  # of int8, symmetric


def compact(model: bytes) -> bytes:
    """Shares equal vectors and leaves out what no interpreter reads.

    Inner tensors lose their names; inputs, outputs and signatures keep them. Where
    other dense layers have 8-bit kernels, those that the converter takes to be too
    small for it (below 1,024 weights) get them as well. Metadata stays.

    Args:
        model: The contents of a .tflite file.

    Returns:
        The contents of another.
    """
    graph = read(model)
    for subgraph in graph.subgraphs:
        _narrow_small_kernels(graph, subgraph)
        kept = {*subgraph.inputs, *subgraph.outputs}
        for index, tensor in enumerate(subgraph.tensors):
            if index not in kept:
                tensor.name = None
            # Only a scalar's empty shape needs the word that it is known.
            tensor.hasRank = tensor.shape is None or not len(tensor.shape)
            if tensor.quantization is not None and tensor.quantization.scale is None:
                tensor.quantization = None
        for operator in subgraph.operators:
            if operator.builtinOptions is not None:
                operator.builtinOptions = _SharedTable(operator.builtinOptions)
    _drop_empty_buffers(graph)
    builder = _SharingBuilder(len(model))
    builder.Finish(graph.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _narrow_small_kernels(graph: schema.ModelT, subgraph: schema.SubGraphT) -> None:
    dense = schema.BuiltinOperator.FULLY_CONNECTED
    codes = graph.operatorCodes
    kernels = [
        subgraph.tensors[operator.inputs[1]]
        for operator in subgraph.operators
        if codes[operator.opcodeIndex].builtinCode == dense
    ]
    types = {kernel.type for kernel in kernels}
    if types != {schema.TensorType.INT8, schema.TensorType.FLOAT32}:
        return
    for kernel in kernels:
        if kernel.type == schema.TensorType.INT8:
            continue
        buffer = graph.buffers[kernel.buffer]
        values = np.frombuffer(buffer.data.tobytes(), np.float32)
        scale = max(np.abs(values).max(), np.finfo(np.float32).tiny) / _LARGEST
        buffer.data = np.rint(values / scale).astype(np.int8).view(np.uint8)
        kernel.type = schema.TensorType.INT8
        kernel.quantization = schema.QuantizationParametersT(
            scale=np.array([scale], np.float32), zeroPoint=np.zeros(1, np.int64)
        )


def _drop_empty_buffers(graph: schema.ModelT) -> None:
    """Refers every tensor without data to buffer 0, which is empty by convention."""
    numbers = {}
    buffers = [graph.buffers[0]]
    for number, buffer in enumerate(graph.buffers):
        numbers[number] = 0
        if has_data(buffer):
            numbers[number] = len(buffers)
            buffers.append(buffer)
    for subgraph in graph.subgraphs:
        for tensor in subgraph.tensors:
            tensor.buffer = numbers[tensor.buffer]
    for entry in graph.metadata or []:
        entry.buffer = numbers[entry.buffer]
    graph.buffers = buffers


class _SharingBuilder(flatbuffers.Builder):
    """Writes a vector of numbers once, however often it is asked for."""

    def __init__(self, size: int):
        super().__init__(size)
        self._written: dict[tuple, int] = {}

    def once(self, key: tuple, write: Callable[[], int]) -> int:
        """Where something is that may have been written before."""
        if key not in self._written:
            self._written[key] = write()
        return self._written[key]

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        write = super().CreateNumpyVector
        return self.once((x.dtype.str, x.tobytes()), lambda: write(x))

    def StartVector(self, elemSize, numElems, alignment):
        # Bytes are weights of any type; what reads them as floats needs them aligned.
        aligned = _ALIGNMENT if elemSize == 1 else alignment
        return super().StartVector(elemSize, numElems, aligned)


class _SharedTable:
    """An operator's options, which most operators of a kind have in common."""

    def __init__(self, options):
        self._options = options

    def Pack(self, builder: _SharingBuilder) -> int:
        fields = [(name, str(value)) for name, value in vars(self._options).items()]
        key = (type(self._options), *fields)
        return builder.once(key, lambda: self._options.Pack(builder))
