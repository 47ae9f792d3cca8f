"""`python -m tf_fsgd purity --edits smile,brows`: what each edit does besides."""

import argparse
from pathlib import Path

from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.cli.rendering import open_studio
from tf_fsgd.discovery.purity import measure_purity
from tf_fsgd.discovery.purity_chart import purity_chart
from tf_fsgd.edits import EDITS
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import write_image
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.latents.sampling import parse_seeds
from tf_fsgd.storage.files import write_json, write_text
from tf_fsgd.stylegan2.loading import TEACHER_HELP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "--edits",
        default=",".join(edit for edit, facts in EDITS.items() if not facts.reverses),
        help="names and .npz files, separated by commas (%(default)s)",
    )
    parser.add_argument(
        "--seeds",
        default="900000-900099",
        help="of the faces; the shipped directions have seen 0-9999 and "
        "800000-800063 (%(default)s)",
    )
    parser.add_argument("--teacher", default="mobile-ffhq", help=TEACHER_HELP)
    parser.add_argument("--truncation-psi", type=float, default=0.7, metavar="PSI")
    parser.add_argument("--out", type=Path, default=Path("purity"), help="a folder")


def run(arguments: argparse.Namespace) -> None:
    """Measures, prints a table, and writes purity.json, .md and .jpg.

    Raises:
        UserError: For an unknown edit, bad seeds, fewer than two of them, or a teacher
            that is not to be had.
    """
    directions = [load_direction(name) for name in arguments.edits.split(",")]
    seeds = parse_seeds(arguments.seeds, "--seeds")
    if len(seeds) < 2:
        raise UserError(f"--seeds must name two faces or more, received {len(seeds)}")
    classifier = load_classifier()
    arguments.resolution, arguments.noise_mode = classifier.size, "const"
    teacher = open_studio(arguments).teacher
    matrix = measure_purity(
        [direction.for_rows(teacher.num_ws) for direction in directions],
        teacher,
        classifier.probabilities,
        ATTRIBUTES,
        seeds,
        arguments.truncation_psi,
    )
    facts = {"teacher": teacher.name, "truncation_psi": arguments.truncation_psi}
    write_json(arguments.out / "purity.json", facts | matrix.facts())
    write_text(arguments.out / "purity.md", matrix.markdown())
    write_image(arguments.out / "purity.jpg", purity_chart(matrix))
    print(matrix.markdown(), end="")
    print(f"{arguments.out}: purity.json, purity.md and purity.jpg")
