"""`tf-fsgd purity --edits smile,brows`: what each edit does besides."""

from pathlib import Path

from tf_fsgd.cli.options import DEFAULT_TEACHER, Rendering, Teacher, TruncationPsi
from tf_fsgd.errors import UserError


def purity(
    *,
    edits: str | None = None,
    seeds: str = "900000-900099",
    teacher: Teacher = DEFAULT_TEACHER,
    truncation_psi: TruncationPsi = 0.7,
    out: Path = Path("purity"),
) -> None:
    """Measures what each edit does besides: purity.json, .md and .jpg.

    Args:
        edits: Names and .npz files, separated by commas (all, of two ends the first).
        seeds: Of the faces; the shipped directions have seen 0-9999 and 800000-800063.
        out: A folder.

    Raises:
        UserError: For an unknown edit, bad seeds, fewer than two of them, or a teacher
            that is not to be had.
    """
    from tf_fsgd.attributes.model import load_classifier
    from tf_fsgd.attributes.names import ATTRIBUTES
    from tf_fsgd.discovery.purity import measure_purity
    from tf_fsgd.discovery.purity_chart import purity_chart
    from tf_fsgd.edits import EDITS
    from tf_fsgd.images.io import write_image
    from tf_fsgd.latents.directions import load_direction
    from tf_fsgd.latents.sampling import parse_seeds
    from tf_fsgd.storage.files import write_json, write_text

    names = [edit for edit, facts in EDITS.items() if not facts.reverses]
    names = names if edits is None else edits.split(",")
    directions = [load_direction(name) for name in names]
    faces = parse_seeds(seeds, "--seeds")
    if len(faces) < 2:
        raise UserError(f"--seeds must name two faces or more, received {len(faces)}")
    classifier = load_classifier()
    drawn = Rendering(teacher, truncation_psi, "const", classifier.size).studio()
    matrix = measure_purity(
        [direction.for_rows(drawn.teacher.num_ws) for direction in directions],
        drawn.teacher,
        classifier.probabilities,
        ATTRIBUTES,
        faces,
        truncation_psi,
    )
    facts = {"teacher": drawn.teacher.name, "truncation_psi": truncation_psi}
    write_json(out / "purity.json", facts | matrix.facts())
    write_text(out / "purity.md", matrix.markdown())
    write_image(out / "purity.jpg", purity_chart(matrix))
    print(matrix.markdown(), end="")
    print(f"{out}: purity.json, purity.md and purity.jpg")
