"""What made a folder of pairs, and whether what lies in it may be gone on with.

A folder never mixes pairs of two edits, teachers, classifiers or settings: whatever the
pixels depend on is written into the index, and a run that differs in any of it is
refused.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.index import Index
from tf_fsgd.pairs.shards import read_records

_log = logging.getLogger(__name__)


def open_index(
    config: Config, out: Path, teacher: Any, direction: Any, classifier: Any
) -> Index:
    """Writes the index of a folder, with the shards that an earlier run left there.

    Args:
        config: Of this run.
        out: The folder; made when missing.
        teacher: As `render.render_pairs` takes it.
        direction: The same.
        classifier: The same.

    Raises:
        UserError: If the folder's pairs were made by something else.
    """
    made_by = _made_by(config, teacher, direction, classifier)
    index = Index(made_by, config.pairs.held_out, config.pairs.count)
    if (out / "index.json").exists():
        earlier = Index.load(out)
        check_same(earlier.made_by, made_by, out)
        index.shards = earlier.shards
        # What a killed run left half-written (files.atomic_path).
        for temporary in out.glob(".seeds-*.tfrecord"):
            temporary.unlink(missing_ok=True)
    index.save(out)
    return index


def drop_damaged(index: Index, out: Path, progress: bool) -> None:
    """Takes the shards that cannot be read off the index, to be rendered again.

    Args:
        index: Changed in place, not saved.
        out: The folder of the shards.
        progress: Whether to show how far the check is.
    """
    entries = list(index.shards.values())
    for entry in tqdm(entries, desc="checking", leave=False, disable=not progress):
        try:
            read_records(out / entry.file, expected=entry.stats.kept)
        except UserError as error:
            _log.warning("%s; rendering it again", error)
            del index.shards[entry.file]


def _made_by(
    config: Config, teacher: Any, direction: Any, classifier: Any
) -> dict[str, Any]:
    """Everything that the pairs depend on, except how many there are."""
    return {
        "seed": config.seed,
        "teacher": teacher.name,
        "truncation_psi": config.teacher.truncation_psi,
        "direction": direction.name,
        "direction_sha256": digest(
            direction.vector, direction.reading_vector, direction.reading_bias
        ),
        "direction_std": float(direction.std),
        "direction_layers": [int(layer) for layer in direction.layers],
        "attribute": direction.attribute,
        "attribute_sign": int(direction.sign),
        "classifier_sha256": digest(*classifier.model.get_weights()),
        "strength": config.pairs.strength,
        "renders": config.pairs.renders,
        "confidence": config.pairs.confidence,
        "preselect": config.pairs.preselect,
        "resolution": config.pairs.resolution,
        "head_only": config.pairs.head_only,
        "held_out": config.pairs.held_out,
    }


def check_same(there: dict[str, Any], here: dict[str, Any], out: Path) -> None:
    """Refuses a folder whose index names another origin.

    Args:
        there: What the folder's index says it was made by.
        here: What this run would make it by.
        out: The folder, for the message.

    Raises:
        UserError: At the first difference.
    """
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name):
            raise UserError(
                f"{out}: its pairs were made with {name} {there.get(name)!r}, this run "
                f"asks for {here.get(name)!r}; delete the folder or choose another"
            )


def digest(*arrays: Any) -> str:
    """SHA-256 of arrays' bytes, one after the other."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
