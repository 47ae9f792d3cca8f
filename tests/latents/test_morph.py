"""The verb morph: frames in their order, and nothing drawn in vain."""

import sys

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.images.io import read_image, to_uint8
from tf_fsgd.latents.faces import Face, faces_ws
from tf_fsgd.latents.interpolation import interpolate
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import z_from_seeds


def greys(path):
    """The grey of the upper left corner in every frame."""
    with Image.open(path) as file:
        found = []
        for index in range(file.n_frames):
            file.seek(index)
            found.append(file.convert("RGB").getpixel((0, 0))[0])
        return found, file.info


def w0(banded, *seeds):
    """Coordinate 0 of each seed's w."""
    return sample_w(banded, seeds, 0.7)[:, 0]


def test_a_loop_through_three_faces(verb, banded, tmp_path, capsys):
    out = tmp_path / "morph.gif"
    words = ["--frames", 4, "--fps", 10, "--ease", "linear"]
    assert verb("morph", "--seeds", "3,17,42", "--out", out, *words) == 0
    assert capsys.readouterr().out == f"{out}\n"
    found, info = greys(out)
    first, second, third = w0(banded, 3, 17, 42)
    parts = [
        np.linspace(a, b, 4, endpoint=False)
        for a, b in ((first, second), (second, third), (third, first))
    ]
    np.testing.assert_allclose(found, to_uint8(np.concatenate(parts)), atol=1)
    assert (info["loop"], info["duration"]) == (0, 100)
    assert len(banded.drawn) == 12


def test_once_through_two_faces(verb, banded, tmp_path):
    out = tmp_path / "morph.webp"
    words = ["--frames", 4, "--no-loop"]
    assert verb("morph", "--seeds", "3,17", "--out", out, *words) == 0
    found, info = greys(out)
    # smoothstep at 1/4: 3/16 - 2/64 = 5/32.
    start, end = w0(banded, 3, 17)
    eased = start + np.array([0, 5 / 32, 0.5, 27 / 32, 1]) * (end - start)
    np.testing.assert_allclose(found, to_uint8(eased), atol=2)
    assert info["loop"] == 1


def test_two_faces_go_back_as_they_came(verb, banded, tmp_path):
    out = tmp_path / "morph.gif"
    assert verb("morph", "--seeds", "3,17", "--frames", 3, "--out", out) == 0
    found, _ = greys(out)
    assert len(found) == 6 and len(banded.drawn) == 4
    assert found[1:3] == found[:3:-1]  # 1 and 2 are 5 and 4
    start, end = to_uint8(w0(banded, 3, 17))
    assert abs(found[0] - start) <= 1 and abs(found[3] - end) <= 1


def test_a_strip_has_a_row_for_every_transition(verb, banded, tmp_path):
    out = tmp_path / "strip.png"
    words = ["--resolution", 16, "--frames", 2]
    assert verb("morph", "--seeds", "3,17,42", "--out", out, *words) == 0
    strip = read_image(out)
    cell = 16 + 2
    assert strip.shape[0] == 2 * cell - 2
    left = strip.shape[1] - (3 * cell - 2)
    found = strip[0::cell, left::cell, 0].astype(int)
    a, b, c = w0(banded, 3, 17, 42)
    expected = to_uint8(np.array([[a, (a + b) / 2, b], [b, (b + c) / 2, c]]))
    np.testing.assert_allclose(found, expected, atol=1)
    assert len(banded.drawn) == 5  # the middle face is drawn once


def test_a_strip_may_return(verb, banded, tmp_path):
    out = tmp_path / "strip.png"
    words = ["--resolution", 16, "--frames", 2, "--loop"]
    assert verb("morph", "--seeds", "3,17", "--out", out, *words) == 0
    strip = read_image(out)
    left = strip.shape[1] - (3 * 18 - 2)
    top, bottom = strip[0, left::18, 0], strip[18, left::18, 0]
    assert top.tolist() == bottom[::-1].tolist() and top[0] != top[2]


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_in_w_each_row_of_each_frame_is_on_the_path(verb, banded, tmp_path, path):
    words = ["--frames", 3, "--path", path, "--out", tmp_path / "a.gif"]
    assert verb("morph", "--seeds", "1,2,3", *words, "--truncation-psi", 0.5) == 0
    ends = faces_ws(banded, [Face(1), Face(2), Face(3)], 0.5)
    expected = interpolate(ends, 3, path=path, centre=banded.w_avg)
    np.testing.assert_array_equal(banded.drawn, expected)


def test_in_z_the_mapping_sees_the_arc(verb, banded, tmp_path):
    words = ["--frames", 2, "--space", "z", "--no-loop", "--out", tmp_path / "a.gif"]
    assert verb("morph", "--seeds", "1,2", *words, "--truncation-psi", 0.5) == 0
    z = interpolate(z_from_seeds([1, 2], 3), 2, path="spherical", loop=False)
    expected = banded.w_avg + 0.5 * (banded.mapping(z) - banded.w_avg)
    for row in range(banded.num_ws):
        np.testing.assert_allclose(np.stack(banded.drawn)[:, row], expected, rtol=1e-6)


