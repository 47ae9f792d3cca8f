"""Energies by octave, on waves whose place in the spectrum is known."""

import numpy as np
import pytest

from tf_fsgd.evaluation.octaves import (
    OCTAVES,
    missing,
    octave_energies,
    octave_ratios,
)

SIDE = 256
EVERYWHERE = np.ones((SIDE, SIDE))


def wave(period, amplitude=10.0, side=SIDE):
    """A change that waves across the picture, `[1, R, R, 3]`."""
    row = amplitude * np.sin(2 * np.pi * np.arange(side) / period)
    return np.broadcast_to(row[None, None, :, None], (1, side, side, 3))


@pytest.mark.parametrize(
    ("period", "octave"), [(2.3, 0), (6, 1), (12, 2), (24, 3), (48, 4)]
)
def test_a_wave_lies_in_the_octave_of_its_period(period, octave):
    assert np.argmax(octave_energies(wave(period), EVERYWHERE)[0]) == octave


def test_a_picture_of_half_the_side_has_the_same_octaves():
    large = octave_energies(wave(16), EVERYWHERE)[0]
    small = octave_energies(wave(8, side=128), np.ones((128, 128)))[0]
    # But for the finest, which so few pixels cannot hold.
    np.testing.assert_allclose(4 * small[2:], large[2:], rtol=0.05)


def test_half_a_change_has_half_the_amplitude_in_every_octave():
    rng = np.random.default_rng(0)
    source = rng.integers(100, 150, (2, 64, 64, 3)).astype(np.float32)
    change = rng.normal(0, 20, source.shape).astype(np.float32)
    ratios = octave_ratios(
        source, source + change / 2, source + change, np.ones((64, 64))
    )
    np.testing.assert_allclose(ratios, [0.5] * len(OCTAVES), rtol=1e-3)


def test_blur_takes_the_finest_octaves_and_weave_fills_them():
    rng = np.random.default_rng(0)
    source = np.zeros((1, SIDE, SIDE, 3), np.float32)
    target = wave(4) + wave(40)
    blurred = octave_ratios(source, wave(40), target, EVERYWHERE)
    assert blurred[0] < 0.2 and blurred[4] > 0.9
    woven = octave_ratios(
        source, wave(40) + rng.normal(0, 20, source.shape), target, EVERYWHERE
    )
    assert woven[0] > 1.5


def test_only_the_region_counts():
    change = np.zeros((1, SIDE, SIDE, 3), np.float32)
    change[:, :, :128] = wave(4)[:, :, :128]
    region = np.zeros((SIDE, SIDE))
    region[:, 160:] = 1
    assert octave_energies(change, region).sum() < 1
    assert octave_energies(change, 1 - region).sum() > 1e5


def test_nothing_to_compare_with_is_nan():
    still = np.zeros((1, SIDE, SIDE, 3), np.float32)
    assert np.isnan(octave_ratios(still, wave(4), still, EVERYWHERE)).all()
    assert np.isnan(missing(still, wave(4), still))


def test_missing_by_hand():
    source, target = np.zeros((1, 2, 2, 3)), np.full((1, 2, 2, 3), 10)
    assert missing(source, source, target) == 1
    assert missing(source, target, target) == 0
    assert missing(source, np.full((1, 2, 2, 3), 7), target) == pytest.approx(0.3)
