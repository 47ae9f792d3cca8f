"""Export of translators of several edits: strengths go in beside the images."""

import io
import json

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tf_fsgd.exporting.bundle import export_translator
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.storage import flatbuffer


@pytest.fixture(scope="module")
def exported(sliders, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("sliders") / "export"
    return out, export_translator(sliders, out, photos)


@pytest.fixture(scope="module")
def asked(sliders) -> np.ndarray:
    """Neither the strengths nor the order that the export itself was checked on."""
    edits = [{"frown": 0.7, "feminine": 0.4}, {}, {"masculine": 1.2}]
    return np.stack([sliders.strengths(edit) for edit in edits])


def test_fixture_is_strong_enough_to_tell_edits_apart(sliders, photos):
    one, other = (
        sliders.translate(photos, {edit: 1.0}).astype(int)
        for edit in ("smile", "masculine")
    )
    assert np.abs(one - other).mean() > 5


@pytest.mark.parametrize(
    ("precision", "levels"),
    [("fp32", 0.01), ("fp16", 0.1), ("int8", 2), ("int8x16", 2)],
)
def test_tflite_takes_strengths(exported, sliders, photos, asked, precision, levels):
    out, report = exported
    path = out / "tflite" / f"tf_fsgd_tiny_32_{precision}.tflite"
    run = Interpreter(str(path)).get_signature_runner("serving_default")
    expected = sliders.translate(photos[:3], asked).astype(int)
    for photo, strengths, answer in zip(photos, asked, expected, strict=False):
        image = photo[None].astype(np.float32) / 127.5 - 1
        output = run(image=image, strengths=strengths[None])["image"][0]
        assert np.abs(np.round((output + 1) * 127.5) - answer).mean() < levels
    assert report["tflite"][precision]["passed"]


def test_strength_0_is_the_photo_in_every_file(exported, photos):
    out, report = exported
    image = photos[:1].astype(np.float32) / 127.5 - 1
    for numbers in report["tflite"].values():
        path = out / "tflite" / numbers["file"]
        run = Interpreter(str(path)).get_signature_runner()
        output = run(image=image, strengths=np.zeros((1, 2), np.float32))["image"]
        np.testing.assert_allclose(output, image, atol=1e-6)


def test_saved_model_takes_strengths(exported, sliders, photos, asked):
    out, _ = exported
    signatures = tf.saved_model.load(str(out / "saved_model/1")).signatures
    expected = sliders.translate(photos[:3], asked).astype(int)
    images = photos[:3].astype(np.float32) / 127.5 - 1
    output = signatures["serving_default"](
        image=tf.constant(images), strengths=tf.constant(asked)
    )["image"].numpy()
    assert np.abs(np.round((output + 1) * 127.5) - expected).max() <= 1
    files = []
    for photo in photos[:3]:
        file = io.BytesIO()
        Image.fromarray(photo).save(file, "PNG")
        files.append(file.getvalue())
    reply = signatures["encoded"](
        image_bytes=tf.constant(files), strengths=tf.constant(asked)
    )["image_bytes"].numpy()
    levels = [np.asarray(Image.open(io.BytesIO(file)), int) for file in reply]
    assert np.abs(np.stack(levels) - expected).max() <= 1


def test_signatures_name_their_inputs(sliders):
    servable = Servable(sliders)
    floats, encoded = servable.floats(None), servable.encoded()
    assert [tensor.name for tensor in floats.inputs[:2]] == ["image:0", "strengths:0"]
    assert [list(tensor.shape) for tensor in floats.inputs[:2]] == [
        [None, 32, 32, 3],
        [None, 2],
    ]
    assert [tensor.name for tensor in encoded.inputs[:2]] == [
        "image_bytes:0",
        "strengths:0",
    ]


def test_report_says_what_the_columns_are(exported, photos):
    out, report = exported
    assert json.loads((out / "report.json").read_text()) == report
    assert report["name"] == "tiny"
    assert report["axes"] == ["feminine", "smile"]
    assert report["units"]["masculine"] == 2.0
    # None, four edits and both axes at once: six, on each of four photos.
    assert (report["images"], report["photos_measured"]) == (24, 4)
    assert report["tflite"]["fp32"]["images"] == 24
    assert report["tflite"]["int8x16"]["images"] == 4
    for precision, width in [("fp32", 4), ("fp16", 2), ("int8", 1), ("int8x16", 1)]:
        size = report["tflite"][precision]["size_bytes"]
        assert size > 0.9 * width * report["weights"]


def test_files_say_what_the_columns_are(exported):
    out, report = exported
    for numbers in report["tflite"].values():
        facts = flatbuffer.read_facts((out / "tflite" / numbers["file"]).read_bytes())
        assert facts["axes"] == ["feminine", "smile"]
        assert facts["units"]["masculine"] == 2.0


def test_readme_says_what_strength_1_is(exported):
    out, _ = exported
    readme = (out / "README.md").read_text()
    assert "columns of `strengths` are 0 feminine, 1 smile" in readme
    for row in [
        "| feminine | [2.5, 0.0] |",
        "| masculine | [-2.0, 0.0] |",
        "| smile | [0.0, 1.5] |",
        "| frown | [0.0, -1.0] |",
    ]:
        assert row in readme
    assert '"strengths": [0.0, 1.5]' in readme


def test_readme_python_smiles(exported, sliders, photos, tmp_path, monkeypatch):
    out, _ = exported
    script = (out / "README.md").read_text().split("## TFLite in Python\n")[1]
    script = script.replace("\n    ", "\n").replace('"tflite/', f'"{out}/tflite/')
    Image.fromarray(photos[0]).save(tmp_path / "face.jpg")
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "README.md", "exec"), {})
    face = np.asarray(Image.open("face.jpg").convert("RGB"))
    expected = sliders.translate(face[None], {"smile": 1.0})[0].astype(int)
    assert np.abs(np.asarray(Image.open("translated.png")) - expected).max() <= 1
