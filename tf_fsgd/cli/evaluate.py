"""`tf-fsgd evaluate RUN|shipped`: measures a translator."""

from pathlib import Path

from tf_fsgd.cli.options import DataDir, Int, Run, check_at_least
from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import read_json


def evaluate(
    run: Run,
    /,
    *,
    out: Path | None = None,
    photos: Int | None = None,
    data_dir: DataDir = None,
    faces: Path | None = None,
    classifier: Path | None = None,
    beside: list[str] | None = None,
    pairs: str | None = None,
    projection: Path | None = None,
) -> None:
    """Measures a translator: a finished run's, or a shipped one.

    Args:
        run: A run folder, or a shipped translator: shipped, mobile-256.
        out: Folder for report.html and report.json (the run folder; of a shipped
            translator evaluation-NAME).
        photos: To try each edit on, at most (as many as take five minutes).
        faces: Folder of aligned photos to try the edits on instead of CelebA's.
        classifier: Weights of another attribute classifier (attributes train) than the
            shipped one that only judges.
        beside: Another run or shipped translator to show next to it; may be repeated.
        pairs: Run with the teacher's held-out faces, for a shipped translator.
        projection: table.json of benchmarks/projection.py.

    Raises:
        UserError: If the translator is none, a number is below 1, or there is no face
            to try it on.
    """
    import dataclasses

    from tf_fsgd.evaluation.inputs import report_on, supplement_of
    from tf_fsgd.evaluation.tables import console_table
    from tf_fsgd.runs import open_run
    from tf_fsgd.translator.translator import load_translator, run_named

    check_at_least("--photos", photos, 1)
    if faces and data_dir:
        raise UserError("--faces stands in for CelebA, which --data-dir names")
    folder, translator = run_named(run), load_translator(run)
    # What the user has to change is found before anything takes time.
    supplement = supplement_of(folder)
    families = supplement.families
    if pairs:
        other = open_run(pairs)
        if tuple(other.config.units) != translator.edits:
            raise UserError(
                f"--pairs must be a run of {', '.join(translator.edits)}, received "
                f"one of {', '.join(other.config.units)}"
            )
        families = other.open_pairs("held_out")
    supplement = dataclasses.replace(
        supplement,
        translators=[load_translator(path) for path in beside or ()],
        families=families,
        projection=_projection(projection),
    )
    out = out or (folder.path if folder else Path(f"evaluation-{translator.name}"))
    report = report_on(
        translator,
        folder,
        supplement,
        out=out,
        faces=faces,
        data_dir=data_dir,
        classifier=classifier,
        count=photos,
    )
    print(console_table(report))
    print(f"report: {out / 'report.html'}  {out / 'report.json'}")


def _projection(path: Path | None) -> dict | None:
    if path is None:
        return None
    values = read_json(path)
    if not isinstance(values, dict) or not isinstance(values.get("table"), dict):
        raise UserError(f"{path}: not a table of benchmarks/projection.py")
    return values
