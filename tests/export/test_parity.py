import math

import numpy as np
import pytest

from export.errors import ExportError
from export.parity import difference, held_to_bar
from export.tflite import check_size


def test_difference_by_hand():
    found = difference(np.array([0.0, 0.0, 0.0, 0.0]), np.array([0.2, 0.0, 0.0, 0.0]))
    assert found["max_abs_difference"] == pytest.approx(0.2)
    assert found["mean_abs_difference"] == pytest.approx(0.05)
    # Mean square 0.01, root 0.1, peak 2: a ratio of 20.
    assert found["psnr_db"] == pytest.approx(20 * math.log10(20))


def test_equal_images_have_a_finite_psnr():
    assert difference(np.zeros(3), np.zeros(3))["psnr_db"] == pytest.approx(
        186.02, 1e-4
    )


@pytest.mark.parametrize(("name", "bar"), [("fp32", 1e-3), ("fp16", 2e-2)])
def test_bar(name, bar):
    zeros = np.zeros(2)
    assert held_to_bar(name, zeros, np.array([0.0, 0.99 * bar]))["passed"]
    with pytest.raises(ExportError, match=f"{name}: differs from the Keras model"):
        held_to_bar(name, zeros, np.array([0.0, 1.01 * bar]))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_not_a_number_never_passes(bad):
    with pytest.raises(ExportError, match="not finite"):
        held_to_bar("fp16", np.zeros(2), np.array([0.0, bad]))


def test_size_against_the_weights():
    assert check_size(4_004_000, 1_000_000, "fp32") == pytest.approx(1.001)
    assert check_size(2_004_000, 1_000_000, "fp16") == pytest.approx(1.002)
    with pytest.raises(ExportError, match="weights were dropped"):
        check_size(3_500_000, 1_000_000, "fp32")
    with pytest.raises(ExportError, match="weights were dropped"):
        check_size(5_000, 1_000_000, "fp16")
    with pytest.raises(ExportError, match="too wide"):
        check_size(4_004_000, 1_000_000, "fp16")
