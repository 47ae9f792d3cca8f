from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.attributes.celeba import (
    aligned_faces,
    celeba_split,
    face_crop,
    find_celeba,
)
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.errors import UserError


def test_names_are_celebas_in_its_order(plain_celeba):
    header = (plain_celeba / "list_attr_celeba.txt").read_text().splitlines()[1]
    assert len(set(ATTRIBUTES)) == 40
    assert tuple(header.split()) == ATTRIBUTES
    known = {"Eyeglasses": 15, "Male": 20, "Smiling": 31, "Young": 39}
    assert {name: ATTRIBUTES.index(name) for name in known} == known


def test_plain_folder_is_split_by_its_partition(plain_celeba):
    splits = {s: list(celeba_split(s, plain_celeba)) for s in ("train", "test")}
    assert [len(rows) for rows in splits.values()] == [8, 2]
    dark, bright = splits["test"]
    assert bright["image"].shape == (218, 178, 3)
    assert abs(int(bright["image"][100, 90, 0]) - 200) <= 2
    assert bright["attributes"].dtype == bool
    assert [ATTRIBUTES[i] for i in np.flatnonzero(bright["attributes"])] == ["Smiling"]
    assert not dark["attributes"].any()
    assert bright["landmarks"].tolist()[0] == [69, 111]
    assert bright["landmarks"].tolist()[4] == [105, 152]


def test_crop_puts_landmarks_where_ffhq_has_them():
    # Eyes 38 apart, mouth 41 below: half side max(2.0 * 38, 1.8 * 41) = 76, centre
    # (88, 111 + 4.1). A left eye at (69, 111) then falls on the result's pixel
    # ((69 - 12) / 152 * 128, (111 - 39.1) / 152 * 128) = (48.0, 60.5).
    image = np.zeros((218, 178, 3), np.uint8)
    image[109:114, 67:72] = 255
    landmarks = np.array([[69, 111], [107, 111], [88, 130], [72, 152], [104, 152]])
    face = face_crop(image, landmarks, 128).astype(float)[..., 0]
    rows, columns = np.indices(face.shape)
    x = (columns * face).sum() / face.sum()
    y = (rows * face).sum() / face.sum()
    np.testing.assert_allclose([x, y], [48.0, 60.5], atol=0.7)


def test_margin_keeps_the_middle_and_shrinks_it(plain_celeba):
    example = next(celeba_split("train", plain_celeba))
    image = np.zeros_like(example["image"])
    image[:, 88:] = 255
    plain = face_crop(image, example["landmarks"], 128)
    wide = face_crop(image, example["landmarks"], 144, margin=1 / 16)
    np.testing.assert_allclose(wide[8:-8, 8:-8], plain, atol=24)


def test_aligned_faces_of_plain_folder(plain_celeba):
    faces, attributes = aligned_faces("validation", plain_celeba, 32)
    assert faces.shape == (2, 32, 32, 3) and faces.dtype == np.uint8
    assert attributes.shape == (2, 40) and attributes.dtype == bool
    np.testing.assert_allclose(faces.mean(axis=(1, 2, 3)), [50, 200], atol=3)


def test_prepared_celeba_reads_without_network(real_celeba):
    example = next(celeba_split("test", real_celeba.parent.parent))
    assert example["image"].shape == (218, 178, 3)
    assert example["attributes"].shape == (40,)
    # CelebA's aligned photos share a template: eyes at about (69, 111) and (107, 111).
    np.testing.assert_allclose(example["landmarks"][0], [69, 111], atol=8)
    assert find_celeba(real_celeba) == real_celeba
    assert find_celeba(real_celeba.parent) == real_celeba


@pytest.mark.parametrize("layout", ["kaggle_celeba", "site_celeba"])
def test_layouts_of_kaggle_and_of_the_site(layout, request):
    folder = request.getfixturevalue(layout)
    assert find_celeba(folder) == folder
    dark, bright = celeba_split("test", folder)
    assert abs(int(bright["image"][100, 90, 0]) - 200) <= 2
    assert [ATTRIBUTES[i] for i in np.flatnonzero(bright["attributes"])] == ["Smiling"]
    assert not dark["attributes"].any()
    assert bright["landmarks"].tolist()[4] == [105, 152]


