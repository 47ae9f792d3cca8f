"""The projection of one photo, in a folder of its own: state, latent, pictures."""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import resize, to_float, to_uint8, write_image
from tf_fsgd.latents.expressions import Expression
from tf_fsgd.projection.projector import Projector
from tf_fsgd.projection.state import ProjectionState, load_state
from tf_fsgd.storage.archives import write_arrays
from tf_fsgd.storage.files import sha256
from tf_fsgd.storage.lease import lease
from tf_fsgd.stylegan2.teacher import Teacher

_SAVE_EVERY = 5  # seconds
_COMPARED = 512  # pixels a side in comparison.png
_ANIMATED = 256
_FRAMES_PER_SECOND = 15


@dataclass(frozen=True)
class ProjectionFolder:
    """Where a photo's projection is made, and goes on after a stop.

    Attributes:
        path: The folder.
        teacher: Whose latent it is.
        projector: Makes the steps.
        loss: Name of the network that compares, for the folder's facts.
    """

    path: Path
    teacher: Teacher
    projector: Projector
    loss: str

    def project(
        self,
        source: Path,
        photo: np.ndarray,
        title: str,
        stop: object,
        edit: Expression | None = None,
        animated: bool = False,
    ) -> None:
        """Makes the steps that the folder lacks, and writes the results.

        Args:
            source: The photo's file.
            photo: `[S, S, 3]` uint8.
            title: Of the progress bar.
            stop: True as a condition once the user wants to stop.
            edit: Drawn of the projection, too.
            animated: Whether to write the search as projection.webp.

        Raises:
            UserError: If the folder holds a projection that was made otherwise, or
                another command works there.
            KeyboardInterrupt: When the user has stopped it.
        """
        projector = self.projector
        made_with = {
            "photo_sha256": sha256(source),
            "teacher": self.teacher.name,
            "resolution": projector.resolution,
            "loss": self.loss,
            **dataclasses.asdict(projector.settings),
        }
        with lease(self.path, "project"):
            state = self._steps(photo, made_with, title, stop)
            self._write(projector.ws(state.w), photo, edit)
            if animated:
                self._animate([projector.ws(w) for w in state.trail], photo)

    def _steps(
        self, photo: np.ndarray, made_with: dict, title: str, stop: object
    ) -> ProjectionState:
        path, projector = self.path / "state.npz", self.projector
        steps = projector.settings.steps
        target = projector.target(to_float(resize(photo, projector.resolution)))
        state = load_state(path, made_with) if path.exists() else projector.start()
        saved = time.monotonic()
        with tqdm(total=steps, initial=state.step, desc=title, unit="step") as bar:
            while state.step < steps:
                state, losses = projector.advance(state, target)
                bar.update()
                shown = {name: f"{loss:.3f}" for name, loss in losses.items()}
                bar.set_postfix(shown, refresh=False)
                done = state.step == steps
                if done or stop or time.monotonic() - saved > _SAVE_EVERY:
                    state.save(path, made_with)
                    saved = time.monotonic()
                if stop and not done:
                    raise KeyboardInterrupt
        return state

    def _write(
        self, ws: np.ndarray, photo: np.ndarray, edit: Expression | None
    ) -> None:
        folder, teacher = self.path, self.teacher
        write_arrays(folder / "projected_w.npz", {"w": ws})  # NVIDIA's name and shape
        pictures = {"photo": photo, "projection": to_uint8(teacher.synthesis(ws)[0])}
        write_image(folder / "projected.png", pictures["projection"])
        if edit is not None:
            name = ", ".join(
                f"{edit.directions[name].name} {strength:+g}"
                for name, strength in edit.strengths.items()
            )
            pictures[name] = to_uint8(teacher.synthesis(edit.apply(ws, 1.0))[0])
            write_image(folder / "edited.png", pictures[name])
        side = min(_COMPARED, teacher.resolution)
        cells = [resize(picture, side) for picture in pictures.values()]
        sheet = image_grid(cells, len(pictures), column_labels=list(pictures))
        write_image(folder / "comparison.png", sheet)

    def _animate(self, moments: list[np.ndarray], photo: np.ndarray) -> None:
        teacher = self.teacher
        side = min(_ANIMATED, teacher.resolution)
        photo = resize(photo, side)
        frames = []
        for ws in tqdm(moments, desc="animation", unit="frame", leave=False):
            drawn = to_uint8(teacher.synthesis(ws, resolution=side)[0])
            frames.append(np.concatenate([photo, drawn], 1))
        frames += [frames[-1]] * _FRAMES_PER_SECOND  # a second to look at the result
        write_animation(self.path / "projection.webp", frames, fps=_FRAMES_PER_SECOND)
