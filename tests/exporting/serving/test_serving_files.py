"""The server's files, and what the client knows of the model."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.exporting.folder import EXPORT_FORMAT
from tf_fsgd.exporting.serving.model import ServedModel, load_model_info
from tf_fsgd.translator import translator
from tf_fsgd.translator.translator import load_translator

FOLDER = Path(__file__).parents[3] / "export" / "serving"


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
    shipped = load_translator("mobile-128")
    model = load_model_info("mobile-128")
    assert model.resolution == shipped.resolution
    for edits in ({"smile": 0.8}, {"frown": 1}, {"younger": 0.5, "feminine": -1}):
        found = np.float32(model.strengths(edits))
        np.testing.assert_array_equal(found, shipped.strengths(edits))


def test_an_exported_folder_says_what_it_is(exported):
    units = {"feminine": 2.5, "masculine": 2.0, "smile": 1.5, "frown": 1.0}
    expected = ServedModel("tiny", 32, ("feminine", "smile"), units)
    assert load_model_info(exported) == expected
    assert expected.strengths({"frown": 0.5, "feminine": 1}) == [2.5, -0.5]


@pytest.mark.parametrize("name", ["shipped", "mobile-256"])
def test_the_alias_of_the_default_model(name):
    assert load_model_info(name).name == translator.DEFAULT


def test_two_faces_are_not_served():
    with pytest.raises(UserError, match="edits one face at once, received 2"):
        load_model_info("mix-128")


def report(folder, **facts):
    known = {"format": EXPORT_FORMAT, "name": "smile", "resolution": 32}
    (folder / "report.json").write_text(json.dumps(known | facts))


def test_a_model_of_one_fixed_edit_has_strengths_from_0_to_1(tmp_path):
    report(tmp_path, axes=["smile"], units={"smile": 2.0})
    model = load_model_info(tmp_path)
    assert model.strengths({"smile": 0.5}) == [1.0]
    with pytest.raises(UserError, match="strength of smile must be 0 to 1"):
        model.strengths({"smile": -1.0})


def test_an_export_of_an_earlier_version_is_one_line(tmp_path):
    report(tmp_path, format="tf_fsgd export 1")
    with pytest.raises(
        UserError,
        match="report.json: expected 'tf_fsgd export 2', found 'tf_fsgd export 1'; "
        "export it again",
    ):
        load_model_info(tmp_path)


@pytest.mark.parametrize("facts", [[], "text", {"name": "x"}])
def test_a_report_that_is_no_exports(tmp_path, facts):
    (tmp_path / "report.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match="expected 'tf_fsgd export 2', found None"):
        load_model_info(tmp_path)


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"axes": None}, "axes is None"),
        ({"axes": 1}, "axes is 1"),
        ({"axes": [], "units": [1]}, r"units is \[1\]"),
        ({"axes": [["smile"]]}, "axes is "),
        ({"units": {}}, "units is {}"),
        ({"units": {"smile": []}}, "units is "),
        ({"units": {"smile": 0}}, "units is "),
        ({"units": {"smile": float("inf")}}, "units is "),
        ({"units": {"older": 1.0}}, "units is "),  # of no axis
        ({"name": None}, "name is None"),
        ({"resolution": float("inf")}, "resolution is inf"),
        ({"resolution": -1}, "resolution is -1"),
    ],
)
def test_facts_that_are_none(tmp_path, facts, wrong):
    report(tmp_path, **({"axes": ["smile"], "units": {"smile": 2.0}} | facts))
    rule = rf"report.json: not the facts of a model \({wrong}"
    with pytest.raises(UserError, match=rule):
        load_model_info(tmp_path).strengths({"smile": 0.5})
