"""Reads .tflite files whole, wherever a writer has put the weights; and their facts.

No task type of TFLite's own metadata fits a network from image to image, so what a file
says of itself is one named buffer of UTF-8 JSON, which every reader of the schema can
get at:

    from tf_fsgd.storage.flatbuffer import read_facts
    read_facts(open("face.tflite", "rb").read())["units"]["smile"]
"""

import json
import struct
from collections.abc import Iterator, Sequence

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"
FACTS = "tf_fsgd"
_NO_TENSOR = -1  # in the place of an optional input


def read(model: bytes) -> schema.ModelT:
    """Unpacks a model.

    Some writers put the weights behind the flatbuffer and keep their place in it. They
    are taken in, so that every buffer has its data and the model can be packed again.

    Args:
        model: The contents of a .tflite file.

    Raises:
        ValueError: If it is something else, or is cut off.
    """
    if model[4:8] != IDENTIFIER:
        raise ValueError("not a .tflite file")
    try:
        graph = schema.ModelT.InitFromPackedBuf(model, 0)
    except (ValueError, LookupError, TypeError, OverflowError, struct.error) as error:
        # What a position that points outside the file ends in.
        raise ValueError(f"a damaged .tflite file ({error})") from None
    lists = [graph.subgraphs, graph.buffers, graph.operatorCodes]
    for subgraph in graph.subgraphs or ():
        lists += [subgraph.tensors, subgraph.operators]
    if not all(lists):
        raise ValueError("a damaged .tflite file (it holds no graph)")
    if any(not 0 <= number < len(there) for number, there in _references(graph)):
        raise ValueError("a damaged .tflite file (it names what it does not hold)")
    for buffer in graph.buffers:
        if buffer.offset > 1:
            if buffer.offset + buffer.size > len(model):
                raise ValueError("a .tflite file without its weights, which it names")
            buffer.data = np.frombuffer(model, np.uint8, buffer.size, buffer.offset)
        buffer.offset = buffer.size = 0
    return graph


def _references(graph: schema.ModelT) -> Iterator[tuple[int, Sequence]]:
    """Numbers that stand for an element of a list, each with the list."""
    for entry in graph.metadata or ():
        yield entry.buffer, graph.buffers
    for subgraph in graph.subgraphs:
        used = [subgraph.inputs, subgraph.outputs]
        for tensor in subgraph.tensors:
            yield tensor.buffer, graph.buffers
        for operator in subgraph.operators:
            yield operator.opcodeIndex, graph.operatorCodes
            used += [operator.inputs, operator.outputs]
        for numbers in used:
            for number in () if numbers is None else numbers:
                if number != _NO_TENSOR:
                    yield number, subgraph.tensors


def has_data(buffer: schema.BufferT) -> bool:
    """Whether a buffer holds constants."""
    return buffer.data is not None and len(buffer.data) > 0


def constant_bytes(graph: schema.ModelT) -> int:
    """Bytes of all constants that tensors refer to; shared ones count once."""
    used = {
        tensor.buffer for subgraph in graph.subgraphs for tensor in subgraph.tensors
    }
    return sum(
        len(graph.buffers[index].data)
        for index in used
        if has_data(graph.buffers[index])
    )


def embed(model: bytes, facts: dict) -> bytes:
    """Adds facts to a model, in place of what it had under the same name.

    Args:
        model: The contents of a .tflite file.
        facts: Whatever JSON can hold.

    Returns:
        The contents of another.
    """
    graph = read(model)
    text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
    buffer = schema.BufferT(data=np.frombuffer(text.encode(), np.uint8))
    graph.buffers.append(buffer)
    others = [entry for entry in graph.metadata or [] if entry.name != FACTS.encode()]
    entry = schema.MetadataT(name=FACTS, buffer=len(graph.buffers) - 1)
    graph.metadata = [*others, entry]
    builder = flatbuffers.Builder(len(model) + len(text))
    builder.Finish(graph.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def read_facts(model: bytes) -> dict | None:
    """The facts in a file, `None` where there are none of ours.

    Raises:
        ValueError: If it is not a whole .tflite file.
    """
    graph = read(model)
    for entry in graph.metadata or ():
        if entry.name == FACTS.encode():
            data = graph.buffers[entry.buffer].data
            try:
                facts = json.loads(b"" if data is None else bytes(data))
            except (ValueError, RecursionError):
                facts = None
            if not isinstance(facts, dict):
                raise ValueError(f"a damaged .tflite file (its {FACTS} is no object)")
            return facts
    return None
