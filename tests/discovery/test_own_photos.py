"""From two folders of photos to a direction, with faces that the teacher drew."""

import numpy as np
import pytest

from tf_fsgd.cli import app
from tf_fsgd.discovery import own_photos
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8, write_image
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast


@pytest.mark.slow
def test_what_tells_the_folders_apart_becomes_a_direction(
    teacher, tmp_path, monkeypatch
):
    """Folders of smiling people and of serious ones bring back the smile."""
    monkeypatch.setattr(own_photos, "load_teacher", lambda name: teacher)
    smile = load_direction("smile")
    ws = broadcast(sample_w(teacher, range(22), psi=0.7), teacher.num_ws)
    for folder, strength in (("with", 2.5), ("without", -2.5)):
        (tmp_path / folder).mkdir()
        pictures = teacher.synthesis(smile.edit(ws, strength), "const", 256)
        for seed, picture in enumerate(to_uint8(np.asarray(pictures))):
            write_image(tmp_path / folder / f"{seed}.png", picture)
    folders = tmp_path / "with", tmp_path / "without"
    path = own_photos.learn_direction(*folders, "grin", tmp_path / "out", "mobile-ffhq")

    found = load_direction(str(path))
    assert found.facts["told_apart"] > 0.9
    assert found.facts["moved"]["Smiling"] > 1
    assert found.facts["range"] in (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    covariance = np.cov(sample_w(teacher, range(2_000), psi=1.0).T)
    alike = smile.vector @ covariance @ found.vector
    lengths = [v @ covariance @ v for v in (smile.vector, found.vector)]
    assert alike / np.sqrt(np.prod(lengths)) > 0.3


def test_mistakes_take_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    empty, gone = str(tmp_path / "empty"), str(tmp_path / "gone")

    def learn(present, name):
        app(["learn", present, empty, "--name", name], result_action="return_value")

    with pytest.raises(UserError, match="gone: no such folder"):
        learn(gone, "freckles")
    for name in ("smile", "a b", "../x", ""):
        with pytest.raises(UserError, match="name must be of letters, digits"):
            learn(empty, name)