def test_celeba_that_nobody_asked_for_may_be_absent(tmp_path, monkeypatch):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_celeba() is None
    with pytest.raises(UserError, match="no CelebA in .*by hand.*data_dir") as error:
        celeba_split("test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("folder", ["missing", "."])
def test_celeba_asked_for_by_name_must_be_there(tmp_path, monkeypatch, folder):
    folder = tmp_path / folder
    message = "no such folder" if folder != tmp_path else "no CelebA in this folder"
    with pytest.raises(UserError, match=f"data_dir {folder}: {message}"):
        find_celeba(folder)
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    if folder == tmp_path:  # set for other data sets
        assert find_celeba() is None
        (folder / "list_attr_celeba.csv").touch()
        message = "no CelebA in this folder, missing img_align_celeba/, list_landm"
    with pytest.raises(UserError, match=f"TFDS_DATA_DIR {folder}: {message}"):
        find_celeba()


def shard(number):
    return f"celeb_a-test.tfrecord-{number:05d}-of-00002"


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def cut_after_a_record(path):
    record = path.read_bytes()
    length = int.from_bytes(record[:8], "little")
    path.write_bytes(record[: 8 + 4 + length + 4])


def changed(path):
    data = bytearray(path.read_bytes())
    data[300] ^= 255
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def nothing_in_it(path):
    path.write_text("{}")


def renamed_field(path):
    path.write_text(path.read_text().replace('"Smiling"', '"Grinning"'))


def without_test(path):
    path.write_text(path.read_text().replace('"test"', '"exam"'))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (shard(1), cut, "damaged, not the 1 photos"),
        (shard(0), cut_after_a_record, "damaged, not the 2 photos"),
        (shard(0), changed, "damaged, not the 2 photos"),
        (shard(1), empty, "damaged, not the 1 photos"),
        (shard(1), Path.unlink, "no such file"),
        ("features.json", empty, "not a JSON file"),
        ("features.json", cut, "not a JSON file"),
        ("features.json", Path.unlink, "no such file"),
        ("features.json", nothing_in_it, "not as tfds writes it for CelebA"),
        ("features.json", renamed_field, "not as tfds writes .*'Smiling'"),
        ("dataset_info.json", cut, "not a JSON file"),
        ("dataset_info.json", nothing_in_it, "not as tfds writes it for CelebA"),
        ("dataset_info.json", without_test, "lists no split 'test'"),
    ],
)
def test_damage_to_what_tfds_prepared_is_named(prepared_celeba, name, damage, message):
    assert len(list(celeba_split("test", prepared_celeba))) == 3
    path = prepared_celeba / "celeb_a/2.1.0" / name
    damage(path)
    with pytest.raises(UserError, match=f"^{path}: {message}") as error:
        list(celeba_split("test", prepared_celeba))
    assert "\n" not in str(error.value)


def test_shards_without_their_description(prepared_celeba):
    path = prepared_celeba / "celeb_a/2.1.0/dataset_info.json"
    path.unlink()
    with pytest.raises(UserError, match=f"missing {path}"):
        find_celeba(prepared_celeba)


def test_unknown_split(plain_celeba):
    with pytest.raises(UserError, match="split must be one of .*'val'"):
        celeba_split("val", plain_celeba)


def test_a_folder_without_a_list_says_which(plain_celeba):
    (plain_celeba / "list_eval_partition.txt").unlink()
    with pytest.raises(UserError, match=r"missing list_eval_partition.txt or .csv; "):
        find_celeba(plain_celeba)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("list_attr_celeba.txt", "11.jpg  -1", "11.jpg  x", "expected integers"),
        ("list_attr_celeba.txt", "11.jpg  -1", "11.jpg", "expected 40 numbers"),
        ("list_eval_partition.txt", "11.jpg 2", "99.jpg 2", "not in every list"),
    ],
)
def test_broken_lists_are_named(plain_celeba, file, old, new, message):
    path = plain_celeba / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=message):
        list(celeba_split("test", plain_celeba))


@pytest.mark.parametrize("content", [b"no image", None])
def test_broken_photo_is_named(plain_celeba, content):
    path = plain_celeba / "img_align_celeba" / "000011.jpg"
    path.unlink()
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match="000011.jpg: (not an image|no such file)"):
        list(celeba_split("test", plain_celeba))


def test_empty_split(plain_celeba):
    path = plain_celeba / "list_eval_partition.txt"
    path.write_text(path.read_text().replace(".jpg 2", ".jpg 0"))
    with pytest.raises(UserError, match="test split is empty"):
        aligned_faces("test", plain_celeba)
