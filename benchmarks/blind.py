"""Damage that an eye sees: edited photos, mixed blindly with what nobody has damaged.

    python -m benchmarks.blind mobile-256 --out looks          # sheets to look at
    python -m benchmarks.blind --score looks anna.txt ben.txt  # after two looks

For each edit the sheets show, in an order drawn from a seed, outputs at strength 1 on
photos of the jury's list, a third as many untouched photos of it, and a third as many
of the teacher's own pairs, at the strength of its grid that is nearest to the
translator's unit. What is what is in `key.json`: not to be opened before both looks. A
look is a text of the numbers of pictures that are visibly damaged by weave, fringe,
stain, smear or ghost, written down without knowing the other.

Photos are CelebA's, for non-commercial research: the sheets are not to be published.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.jury.photos import EDITS_TRIED, load_photos
from benchmarks.jury.teacher import Ceiling
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import resized, write_image
from tf_fsgd.presets import preset
from tf_fsgd.storage.files import make_folder, read_json, write_json
from tf_fsgd.translator.translator import load_translator

_COLUMNS, _ROWS = 6, 4  # of a sheet
_KEY = "key.json"
_OUTPUT, _PHOTO, _TEACHER = "output", "photo", "teacher"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "translator", metavar="RUN", nargs="?", help="a run, or a shipped one's name"
    )
    parser.add_argument(
        "--score",
        type=Path,
        nargs="+",
        metavar=("DIR", "LOOK"),
        help="what looks at the sheets of a folder have found",
    )
    parser.add_argument(
        "--photos", type=int, default=100, help="of each edit (%(default)s)"
    )
    parser.add_argument("--data-dir", help="where CelebA is")
    parser.add_argument("--out", type=Path, default=Path("looks"))
    arguments = parser.parse_args()
    if (arguments.score is None) == (arguments.translator is None):
        raise UserError("RUN or --score must be given, one of them")
    if arguments.score is not None:
        folder, *looks = arguments.score
        print(
            score(
                read_json(folder / _KEY), {look.stem: numbers(look) for look in looks}
            )
        )
        return
    if arguments.photos < 3:
        raise UserError(f"--photos must be 3 or more, received {arguments.photos}")
    if (arguments.out / _KEY).exists():
        raise UserError(f"--out must be a new folder, {arguments.out} has been used")
    pictures, names = _gather(arguments)
    order = np.random.default_rng(0).permutation(len(pictures))
    lay_out(arguments.out, [pictures[at] for at in order], [names[at] for at in order])
    print(f"{arguments.out}: {len(pictures)} pictures")


def _gather(arguments: argparse.Namespace) -> tuple[list[np.ndarray], list[str]]:
    """Pictures, and of each "EDIT KIND"."""
    translator = load_translator(arguments.translator)
    photos = load_photos(translator.resolution, arguments.data_dir)
    ceiling = Ceiling(preset("mobile-256"))
    pictures, names = [], []
    for edit in translator.edits:
        if edit not in EDITS_TRIED:
            continue
        rows = photos.sources[edit]
        third = arguments.photos // 3
        strengths = ceiling.strengths(edit)
        step = 1 + int(np.argmin(np.abs(strengths - translator.units[edit])))
        parts = {
            _OUTPUT: translator.translate(
                photos.faces[rows[: arguments.photos]], {edit: 1.0}
            ),
            # The last ones, of which fewest are among the outputs.
            _PHOTO: photos.faces[rows[-third:]],
            _TEACHER: resized(
                ceiling.pictures(edit, third)[step], photos.faces.shape[1]
            ),
        }
        for kind, part in parts.items():
            pictures += list(part)
            names += [f"{edit} {kind}"] * len(part)
    return pictures, names


def lay_out(folder: Path, pictures: list[np.ndarray], names: list[str]) -> None:
    """Writes sheets of numbered pictures, and the key."""
    make_folder(folder)
    page = _COLUMNS * _ROWS
    for first in range(0, len(pictures), page):
        shown = pictures[first : first + page]
        rows = range(first + 1, first + len(shown) + 1, _COLUMNS)
        sheet = image_grid(shown, _COLUMNS, row_labels=[f"{row}-" for row in rows])
        write_image(folder / f"sheet-{first // page + 1:02d}.png", sheet)
    key = {str(number): name for number, name in enumerate(names, start=1)}
    write_json(folder / _KEY, key)


def numbers(look: Path) -> set[int]:
    """The numbers in a text.

    Raises:
        UserError: If it is missing, or holds something else.
    """
    try:
        words = look.read_text(encoding="utf-8").replace(",", " ").split()
        return {int(word) for word in words}
    except FileNotFoundError:
        raise UserError(f"{look}: no such file") from None
    except ValueError as error:
        raise UserError(f"{look}: must hold numbers of pictures ({error})") from None


def score(key: dict[str, str], looks: dict[str, set[int]]) -> str:
    """Shares of damaged pictures, lines of text.

    Args:
        key: "EDIT KIND" by number.
        looks: Numbers of damaged pictures, by whose look it is.

    Raises:
        UserError: If there is no look, or one has a number that no picture has.
    """
    if not looks:
        raise UserError("--score must name one look or more, received none")
    for look, damaged in looks.items():
        if strange := sorted(damaged - set(map(int, key))):
            raise UserError(f"{look}: there is no picture {strange[0]}")
    lines = [f"{'damaged':24}" + "".join(f"{look:>12}" for look in looks)]
    for name in sorted(set(key.values())):
        those = {int(number) for number, of in key.items() if of == name}
        shares = [len(those & damaged) / len(those) for damaged in looks.values()]
        label = f"{name}, {len(those)}"
        lines.append(f"{label:24}" + "".join(f"{share:>12.0%}" for share in shares))
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(guarded(main))
