"""The server's files, and what the client knows of the model."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import export.serving
from export.serving.model import ServedModel, load_model_info
from tf_fsgd.errors import UserError
from tf_fsgd.training.translator import load_translator

FOLDER = Path(export.serving.__file__).parent


def test_the_model_config_is_one():
    text_format = pytest.importorskip("google.protobuf.text_format")
    configs = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2",
        reason="needs requirements-serving.txt",
    )
    text = (FOLDER / "config/models.config").read_text()
    found = text_format.Parse(text, configs.ModelServerConfig())
    (model,) = found.model_config_list.config
    assert (model.name, model.model_platform) == ("tf_fsgd", "tensorflow")
    assert f"target: {model.base_path}\n" in (FOLDER / "compose.yaml").read_text()


def test_the_batching_parameters_are_of_the_message():
    """Fields of BatchingParameters, session_bundle_config.proto; all wrapped integers.

    The package of Serving's messages has not this one.
    """
    text = (FOLDER / "config/batching.config").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = dict(
        re.fullmatch(r"(\w+) \{ value: (\d+) \}", line).groups() for line in lines
    )
    assert set(found) == {
        "max_batch_size",
        "batch_timeout_micros",
        "num_batch_threads",
        "max_enqueued_batches",
    }
    assert all(int(value) > 0 for value in found.values())


def test_every_file_that_compose_names_is_there():
    text = (FOLDER / "compose.yaml").read_text()
    names = re.findall(r"/config/([\w.]+)", text)
    assert sorted(names) == ["batching.config", "healthy.sh", "models.config"]
    assert all((FOLDER / "config" / name).is_file() for name in names)


def test_a_shipped_model_is_known_without_its_network():
    translator = load_translator("mobile-128")
    model = load_model_info("mobile-128")
    assert model.resolution == translator.resolution
    for edits in ({"smile": 0.8}, {"frown": 1}, {"younger": 0.5, "feminine": -1}):
        found = np.float32(model.strengths(edits))
        np.testing.assert_array_equal(found, translator.strengths(edits))


def test_an_exported_folder_says_what_it_is(exported):
    units = {"feminine": 2.5, "masculine": 2.0, "smile": 1.5, "frown": 1.0}
    expected = ServedModel("tiny", 32, ("feminine", "smile"), units)
    assert load_model_info(exported) == expected
    assert expected.strengths({"frown": 0.5, "feminine": 1}) == [2.5, -0.5]


def test_a_model_of_one_edit_has_nothing_to_choose(tmp_path):
    (tmp_path / "report.json").write_text('{"name": "smile", "resolution": 32}')
    model = load_model_info(tmp_path)
    assert model.strengths(None) is None
    with pytest.raises(UserError, match="makes one edit, smile, at one strength"):
        model.strengths({"smile": 1.0})


def test_a_model_of_several_edits_wants_one(exported):
    with pytest.raises(UserError, match="--edit must name at least one of feminine"):
        load_model_info(exported).strengths(None)


@pytest.mark.parametrize("facts", [[], {"name": "x"}, {"name": 1, "resolution": []}])
def test_facts_that_are_none(tmp_path, facts):
    (tmp_path / "report.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="not the facts of a model"):
        load_model_info(tmp_path)
