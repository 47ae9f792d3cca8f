"""Every verb that draws takes a checkpoint: foreign, or converted."""

import functools
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from tf_fsgd import __main__ as verbs
from tf_fsgd.images.io import read_image, to_uint8
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.stylegan2 import loading
from tf_fsgd.stylegan2.checkpoints.converted import converted
from tf_fsgd.stylegan2.loading import load_teacher

GOLDEN = "tests/stylegan2/golden"
SIDE, ROWS = 16, 6  # of ada_pytorch.pkl
GAP = 2  # pixels between the cells of a sheet


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache of this file's own, and each checkpoint loaded once, to save time."""
    folder = tmp_path_factory.mktemp("cache")
    load = functools.cache(lambda name: load_teacher(name, "float32"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_FSGD_CACHE", str(folder))
        patch.setattr(loading, "load_teacher", load)
        yield folder


@pytest.fixture(scope="module")
def foreign(pytestconfig):
    return pytestconfig.rootpath / GOLDEN / "ada_pytorch.pkl"


@pytest.fixture(scope="module", params=["pkl", "keras"])
def checkpoint(request, foreign, cache):
    if request.param == "pkl":
        return foreign
    assert verb("convert", foreign, cache / "x.keras") == 0
    return cache / "x.keras"


@pytest.fixture(scope="module")
def drawn(foreign, cache):
    """Function: what the teacher itself draws of seeds."""
    teacher = loading.load_teacher(str(foreign))

    def drawn(*seeds, psi=0.7, noise_mode="const"):
        ws = broadcast(sample_w(teacher, seeds, psi), teacher.num_ws)
        return np.stack(
            [to_uint8(teacher.synthesis(w[None], noise_mode)[0]) for w in ws]
        )

    return drawn


def verb(*words):
    """Runs a verb and returns its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
        return verbs.main()


def cells(sheet, rows, columns):
    """The faces of a sheet `[rows, columns, SIDE, SIDE, 3]`, from its lower right."""
    step = SIDE + GAP
    top, left = (
        size - (count * step - GAP)
        for size, count in zip(sheet.shape, (rows, columns), strict=False)
    )
    return np.stack(
        [
            [
                sheet[top + r * step :, left + c * step :][:SIDE, :SIDE]
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def assert_same(found, expected):
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert expected.std() > 10  # a picture, not a plain surface


def test_sample(checkpoint, drawn, tmp_path, capsys):
    out = tmp_path / "faces.png"
    assert verb("sample", "--seeds", "3-6", "--teacher", checkpoint, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}\n"
    sheet = read_image(out)
    assert sheet.shape == (2 * SIDE + GAP, 2 * SIDE + GAP, 3)
    assert_same(cells(sheet, 2, 2).reshape(4, SIDE, SIDE, 3), drawn(3, 4, 5, 6))


def test_sample_without_noise_and_truncation(checkpoint, drawn, tmp_path):
    out = tmp_path / "face.png"
    words = ["--seeds", 3, "--noise-mode", "none", "--trunc", 1]
    assert verb("sample", *words, "--teacher", checkpoint, "--out", out) == 0
    expected = drawn(3, psi=1, noise_mode="none")[0]
    assert_same(read_image(out), expected)
    assert np.abs(expected.astype(int) - drawn(3, psi=1)[0]).max() > 10


def test_sample_at_half_the_side(checkpoint, drawn, tmp_path):
    out = tmp_path / "face.png"
    words = ["--seeds", 3, "--resolution", SIDE // 2, "--teacher", checkpoint]
    assert verb("sample", *words, "--out", out) == 0
    assert read_image(out).shape == (SIDE // 2, SIDE // 2, 3)


def test_morph(checkpoint, drawn, tmp_path):
    out = tmp_path / "morph.webp"
    words = ["--seeds", "3,4", "--frames", 2, "--teacher", checkpoint]
    assert verb("morph", *words, "--out", out) == 0
    with Image.open(out) as file:
        assert (file.n_frames, file.size) == (4, (SIDE, SIDE))
    strip = tmp_path / "strip.png"
    assert verb("morph", *words, "--out", strip) == 0
    found = cells(read_image(strip), 1, 3)[0]
    assert_same(found[[0, 2]], drawn(3, 4))


def test_mix(checkpoint, drawn, tmp_path):
    out = tmp_path / "mix.png"
    words = ["--rows", "3,4", "--cols", "5", "--layers", f"0-{ROWS - 1}"]
    assert verb("mix", *words, "--teacher", checkpoint, "--out", out) == 0
    found = cells(read_image(out), 3, 2)
    assert_same(found[1:, 0], drawn(3, 4))
    # All rows of W+ are the column's: every cell is its face.
    assert_same(found[:, 1], drawn(5, 5, 5))


def test_convert_says_what_it_read(foreign, tmp_path, capsys):
    out = tmp_path / "x.keras"
    assert verb("convert", foreign, out) == 0
    first, *sizes, last = capsys.readouterr().out.splitlines()
    assert first.endswith("ada_pytorch.pkl: stylegan2-ada-pytorch pickle")
    assert last == str(out) and out.is_file()
    assert any(f"{SIDE} px" in line for line in sizes)
    assert any(f"{ROWS} rows of W+" in line for line in sizes)


def test_what_another_version_cached_is_converted_again(foreign):
    path = converted(foreign)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b"StyleGAN2", b"StyleGAN0")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert load_teacher(str(foreign)).resolution == SIDE
    assert load_teacher(str(path)).resolution == SIDE


COMMANDS = {
    "sample": [],
    "morph": ["--seeds", "1,2"],
    "mix": ["--rows", "1", "--cols", "2"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"hello", [], "x.pkl: a text file, not a StyleGAN2 checkpoint"),
        (b"", [], "x.pkl: an empty file"),
        (b"\x89PNG\r\n\x1a\n\0\0", [], "x.pkl: neither a pickle nor a file of torch"),
        (None, [], "x.pkl"),
        ("golden", ["--resolution", "12"], "must be 16 divided by a power of two"),
        ("golden", ["--truncation-psi", "nan"], "truncation_psi must be a number"),
    ],
)
def test_a_mistake_is_one_line(
    capfd, tmp_path, foreign, command, content, words, message
):
    path = tmp_path / "x.pkl"
    if content == "golden":
        path = foreign
    elif content is not None:
        path.write_bytes(content)
    out = tmp_path / "out.png"
    words = [*COMMANDS[command], *words, "--teacher", path, "--out", out]
    assert verb(command, *words) == 2
    printed, error = capfd.readouterr()
    assert printed == "" and not out.exists()
    assert error.startswith("error: ") and error.count("\n") == 1
    assert message in error


def test_layers_that_the_checkpoint_does_not_have(capfd, tmp_path, foreign):
    words = ["--rows", "1", "--cols", "2", "--layers", f"0-{ROWS}", "--teacher"]
    assert verb("mix", *words, foreign, "--out", tmp_path / "mix.png") == 2
    assert "--layers" in capfd.readouterr().err
