"""CelebA, as tfds prepared it or as its files lie in a folder; no downloads.

tfds' own layout is read, `DIR/celeb_a/VERSION/*.tfrecord-*`, and a plain folder of

    img_align_celeba/000001.jpg ...
    list_attr_celeba
    list_landmarks_align_celeba
    list_eval_partition

whose lists are `.txt` as the site has them or `.csv` as Kaggle has them, all in DIR or
in the site's `Img/`, `Anno/` and `Eval/`; Kaggle's photos lie one `img_align_celeba`
deeper.

Faces are cut as FFHQ cuts them (`tf_fsgd.images.alignment`), so that a network trained
on them reads the images of an FFHQ teacher as they are.
"""

import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.errors import UserError
from tf_fsgd.images.alignment import crop_square, ffhq_square
from tf_fsgd.images.io import read_image

SPLITS = ("train", "validation", "test")
LANDMARKS = ("lefteye", "righteye", "nose", "leftmouth", "rightmouth")

_ATTRIBUTE_LIST = "list_attr_celeba"
_LANDMARK_LIST = "list_landmarks_align_celeba"
_PARTITION_LIST = "list_eval_partition"
_PHOTOS = "img_align_celeba"
_PIECES = {  # what the user reads of each
    _PHOTOS: f"{_PHOTOS}/",
    _ATTRIBUTE_LIST: f"{_ATTRIBUTE_LIST}.txt or .csv",
    _LANDMARK_LIST: f"{_LANDMARK_LIST}.txt or .csv",
    _PARTITION_LIST: f"{_PARTITION_LIST}.txt or .csv",
}
_SITE_FOLDERS = (".", "Anno", "Eval", "Img")
_INFO = "dataset_info.json"

HOW_TO_GET = (
    "download img_align_celeba.zip, list_attr_celeba.txt, "
    "list_landmarks_align_celeba.txt and list_eval_partition.txt by hand from "
    "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (tfds' own download from Google "
    "Drive often hits its quota), unpack them into one folder and name it (data_dir), "
    "or set TFDS_DATA_DIR where tfds has prepared celeb_a"
)


def find_celeba(data_dir: str | os.PathLike | None = None) -> Path | None:
    """Where CelebA lies, by looking for files only.

    Args:
        data_dir: A tfds data folder, tfds' `celeb_a` folder or one version in it, or a
            plain folder; `None`: `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`.

    Returns:
        The folder of the newest prepared tfds version, or the plain folder; `None` when
        neither is there and `data_dir` names no place: `$TFDS_DATA_DIR` may be set for
        other data sets.

    Raises:
        UserError: If `data_dir` is a place without CelebA, `$TFDS_DATA_DIR` no folder,
            or there is a part of CelebA only.
    """
    name = "data_dir" if data_dir is not None else "TFDS_DATA_DIR"
    place = data_dir if data_dir is not None else os.environ.get(name)
    # pathlib fails where nobody has a home.
    root = Path(os.path.expanduser(place or "~/tensorflow_datasets"))
    pieces = _plain_pieces(root)
    if len(pieces) == len(_PIECES):
        return root
    candidates = [root, *root.glob("*"), *root.glob("celeb_a/*")]
    shards = [f for f in candidates if any(f.glob("celeb_a-*.tfrecord-*"))]
    prepared = [folder for folder in shards if (folder / _INFO).is_file()]
    if prepared:
        return max(prepared, key=_version)
    if data_dir is None and not (pieces or shards) and (root.is_dir() or not place):
        return None
    where = f"{name} {place or root}"
    if not root.is_dir():
        raise UserError(f"{where}: no such folder")
    missing = [words for piece, words in _PIECES.items() if piece not in pieces]
    if shards:
        missing = [str(shards[0] / _INFO)]
    elif not pieces:
        missing.append("or a celeb_a that tfds has prepared")
    raise UserError(
        f"{where}: no CelebA in this folder, missing {', '.join(missing)}; to get it, "
        f"{HOW_TO_GET}"
    )


def _plain_pieces(root: Path) -> dict[str, Path]:
    """The folder of photos and the lists, by name, as far as they are in a folder."""
    places = {_PHOTOS: [f"{_PHOTOS}/{_PHOTOS}", _PHOTOS]}
    for name in (_ATTRIBUTE_LIST, _LANDMARK_LIST, _PARTITION_LIST):
        places[name] = [f"{name}.txt", f"{name}.csv"]
    pieces = {}
    for piece, names in places.items():
        paths = (root / folder / name for name in names for folder in _SITE_FOLDERS)
        is_there = Path.is_dir if piece == _PHOTOS else Path.is_file
        if found := next(filter(is_there, paths), None):
            pieces[piece] = found
    return pieces


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.name.split(".") if part.isdigit())


