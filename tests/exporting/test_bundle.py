import hashlib
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from PIL import Image

from tf_fsgd.cli import main
from tf_fsgd.errors import UserError
from tf_fsgd.exporting import parity
from tf_fsgd.exporting.bundle import export_translator
from tf_fsgd.exporting.errors import ExportError
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.storage import flatbuffer
from tf_fsgd.translator.translator import of_run


@pytest.fixture(scope="module")
def exported(fixed, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "export"
    return out, export_translator(fixed, out, photos)


@pytest.fixture
def run(config, tmp_path_factory):
    """Of one fixed edit, not trained."""
    return unfinished_or_new(tmp_path_factory.mktemp("runs"), config)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Not the photos that the export itself was checked on."""
    return np.random.default_rng(7).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(translator, images) -> np.ndarray:
    output = translator.predict(images, verbose=0)
    assert np.abs(output).max() > 1.2  # so that a missing clip is seen
    return np.clip(output, -1, 1)


@pytest.mark.parametrize(
    ("precision", "bar"),
    [("fp32", 1e-3), ("fp16", 2e-2), ("int8", 0.1), ("int8x16", 0.1)],
)
def test_tflite_translates_as_keras_does(exported, images, expected, precision, bar):
    out, _ = exported
    path = out / "tflite" / f"tf_fsgd_fixed_32_{precision}.tflite"
    run = Interpreter(str(path)).get_signature_runner("serving_default")
    # Twice on one interpreter: some back-ends are right on the first call only.
    for image, answer in zip(images, expected, strict=True):
        output = run(image=image[None], strengths=np.float32([[2]]))["image"]
        assert output.shape == (1, 32, 32, 3)
        np.testing.assert_allclose(output[0], answer, atol=bar)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8", "int8x16"])
def test_every_file_of_a_fixed_edit_has_a_slider(exported, images, precision):
    out, _ = exported
    path = out / "tflite" / f"tf_fsgd_fixed_32_{precision}.tflite"
    run = Interpreter(str(path)).get_signature_runner()

    def at(strength):
        return run(image=images[:1], strengths=np.float32([[strength]]))["image"]

    np.testing.assert_array_equal(at(0), np.minimum(images[:1], np.float32(1)))
    np.testing.assert_array_equal(at(-1), at(0))
    np.testing.assert_array_equal(at(3), at(2))
    straight = np.abs(at(2)) < 0.99  # not clipped
    half = (at(0) + at(2)) / 2
    assert straight.mean() > 0.2
    np.testing.assert_allclose(at(1)[straight], half[straight], atol=1e-5)


def test_saved_model_needs_neither_keras_nor_this_package(
    exported, images, expected, tmp_path
):
    out, _ = exported
    np.save(tmp_path / "images.npy", images)
    script = f"""
import sys
sys.modules["keras"] = sys.modules["tf_fsgd"] = None
import numpy as np, tensorflow as tf
signatures = tf.saved_model.load({str(out / "saved_model/1")!r}).signatures
assert set(signatures) == {{"serving_default", "encoded"}}, set(signatures)
strengths = tf.constant(2.0, shape=(2, 1))
image = signatures["serving_default"](
    image=tf.constant(np.load("images.npy")), strengths=strengths)
np.save("floats.npy", image["image"])
png = tf.io.encode_png(tf.zeros((40, 30, 3), tf.uint8))
reply = signatures["encoded"](
    image_bytes=tf.stack([png, png]), strengths=strengths)["image_bytes"]
assert [tf.io.decode_png(file).shape for file in reply] == [(32, 32, 3)] * 2
"""
    subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "floats.npy"), expected, atol=1e-5)


def test_report_holds_the_bars_and_the_sizes(exported, translator):
    out, report = exported
    assert json.loads((out / "report.json").read_text()) == report
    weights = translator.count_params()
    assert report["weights"] == weights
    assert report["left_out"] == {}
    for precision, bar, floor, width in [
        ("fp32", 1e-3, None, 4),
        ("fp16", 2e-2, 45, 2),
        ("int8", None, 38, 1),
        ("int8x16", None, 35, 1),
    ]:
        numbers = report["tflite"][precision]
        size = (out / "tflite" / numbers["file"]).stat().st_size
        assert numbers["size_bytes"] == size > weights * width
        assert numbers.get("bar") == bar
        assert numbers.get("floor_db") == floor
        assert (bar or 2) >= numbers["max_abs_difference"] > 0
        assert numbers["max_abs_difference"] > numbers["mean_abs_difference"]
        assert numbers["passed"] is True
        assert numbers["mean_psnr_db"] >= numbers["worst_psnr_db"] > 35
        assert set(numbers["latency_ms"]) == {"1", "2"}
        for times in numbers["latency_ms"].values():
            assert times["median"] >= times["fastest"] > 0
            assert times["cpu"] > 0


def test_weights_of_int8_are_a_quarter_of_those_of_fp32(tmp_path, photos, run):
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(128, 3, padding="same")(image)
    x = layers.Conv2D(128, 3, padding="same")(x)
    change = layers.Conv2D(3, 3, padding="same", activation="tanh")(x)
    wide = keras.Model(image, image + change)
    files = export_translator(of_run(run, wide), tmp_path / "out", photos)["tflite"]
    sizes = [files[precision]["size_bytes"] for precision in ("fp32", "fp16", "int8")]
    np.testing.assert_allclose(sizes[0] / np.array(sizes), [1, 2, 4], rtol=0.1)


def test_clips_are_not_fused(exported):
    _, report = exported
    for numbers in report["tflite"].values():
        assert numbers["operators"]["MINIMUM"] == numbers["operators"]["MAXIMUM"] == 1


def test_folder_is_complete_and_nothing_lies_beside_it(exported):
    out, report = exported
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md",
        "export.log",
        "report.json",
        "saved_model",
        "tflite",
    ]
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    readme = (out / "README.md").read_text()
    for numbers in report["tflite"].values():
        assert numbers["file"] in readme
        assert f"{numbers['size_bytes']:,} | " in readme
        assert f"| {numbers['worst_psnr_db']:.1f} dB" in readme


def test_each_file_says_what_it_is(exported):
    out, report = exported
    assert report["format"] == "tf_fsgd export 2"
    for precision, numbers in report["tflite"].items():
        path = out / "tflite" / numbers["file"]
        beside = json.loads(path.with_suffix(".json").read_text())
        assert flatbuffer.read_facts(path.read_bytes()) == beside
        assert beside["format"] == "tf_fsgd tflite 2"
        assert (beside["axes"], beside["units"]) == (["smile"], {"smile": 2.0})
        assert beside["precision"] == precision
        assert beside["weights_sha256"] == report["weights_sha256"]
        assert beside["licence"] == report["licence"]
        assert "non-commercial" in beside["licence"]
        assert beside["versions"]["tensorflow"] == tf.__version__
    assert len(list((out / "tflite").iterdir())) == 8


def test_sums_are_as_sha256sum_takes_them(exported):
    out, report = exported
    lines = (out / "README.md").read_text().split("sha256sum -c`:\n\n")[1]
    rows = dict(reversed(line.split()) for line in lines.splitlines()[:4])
    for numbers in report["tflite"].values():
        path = f"tflite/{numbers['file']}"
        assert rows[path] == hashlib.sha256((out / path).read_bytes()).hexdigest()


def test_every_file_passes_the_gate(exported, capsys):
    out, report = exported
    assert main(["gate", *map(str, (out / "tflite").glob("*.tflite"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert sum("for CPU, NPU" in line for line in lines) == 1


def test_the_edit_is_measured_in_every_file(exported):
    _, report = exported
    for numbers in report["tflite"].values():
        effect = numbers["effect"]
        if effect is not None:  # four blots, of which none need lack a smile
            assert effect["certainty_points"] <= effect["limit_points"] == 2


def test_a_folder_of_pairs_has_terms_of_its_own(translator, run, photos, tmp_path):
    run.config.pairs.folder, run.config.loss.perceptual = "my/drawings", 0.0
    found = of_run(run, translator)
    report = export_translator(found, tmp_path / "out", photos[:1])
    assert report["licence"] == "that of what it was made with: the pairs of drawings"
    assert report["units"] == {"drawings": 1.0}
    assert report["tflite"]["fp32"]["effect"] is None


def test_readme_python_runs(exported, photos, tmp_path, monkeypatch):
    out, _ = exported
    readme = (out / "README.md").read_text()
    script = readme.split("## TFLite in Python\n")[1].replace("\n    ", "\n")
    script = script.replace('"tflite/', f'"{out}/tflite/')
    Image.fromarray(photos[0]).save(tmp_path / "face.jpg")
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "README.md", "exec"), {})
    with Image.open("translated.png") as translated:
        assert translated.size == (32, 32)


def test_earlier_export_is_replaced_quietly(fixed, photos, tmp_path, capfd):
    out = tmp_path / "export"
    first = export_translator(fixed, out, photos[:1])
    earlier = (out / "report.json").read_text().replace("export 2", "export 1")
    (out / "report.json").write_text(earlier)  # another version's is one as well
    (out / "left over").touch()
    (tmp_path / ".export.partial").mkdir()  # what a kill leaves
    (tmp_path / ".export.partial" / "half").touch()
    second = export_translator(fixed, out, photos[:1])
    assert not (out / "left over").exists()
    assert not (out / "half").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    assert first["tflite"]["fp32"]["sha256"] == second["tflite"]["fp32"]["sha256"]
    assert capfd.readouterr() == ("", "")


def test_foreign_folder_is_refused(fixed, photos, tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UserError, match="out must be new, empty or an earlier export"):
        export_translator(fixed, tmp_path, photos)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@keras.saving.register_keras_serializable("tests")
class DifferentInGraphs(layers.Layer):
    """Stands for any conversion that goes wrong: eager and traced results differ."""

    def call(self, x):
        import tensorflow as tf

        return x if tf.executing_eagerly() else x + 0.01


def test_missed_bar_is_an_error_and_leaves_the_earlier_export(
    exported, run, photos, tmp_path
):
    out = tmp_path / "export"
    out.mkdir()
    (out / "report.json").write_text('{"format": "tf_fsgd export 1"}')
    image = keras.Input((32, 32, 3))
    wrong = keras.Model(image, DifferentInGraphs()(image))
    with pytest.raises(ExportError, match="differs from the Keras model"):
        export_translator(of_run(run, wrong), out, photos)
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_photos_of_another_size_are_refused(fixed, tmp_path):
    with pytest.raises(ValueError, match=r"uint8 \[N, 32, 32, 3\]"):
        export_translator(fixed, tmp_path / "out", np.zeros((1, 64, 64, 3), np.uint8))


def test_int8_that_is_too_coarse_is_left_out(
    fixed, photos, tmp_path, monkeypatch, caplog
):
    for precision in ("int8", "int8x16"):
        monkeypatch.setitem(parity.FLOORS, precision, 150.0)
    out = tmp_path / "out"
    report = export_translator(fixed, out, photos)
    assert sorted(report["tflite"]) == ["fp16", "fp32"]
    assert len(list((out / "tflite").iterdir())) == 4
    for precision in ("int8", "int8x16"):
        assert "needed are 150" in report["left_out"][precision]
        assert f"There is no {precision} file" in (out / "README.md").read_text()
        assert f"no {precision} file" in caplog.text


def test_fp16_that_is_too_coarse_is_an_error(fixed, photos, tmp_path, monkeypatch):
    monkeypatch.setitem(parity.FLOORS, "fp16", 150.0)
    with pytest.raises(ExportError, match="fp16: an image is at .* dB PSNR"):
        export_translator(fixed, tmp_path / "out", photos)
    assert not (tmp_path / "out").exists()
