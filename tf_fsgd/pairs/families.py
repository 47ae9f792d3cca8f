"""A family: one generated person, plain and edited, from which many pairs can be taken.

A translator of several edits and strengths needs pairs of every edit at every strength.
Edits add up in W, so K pictures of one w that differ in their strengths hold K (K - 1)
pairs: from picture i to picture j the edit is strengths[j] - strengths[i].

Families lie in TFRecord shards; a record is a `tf.train.Example`:

    seed       int64           z is RandomState(seed)'s, as in NVIDIA's tools
    w          float [512]     after truncation
    strengths  float [K * E]   of each picture, in standard deviations; the first: 0
    images     bytes [K]       JPEG, quality 95, 4:4:4
    heads      bytes [K]       PNG, 64 px, how far each pixel belongs to the head

A face of 256 px takes 40 KB.
"""

import dataclasses
import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from PIL import Image

from tf_fsgd.errors import UserError

HEAD_SIZE = 64  # side in pixels of a stored head mask


@dataclasses.dataclass
class Family:
    """One record; see the module's text.

    Attributes:
        seed: Of z.
        w: `[512]` float32.
        strengths: `[K, E]` float32.
        images: `[K, R, R, 3]` uint8.
        heads: `[K, 64, 64]` uint8, 255 where a pixel surely belongs to the head.
    """

    seed: int
    w: np.ndarray
    strengths: np.ndarray
    images: np.ndarray
    heads: np.ndarray


def draw_strengths(seed: int, readings: np.ndarray, ranges: np.ndarray) -> np.ndarray:
    """Strengths of a family's pictures, a function of the seed and the face alone.

    The first picture is plain. Of each edit two more follow: one towards what the face
    is not (a man towards "feminine"), up to the full range, and one of either sign. The
    last has all edits at once, each weaker.

    Args:
        seed: Of the family.
        readings: `[E]`, probability that each edit has work to do on this face
            (`Direction.reading`).
        ranges: `[E]`, largest strength of each edit in standard deviations.

    Returns:
        `[2 E + 2, E]` float32.
    """
    rng = np.random.default_rng([seed, 1])
    edits = len(ranges)
    towards = np.where(np.asarray(readings) >= 0.5, 1.0, -1.0)
    strengths = np.zeros((2 * edits + 2, edits), np.float32)
    for edit in range(edits):
        strengths[1 + 2 * edit, edit] = towards[edit] * rng.uniform(0.2, 1.0)
        strengths[2 + 2 * edit, edit] = rng.choice([-1, 1]) * rng.uniform(0.1, 0.9)
    strengths[-1] = towards * rng.choice([1, -1], edits, p=[0.8, 0.2])
    strengths[-1] *= rng.uniform(0.1, 0.75, edits)
    return strengths * np.asarray(ranges, np.float32)


def encode_family(family: Family) -> bytes:
    """A serialised record; the same family always gives the same bytes."""

    def floats(values: np.ndarray) -> tf.train.Feature:
        return tf.train.Feature(float_list=tf.train.FloatList(value=values.ravel()))

    def pictures(images: np.ndarray, *arguments, **options) -> tf.train.Feature:
        files = []
        for image in images:
            buffer = io.BytesIO()
            Image.fromarray(image).save(buffer, *arguments, **options)
            files.append(buffer.getvalue())
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=files))

    feature = {
        "seed": tf.train.Feature(int64_list=tf.train.Int64List(value=[family.seed])),
        "w": floats(family.w),
        "strengths": floats(family.strengths),
        "images": pictures(family.images, "JPEG", quality=95, subsampling=0),
        "heads": pictures(family.heads, "PNG"),
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)


def decode_family(
    record: bytes, path: Path, members: np.ndarray | list[int] | None = None
) -> Family:
    """Decodes one serialised record.

    Args:
        record: The record's data.
        path: Where it comes from, for the message.
        members: Pictures that are wanted, in this order; `None`: all.

    Raises:
        UserError: If it is not a record of a family.
    """
    try:
        feature = tf.train.Example.FromString(record).features.feature
        images, heads = (feature[n].bytes_list.value for n in ("images", "heads"))
        strengths = np.array(feature["strengths"].float_list.value, np.float32)
        strengths = strengths.reshape(len(images), -1)
        wanted = list(range(len(images)) if members is None else members)
        return Family(
            seed=feature["seed"].int64_list.value[0],
            w=np.array(feature["w"].float_list.value, np.float32),
            strengths=strengths[wanted],
            images=np.stack([_decode(images[member], "RGB") for member in wanted]),
            heads=np.stack([_decode(heads[member], "L") for member in wanted]),
        )
    # PIL raises OSError, SyntaxError or ValueError, an absent feature IndexError.
    except (DecodeError, IndexError, OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{path}: not a shard of families ({error})") from None


def _decode(data: bytes, mode: str) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
        return np.asarray(image.convert(mode))
