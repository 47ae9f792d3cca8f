import json

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.cli import main
from tf_fsgd.exporting.faces import find_faces
from tf_fsgd.exporting.shipping import ship
from tf_fsgd.runs import unfinished_or_new
from tf_fsgd.storage.lease import lease


@pytest.fixture
def run(translator, config, tmp_path):
    run = unfinished_or_new(tmp_path / "runs [x]", config)
    run.save_translator(translator)
    return run


@pytest.fixture
def faces(photos, tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    for number, photo in enumerate(photos):
        Image.fromarray(photo).resize((50, 40)).save(folder / f"{number}.jpg")
    return folder


def test_exports_a_run_on_photos(run, faces, tmp_path, capsys):
    out = tmp_path / "out [1]"  # TensorFlow loads by patterns
    words = [run.path, "--out", out, "--photos", faces]
    assert main(["export", *map(str, words)]) == 0
    report = json.loads((out / "report.json").read_text())
    # At strength 0 and 1 of the one edit.
    assert (report["photos_measured"], report["images"]) == (4, 8)
    printed = capsys.readouterr().out
    assert str(out / "saved_model") in printed
    assert str(out / "tflite" / f"tf_fsgd_{run.path.name}_32_fp16.tflite") in printed


def test_a_run_that_is_worked_on_is_left_alone(run, faces, capsys):
    with lease(run.path):
        assert main(["export", str(run.path), "--photos", str(faces)]) == 2
    assert "another command works here" in capsys.readouterr().err
    assert not run.export.exists()


def test_takes_held_out_faces_of_a_folder_of_pairs(
    translator, config, faces, tmp_path, monkeypatch, capsys
):
    for side in "AB":
        (tmp_path / "pairs" / side).mkdir(parents=True)
        for face in faces.iterdir():
            (tmp_path / "pairs" / side / face.name).write_bytes(face.read_bytes())
    config.pairs.folder = str(tmp_path / "pairs")
    config.pairs.held_out = 3
    run = unfinished_or_new(tmp_path / "runs", config)
    run.save_translator(translator)
    monkeypatch.setattr("tf_fsgd.exporting.faces.find_celeba", lambda: None)
    assert main(["export", str(run.path)]) == 0
    report = json.loads((run.export / "report.json").read_text())
    assert (report["photos_measured"], report["axes"]) == (3, ["pairs"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run, out: (run.path / "config.json").unlink(), "not a run folder"),
        (lambda run, out: run.translator.unlink(), "no such file"),
        (lambda run, out: run.translator.write_text("text"), "not a whole Keras file"),
        (lambda run, out: out.write_text("a file"), "out must be"),
    ],
    ids=["no-run", "no-translator", "corrupt-translator", "out-is-a-file"],
)
def test_mistakes_are_one_line(run, faces, tmp_path, capsys, spoil, message):
    out = tmp_path / "out"
    spoil(run, out)
    words = [run.path, "--out", out, "--photos", faces]
    assert main(["export", *map(str, words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_exports_a_run_of_several_edits(sliders, config, faces, tmp_path, capsys):
    config.edit = "feminine,smile"
    config.generator.kind, config.generator.strided_ends = "modulated", False
    run = unfinished_or_new(tmp_path / "runs", config)
    run.save_translator(sliders.network)
    assert main(["export", str(run.path), "--photos", str(faces)]) == 0
    report = json.loads((run.export / "report.json").read_text())
    assert report["axes"] == ["feminine", "smile"]
    assert set(report["units"]) == {"feminine", "masculine", "smile", "frown"}
    assert f"{run.path.name}_32_int8.tflite  " in capsys.readouterr().out


@pytest.fixture
def shipped(sliders, tiny, tmp_path, monkeypatch):
    """A folder of shipped translators with one in it, called tiny."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    ship(sliders, tiny, folder)
    monkeypatch.setattr("tf_fsgd.translator.translator.SHIPPED", folder)


def test_exports_a_shipped_translator(shipped, faces, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "tiny", "--photos", str(faces)]) == 0
    report = json.loads((tmp_path / "exported/tiny/report.json").read_text())
    assert report["units"]["masculine"] == 2.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tiny", "--photos", "none.png"], "none.png: no such file"),
        (["huge"], "translator must be a run folder or one of tiny"),
    ],
)
def test_shipped_translators_mistakes(shipped, capsys, arguments, message):
    assert main(["export", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_thorough_compares_on_more_photos(shipped, faces, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tf_fsgd.exporting.bundle.PHOTOS", 1)
    for flags, photos in [([], 1), (["--thorough"], 4)]:
        assert main(["export", "tiny", "--photos", str(faces), *flags]) == 0
        report = json.loads((tmp_path / "exported/tiny/report.json").read_text())
        assert report["photos"] == "photos that the user named"
        assert report["photos_measured"] == photos


def test_celeba_comes_before_generated_faces(monkeypatch):
    landmarks = np.array([[70, 110], [108, 110], [89, 135], [72, 155], [106, 155]])
    photo = np.full((218, 178, 3), 77, np.uint8)
    example = {"image": photo, "landmarks": landmarks.astype(np.float32)}
    monkeypatch.setattr("tf_fsgd.exporting.faces.find_celeba", lambda: "somewhere")
    monkeypatch.setattr(
        "tf_fsgd.exporting.faces.celeba_split", lambda split: iter([example] * 99)
    )
    found, source = find_faces(3, 32, [])
    assert found.shape == (3 + 16, 32, 32, 3)  # 16 to calibrate with
    assert source == "CelebA test photos"
    assert (found == 77).all()


def test_without_any_the_teacher_draws_faces(teacher, monkeypatch):
    monkeypatch.setattr("tf_fsgd.exporting.faces.find_celeba", lambda: None)
    monkeypatch.setattr("tf_fsgd.exporting.faces.MobileTeacher", lambda: teacher)
    monkeypatch.setattr("tf_fsgd.exporting.faces.CALIBRATION", 1)
    found, source = find_faces(1, 64, [])
    assert (found.shape, found.dtype) == ((2, 64, 64, 3), np.uint8)
    assert source == "generated faces"
    assert np.abs(found[0].astype(int) - found[1]).mean() > 10  # two people
