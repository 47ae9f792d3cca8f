"""`tf-fsgd directions`: edits in W, from a teacher and the face classifier."""

import shlex
import sys
from pathlib import Path
from typing import Literal

from tf_fsgd.cli.options import (
    DEFAULT_TEACHER,
    BeamOptions,
    Int,
    Teacher,
    Through,
    TruncationPsi,
    check_at_least,
)
from tf_fsgd.errors import UserError


def directions(
    *options: BeamOptions,
    out: Path = Path("directions"),
    teacher: Teacher = DEFAULT_TEACHER,
    edits: str = "feminine,older,smile",
    count: Int = 10_000,
    truncation_psi: TruncationPsi = 0.7,
    method: Literal["centres", "logistic", "pure"] = "centres",
    confidence: float = 0.9,
    orthogonal_to: str = "",
    layers: str = "0-7",
    gradients: Int = 20,
    runner: str | None = None,
    through: Through = "",
) -> None:
    """Finds edits in W, measures them, and draws them.

    Args:
        edits: Comma-separated.
        count: Faces.
        method: Of the classes' centres, logistic regression, or by gradients, with a
            vector for each row of W+.
        confidence: Of the faces used.
        orthogonal_to: Comma-separated CelebA attributes to take out of every direction.
        layers: First and last row of W+.
        gradients: Faces whose gradients --method pure follows.
        runner: Of Apache Beam, to draw the faces with many workers (see render).

    Raises:
        UserError: For an unknown edit or attribute, bad layers, or too few certain
            faces.
    """
    from tf_fsgd.attributes.model import load_classifier
    from tf_fsgd.attributes.names import ATTRIBUTES
    from tf_fsgd.discovery.finding import Finding
    from tf_fsgd.edits import EDITS
    from tf_fsgd.storage.lease import lease
    from tf_fsgd.stylegan2.loading import load_teacher

    names = edits.split(",")
    for name in names:
        if name not in EDITS:
            raise UserError(
                f"--edits must be among {', '.join(EDITS)}, received {name!r}"
            )
    others = [name for name in orthogonal_to.split(",") if name]
    for name in others:
        if name not in ATTRIBUTES:
            raise UserError(f"--orthogonal-to: {name!r} is not a CelebA attribute")
    if method == "pure" and others:
        raise UserError("--orthogonal-to: --method pure already holds every attribute")
    check_at_least("--gradients", gradients, 5)
    if not 0.5 < confidence < 1:  # below, a face would have the attribute and lack it
        raise UserError(
            f"--confidence must be above 0.5 and below 1, received {confidence:g}"
        )
    if runner is None and (options or through):
        raise UserError(
            "--through and what follows -- need --runner, received "
            f"{through or shlex.join(options)!r}"
        )
    cluster = None
    if runner is not None:
        from tf_fsgd.backend.cluster import Cluster

        cluster = Cluster(runner, options, through)
    drawing = load_teacher(teacher)
    finding = Finding(
        drawing,
        load_classifier(),
        _parse_layers(layers, drawing.num_ws),
        out,
        count=count,
        psi=truncation_psi,
        method=method,
        confidence=confidence,
        others=others,
        gradients=gradients,
        facts={"command": f"tf-fsgd {shlex.join(sys.argv[1:])}"},
        cluster=cluster,
        checkpoint=teacher,
    )
    with lease(out, "directions"):
        finding.find(names)


def _parse_layers(text: str, num_ws: int) -> list[int]:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise UserError(f"--layers must look like 0-7, received {text!r}")
    layers = list(range(int(first), int(last or first) + 1))
    if not layers or layers[-1] >= num_ws:
        raise UserError(f"--layers must lie in 0-{num_ws - 1}, received {text!r}")
    return layers
