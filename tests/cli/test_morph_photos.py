"""`morph` on photos: the largest face of each, and what does not go together."""

import numpy as np
import pytest
from PIL import Image

from tf_fsgd import __main__ as verbs
from tf_fsgd.images.io import to_uint8, write_image
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.translator import translator as translators
from tf_fsgd.translator.morph import cross_fade
from tf_fsgd.translator.translator import Translator

SIDE = 64


TRANSLATOR = ("--translator", "fade")


def fade(inputs):
    faces, times = inputs
    times = times[..., None, None]
    return (1 - times) * faces[..., :3] + times * faces[..., 3:]


@pytest.fixture
def fading(monkeypatch):
    """The morph that the verb finds is a plain cross-fade."""
    morph = Translator("fade", fade, 32, ("morph",), {"morph": 1.0}, faces=2)
    asked = []
    monkeypatch.setattr(translators, "_load", lambda name: asked.append(name) or morph)
    return asked


@pytest.fixture(scope="module")
def people(teacher, tmp_path_factory):
    """Photos of two people; the second stands behind a third, who is larger."""
    folder = tmp_path_factory.mktemp("people")
    ws = broadcast(sample_w(teacher, np.arange(3), 0.5), teacher.num_ws)
    faces = to_uint8(teacher.synthesis(ws, noise_mode="const", resolution=256))
    write_image(folder / "a.png", np.pad(faces[0], ((40, 40), (40, 40), (0, 0))))
    photo = np.full((256, 400, 3), 128, np.uint8)
    photo[60:188, :128] = Image.fromarray(faces[1]).resize((128, 128))
    photo[:, 144:] = faces[2]
    write_image(folder / "c.png", photo)
    write_image(folder / "wall.png", np.full((200, 200, 3), 128, np.uint8))
    return folder, faces


def test_two_photos(people, fading, tmp_path, monkeypatch, capsys):
    folder, faces = people
    out = tmp_path / "strip.png"
    words = ["tf_fsgd", "morph", folder / "a.png", folder / "c.png", "--out", out]
    words += ["--frames", 2, "--resolution", SIDE]
    monkeypatch.setattr("sys.argv", [*map(str, words)])
    assert verbs.main() == 0 and fading == ["morph-128"]
    assert capsys.readouterr().out == f"{out}\n"
    strip = np.asarray(Image.open(out).convert("RGB"))
    step = SIDE + 2
    left = strip.shape[1] - (3 * step - 2)
    first, middle, last = (
        strip[:SIDE, left + k * step :][:, :SIDE].astype(int) for k in range(3)
    )
    half = np.full((1, 1), 0.5, np.float32)
    expected = cross_fade(np.uint8(first)[None], np.uint8(last)[None], half)[0]
    assert np.abs(middle - expected).max() <= 1
    # Found where the teacher has them, and of the second photo the larger one.
    for found, face in ((first, faces[0]), (last, faces[2])):
        small = np.asarray(Image.fromarray(face).resize((SIDE, SIDE)), int)
        assert np.abs(found - small)[16:48, 16:48].mean() < 20
    assert (
        np.abs(last - np.asarray(Image.fromarray(faces[1]).resize((64, 64)))).mean()
        > 30
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "morph takes photos or --seeds, received neither"),
        (["a.png", "--seeds", "1,2"], "morph takes photos or --seeds, received both"),
        (["a.png"], "morph takes two photos or more, received 1"),
        (["a.png", "c.png", "--space", "z"], "--space does not go with photos, receiv"),
        (["a.png", "c.png", "--teacher", "x"], "--teacher does not go with photos, re"),
        (
            ["a.png", "c.png", "--frames", "0"],
            "--frames must be at least 1, received 0",
        ),
        (
            ["a.png", "c.png", "--resolution", "3", *TRANSLATOR],
            "--resolution must be at least 16",
        ),
        (["a.png", "wall.png", *TRANSLATOR], "wall.png: no face found"),
        (["a.png", "nobody.png", *TRANSLATOR], "nobody.png: no such file"),
        (
            ["--seeds", "1", "--translator", "x"],
            "--translator does not go with --seeds",
        ),
    ],
)
def test_a_mistake_is_one_line(people, fading, mistake, monkeypatch, words, message):
    monkeypatch.chdir(people[0])
    line = mistake(verbs.main, "morph", *words, "--out", "out.gif")
    assert message in line and not (people[0] / "out.gif").exists()
