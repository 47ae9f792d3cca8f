import flatbuffers
import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from tf_fsgd.cli import main
from tf_fsgd.errors import UserError
from tf_fsgd.exporting import gate
from tf_fsgd.exporting.compact import compact
from tf_fsgd.exporting.errors import ExportError
from tf_fsgd.exporting.quantize import to_int8x16
from tf_fsgd.exporting.repeats import check_repeats
from tf_fsgd.storage import flatbuffer

STATIC = (1, 8, 8, 4)


def converted(function, shape=STATIC, *, flex=False, dtype=tf.float32) -> bytes:
    module = tf.Module()
    module.function = tf.function(
        function, input_signature=[tf.TensorSpec(shape, dtype, "x")]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if flex:
        converter.target_spec.supported_ops.append(tf.lite.OpsSet.SELECT_TF_OPS)
    return converter.convert()


def test_counts_operators():
    def two_sums(x):
        return tf.nn.tanh(x + tf.reverse(x, [1]) * 0 + tf.nn.relu(x))

    with pytest.raises(ExportError, match=r"^not for mobile: operator REVERSE_V2$"):
        gate.check(converted(two_sums))
    assert gate.check(converted(lambda x: tf.nn.tanh(x) + 1)) == {"ADD": 1, "TANH": 1}


def test_refuses_five_dimensions():
    # Keras' nearest upsampling repeats through a tensor of five dimensions.
    with pytest.raises(ExportError, match="of 5 dimensions"):
        gate.check(converted(keras.layers.UpSampling2D(2)))


def test_refuses_an_open_batch():
    with pytest.raises(ExportError, match="of open size"):
        gate.check(converted(tf.nn.tanh, (None, 8, 8, 4)))


def test_refuses_flex_operators():
    def bicubic(x):
        return tf.image.resize(x, (16, 16), method="bicubic")

    with pytest.raises(ExportError, match="operator FlexResizeBicubic"):
        gate.check(converted(bicubic, flex=True))


def test_refuses_the_clip_that_old_gpus_get_wrong():
    with pytest.raises(ExportError, match="RELU_N1_TO_1 fused into ADD"):
        gate.check(converted(lambda x: tf.clip_by_value(x + tf.nn.relu(x), -1.0, 1.0)))


def test_refuses_types_that_phones_do_not_compute_in():
    with pytest.raises(ExportError, match="of type INT64"):
        gate.check(converted(lambda x: x + x, dtype=tf.int64))


def dense(per_channel: bool) -> bytes:
    """A dense layer of int8 weights, with one scale or one for each output."""
    kernel = tf.random.stateless_normal((64, 64), (0, 0))
    module = tf.Module()
    module.function = tf.function(
        lambda x: x @ kernel, input_signature=[tf.TensorSpec((1, 64))]
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.function.get_concrete_function()], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter._experimental_disable_per_channel_quantization_for_dense_layers = (
        not per_channel
    )
    return converter.convert()


def test_takes_weights_of_int8():
    assert gate.check(dense(per_channel=False)) == {"FULLY_CONNECTED": 1}


def test_refuses_versions_that_gpu_delegates_do_not_know():
    with pytest.raises(ExportError, match="operator FULLY_CONNECTED of version 12"):
        gate.check(dense(per_channel=True))


def test_refuses_int8_between_operators():
    with pytest.raises(ExportError, match="of type INT8"):
        gate.check(converted(lambda x: tf.concat([x, x], 3), dtype=tf.int8))


@pytest.fixture(scope="module")
def convolution() -> bytes:
    """4 x 3 x 3 x 64 + 64 x 3 x 3 x 4 weights in float32."""
    rng = np.random.default_rng(0)
    shapes = [(3, 3, 4, 64), (3, 3, 64, 4)]
    first, last = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes)

    def function(x):
        x = tf.nn.relu(tf.nn.conv2d(x, first, 1, "SAME"))
        return {"image": tf.nn.conv2d(x, last, 1, "SAME")}

    return converted(function)


