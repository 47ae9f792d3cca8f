"""What is exported for TensorFlow Serving, read by TensorFlow alone and its tools."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

EDITS = {"smile": 1.0, "masculine": 0.5}


@pytest.fixture(scope="module")
def inputs(exported, translator, face, face_png, tmp_path_factory) -> Path:
    """A folder with the inputs of both signatures as NumPy files."""
    folder = tmp_path_factory.mktemp("inputs")
    np.save(folder / "image.npy", np.float32(face)[None] / 127.5 - 1)
    np.save(folder / "strengths.npy", translator.strengths(EDITS)[None])
    np.save(folder / "image_bytes.npy", np.array([face_png], object))
    return folder


@pytest.fixture(scope="module")
def expected(translator, face) -> np.ndarray:
    """The Keras model's picture, int16 [R, R, 3]."""
    return translator.translate(face[None], EDITS)[0].astype(np.int16)


def pixels(image: np.ndarray) -> np.ndarray:
    return np.rint((image + 1) * 127.5).astype(np.int16)


def decoded(file: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file)) as image:
        assert image.format == "PNG"
        return np.asarray(image, np.int16)


def command(script: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *script],
        cwd=folder,
        timeout=240,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_tensorflow_alone_runs_both_signatures(exported, inputs, expected):
    script = f"""
import sys
for name in ("keras", "tf_fsgd"):
    sys.modules[name] = None
import numpy as np
import tensorflow as tf
model = tf.saved_model.load({str(exported / "saved_model/1")!r})
strengths = tf.constant(np.load("strengths.npy"))
floats = model.signatures["serving_default"]
np.save("floats.npy", floats(
    image=tf.constant(np.load("image.npy")), strengths=strengths)["image"])
files = tf.constant(np.load("image_bytes.npy", allow_pickle=True))
encoded = model.signatures["encoded"]
reply = encoded(image_bytes=files, strengths=strengths)["image_bytes"]
open("reply.png", "wb").write(reply.numpy()[0])
"""
    command(["-I", "-c", script], inputs)
    floats = pixels(np.load(inputs / "floats.npy")[0])
    encoded = decoded((inputs / "reply.png").read_bytes())
    assert np.abs(floats - expected).max() <= 1  # rounding may fall to either side
    assert np.abs(encoded - expected).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signature", "name"), [("serving_default", "image"), ("encoded", "image_bytes")]
)
def test_saved_model_cli_runs_both_signatures(
    exported, inputs, expected, signature, name, tmp_path
):
    tool = Path(sys.executable).with_name("saved_model_cli")
    folder = exported / "saved_model/1"
    arguments = ["run", "--dir", folder, "--tag_set", "serve", "--outdir", tmp_path]
    files = f"{name}={name}.npy;strengths=strengths.npy"
    arguments += ["--signature_def", signature, "--inputs", files]
    command([str(tool), *map(str, arguments)], inputs)
    (output,) = np.load(tmp_path / f"{name}.npy", allow_pickle=True)
    picture = decoded(output) if signature == "encoded" else pixels(output)
    assert np.abs(picture - expected).max() <= 1


def test_one_bad_photo_spoils_its_batch(signatures, face_png):
    """README.md tells so, and how to do without batches."""
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["encoded"](
            image_bytes=tf.constant([face_png, b"no picture"]),
            strengths=tf.zeros((2, 2)),
        )


def test_warm_up_requests_are_what_serving_reads(exported, signatures):
    """As tensorflow_serving/servables/tensorflow/saved_model_warmup.cc reads them."""
    logs = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2",
        reason="needs requirements-serving.txt",
    )
    file = exported / "saved_model/1/assets.extra/tf_serving_warmup_requests"
    if not file.is_file():
        pytest.skip("the export writes no warm-up requests")
    asked = set()
    records = list(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())
    assert 1 <= len(records) <= 1000
    for record in records:
        log = logs.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        signature = request.model_spec.signature_name
        tensors = {
            name: tf.constant(tf.make_ndarray(tensor))
            for name, tensor in request.inputs.items()
        }
        outputs = signatures[signature](**tensors)
        assert len(outputs) == 1
        asked.add(signature)
    assert asked == set(signatures)
