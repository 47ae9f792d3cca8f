"""Shared by all tests: quiet TensorFlow, and skips that CI does not accept."""

import gc
import os
import warnings

import pytest

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
def teacher():
    """The embedded teacher in float32; skips where its wheel cannot be had."""
    from tf_fsgd.errors import UserError
    from tf_fsgd.stylegan2.mobile_teacher import MobileTeacher

    try:
        return MobileTeacher("float32")
    except UserError as error:
        pytest.skip(str(error))