WEIGHTS = 2 * 4 * 3 * 3 * 64


def examples() -> list[dict]:
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (4, *STATIC)).astype(np.float32)
    return [{"x": image} for image in images]


@pytest.fixture(scope="module")
def integer(convolution) -> bytes:
    return compact(to_int8x16(convolution, examples()))


def test_16_bits_between_operators_are_for_a_file_of_that_kind(integer):
    assert gate.check(integer, integer=True)["QUANTIZE"] == 1
    with pytest.raises(ExportError, match="operator QUANTIZE; .*of type INT16"):
        gate.check(integer)


def test_16_bit_activations_keep_the_picture(convolution, integer):
    from ai_edge_litert.interpreter import Interpreter

    (image,) = examples()[3].values()
    exact, rounded = (
        Interpreter(model_content=model).get_signature_runner()(x=image)["image"]
        for model in (convolution, integer)
    )
    error = np.abs(exact - rounded).max() / np.abs(exact).max()
    assert 0 < error < 0.01  # 8-bit weights


def test_counts_the_weights(convolution, integer):
    assert gate.check_weights(convolution, WEIGHTS, "fp32") >= 1
    assert gate.check_weights(integer, WEIGHTS, "int8x16") >= 1
    with pytest.raises(ExportError, match="fp32: weights were dropped: "):
        gate.check_weights(integer, WEIGHTS, "fp32")
    with pytest.raises(ExportError, match="int8: weights were dropped: "):
        gate.check_weights(integer, 10 * WEIGHTS, "int8")


def test_refuses_weights_stored_too_wide():
    kernel = tf.random.stateless_normal((512, 256), (0, 0))
    model = converted(lambda x: x @ kernel, (1, 512))
    assert gate.check_weights(model, 512 * 256, "fp32") == pytest.approx(1, abs=0.01)
    with pytest.raises(ExportError, match="stored twice or too wide"):
        gate.check_weights(model, 512 * 256, "int8")


def test_the_same_input_has_the_same_output(convolution, integer):
    check_repeats(convolution)
    check_repeats(integer)


def test_refuses_what_ignores_its_input():
    with pytest.raises(ExportError, match="two different inputs have the same output"):
        check_repeats(converted(lambda x: tf.nn.relu(x * 1e-9 - 1.0)))


def test_refuses_outputs_that_are_not_finite():
    with pytest.raises(ExportError, match="an output is not finite"):
        check_repeats(converted(lambda x: tf.math.rsqrt(tf.nn.relu(x) - 1.0)))


class RightOnTheFirstCallOnly:
    """Stands for LiteRT#8065, which no CPU shows."""

    def __init__(self, model):
        self._calls = 0

    def __getattr__(self, name):
        details = [{"shape": [1, 2], "dtype": np.float32, "index": 0}]
        return lambda *_: details

    def allocate_tensors(self):
        pass

    def set_tensor(self, index, values):
        self._values = values

    def invoke(self):
        self._calls += 1

    def get_tensor(self, index):
        return self._values * self._calls


def test_refuses_what_is_right_on_the_first_call_only(monkeypatch):
    monkeypatch.setattr(
        "tf_fsgd.exporting.repeats._interpreter", RightOnTheFirstCallOnly
    )
    with pytest.raises(ExportError, match="inference 2 of one interpreter differs"):
        check_repeats(b"")


