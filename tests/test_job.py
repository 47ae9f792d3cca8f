"""The whole job of a run, on pairs of its own that train in a second."""

import json
import os

import numpy as np
import pytest

from tf_fsgd import job
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.pairs.family import Family
from tf_fsgd.pairs.origin import Rendered, origin_of
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.presets import preset
from tf_fsgd.runs import unfinished_or_new

SIZE = 32


@pytest.fixture
def run(nothing_at_hand, tmp_path):
    """A new run on three pairs, where neither CelebA nor any judge is at hand."""
    rng = np.random.default_rng(0)
    for number in range(4):
        plain = rng.integers(60, 156, (SIZE, SIZE, 3), np.uint8)
        write_image(tmp_path / "winter" / "A" / f"{number}.png", plain)
        write_image(tmp_path / "winter" / "B" / f"{number}.png", plain + 40)
    config = Config(edit="winter")
    config.pairs.folder, config.pairs.held_out = str(tmp_path / "winter"), 2
    config.pairs.resolution = SIZE
    config.generator.filters, config.generator.blocks = 4, 0
    config.discriminator.filters, config.discriminator.scales = 4, 1
    config.discriminator.layers = 1
    config.loss.perceptual = 0.0
    config.training.images, config.training.batch_size = 4, 2
    config.training.sample_every = 2
    job.check(config, origin_of(config))
    return unfinished_or_new(tmp_path / "runs", config)


def export(translator, out, photos):
    (out / "saved_model").mkdir(parents=True)
    assert photos.shape == (2, SIZE, SIZE, 3)


def no_site(translator, out):
    raise UserError("npm is needed")


def test_a_run_from_pairs_to_page(run, monkeypatch, capsys):
    monkeypatch.setattr(job, "export_translator", export)
    monkeypatch.setattr(job, "write_site", lambda translator, out: out.mkdir())
    made = job.make(run, origin_of(run.config))
    assert made["page with sliders"] == run.path / "site"
    assert made["SavedModel"] == run.export / "saved_model"
    for name in ("report", "before and after", "the same as GIF"):
        assert made[name].is_file(), name
    assert made["training, step by step"].is_file() and run.finished
    report = json.loads((run.path / "report.json").read_text())
    assert report["edits"]["winter"]["attribute"] is None
    assert "2 held-out faces that training never saw" in report["photos"]
    out = capsys.readouterr().out
    assert f"run: {run.path}" in out and "CelebA is not here" in out


@pytest.mark.parametrize("trained", [0, 1])
def test_a_worker_trains_and_leaves_the_rest_to_the_chief(run, monkeypatch, trained):
    cluster = {"worker": ["a:1", "b:1"]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": 1}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    asked = []

    def chiefs(mine, *, patient=False):
        asked.append((mine, patient))
        return trained

    def train(config, *, run, source, perceptual):
        asked.append((source.count, sorted(path.name for path in run.path.iterdir())))

    monkeypatch.setattr(job.workers, "chiefs", chiefs)
    monkeypatch.setattr(job, "train", train)
    assert job.make(run, origin_of(run.config)) == {}
    # It waits for the pairs, and trains unless the chief has found a translator.
    done = [(2, ["config.json", "leases"])] * (not trained)
    assert asked == [(0, True), *done]
    (lease,) = (run.path / "leases").iterdir()
    assert lease.name == "worker-1-000001.json"


def test_a_stopped_run_trains_once_and_needs_no_npm(run, monkeypatch, capsys):
    def stop(translator, out, photos):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "export_translator", stop)
    with pytest.raises(KeyboardInterrupt):
        job.make(run, origin_of(run.config))
    trained = os.stat(run.translator).st_mtime_ns
    monkeypatch.setattr(job, "export_translator", export)
    monkeypatch.setattr(job, "write_site", no_site)
    # What else lies among the grids is not the run's.
    write_image(run.samples / "holiday.jpg", np.zeros((5, 7, 3), np.uint8))
    made = job.make(run, origin_of(run.config))
    line = "no page with sliders: npm is needed; later: tf-fsgd web "
    assert line + str(run.path) in capsys.readouterr().out.splitlines()
    assert "page with sliders" not in made
    assert os.stat(run.translator).st_mtime_ns == trained and run.finished


class Noise:
    """Two random pictures and three between them."""

    count, resolution = 4, SIZE

    def family(self, index, members=None):
        rng = np.random.default_rng(index)
        images = rng.integers(60, 156, (5, SIZE, SIZE, 3), np.uint8)
        times = np.array([[0], [1], [0.5], [0.3], [0.7]], np.float32)
        heads = np.full((5, 64, 64), 255, np.uint8)
        family = Family(index, np.zeros(512), times, images, heads)
        return family if members is None else family.only(members)


def of_two(kind, tmp_path, monkeypatch):
    config = preset(kind)
    config.pairs.resolution, config.training.start_from = SIZE, ""
    config.generator.filters = config.discriminator.filters = 4
    config.generator.finest_blocks = 1
    config.discriminator.patch = 1
    config.loss.perceptual = 0.0
    config.training.images = config.training.batch_size = 2
    config.training.sample_every = 2
    monkeypatch.setattr(Rendered, "make", lambda self, folder, classifier: None)
    monkeypatch.setattr(Rendered, "open", lambda self, folder, split: Noise())
    job.check(config, origin_of(config))
    return unfinished_or_new(tmp_path / "runs", config)


@pytest.fixture
def morph(nothing_at_hand, tmp_path, monkeypatch):
    return of_two("morph", tmp_path, monkeypatch)


def test_a_mix_from_families_to_report(nothing_at_hand, tmp_path, monkeypatch):
    run = of_two("mix", tmp_path, monkeypatch)
    made = job.make(run, origin_of(run.config))
    assert all(path.is_file() for path in made.values()) and run.finished
    assert made["of both"].name == "mixed.jpg"
    report = json.loads(made["report"].read_text())
    # One step from the photo.
    assert report["student"]["l1"] == pytest.approx(report["photo"]["l1"], rel=0.2)
    assert report["teacher"]["l1"] == 0 < report["student"]["l1"]


def test_a_morph_from_families_to_report(morph, capsys):
    made = job.make(morph, origin_of(morph.config))
    assert all(path.is_file() for path in made.values()) and morph.finished
    report = json.loads(made["report"].read_text())
    assert {*report} == {"student", "cross_fade"}
    # One step from a cross-fade.
    assert report["student"]["l1"] == pytest.approx(report["cross_fade"]["l1"], rel=0.2)
    assert "student" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["slider", "mix"])
def test_nothing_else_starts_from_a_morph(kind, morph):
    network = build_generator(morph.config.generator, SIZE, 1)
    morph.save_translator(network)
    config = preset(kind)
    config.training.start_from = str(morph.path)
    with pytest.raises(UserError, match="start_from must be a modulated generator"):
        job.check(config, origin_of(config))
