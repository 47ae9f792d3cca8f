"""Who is in a picture: the arithmetic on a stand-in, the network on CelebA's people."""

import importlib.util

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tf_fsgd.attributes.celeba import find_celeba
from tf_fsgd.evaluation.face_recognition import HOW_TO_GET, Identity, load_identity


class Counting:
    """Stands in for dlib's network: describes a window by its mean colour."""

    def __init__(self):
        self.sizes = []

    def compute_face_descriptor(self, batch_img):
        self.sizes.append(len(batch_img))
        assert all(w.shape == (150, 150, 3) for w in batch_img)
        return [window.mean(axis=(0, 1)) / 255 for window in batch_img]


def plain(*colours, size=64):
    """Pictures of one colour each."""
    return np.stack([np.full((size, size, 3), colour, np.uint8) for colour in colours])


RED, GREEN, WHITE = (255, 0, 0), (0, 255, 0), (255, 255, 255)


@pytest.fixture
def stand_in():
    return Identity(Counting(), mean=np.array([0.5, 0.5, 0.5], np.float32))


def test_distance_and_cosine_by_hand(stand_in):
    before, after = plain(RED, RED, RED), plain(RED, GREEN, WHITE)
    np.testing.assert_allclose(
        stand_in.distance(before, after), [0, 2**0.5, 2**0.5], atol=1e-6
    )
    np.testing.assert_allclose(
        stand_in.cosine(before, after, centred=False), [1, 0, 3**-0.5], atol=1e-6
    )
    # Less the mean: red (+, -, -) / 2, green (-, +, -) / 2, white (+, +, +) / 2.
    np.testing.assert_allclose(
        stand_in.cosine(before, after), [1, -1 / 3, -1 / 3], atol=1e-6
    )


def test_each_picture_is_described_once():
    network = Counting()
    identity = Identity(network, mean=np.zeros(3, np.float32))
    before = plain(*[(value, 0, 0) for value in range(1, 41)])
    identity.distance(before, before)
    identity.cosine(before, plain(*[GREEN] * 40))
    assert network.sizes == [32, 8, 1]


def test_only_the_face_is_looked_at(stand_in):
    picture = plain(RED, size=200)
    picture[:, :50] = 0  # above the window, which begins at 0.271 of the height
    picture[:, :, :30] = 0  # left of it: 0.164
    picture[:, :, 172:] = 0  # right of it: 0.839
    picture[:, 193:] = 0  # below it: 0.945
    np.testing.assert_allclose(stand_in.embed(picture), [[1, 0, 0]], atol=1e-6)


def test_no_pictures(stand_in):
    nothing = np.zeros((0, 64, 64, 3), np.uint8)
    assert stand_in.embed(nothing).shape == (0, 3)
    assert stand_in.cosine(nothing, nothing).shape == (0,)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 64, 64, 3), np.float32),
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 64, 50, 3), np.uint8),
        np.zeros((1, 64, 64, 1), np.uint8),
    ],
)
def test_wrong_arrays_are_refused(stand_in, images):
    with pytest.raises(ValueError, match="images must be uint8"):
        stand_in.embed(images)


def test_pictures_must_come_in_pairs(stand_in):
    with pytest.raises(ValueError, match="as many, received 2 and 1"):
        stand_in.distance(plain(RED, RED), plain(RED))


@pytest.mark.parametrize("absent", ["dlib", "face_recognition_models"])
def test_packages_are_optional(monkeypatch, absent):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == absent else find(n)
    )
    assert load_identity() is None


@pytest.fixture(scope="module")
def identity():
    loaded = load_identity()
    if loaded is None:
        pytest.skip(f"dlib's network is not here: {HOW_TO_GET}")
    return loaded


@pytest.fixture(scope="module")
def people(celeba_test):
    """Two photos of each person of CelebA's test split: `[P, 2, 128, 128, 3]` uint8."""
    folder = find_celeba()
    if not (folder / "dataset_info.json").is_file():
        pytest.skip(f"{folder} does not say who is in its photos")
    examples = tfds.builder_from_directory(str(folder)).as_dataset(
        split="test",
        shuffle_files=False,
        decoders={"image": tfds.decode.SkipDecoding()},
    )
    who = np.array([int(e["identity"]["Identity_No"]) for e in tfds.as_numpy(examples)])
    firsts = [np.flatnonzero(who == person)[:2] for person in np.unique(who)]
    return celeba_test[0][[photos for photos in firsts if len(photos) == 2]]


@pytest.mark.slow
def test_knows_people(identity, people):
    first, second = people[:, 0], people[:, 1]
    assert len(people) >= 20
    assert np.mean(identity.distance(first, second) <= 0.6) >= 0.8
    assert identity.cosine(first, second).mean() >= 0.5
    strangers = [np.roll(second, shift, axis=0) for shift in range(1, 6)]
    distance = np.stack([identity.distance(first, other) for other in strangers])
    assert np.mean(distance <= 0.6) <= 0.1
    centred = np.stack([identity.cosine(first, other) for other in strangers])
    assert abs(centred.mean()) <= 0.15
    plain_cosine = identity.cosine(first, strangers[0], centred=False)
    assert 0.75 <= plain_cosine.mean() <= 0.9


def test_same_as_with_dlibs_landmarks(identity, people):
    import dlib

    models = importlib.util.find_spec("face_recognition_models")
    folder = models.submodule_search_locations[0] + "/models/"
    landmarks = dlib.shape_predictor(folder + "shape_predictor_5_face_landmarks.dat")
    network = dlib.face_recognition_model_v1(
        folder + "dlib_face_recognition_resnet_model_v1.dat"
    )
    faces = people[:6, 0]
    theirs = [
        network.compute_face_descriptor(
            face, landmarks(face, dlib.rectangle(29, 37, 101, 117))
        )
        for face in faces
    ]
    apart = np.linalg.norm(identity.embed(faces) - np.array(theirs), axis=1)
    assert apart.max() <= 0.4  # two photos of one person: 0.5; strangers: 0.83


def test_resolution_changes_little(identity, people):
    faces = people[:4, 0]
    large = np.repeat(np.repeat(faces, 2, axis=1), 2, axis=2)
    assert identity.distance(faces, large).max() <= 0.2
