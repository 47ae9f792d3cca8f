"""Where the faces of a photo are: their boxes, eyes, noses, mouths and ears.

The network is BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047), MediaPipe's short
range model (`weights/`, 230 kB, Apache-2.0; PyPI's mediapipe 0.10.14), run by LiteRT in
about a millisecond. It sees 128 x 128 pixels and was made for faces at arm's length, so
a photo is shown to it as a pyramid of overlapping tiles, and each face that it finds
once more by itself, upright and in FFHQ framing: what is not seen again was no face,
and what is seen again has sharper key points. Where nobody is found, the photo is shown
on its sides and its head as well, and with its mirror image around it: of half a face
at the border that makes a whole one, which is also what `crop_square` cuts there.
"""

import dataclasses
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tf_fsgd.images.alignment import crop_square, ffhq_square
from tf_fsgd.images.photo import reduced

_WEIGHTS = Path(__file__).parent / "weights" / "face_detection.tflite"
SIDE = 128
# The network's grids: cells a side, and anchors (all of them equal) in each cell.
_GRIDS = ((16, 2), (8, 6))
_CLIP = 100.0  # of logits, as MediaPipe does

_SCORE = 0.5  # of a candidate in a tile
_SEEN_AGAIN = 0.75  # of the second look, at a face of the size that the network likes
_OVERTURNED = 0.85  # the same, turned; the upper half of an upright one comes to 0.82
_SAME_IN_TILE = 0.3  # intersection over union: MediaPipe's threshold
_SAME = 0.5  # intersection over the smaller box, between tiles
_STEP = 85  # between tiles; a face of a third of a tile lies in one of them as a whole
_LEVELS = 4  # of the pyramid: 128, 256, 512 and 1024 pixels; some 200 tiles
_MARGIN = 0.25  # of the longer side: for half of a face that fills the photo
_BEYOND = 0.05  # of the box: how far outside the photo the middle of the eyes may be
_QUARTER = np.array([[0, 1], [-1, 0]])  # of a turn, as `numpy.rot90` makes it, back


@dataclasses.dataclass(frozen=True)
class Face:
    """A face in a photo.

    Attributes:
        box: `[4]` float64: left, top, right, bottom, in pixels of the photo; from the
            brows to the chin. May reach beyond the photo.
        score: How sure the network is, 0 to 1.
        points: `[6, 2]` float64, x and y in pixels: the eye that is left in the picture
            of an upright face, the right one, tip of the nose, centre of the mouth,
            left and right ear.
    """

    box: np.ndarray
    score: float
    points: np.ndarray

    @property
    def square(self) -> np.ndarray:
        """`[4, 2]`, the FFHQ crop, as `alignment.ffhq_square` returns it."""
        return square_of(self.points)


def square_of(points: np.ndarray) -> np.ndarray:
    """The FFHQ crop of a face.

    Args:
        points: `[6, 2]`, as `Face` has them; only eyes and mouth are read.

    Returns:
        `[4, 2]` float64, as `alignment.ffhq_square`.

    Raises:
        UserError: As `alignment.ffhq_square`.
    """
    left_eye, right_eye, _, mouth = points[:4]
    return ffhq_square(left_eye, right_eye, mouth, mouth)


def anchors() -> np.ndarray:
    """Centres of the 896 anchors, in the network's order.

    Returns:
        `[896, 2]` float64, x and y in shares of the network's input.
    """
    grids = []
    for cells, repeats in _GRIDS:
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        grid = np.stack([x, y], axis=-1).reshape(-1, 2)
        grids.append(np.repeat(grid, repeats, axis=0))
    return np.concatenate(grids)


