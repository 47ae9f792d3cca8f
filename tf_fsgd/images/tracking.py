"""Faces from frame to frame: who is who, and key points that do not tremble.

A face is looked for where it was a frame earlier, which takes one pass of the network;
the whole frame is searched now and then, and when somebody is lost. Key points go
through a one-euro filter (Casiez, Roussel, Vogel 2012): steady while the head is still,
without lag when it moves.
"""

import dataclasses

import numpy as np

from tf_fsgd.images.detection import Face, FaceDetector, square_of, suppress

_STILL = 1.0  # hertz: cut-off frequency of the filter for a head at rest
_FOLLOW = 1.5  # hertz more for each eye distance a second
_SPEED = 1.0  # hertz: cut-off for the speed itself
_JUMP = 0.6  # eye distances in one frame: another face, or a cut
_PATIENCE = 3  # frames for which a lost face stays where it was
_SEARCH = 10  # frames between two searches for newcomers


class OneEuro:
    """The one-euro filter for points whose unit of length changes with the picture."""

    def __init__(self):
        self._value: np.ndarray | None = None
        self._speed = np.zeros(2)
        self._time = 0.0

    def __call__(self, value: np.ndarray, unit: float, time: float) -> np.ndarray:
        """The smoothed value.

        Args:
            value: `[P, 2]`, in pixels.
            unit: Length in pixels by which speed is measured: the eye distance.
            time: In seconds, later than that of the value before.

        Returns:
            `[P, 2]` float64.
        """
        elapsed, self._time = time - self._time, time
        if self._value is None:
            self._value = np.asarray(value, np.float64)
            return self._value
        moved = value - self._value
        if np.abs(moved).max() > _JUMP * unit:
            self._value, self._speed = np.asarray(value, np.float64), np.zeros(2)
            return self._value
        speed = moved.mean(axis=0) / elapsed / unit
        self._speed = self._speed + _share(_SPEED, elapsed) * (speed - self._speed)
        cutoff = _STILL + _FOLLOW * np.hypot(*self._speed)
        self._value = self._value + _share(cutoff, elapsed) * moved
        return self._value


def _share(cutoff: float, elapsed: float) -> float:
    """A new value's weight in exponential smoothing, so many seconds after the last."""
    turn = 2 * np.pi * cutoff * elapsed
    return turn / (turn + 1)


@dataclasses.dataclass
class _Track:
    number: int
    face: Face
    smooth: OneEuro
    points: np.ndarray
    missed: int = 0

    def see(self, face: Face, time: float) -> None:
        self.face, self.missed = face, 0
        unit = max(float(np.hypot(*(face.points[1] - face.points[0]))), 1.0)
        self.points = self.smooth(face.points, unit, time)


class FaceTracker:
    """Follows the faces of one video.

    Args:
        detector: Finds them.
    """

    def __init__(self, detector: FaceDetector):
        self._detector = detector
        self._tracks: list[_Track] = []
        self._frames = 0
        self._seen = 0

    def update(self, frame: np.ndarray, time: float) -> dict[int, np.ndarray]:
        """Takes the next frame.

        Args:
            frame: `[H, W, 3]` uint8.
            time: When it appears, in seconds, later than the frame before.

        Returns:
            The FFHQ square `[4, 2]` of each face by its number: from 1, in the order of
            arrival, those of one frame from left to right.
        """
        for track in self._tracks:
            face = self._detector.refine(frame, track.face.points, mirrored=True)
            if face is None:
                track.missed += 1
            else:
                track.see(face, time)
        # Two that have met on one face are one.
        apart = {id(face) for face in suppress([t.face for t in self._tracks])}
        self._tracks = [t for t in self._tracks if id(t.face) in apart]
        lost = not self._tracks or any(track.missed for track in self._tracks)
        if lost or self._frames % _SEARCH == 0:
            self._search(frame, time)
        self._tracks = [t for t in self._tracks if t.missed <= _PATIENCE]
        self._frames += 1
        return {track.number: square_of(track.points) for track in self._tracks}

    def _search(self, frame: np.ndarray, time: float) -> None:
        # Frame after frame without anybody, a full search of each would cost fivefold.
        due = not self._tracks and self._frames % _SEARCH == 0
        for face in self._detector.detect(frame, any_way_up=due):
            known = next(
                (t for t in self._tracks if len(suppress([t.face, face])) == 1), None
            )
            if known is None:
                self._seen += 1
                track = _Track(self._seen, face, OneEuro(), face.points)
                track.see(face, time)
                self._tracks.append(track)
            elif known.missed:
                known.see(face, time)
