import unicodedata

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.pairs.dataset import training_dataset
from tf_fsgd.pairs.folder import check_folder, name_of, read_folder
from tf_fsgd.pairs.source import pictures


@pytest.fixture(params=[("A", "B"), ("train_A", "train_B")], ids="/".join)
def folder(request, tmp_path):
    """Three pairs of 30x20: A is grey i, a PNG; B grey 100 + i, a WebP."""
    a, b = request.param
    for i in (10, 20, 30):
        grey = np.full((20, 30, 3), i, np.uint8)
        write_image(tmp_path / a / f"face{i}.png", grey)
        write_image(tmp_path / b / f"face{i}.webp", grey + np.uint8(100))
    return tmp_path


def side(folder, name):
    return next(path for path in folder.iterdir() if path.name.endswith(name))


def test_pairs_belong_together_by_name(folder):
    source = read_folder(folder, 16)
    a, b = pictures(source, 0), pictures(source, 1)
    assert a.shape == b.shape == (3, 16, 16, 3)
    assert a[:, 8, 8, 0].tolist() == [10, 20, 30]
    np.testing.assert_allclose(b[:, 8, 8, 0], [110, 120, 130], atol=2)


def test_the_last_pairs_are_held_out(folder):
    train = read_folder(folder, 16, held_out=1)
    held_out = read_folder(folder, 16, split="held_out", held_out=1)
    assert pictures(train, 0)[:, 0, 0, 0].tolist() == [10, 20]
    assert pictures(held_out, 0)[:, 0, 0, 0].tolist() == [30]


def test_a_pair_is_a_family_of_two(folder):
    family = read_folder(folder, 16).family(1)
    assert family.condition.tolist() == [[0], [1]]
    assert family.images[:, 0, 0, 0].tolist() == pytest.approx([20, 120], abs=2)
    other = read_folder(folder, 16).family(1, [1])
    assert other.condition.tolist() == [[1]]
    np.testing.assert_array_equal(other.images, family.images[[1]])


def test_trains_on_a_folder(folder, config):
    config.training.batch_size = 2
    (a, condition), b = next(
        iter(training_dataset(read_folder(folder, 16), config, seed=0))
    )
    assert a.shape == b.shape == (2, 16, 16, 3)
    assert condition.numpy().tolist() == [[1], [1]]


def test_a_missing_folder(tmp_path):
    with pytest.raises(UserError, match="pairs .*nowhere: no such folder"):
        read_folder(tmp_path / "nowhere", 16)


def test_a_folder_without_sides(tmp_path):
    (tmp_path / "A").mkdir()
    with pytest.raises(UserError, match="must hold folders A and B"):
        read_folder(tmp_path, 16)


def test_an_empty_side(folder):
    for path in side(folder, "B").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="B: no image in this folder"):
        read_folder(folder, 16)


def test_an_image_without_its_partner(folder):
    (side(folder, "B") / "face20.webp").unlink()
    with pytest.raises(UserError, match="1 have none, first 'face20'"):
        read_folder(folder, 16)


def test_two_images_of_one_name(folder):
    write_image(side(folder, "A") / "face10.jpg", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match="face10.* has the same name"):
        read_folder(folder, 16)


def test_no_pair_left_to_train_on(folder):
    with pytest.raises(UserError, match="3 pairs, of which pairs.held_out 3"):
        read_folder(folder, 16, held_out=3)


def test_a_negative_number_of_held_out_pairs(folder):
    with pytest.raises(UserError, match="held_out must be at least 0, received -1"):
        read_folder(folder, 16, held_out=-1)


def test_an_unreadable_image_stops_before_training(folder, config):
    (side(folder, "B") / "face20.webp").write_text("not a picture")
    with pytest.raises(UserError, match="face20.webp: not an image"):
        training_dataset(read_folder(folder, 16), config, seed=0)


def write_pair(folder, name, a_size, b_size, orientation=1):
    """A of width and height `a_size` with an EXIF orientation, B of `b_size`."""
    for side, size, turn in (("A", a_size, orientation), ("B", b_size, 1)):
        (folder / side).mkdir(exist_ok=True)
        exif = Image.Exif()
        exif[0x0112] = turn
        Image.new("RGB", size).save(folder / side / f"{name}.jpg", exif=exif)


def test_a_pair_of_two_shapes_is_refused(tmp_path):
    for number in range(3):
        write_pair(tmp_path, number, (30, 40), (30, 40))
    write_pair(tmp_path, "turned", (30, 40), (40, 30))
    message = r"received 30 x 40 \(.*A/turned.jpg\) and 40 x 30 \(.*B/turned.jpg\)"
    with pytest.raises(UserError, match=message):
        check_folder(tmp_path, 16, held_out=1)
    with pytest.raises(UserError, match=message):
        read_folder(tmp_path, 16).family(3)


def test_a_phones_orientation_counts(tmp_path):
    write_pair(tmp_path, "upright", (40, 30), (30, 40), orientation=6)
    assert check_folder(tmp_path, 16, held_out=0) == ""
    write_pair(tmp_path, "upright", (40, 30), (40, 30), orientation=6)
    with pytest.raises(UserError, match="received 30 x 40 .* and 40 x 30"):
        check_folder(tmp_path, 16, held_out=0)


def test_one_shape_in_two_sizes_is_a_warning(tmp_path):
    write_pair(tmp_path, "same", (30, 40), (30, 40))
    write_pair(tmp_path, "half", (64, 64), (32, 32))
    # A height of 33.5 that was rounded.
    write_pair(tmp_path, "rounded", (100, 67), (50, 33))
    note = check_folder(tmp_path, 16, held_out=1)
    assert "A and B differ in size in 2 of 3 pairs" in note and "\n" not in note
    assert pictures(read_folder(tmp_path, 16), 0).shape == (3, 16, 16, 3)


def test_accents_are_matched_however_they_are_written(tmp_path):
    composed = unicodedata.normalize("NFC", "Zo\u00eb")
    apart = unicodedata.normalize("NFD", composed)
    assert (len(composed), len(apart)) == (3, 4)
    for side, stem, grey in (("A", composed, 10), ("B", apart, 110)):
        picture = np.full((16, 16, 3), grey, np.uint8)
        write_image(tmp_path / side / f"{stem}.png", picture)
    a, b = read_folder(tmp_path, 16).family(0).images
    assert (a[0, 0, 0], b[0, 0, 0]) == (10, 110)
    write_image(tmp_path / "A" / f"{apart}.png", picture)
    with pytest.raises(UserError, match="the same name up to .* accents"):
        read_folder(tmp_path, 16)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("winter", "winter"),
        ("my pairs, v1.2", "my-pairs-v1-2"),
        (unicodedata.normalize("NFD", "\u00e9t\u00e9"), "\u00e9t\u00e9"),
        ("...", "pairs"),
    ],
)
def test_a_folder_names_the_edit(tmp_path, folder, name):
    assert name_of(tmp_path / folder) == name


def test_what_is_no_image_is_named(folder):
    (side(folder, "A") / "notes.txt").touch()
    (side(folder, "B") / "face40.mov").touch()
    lines = []
    assert read_folder(folder, 16, left_out=lines.append).count == 3
    assert lines == [
        f"{side(folder, 'A') / 'notes.txt'}: not a picture by its name (.txt)",
        f"{side(folder, 'B') / 'face40.mov'}: not a picture by its name (.mov)",
    ]
