"""Pictures as pairs store them."""

import numpy as np

from tf_fsgd.pairs.drawing import draw, drawn_resolution


def test_drawn_resolution_is_the_smallest_that_is_large_enough():
    assert [
        drawn_resolution(1024, wanted) for wanted in (1024, 513, 512, 128, 100)
    ] == [
        1024,
        1024,
        512,
        128,
        128,
    ]


def test_a_teacher_is_asked_for_no_more_than_is_needed(fake_teacher):
    sides = []

    class Teacher(fake_teacher):
        def synthesis(self, ws, noise_mode="const", resolution=None):
            sides.append((noise_mode, resolution))
            return super().synthesis(ws, noise_mode, resolution)

    ws = np.zeros((2, 2, 512), np.float32)
    ws[1, 0, 0] = 4  # red -1/2
    images = draw(Teacher(), ws, 24)
    assert sides == [("const", 32)]
    assert images.shape == (2, 24, 24, 3) and images.dtype == np.uint8
    assert images[:, 0, 0, 0].tolist() == [128, 64]
