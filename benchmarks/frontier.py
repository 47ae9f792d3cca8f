"""Effect against identity, by a jury of networks: translators, and their teacher.

    python -m benchmarks.frontier mobile-256 runs/0007-... --teacher-pairs
    python -m benchmarks.frontier mobile-256 --photos 24 --edits smile

Every edit is made at five strengths on CelebA's test photos (`jury/test_photos.json`)
of those who lack what it brings, and read by every network that reads such a thing;
identity by faceres and by dlib. Compared are effects at one identity: a translator
cannot do better by a larger unit. `--teacher-pairs` adds the ceiling, the teacher's own
faces as its pairs have them: by default those of the preset mobile-256, or of a RUN.

It writes `frontier.json` and `frontier.png` into `--out` and prints tables. What has
been measured once is read from the cache folder. CelebA is found as in the reports.
Needs npm on first use, requirements-dev.txt and requirements-evaluation.txt.
"""

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.jury import report
from benchmarks.jury.measure import Trial, measure
from benchmarks.jury.photos import EDITS_TRIED, Photos, load_photos
from benchmarks.jury.readers import Jury, load_jury
from benchmarks.jury.teacher import FACES, Ceiling
from tf_fsgd.edits import one_ended
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.presets import preset
from tf_fsgd.runs import open_run
from tf_fsgd.storage.files import write_json
from tf_fsgd.translator.translator import Translator, load_translator

_TWO_ENDED, _ONE_ENDED = (0.4, 0.7, 1.0, 1.3, 1.6), (0.2, 0.4, 0.6, 0.8, 1.0)
"""Strengths in a translator's own units."""
_DEFAULT = "mobile-256"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "translators", metavar="RUN", nargs="+", help="a run, or a shipped one's name"
    )
    parser.add_argument(
        "--photos", type=int, default=120, help="of each edit (%(default)s)"
    )
    parser.add_argument(
        "--edits", default=",".join(EDITS_TRIED), help="some of %(default)s"
    )
    parser.add_argument(
        "--teacher-pairs",
        metavar="RUN",
        nargs="?",
        const=_DEFAULT,
        help=f"the ceiling, of a run's teacher or of the preset {_DEFAULT}",
    )
    parser.add_argument("--data-dir", help="where CelebA is")
    parser.add_argument("--out", type=Path, default=Path("frontier"))
    parser.add_argument("--json", action="store_true", help="print JSON, no tables")
    arguments = parser.parse_args()

    edits = arguments.edits.split(",")
    if unknown := set(edits) - set(EDITS_TRIED):
        raise UserError(
            f"--edits must be some of {', '.join(EDITS_TRIED)}, "
            f"received {min(unknown)!r}"
        )
    if arguments.photos < 1:
        raise UserError(f"--photos must be 1 or more, received {arguments.photos}")
    translators = [load_translator(name) for name in arguments.translators]
    names = [translator.name for translator in translators]
    if len(set(names)) < len(names):
        raise UserError(f"RUN must be of different names, received {', '.join(names)}")
    ceiling = _ceiling(arguments.teacher_pairs)
    jury = load_jury()

    by_edit: dict[str, dict] = {edit: {} for edit in edits}
    for translator in translators:
        photos = load_photos(translator.resolution, arguments.data_dir)
        for edit in edits:
            if edit in translator.edits:
                found = _on_photos(translator, edit, photos, arguments.photos, jury)
                by_edit[edit][translator.name] = found
    for edit in edits if ceiling else ():
        strengths = ceiling.strengths(edit)
        if strengths is not None and by_edit[edit]:
            trial = _of_teacher(ceiling, edit, min(FACES, arguments.photos), jury)
            people = np.arange(trial.identity["faceres"].shape[1])  # nobody twice
            by_edit[edit][report.TEACHER] = report.numbers(trial, people)
    by_edit = {edit: found for edit, found in by_edit.items() if found}

    write_json(arguments.out / "frontier.json", by_edit)
    report.chart(arguments.out / "frontier.png", by_edit)
    if arguments.json:
        print(json.dumps(by_edit))
        return
    for edit, found in by_edit.items():
        print(report.table(edit, found))
        for name, one in found.items():
            if one.get("groups"):
                print(report.groups_table(edit, name, one, one["groups"]))
            if beards := one.get("beards"):
                print(
                    f"  {name}: of {beards['faces']} bearded men judge40 reads a beard "
                    f"on {beards['before']:.0%}, at strength 1 on {beards['after']:.0%}"
                )
        print()
    print(f"{arguments.out / 'frontier.json'}  {arguments.out / 'frontier.png'}")


def _ceiling(name: str | None) -> Ceiling | None:
    if name is None:
        return None
    return Ceiling(preset(name) if name == _DEFAULT else open_run(name).config)


def _on_photos(
    translator: Translator, edit: str, photos: Photos, count: int, jury: Jury
) -> dict:
    rows, parts = photos.rows(edit, count)
    before, people = photos.faces[rows], photos.people[rows]
    unit = translator.units[edit]
    one = translator.strengths({edit: 1.0}) / unit
    shares = _ONE_ENDED if one_ended(edit, translator.units) else _TWO_ENDED

    def draw(chosen: np.ndarray, strength: float) -> np.ndarray:
        strengths = np.tile(one * np.float32(strength), (len(chosen), 1))
        return translator.translate(before[chosen], strengths)

    trial = measure(edit, before, draw, unit * np.array(shares), jury)
    places = parts.pop("all")
    found = report.numbers(trial.of(places), people[places], unit)
    found["groups"] = {
        name: report.numbers(trial.of(members), people[members], unit)
        for name, members in parts.items()
    }
    if edit == "feminine" and "beards" in found["groups"]:
        with_beard = trial.of(parts["beards"])
        found["beards"] = report.bearded(with_beard, shares.index(1.0))
        found["beards"]["faces"] = len(parts["beards"])
    return found


def _of_teacher(ceiling: Ceiling, edit: str, count: int, jury: Jury) -> Trial:
    pictures = ceiling.pictures(edit, count)
    strengths = ceiling.strengths(edit)

    def draw(chosen: np.ndarray, strength: float) -> np.ndarray:
        return pictures[1 + int(np.argmin(np.abs(strengths - strength)))][chosen]

    return measure(edit, pictures[0], draw, strengths, jury)


if __name__ == "__main__":
    raise SystemExit(guarded(main))
