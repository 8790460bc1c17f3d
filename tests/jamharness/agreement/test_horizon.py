"""Agreement to a horizon: trajectories of a chaotic map with known growth."""

import numpy as np
import pytest

from jamharness.agreement.horizon import compare, distances, growth_rate, parting

UPDATES = tuple(range(1, 61))
LABELS = {"backend": "b", "reference": "r", "comparison_point": "s", "method": "m"}


def doubling(start, noise=0.0, seed=0):
    """The tripling map on a circle, sin and cos of its angle: differences grow by log 3 per update."""
    draw, angle, states = np.random.default_rng(seed), start, []
    for _ in UPDATES:
        angle = (3 * angle + noise * draw.standard_normal()) % (2 * np.pi)
        states.append([np.cos(angle), np.sin(angle)])
    return np.array(states)


def test_growth_is_that_of_the_map():
    """Differences of two starts grow by log 3 per update."""
    apart = distances(doubling(1.0), doubling(1.0 + 1e-15))
    assert growth_rate(apart, UPDATES, 1e-15, 1.0) == pytest.approx(np.log(3), rel=0.1)


def test_parting_is_the_first_update_beyond_the_sum_of_roundings():
    """With a bound of b per update, parting is the first record with a difference above b × updates."""
    apart = np.array([1e-16, 3e-16, 2e-16, 9e-16])
    assert parting(apart, (1, 2, 4, 8), 1e-16) == 2
    assert parting(apart, (1, 2, 4, 8), 2e-16) is None


def test_a_nan_has_parted():
    """A trajectory that became NaN differs from then on."""
    assert parting(np.array([0.0, np.nan]), (1, 2), 1.0) == 2


def test_roundings_of_a_correct_backend_part_with_the_twin():
    """A trajectory with rounding noise at every update parts about when the twin does, and that is agreement."""
    row = compare(doubling(1.0, noise=1e-16), doubling(1.0), [doubling(1.0 + 2e-16)], UPDATES, 1e-14, LABELS)
    assert row.verdict == "agree"
    assert row.parted is not None
    assert row.twin is not None


def test_a_backend_with_another_rule_parts_at_once():
    """An error of 1e-6 per update is seen at the first record, long before the twin parts."""
    row = compare(doubling(1.0, noise=1e-6), doubling(1.0), [doubling(1.0 + 2e-16)], UPDATES, 1e-14, LABELS)
    assert (row.verdict, row.parted) == ("differ", 1)


def test_trajectories_that_never_part_agree():
    """Without chaos there is no horizon, no growth and no twin."""
    path = np.outer(np.ones(60), [1.0, 2.0])
    row = compare(path + 1e-16, path, [path], UPDATES, 1e-14, LABELS)
    assert (row.verdict, row.parted, row.twin, row.growth) == ("agree", None, None, None)
