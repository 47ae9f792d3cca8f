"""Seeds, truncation, and samples on disk."""

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.latents import samples
from tf_fsgd.latents.samples import CHUNK, read_samples, render_samples
from tf_fsgd.latents.sampling import (
    broadcast,
    parse_ranges,
    parse_seeds,
    truncate,
    z_from_seeds,
)


class FlatTeacher:
    """Draws a plain picture whose grey is the seed's first w, and counts pictures."""

    name = "flat"
    num_ws = 2
    z_dim = 512
    resolution = 8
    w_avg = np.zeros(512, np.float32)

    def __init__(self):
        self.drawn = 0

    def mapping(self, z):
        return z / 10

    def synthesis(self, ws, noise_mode="const", resolution=None):
        self.drawn += len(ws)
        side = resolution or self.resolution
        return np.broadcast_to(ws[:, 0, 0, None, None, None], (len(ws), side, side, 3))


def test_a_seed_is_the_same_face_in_every_batch():
    # NVIDIA's tools: np.random.RandomState(seed).randn(1, z_dim)
    np.testing.assert_array_equal(
        z_from_seeds([7, 42])[1], np.random.RandomState(42).randn(512).astype("f4")
    )


def test_truncation_by_hand():
    w, average = np.array([[4.0, -2.0]]), np.array([2.0, 2.0])
    np.testing.assert_allclose(truncate(w, average, 0.5), [[3.0, 0.0]])
    np.testing.assert_allclose(truncate(w, average, 1.0), w)


def test_broadcast_repeats_w_for_every_row():
    assert broadcast(np.array([[1.0], [2.0]]), 3)[:, :, 0].tolist() == [
        [1, 1, 1],
        [2, 2, 2],
    ]


def test_seed_lists():
    assert parse_seeds("0-2,42", "--seeds") == [0, 1, 2, 42]
    for text in ("", "a", "1-", "3-b", "-1", "5-3", "5-3,7", "4294967296"):
        with pytest.raises(UserError, match="--seeds must"):
            parse_seeds(text, "--seeds")


def test_lists_of_other_numbers():
    assert parse_ranges("3,0-1", "--layers", 3) == [3, 0, 1]
    with pytest.raises(UserError, match="--layers must be from 0 to 3, received '2-4'"):
        parse_ranges("2-4", "--layers", 3)
    # Neither fills the memory nor reads a number of thousands of digits.
    for text in ("0-4294967295", "9" * 5_000):
        with pytest.raises(UserError, match="--seeds must"):
            parse_seeds(text, "--seeds")


def test_samples_are_rendered_once_and_survive_a_loss(tmp_path):
    teacher = FlatTeacher()
    render_samples(teacher, tmp_path, 2 * CHUNK, size=8)
    assert teacher.drawn == 2 * CHUNK
    faces = np.concatenate([*read_samples(tmp_path, 2 * CHUNK)])
    grey = np.clip(z_from_seeds([300])[0, 0] / 10 * 0.7, -1, 1)
    assert faces[300, 0, 0, 0] == round(grey * 127.5 + 127.5)

    (tmp_path / "faces-000000.npy").unlink()
    with pytest.raises(UserError, match="faces-000000.npy is missing"):
        next(read_samples(tmp_path, CHUNK))
    render_samples(teacher, tmp_path, 2 * CHUNK, size=8)
    assert teacher.drawn == 3 * CHUNK
    again = np.concatenate([*read_samples(tmp_path, 300)])
    np.testing.assert_array_equal(again, faces[:300])


def test_a_cluster_draws_the_same_faces(tmp_path, monkeypatch):
    class Cluster:
        def make(self, items, start, folder, key):
            maker = start()
            for name, item in [*items.items()] * 2:  # as if workers had died
                assert maker(folder / name, item) == {"faces": CHUNK}

    monkeypatch.setattr(samples, "load_teacher", lambda checkpoint: FlatTeacher())
    render_samples(FlatTeacher(), tmp_path / "alone", 2 * CHUNK, size=8)
    here = FlatTeacher()
    wanted = {"count": 2 * CHUNK, "size": 8, "cluster": Cluster(), "checkpoint": "flat"}
    render_samples(here, tmp_path / "together", **wanted)
    assert here.drawn == 0
    alone, together = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("alone", "together")
    )
    assert alone == together and len(alone) == 3
    here.name = "another"
    with pytest.raises(UserError, match="flat: flat where a worker .* another here"):
        render_samples(here, tmp_path / "other", **wanted)


def test_samples_of_another_kind_are_not_mixed(tmp_path):
    render_samples(FlatTeacher(), tmp_path, CHUNK, psi=0.7, size=8)
    with pytest.raises(UserError, match="holds samples of .*0.7.*asked for .*0.5"):
        render_samples(FlatTeacher(), tmp_path, CHUNK, psi=0.5, size=8)
