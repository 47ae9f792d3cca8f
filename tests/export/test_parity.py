import math

import numpy as np
import pytest

from export.errors import ExportError, PrecisionError
from export.parity import difference, held_to_bar, singly
from export.tflite import check_size


def test_difference_by_hand():
    found = difference(np.zeros((1, 4)), np.array([[0.2, 0.0, 0.0, 0.0]]))
    assert found["max_abs_difference"] == pytest.approx(0.2)
    assert found["mean_abs_difference"] == pytest.approx(0.05)
    # Mean square 0.01, root 0.1, peak 2: a ratio of 20.
    assert found["psnr_db"] == pytest.approx(20 * math.log10(20))


def test_worst_image_is_told_apart():
    found = difference(np.zeros((2, 1)), np.array([[0.2], [0.02]]))
    assert found["worst_psnr_db"] == pytest.approx(20)  # 2 over 0.2
    # Mean square (0.04 + 0.0004) / 2.
    assert found["psnr_db"] == pytest.approx(10 * math.log10(4 / 0.0202))


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
@pytest.mark.parametrize(("name", "error"), [("fp16", 0.0112), ("int8", 0.0251)])
def test_floor(name, error):
    zeros = np.zeros((2, 1))
    found = held_to_bar(name, zeros, np.array([[0.0], [0.99 * error]]))
    assert found["passed"]
    assert found["floor_db"] == {"fp16": 45, "int8": 38}[name]
    with pytest.raises(PrecisionError, match=f"{name}: an image is at"):
        held_to_bar(name, zeros, np.array([[0.0], [1.01 * error]]))


def test_inputs_one_by_one():
    inputs = {"image": np.arange(6).reshape(2, 3), "strengths": np.array([[7], [8]])}
    first, second = singly(inputs)
    assert first["image"].tolist() == [[0, 1, 2]]
    assert second["image"].tolist() == [[3, 4, 5]]
    assert second["strengths"].tolist() == [[8]]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_not_a_number_never_passes(bad):
    with pytest.raises(ExportError, match="not finite"):
        held_to_bar("fp16", np.zeros(2), np.array([0.0, bad]))


def test_size_against_the_weights():
    assert check_size(4_004_000, 1_000_000, "fp32") == pytest.approx(1.001)
    assert check_size(2_004_000, 1_000_000, "fp16") == pytest.approx(1.002)
    assert check_size(1_090_000, 1_000_000, "int8") == pytest.approx(1.09)
    with pytest.raises(ExportError, match="weights were dropped"):
        check_size(3_500_000, 1_000_000, "fp32")
    with pytest.raises(ExportError, match="weights were dropped"):
        check_size(5_000, 1_000_000, "fp16")
    with pytest.raises(ExportError, match="too wide"):
        check_size(4_004_000, 1_000_000, "fp16")
    with pytest.raises(ExportError, match="too wide"):
        check_size(2_004_000, 1_000_000, "int8")
