"""Keras as it is needed, whatever `KERAS_BACKEND` and `keras.json` say."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from tf_fsgd.backend import keras_settings
from tf_fsgd.backend.keras_settings import settle

REPOSITORY = Path(__file__).parents[2]
# Rooms are imported where TensorFlow's greeting goes nowhere. The network could not be
# built with another data format.
SCRIPT = """
import os, sys
from tf_fsgd.backend.quiet import output_to
with output_to(os.devnull):
    import tf_fsgd.stylegan2.loading
import tf_fsgd.exporting.bundle
import keras
from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.generator import build_generator
config = keras.config
network = build_generator(GeneratorConfig(filters=4, downsamplings=1, blocks=0), 16)
print(config.backend(), config.image_data_format(), config.floatx(), config.epsilon())
print(network.output_shape, network.output.dtype)
"""


@pytest.fixture
def keras_json(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def write(settings: dict):
        (tmp_path / "keras.json").write_text(json.dumps(settings))

    return write


@pytest.mark.slow
def test_what_the_user_has_set_is_changed_and_said_once(keras_json):
    keras_json(
        {
            "backend": "jax",
            "image_data_format": "channels_first",
            "floatx": "float16",
            "epsilon": 1e-3,
        }
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=REPOSITORY,
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "tensorflow channels_last float32 1e-07",
        "(None, 16, 16, 3) float32",
    ]
    assert [line for line in done.stderr.splitlines() if "Keras has" in line] == [
        "note: Keras has backend tensorflow (not torch), image_data_format "
        "channels_last (not channels_first), floatx float32 (not float16), epsilon "
        "1e-07 (not 0.001) here, whatever its own settings"
    ]


@pytest.mark.parametrize(
    ("variable", "file", "said"),
    [
        (None, {"backend": "jax"}, "jax"),
        ("", {"backend": "jax"}, "jax"),  # an empty variable counts as none
        ("torch", {"backend": "tensorflow"}, "torch"),
        ("tensorflow", {"backend": "jax"}, None),
        (None, {"floatx": "float32"}, None),
    ],
)
def test_the_backend_that_was_chosen(
    monkeypatch, capfd, keras_json, variable, file, said
):
    keras_json(file)
    monkeypatch.setattr(keras_settings, "USERS_BACKEND", variable)
    settle()
    note = f"note: Keras has backend tensorflow (not {said}) here, whatever its own "
    assert capfd.readouterr().err == (f"{note}settings\n" if said else "")


def test_keras_with_another_backend_came_first(monkeypatch, keras_json):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ImportError, match="imported with jax; import tf_fsgd before"):
        settle()
