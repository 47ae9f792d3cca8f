"""A hand-made graph model: y = x W + b, with weights stored in each way there is."""

import base64
import json

import numpy as np
import pytest

from benchmarks.jury.tfjs import GraphModel
from tf_fsgd.errors import UserError

_FLOAT = {"type": "DT_FLOAT"}


def _const(name: str) -> dict:
    value = {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {}}}
    return {"name": name, "op": "Const", "attr": {"dtype": _FLOAT, "value": value}}


@pytest.fixture
def description() -> dict:
    """Two numbers in, two out; W is stored as uint8, b as float16."""
    shape = {"dim": [{"size": "-1"}, {"size": "2"}]}
    return {
        "format": "graph-model",
        "modelTopology": {
            "node": [
                {
                    "name": "x",
                    "op": "Placeholder",
                    "attr": {"dtype": _FLOAT, "shape": {"shape": shape}},
                },
                _const("W"),
                _const("b"),
                {
                    "name": "y",
                    "op": "_FusedMatMul",
                    "input": ["x", "W", "b"],
                    "attr": {
                        "T": _FLOAT,
                        "num_args": {"i": "1"},
                        "fused_ops": {
                            "list": {"s": [base64.b64encode(b"BiasAdd").decode()]}
                        },
                    },
                },
            ],
            "versions": {},
        },
        "signature": {"outputs": {"out": {"name": "y:0"}}},
        "weightsManifest": [
            {
                "paths": ["one.bin", "two.bin"],
                "weights": [
                    {
                        "name": "W",
                        "shape": [2, 2],
                        "dtype": "float32",
                        "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0},
                    },
                    {
                        "name": "b",
                        "shape": [2],
                        "dtype": "float32",
                        "quantization": {"dtype": "float16"},
                    },
                ],
            }
        ],
    }


@pytest.fixture
def write(tmp_path, description):
    """Writes the model; its weights are cut in the middle of b."""
    # W = 0.5 q - 1 = [[-1, 0], [1, 3]]
    data = bytes([0, 2, 4, 8]) + np.array([0.25, -2.0], "<f2").tobytes()

    def to_disk():
        (tmp_path / "one.bin").write_bytes(data[:5])
        (tmp_path / "two.bin").write_bytes(data[5:])
        (tmp_path / "net.json").write_text(json.dumps(description))
        return tmp_path / "net.json"

    return to_disk


def test_quantised_weights_give_the_numbers_that_they_stand_for(write):
    network = GraphModel(write())
    assert network.shape == (2,)
    inputs = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]], np.float32)
    outputs = network(inputs, batch_size=2)
    assert list(outputs) == ["out"]
    np.testing.assert_array_equal(
        outputs["out"], [[-0.75, -2.0], [1.25, 1.0], [0.25, 4.0]]
    )


def test_an_earlier_converter_keeps_the_signature_among_the_metadata(
    write, description
):
    description["userDefinedMetadata"] = {"signature": description.pop("signature")}
    assert list(GraphModel(write())(np.zeros((1, 2), np.float32))) == ["out"]


def test_a_fused_convolution_of_an_earlier_tensorflow(tmp_path):
    shape = {"dim": [{"size": "-1"}, {"size": "2"}, {"size": "2"}, {"size": "1"}]}
    text = {
        name: base64.b64encode(name.encode()).decode()
        for name in ("BiasAdd", "Relu", "VALID", "NHWC")
    }
    node = {
        "name": "y",
        "op": "_FusedConv2D",
        "input": ["x", "W", "b"],
        "attr": {
            "T": _FLOAT,
            "num_args": {"i": "1"},
            "fused_ops": {"list": {"s": [text["BiasAdd"], text["Relu"]]}},
            "strides": {"list": {"i": ["1", "1", "1", "1"]}},
            "padding": {"s": text["VALID"]},
            "data_format": {"s": text["NHWC"]},
        },
    }
    place = {
        "name": "x",
        "op": "Placeholder",
        "attr": {"dtype": _FLOAT, "shape": {"shape": shape}},
    }
    weights = [
        {"name": "W", "shape": [2, 2, 1, 1], "dtype": "float32"},
        {"name": "b", "shape": [1], "dtype": "float32"},
    ]
    description = {
        "modelTopology": {"node": [place, _const("W"), _const("b"), node]},
        "signature": {"outputs": {"out": {"name": "y"}}},
        "weightsManifest": [{"paths": ["w.bin"], "weights": weights}],
    }
    (tmp_path / "w.bin").write_bytes(np.array([1, 2, 3, 4, -5], "<f4").tobytes())
    (tmp_path / "net.json").write_text(json.dumps(description))
    inputs = np.array([[1, 1, 1, 1], [0, 0, 0, 1]], np.float32).reshape(2, 2, 2, 1)
    # 1 + 2 + 3 + 4 - 5 = 5, and 4 - 5 is below what ReLU lets through
    outputs = GraphModel(tmp_path / "net.json")(inputs)["out"]
    np.testing.assert_array_equal(outputs.ravel(), [5, 0])


def test_files_of_another_size_are_refused(write):
    path = write()
    (path.parent / "two.bin").write_bytes(b"")
    with pytest.raises(UserError, match="net.json: not a graph model"):
        GraphModel(path)
    (path.parent / "two.bin").write_bytes(bytes(9))
    with pytest.raises(UserError, match="6 bytes of .* are of no weight"):
        GraphModel(path)
