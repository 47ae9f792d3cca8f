"""Two people in one pass: the faces between photos, each pair by a network's one look.

At either end of the way are the photos themselves, at any size. Between them the
network's change of a cross-fade, made at its own resolution, is brought to the photos'
and added to theirs, as an edit's is (`images.paste`).
"""

from collections.abc import Sequence

import numpy as np

from tf_fsgd.images.io import resize
from tf_fsgd.images.paste import paste_changes
from tf_fsgd.latents.interpolation import EASES
from tf_fsgd.translator.translator import Translator


def cross_fade(start: np.ndarray, end: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(1 - t) start + t end.

    Args:
        start, end: `[N, S, S, 3]` uint8.
        times: t, `[N, 1]`.

    Returns:
        `[N, S, S, 3]` uint8; exactly `start` at 0 and `end` at 1.
    """
    times = times[:, :, None, None]
    return np.rint((1 - times) * start + times * end).astype(np.uint8)


def between(
    translator: Translator, start: np.ndarray, end: np.ndarray, times: np.ndarray
) -> np.ndarray:
    """Faces between two.

    Args:
        translator: Of a morph.
        start, end: `[S, S, 3]` uint8, FFHQ framing, any S.
        times: `[T]`, shares of the way, 0 to 1.

    Returns:
        `[T, S, S, 3]` uint8; the photos themselves at 0 and 1.
    """
    times = np.asarray(times, np.float32)[:, None]

    def repeated(face: np.ndarray) -> np.ndarray:
        return np.broadcast_to(face, (len(times), *face.shape))

    small = [repeated(resize(face, translator.resolution)) for face in (start, end)]
    before = cross_fade(small[0], small[1], times)
    after = translator.translate(np.concatenate(small, axis=-1), times)
    side = len(start)
    whole = np.array([[0, 0], [0, side], [side, side], [side, 0]], np.float64)
    return np.stack(
        [
            paste_changes(faded, [whole], b[None], a[None], feather=0.0)
            for faded, b, a in zip(
                cross_fade(repeated(start), repeated(end), times),
                before,
                after,
                strict=True,
            )
        ]
    )


def film(
    translator: Translator,
    faces: Sequence[np.ndarray],
    frames: int,
    *,
    ease: str = "smoothstep",
    loop: bool = True,
) -> np.ndarray:
    """Visits every face in turn, as `latents.studio.Studio.morph` does.

    Args:
        translator: Of a morph.
        faces: Two or more `[S, S, 3]` uint8 of one size, FFHQ framing.
        frames: From one face to the next.
        ease: Name among `EASES`.
        loop: Whether to return to the first face; the film stops one frame short of
            it. Two faces go back as they came.

    Returns:
        `[F, S, S, 3]` uint8.
    """
    return_as_came = loop and len(faces) == 2
    stops = [*faces, faces[0]] if loop and not return_as_came else faces
    times = EASES[ease](np.arange(frames) / frames)
    parts = [
        between(translator, start, end, times)
        for start, end in zip(stops[:-1], stops[1:], strict=True)
    ]
    if not loop or return_as_came:
        parts.append(faces[-1][None])
    pictures = np.concatenate(parts)
    return np.concatenate([pictures, pictures[-2:0:-1]]) if return_as_came else pictures
