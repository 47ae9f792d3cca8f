"""A family: pictures of one generated person; the record that everything learns from.

A pair is a family of two, a plain face and an edited one. A translator of several edits
and strengths needs pairs of every edit at every strength; edits add up in W, so K
pictures of one w that differ in their conditions hold K (K - 1) pairs: from picture i
to picture j the edit is condition[j] - condition[i].

A record is a `tf.train.Example`:

    seed       int64           z is RandomState(seed)'s, as in NVIDIA's tools
    w          float [512]     after truncation
    condition  float [K * C]   of each picture, C numbers: today the strength of each
                               edit in standard deviations
    images     bytes [K]       PNG or JPEG (quality 95, 4:4:4)
    heads      bytes [K]       PNG, 64 px, how far each pixel belongs to the head;
                               absent where nothing is left to be composited
    scores     float [K]       probability that the picture is in the target class;
                               absent where nobody asked

Measured on rendered faces: as PNG an image takes 29 KB at 128 px and 390 KB at 512 px,
as JPEG 40 KB at 256 px and 115 KB at 512 px.
"""

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.exif import DECODING_ERRORS

HEAD_SIZE = 64  # side in pixels of a stored head mask


@dataclasses.dataclass
class Family:
    """One record; see the module's text.

    Attributes:
        seed: Of z.
        w: `[512]` float32.
        condition: `[K, C]` float32.
        images: `[K, R, R, 3]` uint8.
        heads: `[K, 64, 64]` uint8, 255 where a pixel surely belongs to the head.
        scores: `[K]` float32.
    """

    seed: int
    w: np.ndarray
    condition: np.ndarray
    images: np.ndarray
    heads: np.ndarray | None = None
    scores: np.ndarray | None = None

    def only(self, members: Sequence[int]) -> "Family":
        """The same family with some of its pictures, in the order asked for."""

        def chosen(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[list(members)]

        return dataclasses.replace(
            self,
            condition=self.condition[list(members)],
            images=self.images[list(members)],
            heads=chosen(self.heads),
            scores=chosen(self.scores),
        )


def encode_family(family: Family, *, lossless: bool) -> bytes:
    """A serialised record; the same family always gives the same bytes.

    Args:
        family: What to store.
        lossless: Whether images become PNG instead of JPEG.
    """

    def floats(values: np.ndarray) -> tf.train.Feature:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values.ravel()))

    def pictures(images: np.ndarray, *arguments, **options) -> tf.train.Feature:
        files = []
        for image in images:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, *arguments, **options)
            files.append(buffer.getvalue())
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=files))

    jpeg = {"format": "JPEG", "quality": 95, "subsampling": 0}
    feature = {
        "seed": tf.train.Feature(int64_list=tf.train.Int64List(value=[family.seed])),
        "w": floats(family.w),
        "condition": floats(family.condition),
        "images": pictures(family.images, **({"format": "PNG"} if lossless else jpeg)),
    }
    if family.heads is not None:
        feature["heads"] = pictures(family.heads, "PNG")
    if family.scores is not None:
        feature["scores"] = floats(family.scores)
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    # A protobuf map has no order of its own; byte-identical shards need one.
    return example.SerializeToString(deterministic=True)


def decode_family(
    record: bytes, path: Path, members: Sequence[int] | None = None
) -> Family:
    """Decodes one serialised record, of an earlier version as well.

    Args:
        record: The record's data.
        path: Where it comes from, for the message.
        members: Pictures that are wanted, in this order; `None`: all.

    Raises:
        UserError: If it is not a record of a family.
    """
    try:
        feature = tf.train.Example.FromString(record).features.feature
        files = {name: feature[name].bytes_list.value for name in feature}
        numbers = {
            name: np.array(feature[name].float_list.value, np.float32)
            for name in feature
        }
        _modernise(files, numbers)
        count = len(files["images"])
        wanted = list(range(count) if members is None else members)

        def pictures(name: str, mode: str) -> np.ndarray:
            return np.stack([_decode(files[name][member], mode) for member in wanted])

        return Family(
            seed=feature["seed"].int64_list.value[0],
            w=numbers["w"],
            condition=numbers["condition"].reshape(count, -1)[wanted],
            images=pictures("images", "RGB"),
            heads=pictures("heads", "L") if "heads" in files else None,
            scores=numbers["scores"][wanted] if "scores" in numbers else None,
        )
    except (DecodeError, *DECODING_ERRORS) as error:  # LookupError: a feature is absent
        raise UserError(f"{path}: not a shard of pairs ({error})") from None


def _modernise(files: dict, numbers: dict) -> None:
    """Gives the features of a pair or a family of format 1 the names of today's."""
    if "a" in files:
        files["images"] = [*files["a"], *files["b"]]
        for name, old in (("condition", "strength"), ("scores", "score")):
            numbers[name] = np.concatenate([numbers[f"{old}_a"], numbers[f"{old}_b"]])
    if "strengths" in numbers:
        numbers["condition"] = numbers["strengths"]


def _decode(data: bytes, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
        return np.asarray(image.convert(mode))