def test_photos_and_seeds_in_one_list(verb, banded, tmp_path):
    ws = np.random.default_rng(0).normal(size=(1, 4, 3)).astype(np.float32)
    np.savez(tmp_path / "anna.npz", w=ws)
    words = ["--frames", 1, "--out", tmp_path / "a.gif"]
    assert verb("morph", "--ends", "3,4", tmp_path / "anna.npz", "5", *words) == 0
    seeds = faces_ws(banded, [Face(3), Face(4), Face(5)], 0.7)
    # No truncation of the photo.
    expected = np.concatenate([seeds[:2], ws, seeds[2:]])
    np.testing.assert_array_equal(banded.drawn, expected)


def test_mp4(verb, tmp_path):
    pytest.importorskip("av")
    out = tmp_path / "morph.mp4"
    assert verb("morph", "--seeds", "1,2", "--frames", 2, "--out", out) == 0
    assert out.read_bytes()[4:8] == b"ftyp"


def test_mp4_without_its_package(mistake, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    line = mistake("morph", "--seeds", "1,2", "--out", tmp_path / "a.mp4")
    assert "a.mp4: needs the package av" in line


def test_stopped_half_way_the_old_file_stays(verb, banded, tmp_path, monkeypatch):
    out = tmp_path / "morph.gif"
    out.write_bytes(b"old")

    def stop(ws, *_):
        banded.drawn.append(ws)
        if len(banded.drawn) == 3:
            raise KeyboardInterrupt
        return np.zeros((1, 8, 8, 3), np.float32)

    monkeypatch.setattr(banded, "synthesis", stop)
    assert verb("morph", "--seeds", "1,2", "--out", out) == 130
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "3"], "seeds must name two faces or more, received 1"),
        (["--seeds", ""], "--seeds must look like 0-15,42, received ''"),
        (["--seeds", "3,x"], "--seeds must look like"),
        (["--seeds", "1-99999999"], "--seeds must name 100,000 at most"),
        (["--seeds", "4294967296,1"], "--seeds must be from 0 to 4294967295"),
        (["--seeds", "nobody.npz"], "--seeds: nobody.npz: no such file"),
        (["--frames", "0"], "frames must be at least 1, received 0"),
        (["--fps", "0"], "fps must be from 0.1 to 50, received 0.0"),
        (["--fps", "nan"], "fps must be from 0.1 to 50, received nan"),
        (["--resolution", "12"], "resolution, received 12"),
        (["--resolution", "0"], "resolution, received 0"),
        (["--noise-mode", "random"], "noise_mode, received 'random'"),
        (["--truncation-psi", "inf"], "truncation_psi must be a number"),
        (["--out", "a.avi"], "--out must end in one of .gif, .webp, .mp4, .png, .jpg"),
        (["--out", "a"], "--out must end in one of"),
    ],
)
def test_mistakes(mistake, words, message):
    given = {"--seeds": "1,2", "--out": "never.gif"} | dict([words])
    assert message in mistake("morph", *sum(given.items(), ()))


def test_a_strip_too_long(mistake, tmp_path):
    words = ["--out", tmp_path / "a.jpg", "--frames", 2047]
    line = mistake("morph", "--seeds", "1,2", *words)
    assert "JPEG holds 65500 pixels a side at most, received 65536 x 32" in line


def test_mistakes_with_files(mistake, tmp_path):
    np.savez(tmp_path / "anna.npz", w=np.zeros((1, 18, 3)))
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.gif").mkdir()

    assert "anna.npz: w must be of shape [4, 3] for banded" in mistake(
        "morph", "--seeds", 1, tmp_path / "anna.npz", "--out", tmp_path / "a.gif"
    )
    assert "other.npz: not an .npz file with an array w" in mistake(
        "morph", "--seeds", 1, tmp_path / "other.npz", "--out", tmp_path / "a.gif"
    )
    assert "space z: a photo has no z, received anna" in mistake(
        "morph", "--seeds", 1, tmp_path / "anna.npz", "--space", "z"
    )
    assert "folder.gif: expected a file, found a folder" in mistake(
        "morph", "--seeds", "1,2", "--out", tmp_path / "folder.gif"
    )
    assert "expected a folder, found a file" in mistake(
        "morph", "--seeds", "1,2", "--out", tmp_path / "file" / "a.gif"
    )


@pytest.mark.slow
def test_the_embedded_teacher(teacher):
    ws = interpolate(faces_ws(teacher, [Face(32), Face(33)], 0.7), 4, loop=False)
    images = teacher.synthesis(ws, resolution=32)
    # Every step nears the end.
    distances = [float(np.abs(image - images[-1]).mean()) for image in images]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.1
