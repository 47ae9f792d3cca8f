"""The sample apps against the exporter: names, keys, units and files must be the same.

No Android SDK and no Xcode is at hand, so the sources are read as text.
"""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.edits import default_units, family_range, opposite
from tf_fsgd.exporting.bundle import export_translator
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.translator.translator import Translator

SAMPLES = Path(__file__).parents[2] / "export"
AXES = ("feminine", "older", "smile")
RESOLUTION = 32


def sources(platform: str) -> str:
    """All of an app's code as one text."""
    suffix = {"android": ".kt", "ios": ".swift"}[platform]
    files = [
        path
        for path in sorted((SAMPLES / platform).rglob(f"*{suffix}"))
        if "test" not in path.parts
    ]
    assert files, f"no sources of the {platform} sample"
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def constant(source: str, name: str) -> str:
    """The string that a constant stands for, in Kotlin's or Swift's spelling."""
    (value,) = re.findall(rf'(?:const val|private let) {name} = "([^"]+)"', source)
    return value


@pytest.fixture(params=["android", "ios"])
def app(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    """A small translator of the shipped ones' axes, exported as a user does it."""
    keras.utils.set_random_seed(0)
    config = GeneratorConfig(
        kind="modulated", filters=16, blocks=1, side_blocks=1, strided_ends=False
    )
    network = build_generator(config, RESOLUTION, len(AXES))
    translator = Translator("tiny", network, RESOLUTION, AXES, default_units(AXES))
    photos = np.random.default_rng(0).integers(
        0, 256, (1, RESOLUTION, RESOLUTION, 3), np.uint8
    )
    out = tmp_path_factory.mktemp("mobile") / "exported"
    export_translator(translator, out, photos)
    return out / "tflite"


@pytest.fixture(scope="module")
def facts(exported) -> dict:
    (path,) = exported.glob("*_int8.json")
    return json.loads(path.read_text(encoding="utf-8"))


def test_tensors_are_bound_by_the_names_of_the_signature(app, exported):
    text = sources(app)
    names = {
        "android": ("SIGNATURE", "IMAGE", "STRENGTHS"),
        "ios": ("signature", "imageName", "strengthsName"),
    }[app]
    signature, image, strengths = (constant(text, name) for name in names)
    for path in exported.glob("*.tflite"):
        signatures = Interpreter(str(path)).get_signature_list()
        (inputs,) = (sorted(entry["inputs"]) for entry in signatures.values())
        (outputs,) = (entry["outputs"] for entry in signatures.values())
        assert list(signatures) == [signature]
        assert inputs == [image, strengths]
        assert outputs == [image]


def test_the_json_has_what_an_app_reads(app, facts):
    text = sources(app)
    if app == "android":
        keys = re.findall(r'facts\.(?:get|opt)\w+\("(\w+)"\)', text)
    else:
        (cases,) = re.findall(r"enum Key: String, CodingKey {\s*case ([\w, ]+)", text)
        keys = cases.split(", ")
    assert sorted(set(keys)) == ["axes", "resolution", "units"]
    assert facts["resolution"] == RESOLUTION
    assert facts["axes"] == list(AXES)
    assert set(facts["units"]) == {*AXES, *map(opposite, AXES)}
    assert all(isinstance(unit, float) for unit in facts["units"].values())


def test_tensors_are_packed_as_the_files_take_them(app, exported, facts):
    shapes = {"image": [1, RESOLUTION, RESOLUTION, 3], "strengths": [1, len(AXES)]}
    for path in exported.glob("*.tflite"):
        runner = Interpreter(str(path)).get_signature_runner()
        for name, details in runner.get_input_details().items():
            assert list(details["shape"]) == shapes[name]
            assert details["dtype"] == np.float32
    assert facts["layout"] == "NHWC RGB float32"
    assert facts["range"] == [-1, 1]  # of a byte from 0 to 255: / 127.5 - 1
    assert "/ 127.5 - 1" in sources(app).replace("5f", "5").replace("1f", "1")


def test_the_left_end_of_a_slider_is_the_opposite_edit(app):
    pair = {"android": r'"(\w+)" to "(\w+)"', "ios": r'"(\w+)": "(\w+)"'}[app]
    pairs = dict(re.findall(pair, sources(app)))
    assert pairs == {axis: opposite(axis) for axis in AXES}


def test_a_slider_goes_as_far_as_training_went(app):
    (largest,) = re.findall(r"(?:LARGEST|largest: Float) = ([\d.]+)", sources(app))
    for axis, unit in zip(AXES, map(default_units(AXES).get, AXES), strict=True):
        assert float(largest) * unit == pytest.approx(family_range(axis))


def test_the_readme_copies_files_that_there_are(app, exported):
    readme = (SAMPLES / app / "README.md").read_text(encoding="utf-8")
    copied = re.findall(r"cp exported/tflite/(\S+) (\S+)", readme)
    text = sources(app)
    assert [Path(target).suffix for _, target in copied] == [".tflite", ".json"]
    for pattern, target in copied:
        assert len(list(exported.glob(pattern))) == 1
        name, suffix = Path(target).stem, Path(target).suffix[1:]
        assert f'"{name}.{suffix}"' in text or (
            f'forResource: "{name}", withExtension: "{suffix}"' in text
        )
