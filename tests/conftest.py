"""Shared by all tests: quiet TensorFlow, and skips that CI does not accept."""

import gc
import os
import warnings

import pytest

import tf_fsgd  # noqa: F401  chooses Keras' backend before a test imports Keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where `TF_FSGD_NO_SKIPS` is set everything is at hand, so a skip is a failure."""
    report = yield
    if report.skipped and os.environ.get("TF_FSGD_NO_SKIPS"):
        report.outcome = "failed"
    return report


@pytest.fixture
def ffmpeg_pipes():
    """Collects what imageio-ffmpeg leaves open, before another test is blamed."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def brightens(tmp_path_factory):
    """A finished run of one axis that makes any face brighter or darker."""
    import numpy as np

    from tf_fsgd.config import Config, GeneratorConfig
    from tf_fsgd.pix2pixhd.generator import build_generator
    from tf_fsgd.training.runfolder import new_run

    config = Config(edit="smile")
    config.pairs.resolution = 32
    config.generator = GeneratorConfig(
        kind="modulated", filters=4, blocks=0, side_blocks=0
    )
    run = new_run(tmp_path_factory.mktemp("brightening"), config)
    network = build_generator(config.generator, 32, 1)
    network.get_layer("change_conv").bias.assign(np.ones(48))
    run.save_translator(network)
    return run


@pytest.fixture(scope="session")
def teacher():
    """The embedded teacher in float32; skips where its wheel cannot be had."""
    from tf_fsgd.errors import UserError
    from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher

    try:
        return MobileTeacher("float32")
    except UserError as error:
        pytest.skip(str(error))
