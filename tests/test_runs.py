import dataclasses
import zipfile

import numpy as np
import pytest

from tf_fsgd import runs
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import (
    RunFolder,
    latest_unfinished,
    open_run,
    unfinished_or_new,
)
from tf_fsgd.storage.files import read_json, write_json


@pytest.fixture
def config() -> Config:
    config = Config()
    config.pairs.resolution = 16
    config.generator.filters = 4
    config.generator.downsamplings = 1
    config.generator.blocks = 1
    return config


def new_run(root, config) -> RunFolder:
    """The next run, whether or not an earlier one of its config is finished."""
    return runs._make_run(root, config, runs._next_number(root))


@pytest.fixture
def run(tmp_path, config) -> RunFolder:
    return new_run(tmp_path / "runs", config)


@pytest.fixture
def translator(config):
    return build_generator(config.generator, config.pairs.resolution)


def test_runs_are_numbered_and_described(tmp_path, config):
    names = [new_run(tmp_path, config).path.name for _ in range(2)]
    assert names == ["00000-feminine-quick-r16", "00001-feminine-quick-r16"]
    (tmp_path / "00041-older-paper-r512").mkdir()
    assert new_run(tmp_path, config).path.name == "00042-feminine-quick-r16"
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_direction_file_gives_the_run_its_own_name(tmp_path, config):
    config.edit = "../my edits/curls.npz"
    run = new_run(tmp_path, config)
    assert run.path == tmp_path / "00000-curls-quick-r16"


def test_a_file_in_the_place_of_all_runs(tmp_path, config):
    (tmp_path / "runs").write_text("")
    with pytest.raises(UserError, match="runs: expected a folder, found a file"):
        unfinished_or_new(tmp_path / "runs", config)


def test_open_run_reads_the_config_back(run, config):
    assert open_run(run.path) == run
    assert open_run(run.path).config == config


def test_open_run_refuses_what_is_no_run(tmp_path):
    with pytest.raises(UserError, match="not a run folder"):
        open_run(tmp_path)
    with pytest.raises(UserError, match="not a run folder"):
        open_run(tmp_path / "absent")


def test_the_same_command_finds_its_unfinished_run(tmp_path, config):
    assert latest_unfinished(tmp_path / "absent", config) is None
    first = new_run(tmp_path, config)
    other = new_run(tmp_path, dataclasses.replace(config, seed=1))
    assert latest_unfinished(tmp_path, config) == first
    assert latest_unfinished(tmp_path, other.config) == other
    first.finish()
    assert first.finished
    assert latest_unfinished(tmp_path, config) is None


def test_a_finished_run_is_not_passed_over_for_an_older_one(tmp_path, config):
    new_run(tmp_path, config)
    new_run(tmp_path, config).finish()
    assert latest_unfinished(tmp_path, config) is None


def test_of_two_commands_at_once_the_second_gets_the_firsts_run(
    tmp_path, config, monkeypatch
):
    look, others = runs.latest_unfinished, []

    def slow_look(root, wanted):
        found = look(root, wanted)
        if not others:  # the other command makes its run after this one has looked
            others.append(new_run(root, config))
        return found

    monkeypatch.setattr(runs, "latest_unfinished", slow_look)
    assert unfinished_or_new(tmp_path, config) == others[0]
    assert [path.name for path in tmp_path.iterdir()] == [others[0].path.name]
    others[0].finish()
    assert unfinished_or_new(tmp_path, config).path.name == "00001-feminine-quick-r16"


def older(run):
    """The same run as an earlier version has it: its config has no format."""
    path = run.path / "config.json"
    values = read_json(path)
    del values["format"]
    write_json(path, values)
    return run


def strange(run):
    (run.path / "config.json").write_text('{"format": 2, "field_of_the_future": 1}')
    return run


def stranger(run):
    (run.path / "config.json").unlink()
    return run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (older, "an earlier version has begun this run, and this one cannot go on"),
        (strange, "unknown field 'field_of_the_future'"),
        (stranger, "not a run folder"),
    ],
)
def test_an_unfinished_run_that_cannot_go_on_is_never_passed_over(
    tmp_path, config, change, message
):
    ours, other = new_run(tmp_path, config), change(new_run(tmp_path, config))
    with pytest.raises(UserError) as caught:
        unfinished_or_new(tmp_path, config)
    line = str(caught.value)
    assert line.startswith(str(other.path)) and message in line and "\n" not in line
    assert line.endswith("delete or move away this run's folder to start anew")
    assert len(list(tmp_path.iterdir())) == 2  # no run was made
    # A finished one is no obstacle, nor one of another command, of whatever version.
    other.finish()
    assert latest_unfinished(tmp_path, config) == (None if change is older else ours)
    change(new_run(tmp_path, dataclasses.replace(config, edit="smile")))
    assert latest_unfinished(tmp_path, config) == (None if change is older else ours)


def test_a_newer_run_of_this_version_goes_before_an_earlier_ones(tmp_path, config):
    older(new_run(tmp_path, config))
    ours = new_run(tmp_path, config)
    assert unfinished_or_new(tmp_path, config) == ours
    ours.finish()
    assert unfinished_or_new(tmp_path, config).path.name == "00002-feminine-quick-r16"


def test_an_earlier_versions_run_is_for_reading(run):
    run.check_version()
    older(run)
    with pytest.raises(UserError, match="finish it with that version, or delete"):
        open_run(run.path).check_version()
    run.finish()
    with pytest.raises(UserError, match="earlier version has finished this run; trans"):
        open_run(run.path).check_version()


def test_the_translator_survives_the_file(run, translator):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    translator.set_weights([w + 0.01 for w in translator.get_weights()])
    run.save_translator(translator)
    read = open_run(run.path).load_translator()
    assert np.array_equal(read(images), translator(images))
    assert sorted(p.name for p in run.path.iterdir()) == [
        "config.json",
        "translator.keras",
    ]


def test_a_missing_translator_is_the_users_mistake(run):
    with pytest.raises(UserError, match="training has not finished"):
        run.load_translator()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_cut_off_translator_is_the_users_mistake(run, translator, share):
    run.save_translator(translator)
    content = run.translator.read_bytes()
    run.translator.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UserError, match="not a whole Keras file"):
        run.load_translator()


def test_a_translator_with_a_flipped_bit_is_the_users_mistake(run, translator):
    run.save_translator(translator)
    content = bytearray(run.translator.read_bytes())
    with zipfile.ZipFile(run.translator) as archive:
        weights = archive.getinfo("model.weights.h5")
    content[weights.header_offset + weights.compress_size // 2] ^= 1
    run.translator.write_bytes(content)
    with pytest.raises(UserError, match="checksum"):
        run.load_translator()


def test_another_archive_is_the_users_mistake(run):
    with zipfile.ZipFile(run.translator, "w") as archive:
        archive.writestr("notes.txt", "no model")
    with pytest.raises(UserError, match="not a translator"):
        run.load_translator()
