"""The limit of large systems: covered as often as it says."""

import numpy as np
from jamharness_numerics.statistics.limits import large_size_limit

from jamharness.api import generator

SIZES = np.repeat([32.0, 64.0, 128.0], [30, 20, 10])


def test_a_law_in_one_over_n_is_met_exactly():
    """Without noise the limit is its constant."""
    limit = large_size_limit(SIZES, -1.5 + 7 / SIZES + 1e-9 * generator("limits").standard_normal(len(SIZES)))
    assert abs(limit.value + 1.5) < 1e-8


def test_intervals_cover():
    """Noise that falls with N, as in systems that average themselves: 95% within four standard errors of it."""
    hits = 0
    for number in range(400):
        noise = generator("limits", number).standard_normal(len(SIZES)) / np.sqrt(SIZES)
        low, high = large_size_limit(SIZES, 2 - 3 / SIZES + noise).interval()
        hits += low <= 2 <= high
    assert abs(hits / 400 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 400)


def test_a_wrong_truth_has_a_small_p():
    """And the right one has not."""
    noise = generator("limits", 0).standard_normal(len(SIZES)) / np.sqrt(SIZES)
    limit = large_size_limit(SIZES, 2 - 3 / SIZES + noise)
    assert limit.p(2.0) > 0.01
    assert limit.p(3.0) < 1e-6


def test_a_few_samples_that_lie_close_by_chance_do_not_outweigh_the_others():
    """Intervals of three samples at each of four sizes hold the truth as often as they say with spreads of 1/√N."""
    sizes = np.repeat([64.0, 128.0, 256.0, 1000.0], 3)
    hits = {True: 0, False: 0}
    for seed in range(400):
        samples = -1 + 2 / sizes + 0.3 / np.sqrt(sizes) * generator("few", seed).standard_normal(12)
        for averaging in hits:
            low, high = large_size_limit(sizes, samples, self_averaging=averaging).interval()
            hits[averaging] += low < -1 < high
    assert hits[True] > 366  # of 400; 95% but for three standard errors
    assert hits[False] < hits[True] - 15
