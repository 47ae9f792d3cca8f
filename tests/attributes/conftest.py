"""A tiny CelebA in each layout: grey faces, bright ones "Smiling"."""

import itertools
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from tf_fsgd.attributes.celeba import LANDMARKS, find_celeba
from tf_fsgd.attributes.names import ATTRIBUTES

POINTS = (69, 111, 107, 111, 88, 130, 73, 152, 105, 152)  # CelebA's template


@pytest.fixture
def plain_celeba(tmp_path):
    """Folder with 12 photos: 8 train, 2 validation, 2 test; odd ones are bright."""
    root = tmp_path / "celeba"
    (root / "img_align_celeba").mkdir(parents=True)
    attributes = ["12", " ".join(ATTRIBUTES)]
    landmarks = [
        "12",
        " ".join(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"),
    ]
    partition = []
    for number in range(12):
        name = f"{number + 1:06d}.jpg"
        photo = np.full((218, 178, 3), 200 if number % 2 else 50, np.uint8)
        Image.fromarray(photo).save(root / "img_align_celeba" / name, quality=95)
        signs = ["-1"] * 40
        signs[ATTRIBUTES.index("Smiling")] = "1" if number % 2 else "-1"
        attributes.append(f"{name}  {'  '.join(signs)}")
        landmarks.append(f"{name}  {'  '.join(map(str, POINTS))}")
        partition.append(f"{name} {0 if number < 8 else 1 if number < 10 else 2}")
    for file, lines in (
        ("list_attr_celeba.txt", attributes),
        ("list_landmarks_align_celeba.txt", landmarks),
        ("list_eval_partition.txt", partition),
    ):
        (root / file).write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def kaggle_celeba(plain_celeba):
    """The same as Kaggle has it: lists with commas, photos a folder deeper."""
    for path in plain_celeba.glob("*.txt"):
        rows = path.read_text().splitlines()
        header = "" if "partition" in path.name else f" {rows[1]}"
        rows = [f"image_id{header}", *(row for row in rows if ".jpg" in row)]
        table = "\n".join(",".join(row.split()) for row in rows)
        path.with_suffix(".csv").write_text(table + "\n")
        path.unlink()
    photos = plain_celeba / "img_align_celeba"
    photos.rename(plain_celeba / "photos")
    photos.mkdir()
    (plain_celeba / "photos").rename(photos / "img_align_celeba")
    return plain_celeba


@pytest.fixture
def site_celeba(plain_celeba):
    """The same as CelebA's site has it: in Anno, Eval and Img."""
    for folder, name in (
        ("Anno", "list_attr_celeba.txt"),
        ("Anno", "list_landmarks_align_celeba.txt"),
        ("Eval", "list_eval_partition.txt"),
        ("Img", "img_align_celeba"),
    ):
        (plain_celeba / folder).mkdir(exist_ok=True)
        (plain_celeba / name).rename(plain_celeba / folder / name)
    return plain_celeba


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory):
    import tensorflow_datasets as tfds

    def faces(count):
        for number in range(count):
            yield (
                number,
                {
                    "image": np.full((218, 178, 3), 10 * number, np.uint8),
                    "attributes": {name: name == "Smiling" for name in ATTRIBUTES},
                    "landmarks": {
                        f"{name}_{axis}": point
                        for (name, axis), point in zip(
                            itertools.product(LANDMARKS, "xy"), POINTS, strict=True
                        )
                    },
                },
            )

    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(218, 178, 3), encoding_format="jpeg"),
            "attributes": dict.fromkeys(ATTRIBUTES, np.bool_),
            "landmarks": {f"{n}_{a}": np.int64 for n in LANDMARKS for a in "xy"},
        }
    )
    root = tmp_path_factory.mktemp("tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="celeb_a",
        version="2.1.0",
        features=features,
        split_datasets={"train": faces(4), "test": faces(3)},
        data_dir=root,
        download_config=tfds.download.DownloadConfig(num_shards=2),
    )
    return root


@pytest.fixture
def prepared_celeba(_prepared, tmp_path):
    """tfds' data folder with 4 train and 3 test photos, each in two shards."""
    return shutil.copytree(_prepared, tmp_path / "tfds")


@pytest.fixture(scope="session")
def real_celeba():
    """Folder of the CelebA that tfds prepared; skips when `TFDS_DATA_DIR` has none."""
    folder = find_celeba() if os.environ.get("TFDS_DATA_DIR") else None
    if folder is None:
        pytest.skip("needs CelebA in TFDS_DATA_DIR")
    return folder
