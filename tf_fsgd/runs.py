"""A run is a folder: what was asked for, what was made, and what resume needs.

runs/00003-feminine-quick-r128/
    config.json        the whole `Config`; everything else is read with it, and its
                       format says whether this version may write here, too
    pairs/             the rendered A/B pairs
    checkpoints/       networks, optimizers, averages and step, for resume
    log.jsonl          the console's numbers, one object a line
    tensorboard/       the same numbers and the sample grids
    samples/           the same faces through the translator, by images seen
    training.gif       those grids in order
    translator.keras   averaged weights, float32: what evaluation and export read
    report.html        what the translator does to faces; report.json, the numbers
    before_after.jpg   held-out pairs: input, output and what was wanted; .gif flips
    export/
    site/              the page with sliders (`tf_fsgd.exporting.web`)
    leases/            who works here (`tf_fsgd.storage.lease`)
    finished           written last; without it the same command goes on here
"""

import dataclasses
import datetime
import errno
import os
import re
from pathlib import Path

import keras

# Loading a translator looks its custom layers up in Keras' registry, which this fills.
import tf_fsgd.pix2pixhd.generator  # noqa: F401
from tf_fsgd.config import Config
from tf_fsgd.config_formats import is_earlier
from tf_fsgd.edits import name_of
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.origin import origin_of
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.storage.archives import check_zip
from tf_fsgd.storage.files import atomic_path, read_json, scratch_folder

_FINISHED = "finished"
_START_ANEW = "delete or move away this run's folder to start anew"
_NUMBERED = re.compile(r"(\d{5,})-.+")


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The paths of one run. Made by `unfinished_or_new`, `open_run`."""

    path: Path
    config: Config

    @property
    def pairs(self) -> Path:
        """Rendered ones, or the user's own."""
        return Path(self.config.pairs.folder or self.path / "pairs")

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def animation(self) -> Path:
        return self.path / "training.gif"

    @property
    def translator(self) -> Path:
        return self.path / "translator.keras"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def export(self) -> Path:
        return self.path / "export"

    @property
    def site(self) -> Path:
        return self.path / "site"

    @property
    def finished(self) -> bool:
        """Whether `finish` was called."""
        return (self.path / _FINISHED).is_file()

    def check_version(self) -> None:
        """Refuses to go on with what an earlier version has begun.

        Raises:
            UserError: If the run is an earlier version's; such a one is for reading.
        """
        if not is_earlier(read_json(self.path / "config.json")):
            return
        if self.finished:
            raise UserError(
                f"{self.path}: an earlier version has finished this run; translate, "
                "evaluate and export take it as it is"
            )
        raise UserError(
            f"{self.path}: an earlier version has begun this run, and this one cannot "
            f"go on with it; finish it with that version, or {_START_ANEW}"
        )

    def finish(self) -> None:
        """Marks that every phase is done, so that the same command begins a new run."""
        now = datetime.datetime.now(datetime.UTC)
        with atomic_path(self.path / _FINISHED) as temporary:
            temporary.write_text(now.isoformat(timespec="seconds") + "\n")

    def open_pairs(self, split: str) -> FamilySource:
        """The pairs of one split, rendered ones or the user's own.

        Args:
            split: "train" or "held_out".

        Raises:
            UserError: As `pairs.source.open_pairs` and `pairs.folder.read_folder`.
        """
        return origin_of(self.config).open(self.pairs, split)

    def save_translator(self, translator: keras.Model) -> None:
        """Writes the translator, atomically."""
        with atomic_path(self.translator) as temporary:
            translator.save(temporary)

    def load_translator(self) -> keras.Model:
        """Reads the translator that training wrote.

        Returns:
            A float32 model: images `[N, R, R, 3]` in [-1, 1] to the same; with
            strengths as a second input for a modulated generator.

        Raises:
            UserError: If the file is missing or is not whole.
        """
        path = self.translator
        if not path.is_file():
            raise UserError(
                f"{path}: no such file; this run's training has not finished"
            )
        # load_model alone would meet damage anywhere and in many exceptions.
        check_zip(path, "a whole Keras file")
        try:
            return keras.models.load_model(path, compile=False)
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{path}: not a translator ({reason})") from None


def unfinished_or_new(root: str | os.PathLike, config: Config) -> RunFolder:
    """`latest_unfinished`, else the next numbered run folder with the config in it.

    The folder appears under its name only when `config.json` is inside. Two commands
    that are started at once get the same run, and its lease decides.

    Args:
        root: The folder of all runs; made when absent.
        config: What the command asks for; saved in a new run.

    Raises:
        UserError: As `latest_unfinished`, or if `root` is a file or lies in one.
    """
    while True:
        # Before the look: what appears after it has this number, or a higher one.
        number = _next_number(root)
        run = latest_unfinished(root, config) or _make_run(Path(root), config, number)
        if run is not None:
            return run


def _next_number(root: str | os.PathLike) -> int:
    return max((number for number, _ in _runs(Path(root))), default=-1) + 1


def _make_run(root: Path, config: Config, number: int) -> RunFolder | None:
    """A new run; `None` if another command has just made one of this name."""
    path = root / f"{number:05d}-{_description(config)}"
    with scratch_folder(root) as scratch:
        prepared = scratch / "run"
        prepared.mkdir()
        config.save(prepared / "config.json")
        try:
            # A rename never replaces a folder that has something in it.
            prepared.rename(path)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            return None
    return RunFolder(path, config)


def _description(config: Config) -> str:
    """What the name of a run has after its number."""
    edits = ",".join(map(name_of, config.edits))
    description = f"{edits}-{config.preset}-r{config.pairs.resolution}"
    return re.sub(r"[^\w.-]+", "_", description)


def open_run(path: str | os.PathLike) -> RunFolder:
    """Opens a run folder.

    Raises:
        UserError: If it is no run folder, or its config cannot be read.
    """
    path = Path(path)
    if not (path / "config.json").is_file():
        raise UserError(f"{path}: not a run folder (it holds no config.json)")
    return RunFolder(path, Config.load(path / "config.json"))


def latest_unfinished(root: str | os.PathLike, config: Config) -> RunFolder | None:
    """The newest run of exactly this config if it is not finished.

    It lets the same command, typed again after a kill, go on where it was.

    Args:
        root: The folder of all runs; may be absent.
        config: What the command asks for.

    Returns:
        The run; `None` when there is none or the newest of this config is finished.

    Raises:
        UserError: If a newer one that is not finished has the name that this config
            gives a run, and is an earlier version's or cannot be read: whether it is
            the same command's nobody can tell, for defaults change with versions.
    """
    for _, path in sorted(_runs(Path(root)), reverse=True):
        named = path.name.partition("-")[2] == _description(config)
        ours = named and not (path / _FINISHED).is_file()
        try:
            run = open_run(path)
        except UserError as error:
            if ours:
                raise UserError(f"{error}; {_START_ANEW}") from None
            continue
        if ours:
            run.check_version()
        if run.config == config:
            return None if run.finished else run
    return None


def _runs(root: Path) -> list[tuple[int, Path]]:
    if not root.is_dir():
        return []
    matches = ((_NUMBERED.fullmatch(path.name), path) for path in root.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]
