"""Shared by all tests: quiet TensorFlow, and skips that CI does not accept."""

import json
import os
from pathlib import Path

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
def make_film():
    """Writes a film with PyAV itself, not with the project's code."""
    from fractions import Fraction

    av = pytest.importorskip("av")

    def make_film(path, frames, ticks, *, unit=Fraction(1, 600), turned=(0,), **facts):
        """`frames` [H, W, 3] uint8 appear at `ticks`, one tick more than frames."""
        codec = "libvpx-vp9" if path.suffix.lower() == ".webm" else "libx264"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, 25, options={"crf": "10", "bf": "0"})
            stream.height, stream.width, _ = frames[0].shape
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = unit
            stream.set_display_rotation(*turned)
            for name, value in facts.items():
                setattr(stream.codec_context, name, value)
            lasts = {}
            for frame, start, end in zip(frames, ticks, ticks[1:], strict=False):
                picture = av.VideoFrame.from_ndarray(frame)
                picture.pts, picture.time_base, lasts[start] = start, unit, end - start
                for packet in stream.encode(picture):
                    packet.duration = lasts[packet.pts]
                    container.mux(packet)
            for packet in stream.encode(None):
                packet.duration = lasts[packet.pts]
                container.mux(packet)
        return path

    return make_film


@pytest.fixture(scope="session")
def p3() -> bytes:
    """ICC of Display P3's primaries, as phones write it, with a plain gamma of 2.2."""
    from tf_fsgd.images.colour import gamma_profile

    points = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    return gamma_profile(1 / 2.2, points)


@pytest.fixture
def earlier_configs() -> dict[str, dict]:
    """`config.json` of runs of three earlier versions, as these wrote them, by name.

    The first that `--set` could change; the first sliders; the last without a format.
    """
    folder = Path(__file__).parent / "earlier_configs"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


@pytest.fixture(scope="session")
def brightens(tmp_path_factory):
    """A finished run of one axis that makes any face brighter or darker."""
    import numpy as np

    from tf_fsgd.config import Config, GeneratorConfig
    from tf_fsgd.pix2pixhd.generator import build_generator
    from tf_fsgd.runs import unfinished_or_new

    config = Config(edit="smile")
    config.pairs.resolution = 32
    config.generator = GeneratorConfig(
        kind="modulated", filters=4, blocks=0, side_blocks=0
    )
    run = unfinished_or_new(tmp_path_factory.mktemp("brightening"), config)
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


@pytest.fixture
def nothing_at_hand(monkeypatch, tmp_path):
    """Neither CelebA nor weights, and a judge who calls everybody a woman of 30."""
    import numpy as np

    from tf_fsgd.evaluation import inputs
    from tf_fsgd.evaluation.judge import Verdicts

    class Judge:
        def read(self, images):
            ones = np.ones(len(images))
            return Verdicts(0 * ones, 30 * ones, ones > 0)

    for name in ("TFDS_DATA_DIR", "TF_FSGD_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(inputs, "load_identity", lambda: None)
    monkeypatch.setattr(inputs, "GenderJudge", Judge)