class FaceDetector:
    """Finds faces; keeps the network between photos."""

    def __init__(self, threads: int = 2):
        self._interpreter = Interpreter(str(_WEIGHTS), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        outputs = {
            output["name"]: output["index"]
            for output in self._interpreter.get_output_details()
        }
        self._regressors = outputs["regressors"]
        self._logits = outputs["classificators"]
        self._anchors = anchors()

    def detect(self, photo: np.ndarray, *, any_way_up: bool = True) -> list[Face]:
        """The faces of a photo.

        Args:
            photo: `[H, W, 3]` uint8. Faces smaller than about a fiftieth of the longer
                side, or 20 pixels, are not found; nor, beside upright ones, are heads
                that are turned by much more than 45 degrees.
            any_way_up: Where nobody is found, look for turned heads and for half faces
                at the border too, which takes four times as long again.

        Returns:
            Faces from left to right, empty where there is none.
        """
        faces = self._seen_again(photo, self._candidates(photo), mirrored=False)
        quarters = 0
        while any_way_up and not faces and quarters < 4:
            turned = self._turned_candidates(photo, quarters)
            faces = self._seen_again(photo, turned, mirrored=True)
            if quarters:
                faces = [face for face in faces if face.score >= _OVERTURNED]
            quarters += 1
        return sorted(faces, key=lambda face: face.points[:4, 0].mean())

    def _candidates(self, photo: np.ndarray) -> list[Face]:
        """What the network takes for faces, tile by tile."""
        found = []
        for level, scale in _pyramid(photo):
            for left, top in _tile_corners(level):
                tile = level[top : top + SIDE, left : left + SIDE]
                found += [
                    _moved(face, scale, np.array([left, top]))
                    for face in self.detect_tile(tile)
                ]
        return found

    def _turned_candidates(self, photo: np.ndarray, quarters: int) -> list[Face]:
        """The same of the photo in its mirror image, turned by quarters."""
        largest = SIDE << (_LEVELS - 1)  # the network sees no more of it
        small = Image.fromarray(photo)
        small.thumbnail((largest, largest), reducing_gap=2.0)
        scale = max(photo.shape[:2]) / max(small.size)
        margin = round(_MARGIN * max(small.size))
        around = ((margin, margin), (margin, margin), (0, 0))
        wide = np.pad(np.asarray(small), around, "symmetric")
        return [
            _moved(_turned_back(face, quarters, wide), scale, np.full(2, -margin))
            for face in self._candidates(np.rot90(wide, quarters))
        ]

    def _seen_again(
        self, photo: np.ndarray, candidates: list[Face], mirrored: bool
    ) -> list[Face]:
        faces = []
        for face in suppress(candidates):
            # One that stands on its head may pass for another, with a forehead for
            # chin; looked at both ways up, it is surer as what it is.
            faces.append(self.refine(photo, face.points, mirrored=mirrored))
            overturned = 2 * face.points[:4].mean(axis=0) - face.points
            other = self.refine(photo, overturned)
            if other and other.score >= _OVERTURNED:
                faces.append(other)
        # Two candidates may turn out to be one face.
        return suppress([face for face in faces if face is not None])

    def refine(
        self, photo: np.ndarray, points: np.ndarray, *, mirrored: bool = False
    ) -> Face | None:
        """Looks again at a face, turned upright and brought to the network's size.

        Args:
            photo: `[H, W, 3]` uint8.
            points: `[6, 2]`, about where the face's key points are; for example where
                they were a frame earlier.
            mirrored: If there is no face, look once more with the photo's mirror image
                beyond its border, for half a face. It shifts the key points a little.

        Returns:
            The face, or `None` if there is none.
        """
        square = square_of(points)
        tile = crop_square(photo, square, SIDE)
        face = self._middle_face(_blackened(tile, photo, square))
        if face is None and mirrored:
            face = self._middle_face(tile)
        if face is None:
            return None
        axes = np.stack([square[3] - square[0], square[1] - square[0]]) / SIDE
        points = square[0] + face.points @ axes
        # The box stays level; as large as it was, about the turned one's centre.
        size = (face.box[2:] - face.box[:2]) * np.hypot(*axes[0])
        centre = square[0] + (face.box[:2] + face.box[2:]) / 2 @ axes
        middles = np.stack([points[:2].mean(axis=0), points[:4].mean(axis=0)])
        beyond = np.abs(middles - np.clip(middles, 0, photo.shape[1::-1]))
        if (beyond > _BEYOND * size).any():
            return None  # a mirror image
        box = np.concatenate([centre - size / 2, centre + size / 2])
        return Face(box, face.score, points)

    def _middle_face(self, tile: np.ndarray) -> Face | None:
        """The face in the middle of a tile, if the network is sure of it."""
        seen = [face for face in self.detect_tile(tile) if face.score >= _SEEN_AGAIN]
        middle = SIDE / 2
        return min(
            seen,
            key=lambda face: np.hypot(*(face.points[:4].mean(0) - middle)),
            default=None,
        )

    def detect_tile(self, tile: np.ndarray) -> list[Face]:
        """The faces in one view of the network, by a single pass.

        Args:
            tile: `[128, 128, 3]` uint8.

        Returns:
            Faces in pixels of the tile, the surest one first.
        """
        pixels = tile[None].astype(np.float32) / np.float32(127.5) - np.float32(1)
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        logits = self._interpreter.get_tensor(self._logits)[0, :, 0].astype(np.float64)
        raw = self._interpreter.get_tensor(self._regressors)[0].astype(np.float64)
        scores = 1 / (1 + np.exp(-np.clip(logits, -_CLIP, _CLIP)))
        sure = scores >= _SCORE
        # Offsets from the anchor and sizes are in pixels of the input: x, y, width,
        # height of the box, then x and y of the six points.
        numbers = raw[sure].reshape(-1, 8, 2)
        origin = self._anchors[sure] * SIDE
        centre = origin + numbers[:, 0]
        boxes = np.concatenate(
            [centre - numbers[:, 1] / 2, centre + numbers[:, 1] / 2], axis=1
        )
        points = origin[:, None] + numbers[:, 2:]
        return _blend(boxes, scores[sure], points)


def suppress(faces: list[Face]) -> list[Face]:
    """Non-maximum suppression: of faces that share most of the smaller box, the surest.

    Args:
        faces: In any order.

    Returns:
        Some of them, the surest first.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        boxes = np.array([other.box for other in kept]).reshape(-1, 4)
        shared, one, others = _areas(face.box, boxes)
        if not (shared > _SAME * np.minimum(one, others)).any():
            kept.append(face)
    return kept


def _blend(boxes: np.ndarray, scores: np.ndarray, points: np.ndarray) -> list[Face]:
    """Weighted suppression: neighbouring anchors vote on one face (BlazeFace, 4.3)."""
    faces = []
    order = np.argsort(-scores, kind="stable")
    while len(order):
        shared, one, others = _areas(boxes[order[0]], boxes[order])
        same = shared > _SAME_IN_TILE * (one + others - shared)
        same[0] = True  # a box without an area shares nothing even with itself
        votes = order[same]
        weights = scores[votes] / scores[votes].sum()
        faces.append(
            Face(
                weights @ boxes[votes],
                float(scores[order[0]]),
                np.tensordot(weights, points[votes], 1),
            )
        )
        order = order[~same]
    return faces


def _areas(
    box: np.ndarray, boxes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shared areas of a box and each of some, its own area, and theirs."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    one = np.prod(np.maximum(box[2:] - box[:2], 0))
    return shared, one, np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)


def _pyramid(photo: np.ndarray):
    """Copies of the photo, black around it where they are smaller than a tile.

    Yields:
        `[h, w, 3]` uint8, h and w at least 128, and pixels of the photo for one of it.
    """
    longest = max(photo.shape[:2])
    # The first leaves room around a face that fills the photo.
    sides = [SIDE // 2] + [SIDE << level for level in range(_LEVELS)]
    for side in sides:
        if side > SIDE and side > longest:
            return
        scale = longest / side
        height, width = (max(1, round(n / scale)) for n in photo.shape[:2])
        # As Pillow's reducing_gap=2.0, whose copy of a large photo would not fit.
        factors = tuple(
            max(1, int(n / m / 2))
            for n, m in zip(photo.shape[1::-1], (width, height), strict=True)
        )
        boxes = reduced(photo.__getitem__, photo.shape[0], photo.shape[1], factors)
        small = boxes.resize(
            (width, height),
            Image.Resampling.BILINEAR,
            (0, 0, photo.shape[1] / factors[0], photo.shape[0] / factors[1]),
        )
        level = np.zeros((max(height, SIDE), max(width, SIDE), 3), np.uint8)
        level[:height, :width] = np.asarray(small)
        yield level, scale


def _tile_corners(level: np.ndarray):
    """Left and top of tiles that cover a level evenly."""
    tops, lefts = (
        np.rint(np.linspace(0, n - SIDE, 1 + -(-(n - SIDE) // _STEP))).astype(int)
        for n in level.shape[:2]
    )
    return [(left, top) for top in tops for left in lefts]


def _blackened(tile: np.ndarray, photo: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A square of the photo, black instead of mirrored where the photo ends."""
    along = (np.arange(SIDE) + 0.5) / SIDE
    across, down = square[3] - square[0], square[1] - square[0]
    where = square[0] + along[:, None, None] * down + along[None, :, None] * across
    inside = (where >= 0) & (where <= photo.shape[1::-1])
    return np.where(inside.all(axis=-1, keepdims=True), tile, np.uint8(0))


def _moved(face: Face, scale: float, origin: np.ndarray) -> Face:
    """The face of a tile in pixels of the photo."""
    box = (face.box + np.tile(origin, 2)) * scale
    return Face(box, face.score, (face.points + origin) * scale)


def _turned_back(face: Face, quarters: int, photo: np.ndarray) -> Face:
    """The face of `numpy.rot90(photo, quarters)` in pixels of `photo`."""
    size = np.array(photo.shape[1::-1])
    turned = size[::-1] if quarters % 2 else size
    back = np.linalg.matrix_power(_QUARTER, quarters)
    corners, points = (
        (part - turned / 2) @ back + size / 2
        for part in (face.box.reshape(2, 2), face.points)
    )
    return Face(np.sort(corners, axis=0).reshape(-1), face.score, points)