def celeba_split(
    split: str, data_dir: str | os.PathLike | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """The photos of one split, always in the same order.

    Args:
        split: "train", "validation" or "test".
        data_dir: As for `find_celeba`.

    Returns:
        An iterator over dicts of `image` (`[218, 178, 3]` uint8), `attributes` (`[40]`
        bool, in the order of `ATTRIBUTES`) and `landmarks` (`[5, 2]` float32, x and y
        of `LANDMARKS`, left and right as seen in the picture).

    Raises:
        UserError: If CelebA is not there, a file of it is damaged, or there is no such
            split. What is only seen by reading on is raised by the iterator.
    """
    if split not in SPLITS:
        raise UserError(f"split must be one of {', '.join(SPLITS)}, received {split!r}")
    folder = find_celeba(data_dir)
    if folder is None:
        raise UserError(f"no CelebA in ~/tensorflow_datasets: {HOW_TO_GET}")
    pieces = _plain_pieces(folder)
    if len(pieces) == len(_PIECES):
        return _plain_split(pieces, split)
    return _prepared_split(folder, split)


def _prepared_split(folder: Path, split: str) -> Iterator[dict[str, np.ndarray]]:
    # Imports TensorFlow and tfds, which are slow and not needed otherwise.
    from tf_fsgd.attributes.prepared import open_prepared

    return map(_converted, open_prepared(folder, split))


def _converted(example: dict) -> dict[str, np.ndarray]:
    marks = example["landmarks"]
    return {
        "image": example["image"],
        "attributes": np.array([example["attributes"][n] for n in ATTRIBUTES]),
        "landmarks": np.array(
            [[marks[f"{n}_x"], marks[f"{n}_y"]] for n in LANDMARKS], np.float32
        ),
    }


def _plain_split(
    pieces: dict[str, Path], split: str
) -> Iterator[dict[str, np.ndarray]]:
    partition = _read_table(pieces[_PARTITION_LIST], 1)
    attributes = _read_table(pieces[_ATTRIBUTE_LIST], len(ATTRIBUTES))
    landmarks = _read_table(pieces[_LANDMARK_LIST], 2 * len(LANDMARKS))
    wanted = SPLITS.index(split)
    for name in sorted(n for n, row in partition.items() if row[0] == wanted):
        if name not in attributes or name not in landmarks:
            where = pieces[_PARTITION_LIST]
            raise UserError(f"{where}: {name} is not in every list of CelebA")
        yield {
            "image": read_image(pieces[_PHOTOS] / name),
            "attributes": np.array(attributes[name]) > 0,
            "landmarks": np.array(landmarks[name], np.float32).reshape(-1, 2),
        }


def _read_table(path: Path, columns: int) -> dict[str, list[int]]:
    """Rows `NAME.jpg INT ...` of one of CelebA's lists; header lines are skipped."""
    rows = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        name, *values = line.replace(",", " ").split() or [""]
        if not name.lower().endswith((".jpg", ".png")):
            continue
        try:
            rows[name] = [int(value) for value in values]
        except ValueError:
            raise UserError(f"{path}: expected integers, received {line!r}") from None
        if len(values) != columns:
            raise UserError(
                f"{path}: expected {columns} numbers a row, received {line!r}"
            )
    return rows


def face_crop(
    image: np.ndarray, landmarks: np.ndarray, size: int, margin: float = 0.0
) -> np.ndarray:
    """The FFHQ crop of one photo.

    Args:
        image: `[H, W, 3]` uint8.
        landmarks: `[5, 2]`, x and y of `LANDMARKS`.
        size: Side of the result in pixels, margin included.
        margin: Share of the FFHQ square's side to add on every side.

    Returns:
        `[size, size, 3]` uint8.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = landmarks
    square = ffhq_square(left_eye, right_eye, left_mouth, right_mouth)
    centre = square.mean(axis=0)
    return crop_square(image, centre + (square - centre) * (1 + 2 * margin), size)


def face_blocks(
    split: str,
    data_dir: str | os.PathLike | None = None,
    size: int = 128,
    margin: float = 0.0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The faces of a split, cut as FFHQ cuts them, some hundreds at a time.

    Args:
        split: "train", "validation" or "test".
        data_dir: As for `find_celeba`.
        size: Side of a face in pixels, margin included.
        margin: As for `face_crop`.

    Returns:
        An iterator over faces `[N, size, size, 3]` uint8 and attributes `[N, 40]` bool.

    Raises:
        UserError: As `celeba_split`, or if the split is empty.
    """

    def cut(example: dict[str, np.ndarray]) -> np.ndarray:
        return face_crop(example["image"], example["landmarks"], size, margin)

    examples = celeba_split(split, data_dir)
    done = 0
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(desc=f"CelebA {split} faces", unit=" faces", mininterval=1) as progress,
    ):
        while block := list(itertools.islice(examples, 256)):
            faces = np.stack(list(pool.map(cut, block)))
            yield faces, np.stack([example["attributes"] for example in block])
            done += len(block)
            progress.update(len(block))
    if not done:
        raise UserError(f"CelebA's {split} split is empty in {find_celeba(data_dir)}")


def aligned_faces(
    split: str, data_dir: str | os.PathLike | None = None, size: int = 128
) -> tuple[np.ndarray, np.ndarray]:
    """All faces of a split, cut as FFHQ cuts them.

    Args:
        split: "train", "validation" or "test".
        data_dir: As for `find_celeba`.
        size: Side of a face in pixels.

    Returns:
        Faces `[N, size, size, 3]` uint8 and attributes `[N, 40]` bool.

    Raises:
        UserError: As `face_blocks`.
    """
    faces, attributes = zip(*face_blocks(split, data_dir, size), strict=True)
    return np.concatenate(faces), np.concatenate(attributes)
