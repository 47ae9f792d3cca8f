"""`tf-fsgd learn`: an edit of one's own, from two folders of photos."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tf_fsgd.cli.options import DEFAULT_TEACHER, DataDir, Int, Teacher
from tf_fsgd.cli.train import Assignments, open_new

With = Annotated[Path, Parameter(name="WITH")]
Without = Annotated[Path, Parameter(name="WITHOUT")]


def learn(
    present: With,
    absent: Without,
    /,
    *,
    name: str,
    teacher: Teacher = DEFAULT_TEACHER,
    seed: Int | None = None,
    runs: str = "runs",
    data_dir: DataDir = None,
    assignments: Assignments = None,
) -> None:
    """Learns an edit from photos of people who have a thing and of people without.

    Some 50 photos each: what tells them apart becomes a direction of the teacher's W,
    and this a translator with one slider, as `train` makes it. Says how well the photos
    can be told apart and how many of the teacher's faces get the thing, and stops where
    there is nothing to learn. Stopped at any point, the same command goes on.

    Args:
        present: Folder of photos with the thing.
        absent: Folder of photos without it.
        name: What to call the edit, such as freckles.
        seed: Of pairs and training (0).
        runs: Folder of all runs; the direction is kept in it as NAME.npz.
        assignments: Any field of the config, e.g. training.images=4000; may be
            repeated.

    Raises:
        UserError: If the photos cannot be told apart, the teacher does not draw the
            thing, or as `train`.
    """
    from tf_fsgd import job
    from tf_fsgd.discovery.own_photos import IMAGES, learn_direction

    path = learn_direction(present, absent, name, Path(runs) / "directions", teacher)
    asked = {
        "preset": None,
        "edit": str(path.resolve()),
        "teacher": teacher,
        "seed": seed,
        "pairs": None,
        "set": [f"training.images={IMAGES}", *(assignments or ())],
    }
    run, origin = open_new(runs, asked, {"data_dir": data_dir, "vgg19": None})
    for what, made in job.make(run, origin, data_dir=data_dir, vgg19=None).items():
        print(f"{what + ':':24}{made}")
