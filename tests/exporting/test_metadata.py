import json

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.exporting import metadata
from tf_fsgd.exporting.compact import compact
from tf_fsgd.storage import flatbuffer


@pytest.fixture(scope="module")
def model() -> bytes:
    module = tf.Module()
    kernel = tf.constant(np.arange(64 * 64, dtype=np.float32).reshape(64, 64))
    module.function = tf.function(
        lambda x: {"y": x @ kernel}, input_signature=[tf.TensorSpec((1, 64))]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    return converter.convert()


FACTS = {"units": {"smile": 1.5}, "licence": "größer als ASCII"}


def test_is_read_back_from_the_compacted_file(model):
    assert flatbuffer.read_facts(model) is None
    embedded = flatbuffer.embed(model, FACTS)
    assert flatbuffer.read_facts(embedded) == FACTS
    assert flatbuffer.read_facts(compact(embedded)) == FACTS


def test_takes_the_place_of_what_was_there(model):
    twice = flatbuffer.embed(flatbuffer.embed(model, {"old": 1}), FACTS)
    assert flatbuffer.read_facts(twice) == FACTS
    names = [entry.name for entry in flatbuffer.read(twice).metadata]
    assert names.count(b"tf_fsgd") == 1
    assert len(names) > 1  # the converter's own stay


def test_changes_no_number(model):
    x = np.random.default_rng(0).normal(size=(1, 64)).astype(np.float32)
    outputs = [
        Interpreter(model_content=content).get_signature_runner()(x=x)["y"]
        for content in (model, compact(flatbuffer.embed(model, FACTS)))
    ]
    np.testing.assert_array_equal(*outputs)


def test_weights_behind_the_flatbuffer_are_read(model):
    """As AI Edge Quantizer writes them: the buffer says where, and holds nothing."""
    import flatbuffers

    graph = flatbuffer.read(model)
    index = max(
        range(len(graph.buffers)), key=lambda i: flatbuffer.has_data(graph.buffers[i])
    )
    data = graph.buffers[index].data.tobytes()
    graph.buffers[index].data = None

    def packed(offset: int) -> bytes:
        graph.buffers[index].offset, graph.buffers[index].size = offset, len(data)
        builder = flatbuffers.Builder(0)
        builder.Finish(graph.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    start = len(packed(2**40)) + 16
    moved = packed(start).ljust(start, b"\0") + data
    assert flatbuffer.read(moved).buffers[index].data.tobytes() == data
    assert flatbuffer.constant_bytes(flatbuffer.read(moved)) >= len(data)
    with pytest.raises(ValueError, match="without its weights"):
        flatbuffer.read(moved[:-1])


@pytest.mark.parametrize("content", [b"", b"text", b"\0\0\0\0TFL3", b"x" * 4096])
def test_other_files_are_no_models(content):
    with pytest.raises(ValueError, match=r"\.tflite file"):
        flatbuffer.read_facts(content)


def test_a_model_cut_off_is_no_model(model):
    # Cut where tables are: what is missing is found by their positions.
    with pytest.raises(ValueError, match=r"\.tflite file"):
        flatbuffer.read_facts(model[:64])


def test_facts_are_json(sliders):
    from tf_fsgd.exporting.signatures import Servable

    servable = Servable(sliders)
    given = {"name": "tiny", "resolution": 32, "licence": "none", "versions": {}}
    given |= {"axes": ["smile"], "units": {"smile": 2.0}}
    facts = metadata.facts_of(servable, given | {"photos": "x"}, "fp16")
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["precision"], facts["range"]) == ("fp16", [-1, 1])
    assert facts["weights"] == sliders.network.count_params()
    assert "photos" not in facts


def test_hash_is_of_the_weights(fixed, translator):
    from tf_fsgd.exporting.signatures import Servable

    servable = Servable(fixed)
    before = metadata.weights_sha256(servable)
    assert metadata.weights_sha256(Servable(fixed)) == before
    bias = next(v for v in translator.variables if len(v.shape) == 1)
    kept = np.array(bias)
    bias.assign(kept + 1e-3)
    try:
        assert metadata.weights_sha256(servable) != before
    finally:
        bias.assign(kept)
