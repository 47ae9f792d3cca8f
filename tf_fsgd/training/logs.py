"""What a run tells while it trains, to the console, JSONL and TensorBoard alike."""

import datetime
import json
import time
from pathlib import Path

import tensorflow as tf
import tqdm

from tf_fsgd.backend.disk import disk_errors
from tf_fsgd.storage.files import atomic_path


class TrainingLog:
    """Averages the losses between two reports and writes each report to three places.

    A context manager. Between reports a progress bar moves on a terminal.
    """

    def __init__(
        self,
        path: Path,
        tensorboard: Path,
        *,
        total: int,
        images: int,
        silent: bool = False,
    ):
        """Opens the log.

        Args:
            path: The JSONL file. Lines of steps after `images`, which a killed run may
                have left, are dropped: those steps are done again.
            tensorboard: Folder of the event files.
            total: Images that the run will show in all.
            images: Images shown before now; 0 at the start.
            silent: Whether nothing is written and nothing shown: of several workers one
                tells of all.

        Raises:
            OSError: If the disk is full.
        """
        self._path = path
        self._silent = silent
        self._total = total
        self._images = images
        self._losses: list[dict[str, tf.Tensor]] = []
        self._since = time.perf_counter()
        self._since_images = images
        self._writer = tf.summary.create_noop_writer()
        if not silent:
            _drop_after(path, images)
            with disk_errors(tensorboard):
                self._writer = tf.summary.create_file_writer(str(tensorboard))
        self._bar = tqdm.tqdm(
            total=total,
            initial=images,
            unit="image",
            disable=True if silent else None,  # None: where it is no terminal
            leave=False,
        )

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(self, *exception) -> None:
        self._bar.close()
        self._writer.close()

    def add(self, losses: dict[str, tf.Tensor], images: int) -> None:
        """Takes one step's losses.

        Args:
            losses: Scalars by name.
            images: Images shown so far.
        """
        self._losses.append(losses)
        self._bar.update(images - self._images)
        self._images = images

    def report(self) -> dict[str, float]:
        """Writes the means since the last report.

        Returns:
            The mean of each loss; not finite if one step's was not.
        """
        means = {
            name: float(tf.reduce_mean([step[name] for step in self._losses]))
            for name in self._losses[0]
        }
        now = time.perf_counter()
        rate = (self._images - self._since_images) / max(now - self._since, 1e-9)
        seconds_left = (self._total - self._images) / max(rate, 1e-9)
        record = {
            "images": self._images,
            "total": self._total,
            "images_per_second": round(rate, 3),
            "seconds_left": round(seconds_left),
            **{name: round(mean, 5) for name, mean in means.items()},
        }
        if not self._silent:
            self._bar.write(console_line(record))
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        with self._writer.as_default(step=self._images):
            tf.summary.scalar("images_per_second", rate)
            for name, mean in means.items():
                tf.summary.scalar(f"loss/{name}", mean)
        self._losses = []
        self._since, self._since_images = now, self._images
        return means

    def image(self, name: str, image) -> None:
        """Shows a uint8 `[H, W, 3]` image in TensorBoard."""
        with self._writer.as_default(step=self._images):
            tf.summary.image(name, image[None])


def console_line(record: dict[str, float]) -> str:
    """One report for a person.

    Args:
        record: An object of the JSONL log.
    """
    fields = dict(record)
    images, total = fields.pop("images"), fields.pop("total")
    rate = fields.pop("images_per_second")
    left = datetime.timedelta(seconds=fields.pop("seconds_left"))
    losses = "  ".join(f"{name} {value:.3f}" for name, value in fields.items())
    return f"{images:,}/{total:,} images  {rate:.2f} images/s  {left} left  {losses}"


def _drop_after(path: Path, images: int) -> None:
    if not path.is_file():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["images"] <= images:
                kept.append(line + "\n")
        except json.JSONDecodeError:  # the line that a kill cut off
            break
    with atomic_path(path) as temporary:
        temporary.write_text("".join(kept), encoding="utf-8")
