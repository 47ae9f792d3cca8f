"""How each attribute's score changes with each row of W+, face by face.

The teacher and the classifier are both networks, so the derivative of a score with
respect to W+ is one pass backwards through the two of them: 40 attributes by 16 rows by
512 numbers for every face. A face takes seconds, so the gradients are kept on disk, and
a killed run goes on with the first face that is missing.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_fsgd.latents.samples import keep_facts, sample_w
from tf_fsgd.latents.sampling import broadcast
from tf_fsgd.storage.archives import NUMBERS, read_array
from tf_fsgd.storage.files import atomic_path
from tf_fsgd.stylegan2.teacher import Teacher


class ScoreGradient:
    """The derivative of scores with respect to W+.

    Args:
        synthesis: ws `[N, num_ws, w_dim]` to images.
        scores: Images to scores `[N, K]`, such as a classifier's logits.
    """

    def __init__(self, synthesis: keras.Model, scores: keras.Model):
        # One graph forwards and one backwards, compiled once: the tape then calls the
        # second for every score without drawing the face again.
        self._forward = tf.function(
            lambda ws: scores(synthesis(ws, training=False), training=False)
        )

    def __call__(self, ws: np.ndarray) -> np.ndarray:
        """Gradients of every score of every face: `[N, K, num_ws, w_dim]` float32."""
        ws = tf.convert_to_tensor(ws, tf.float32)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(ws)
            scores = self._forward(ws)
        count = scores.shape[1]
        gradients = [
            tape.gradient(scores, ws, tf.one_hot([index] * len(ws), count)).numpy()
            for index in range(count)
        ]
        return np.stack(gradients, axis=1)


def collect_gradients(
    teacher: Teacher,
    scores: keras.Model,
    folder: Path,
    seeds: Sequence[int],
    psi: float = 0.7,
    size: int = 128,
) -> np.ndarray:
    """Gradients at the faces of `seeds`; those that the folder holds are only read.

    Args:
        teacher: Who draws.
        scores: Images `[N, size, size, 3]` in [-1, 1] to `[N, K]`.
        folder: Where `gradients-SEED.npy` go, `[K, num_ws, w_dim]` float16 each.
        seeds: Of the faces.
        psi: Truncation.
        size: Side of the faces in pixels.

    Returns:
        `[seeds, K, num_ws, w_dim]` float32.

    Raises:
        UserError: If the folder holds the gradients of another teacher, psi or size,
            or damaged ones.
    """
    facts = {"teacher": teacher.name, "truncation_psi": psi, "size": size}
    keep_facts(folder, "gradients", facts)
    paths = {seed: folder / f"gradients-{seed:06d}.npy" for seed in seeds}
    missing = [seed for seed in seeds if not paths[seed].exists()]
    if missing:
        gradient = ScoreGradient(teacher.network(size), scores)
        ws = broadcast(sample_w(teacher, missing, psi), teacher.num_ws)
        progress = tqdm(missing, desc="gradients", unit="face", leave=False)
        for seed, face in zip(progress, ws, strict=True):
            with atomic_path(paths[seed]) as temporary:
                np.save(temporary, gradient(face[None])[0].astype(np.float16))
    what = "a face's gradients; delete it to take them again"
    need = (NUMBERS, (None, teacher.num_ws, *teacher.w_avg.shape))
    kept = [read_array(path, what, need) for path in paths.values()]
    return np.stack(kept).astype(np.float32)
