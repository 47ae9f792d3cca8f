"""A face in the colours of another: what a mix is learnt from.

The first rows of W+ draw where things are, the last ones what they look like (Karras et
al. 2019, arXiv 1812.04948, 3.1, style mixing). So the picture to learn has the first
rows of one face and the others of another, or a share of the way there.
"""

import numpy as np

from tf_fsgd.config import Config
from tf_fsgd.images.person import PersonSegmenter
from tf_fsgd.pairs.drawing import Axes, draw_batches
from tf_fsgd.pairs.family import HEAD_SIZE, Family
from tf_fsgd.pairs.two import TwoFaces, other_seed
from tf_fsgd.pairs.whole import base_face
from tf_fsgd.stylegan2.teacher import Teacher

# From the second convolution at 32 px on: later and hair keeps its colour, sooner and
# the face is somebody else's.
STYLE_ROWS = slice(6, None)
_LEAST = 0.2  # share


class MixedFaces(TwoFaces):
    """Draws the families of any block of seeds: A, C, and mixes of either with other.

    The condition of a picture is the share of the other's style in it, negative where
    C is the face and A lends the style. `w` is A's.
    """

    def __init__(
        self, config: Config, teacher: Teacher, axes: Axes, classifier: object = None
    ):
        """Takes what `render.render_pairs` takes; no classifier is asked."""
        super().__init__(config, teacher, axes)
        self._segmenter = PersonSegmenter()
        self.made_by["style_rows"] = STYLE_ROWS.start

    def _family(self, seed: int) -> Family:
        config, teacher = self._config, self._teacher
        psi, wide = config.teacher.truncation_psi, config.pairs.wide
        w, first = base_face(teacher, seed, psi, wide)
        _, second = base_face(teacher, other_seed(seed), psi, wide)
        shares = draw_shares(seed)
        ws = np.stack([mixed(first[0], second[0], share) for share in shares])
        ws[1] = second[0]
        images = draw_batches(
            teacher, ws, config.pairs.resolution, config.teacher.batch_size
        )
        heads = np.stack([self._segmenter.head(image, HEAD_SIZE) for image in images])
        return Family(seed, w[0], shares[:, None], images, heads)


def mixed(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """W+ of one face with a share of another's style.

    Args:
        first, second: `[num_ws, w_dim]`.
        share: Of the second's style in the first; negative: of the first's in the
            second.

    Returns:
        `[num_ws, w_dim]`.
    """
    if share < 0:
        first, second, share = second, first, -share
    ws = first.copy()
    ws[STYLE_ROWS] += np.float32(share) * (second - first)[STYLE_ROWS]
    return ws


def draw_shares(seed: int) -> np.ndarray:
    """Conditions of a family's pictures, `[6]` float32, by its seed alone.

    A, C, either in all of the other's style, either in a share of it.
    """
    ours, theirs = np.random.default_rng([seed, 1]).uniform(_LEAST, 1, 2)
    return np.array([0, 0, 1, -1, ours, -theirs], np.float32)
