"""CelebA's test photos that every translator is measured on, written down once.

    python -m benchmarks.jury.photos    # how `test_photos.json` was made, from a subset

A photo is known by its landmarks and attributes, which CelebA's lists give alike
however it was prepared and however much of it there is. Beside each stands the number
of the person: photos of one person are no independent draws.

For each edit the list has the first 120 who lack what it brings, and these groups:

* beards: men without CelebA's No_Beard; glasses: Eyeglasses.
* over 60: by the mean of faceres and gear.
* dark skin: CelebA has no such label, its Pale_Skin is absent on 24 of 25 photos, and
  colours of cheeks follow the light. These are all photos of people whom gear reads as
  "black" in most of theirs: two people here, a woman and a man, which is little.
* under 18: faceres and gear read one of the 533 photos so; there is no such group.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tf_fsgd.attributes.celeba import celeba_split, face_crop, find_celeba
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.edits import EDITS
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.storage.files import read_json, write_text

LIST = Path(__file__).parent / "test_photos.json"
EDITS_TRIED = ("feminine", "masculine", "older", "younger", "smile", "frown")
_COUNT = 120
_OVER = 60  # years
_SIZE = 256  # at which the groups are read
_FEWEST = 8  # faces of a group of which anything is said
_MOST_BLACK = 0.5  # mean of gear's probability over the photos of one person


@dataclass(frozen=True)
class Photos:
    """The photos of the list.

    Attributes:
        faces: `[N, R, R, 3]` uint8, FFHQ framing.
        people: `[N]`, whose photo it is, a number.
        attributes: `[N, 40]` bool.
        sources: By edit, indices of those who lack what it brings.
        groups: By name, indices.
    """

    faces: np.ndarray
    people: np.ndarray
    attributes: np.ndarray
    sources: dict[str, np.ndarray]
    groups: dict[str, np.ndarray]

    def rows(self, edit: str, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Whom an edit is tried on.

        Args:
            edit: One of `EDITS_TRIED`.
            count: Photos of the source class at most; of each group a quarter of it.

        Returns:
            Indices `[n]`, those of the source class first, and for "all" and each group
            that has faces enough the places in them.
        """
        lacking = np.flatnonzero(lacks(self.attributes, edit))
        parts = {"all": self.sources[edit][:count]}
        for name, members in self.groups.items():
            chosen = members[np.isin(members, lacking)][: count // 4]
            if len(chosen) >= _FEWEST:
                parts[name] = chosen
        rows = list(dict.fromkeys(np.concatenate(list(parts.values())).tolist()))
        place = {row: number for number, row in enumerate(rows)}
        return np.array(rows), {
            name: np.array([place[row] for row in part]) for name, part in parts.items()
        }


def lacks(attributes: np.ndarray, edit: str) -> np.ndarray:
    """Who lacks what an edit brings, `[N]` bool, of attributes `[N, 40]` bool."""
    facts = EDITS[edit]
    return attributes[:, ATTRIBUTES.index(facts.attribute)] != (facts.sign > 0)


def load_photos(size: int, data_dir: str | None = None) -> Photos:
    """Finds the photos of the list in CelebA's test split.

    Args:
        size: R, side in pixels.
        data_dir: As for `attributes.celeba.find_celeba`.

    Raises:
        UserError: If CelebA is not there, or lacks some of them.
    """
    listed = read_json(LIST)
    people = listed["people"]
    found = {}
    for example in celeba_split("test", data_dir):
        key = _key(example)
        if key in people and key not in found:
            face = face_crop(example["image"], example["landmarks"], size)
            found[key] = face, example["attributes"]
    if missing := len(people) - len(found):
        raise UserError(
            f"CelebA's test split in {find_celeba(data_dir)} lacks {missing} of the "
            f"{len(people)} photos that {LIST.name} lists"
        )
    place = {key: number for number, key in enumerate(people)}

    def places(lists: dict[str, list[str]]) -> dict[str, np.ndarray]:
        return {
            name: np.array([place[key] for key in keys]) for name, keys in lists.items()
        }

    faces, attributes = zip(*(found[key] for key in people), strict=True)
    return Photos(
        np.stack(faces),
        np.array(list(people.values())),
        np.stack(attributes),
        places(listed["sources"]),
        places(listed["groups"]),
    )


def _key(example: dict[str, np.ndarray]) -> str:
    facts = (*example["landmarks"].astype(int).ravel(), *example["attributes"].tolist())
    return hashlib.blake2b(
        repr([int(fact) for fact in facts]).encode(), digest_size=5
    ).hexdigest()


def main() -> None:
    from benchmarks.jury.models import fetch_models
    from benchmarks.jury.readers import AGE, FaceRes, Gear

    keys, people, faces, attributes = map(list, zip(*_with_people(), strict=True))
    faces, attributes, people = map(np.stack, (faces, attributes, people))
    models = fetch_models()
    gear = Gear(models)
    read = gear(faces)
    ages = (read[AGE] + FaceRes(models)(faces)[AGE]) / 2
    dark = [
        person
        for person in np.unique(people)
        if read["black"][people == person].mean() > _MOST_BLACK
    ]
    has = dict(zip(ATTRIBUTES, attributes.T, strict=True))
    groups = {
        "beards": has["Male"] & ~has["No_Beard"],
        "glasses": has["Eyeglasses"],
        "dark skin": np.isin(people, dark),
        "over 60": ages > _OVER,
    }
    sources = {
        edit: np.flatnonzero(lacks(attributes, edit))[:_COUNT] for edit in EDITS_TRIED
    }
    members = {name: np.flatnonzero(mask) for name, mask in groups.items()}
    used = np.unique(np.concatenate([*sources.values(), *members.values()]))
    value = {
        "people": {keys[row]: int(people[row]) for row in used},
        "sources": {
            name: [keys[row] for row in rows] for name, rows in sources.items()
        },
        "groups": {name: [keys[row] for row in rows] for name, rows in members.items()},
    }
    # A line a list.
    text = json.dumps(value).replace("], ", "],\n").replace("}, ", "},\n")
    write_text(LIST, text + "\n")
    print({name: len(rows) for name, rows in (sources | members).items()})


def _with_people() -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    """Key, person, face and attributes; photos with one key are told from no other."""
    from tf_fsgd.attributes.prepared import open_prepared

    numbers = [
        int(example["identity"]["Identity_No"])
        for example in open_prepared(find_celeba(), "test")
    ]
    seen = set()
    for person, example in zip(numbers, celeba_split("test"), strict=True):
        key = _key(example)
        if key not in seen:
            seen.add(key)
            face = face_crop(example["image"], example["landmarks"], _SIZE)
            yield key, person, face, example["attributes"]


if __name__ == "__main__":
    raise SystemExit(guarded(main))