@pytest.fixture
def files(convolution, tmp_path) -> dict:
    facts = {"precision": "fp32", "weights": WEIGHTS}
    contents = {
        "ours": flatbuffer.embed(convolution, facts),
        "theirs": convolution,
        "short": flatbuffer.embed(convolution, facts | {"weights": 9 * WEIGHTS}),
        "open": converted(tf.nn.tanh, (None, 8, 8, 4)),
        "text": b"no model",
    }
    paths = {name: tmp_path / f"{name}.tflite" for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return {name: str(path) for name, path in paths.items()}


def test_command_takes_good_files(files, capsys):
    assert main(["gate", files["ours"], files["theirs"]]) == 0
    ours, theirs = capsys.readouterr().out.splitlines()
    assert ours.startswith(f"ok      {files['ours']}: 2 operators for CPU, GPU, LiteRT")
    assert ours.endswith("all of 4,608 weights in fp32")
    assert theirs.endswith("weights not counted: it does not say how many")


def test_command_names_what_is_wrong(files, capsys):
    assert main(["gate", files["short"], files["ours"], files["open"]]) == 1
    short, ours, open_ = capsys.readouterr().out.splitlines()
    assert short.startswith("failed") and "weights were dropped" in short
    assert ours.startswith("ok")
    assert open_.startswith("failed") and "of open size" in open_


@pytest.mark.parametrize(
    ("name", "message"), [("text", "not a .tflite file"), ("none", "no such file")]
)
def test_command_on_other_files(files, capsys, name, message):
    assert main(["gate", files.get(name, "none.tflite")]) == 2
    assert message in capsys.readouterr().err


def test_a_file_that_names_what_it_does_not_hold_is_one_line(tmp_path):
    whole = converted(lambda x: tf.nn.tanh(x) + 1)

    def written(change):
        graph = flatbuffer.read(whole)
        change(graph)
        builder = flatbuffers.Builder(0)
        builder.Finish(graph.Pack(builder), flatbuffer.IDENTIFIER)
        path = tmp_path / "changed.tflite"
        path.write_bytes(bytes(builder.Output()))
        return path

    def operator(graph):
        graph.subgraphs[0].operators[0].opcodeIndex = 9

    def tensor(graph):
        graph.subgraphs[0].tensors[0].buffer = 99

    def wires(graph):
        graph.subgraphs[0].operators[0].inputs = [77]

    def metadata(graph):
        graph.metadata = [schema.MetadataT(name="tf_fsgd", buffer=99)]

    def nothing(graph):
        graph.subgraphs[0].operators = None

    for change in (operator, tensor, wires, metadata):
        with pytest.raises(UserError, match=r"\(it names what it does not hold\)$"):
            gate.check_file(written(change))
    with pytest.raises(UserError, match=r"\(it holds no graph\)$"):
        gate.check_file(written(nothing))

    def kind(graph):
        graph.subgraphs[0].tensors[0].type = 77

    with pytest.raises(ExportError, match="of type number 77"):
        gate.check_file(written(kind))

    def future(graph):
        graph.operatorCodes[0].version = 99

    with pytest.raises(ExportError, match=r"^LiteRT does not run it \(.*99"):
        gate.check_file(written(future))


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        (b"", r"\(its tf_fsgd is no object\)$"),
        (b"[1]", r"\(its tf_fsgd is no object\)$"),
        (b'{"precision": ["fp32"]}', None),
        (b'{"precision": "fp32"}', None),
        (b'{"precision": "fp32", "weights": "4"}', None),
    ],
)
def test_facts_of_strangers(tmp_path, facts, end):
    graph = flatbuffer.read(converted(lambda x: tf.nn.tanh(x) + 1))
    data = np.frombuffer(facts, np.uint8) if facts else None
    graph.buffers.append(schema.BufferT(data=data))
    entry = schema.MetadataT(name="tf_fsgd", buffer=len(graph.buffers) - 1)
    graph.metadata = [entry]
    builder = flatbuffers.Builder(0)
    builder.Finish(graph.Pack(builder), flatbuffer.IDENTIFIER)
    path = tmp_path / "a.tflite"
    path.write_bytes(bytes(builder.Output()))
    if end is None:
        assert "weights not counted" in gate.check_file(path)
    else:
        with pytest.raises(UserError, match=end):
            gate.check_file(path)
