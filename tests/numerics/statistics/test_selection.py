"""One choice against the best of many: without bias where the least of noisy errors has one."""

import numpy as np
import pytest
from jamharness_numerics.statistics.selection import regret


def wrong(errors, draws, tests, seed):
    """Independent mistakes at these rates, (choices, draws, tests)."""
    draw = np.random.default_rng(seed)
    return (draw.random((len(errors), draws, tests)) < np.array(errors)[:, None, None]).astype(float)


def test_equal_choices_differ_by_nothing():
    """Of 30 choices of one rate the least error is a tenth below it; the halves do not take that for real."""
    found, raw, held = [], [], 0
    for seed in range(30):
        sample = wrong([0.05] * 30, 2, 1000, seed)
        regretted = regret(sample, 0)
        found.append(regretted.ratio)
        held += regretted.low <= 1 <= regretted.high
        errors = sample.mean(axis=(1, 2))
        raw.append(errors[0] / errors.min())
    assert abs(np.mean(found) - 1) < 3 * np.std(found) / np.sqrt(30)
    assert np.mean(raw) > 1.15
    assert held >= 24


def test_a_worse_choice_is_told_by_how_much():
    """Twice the rate of the best, which both halves find."""
    found = regret(wrong([0.1, 0.05, 0.2], 2, 4000, 1), 0)
    assert found.picked == (1, 1)
    assert found.low < 2.0 < found.high
    assert found.high < 1.4 * found.low
    best = regret(wrong([0.1, 0.05, 0.2], 2, 4000, 1), 1)
    assert (best.ratio, best.low, best.high) == (1.0, 1.0, 1.0)


def test_what_has_no_ratio():
    """No errors at all, and no halves."""
    assert np.isnan(regret(np.zeros((3, 2, 10)), 0).ratio)
    with pytest.raises(ValueError, match="at least 2"):
        regret(np.zeros((3, 1, 10)), 0)
