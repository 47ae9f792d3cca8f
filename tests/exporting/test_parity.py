import math

import numpy as np
import pytest

from tf_fsgd.exporting.errors import ExportError, PrecisionError
from tf_fsgd.exporting.parity import difference, held_to_bar


def test_difference_by_hand():
    found = difference(np.zeros((1, 4)), np.array([[0.2, 0.0, 0.0, 0.0]]))
    assert found["max_abs_difference"] == pytest.approx(0.2)
    assert found["mean_abs_difference"] == pytest.approx(0.05)
    # Mean square 0.01, root 0.1, peak 2: a ratio of 20.
    assert found["psnr_db"] == pytest.approx(20 * math.log10(20))


def test_worst_image_is_told_apart():
    found = difference(np.zeros((2, 1)), np.array([[0.2], [0.02]]))
    assert found["worst_psnr_db"] == pytest.approx(20)  # 2 over 0.2
    assert found["mean_psnr_db"] == pytest.approx(30)
    # Mean square (0.04 + 0.0004) / 2.
    assert found["psnr_db"] == pytest.approx(10 * math.log10(4 / 0.0202))


def test_equal_images_do_not_lift_the_mean():
    found = difference(np.zeros((2, 1)), np.array([[0.2], [0.0]]))
    assert found["mean_psnr_db"] == found["worst_psnr_db"] == pytest.approx(20)


def test_equal_images_have_a_finite_psnr():
    assert difference(np.zeros(3), np.zeros(3))["psnr_db"] == pytest.approx(
        186.02, 1e-4
    )


@pytest.mark.parametrize(("name", "bar"), [("fp32", 1e-3), ("fp16", 2e-2)])
def test_bar(name, bar):
    zeros = np.zeros((1, 100))  # one pixel in a hundred, so that the PSNR is no matter
    spoilt = np.eye(1, 100) * bar
    assert held_to_bar(name, zeros, 0.99 * spoilt)["passed"]
    with pytest.raises(ExportError, match=f"{name}: differs from the Keras model"):
        held_to_bar(name, zeros, 1.01 * spoilt)


# A peak of 2 over an error of 0.01 is 46.02 dB.
@pytest.mark.parametrize(
    ("name", "error"), [("fp16", 0.0112), ("int8", 0.0251), ("int8x16", 0.0355)]
)
def test_floor(name, error):
    zeros = np.zeros((2, 1))
    found = held_to_bar(name, zeros, np.array([[0.0], [0.99 * error]]))
    assert found["passed"]
    assert found["floor_db"] == {"fp16": 45, "int8": 38, "int8x16": 35}[name]
    with pytest.raises(PrecisionError, match=f"{name}: an image is at"):
        held_to_bar(name, zeros, np.array([[0.0], [1.01 * error]]))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_not_a_number_never_passes(bad):
    with pytest.raises(ExportError, match="not finite"):
        held_to_bar("fp16", np.zeros(2), np.array([0.0, bad]))
