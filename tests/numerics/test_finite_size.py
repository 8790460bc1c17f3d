"""An exponent from sizes, on samples whose law is known and on such whose density is cut off by N."""

import numpy as np
import pytest
from jamharness_numerics.statistics.finite_size import finite_size_exponent

from jamharness.api import BadInput


def drawn(exponent, N, count, draw):
    """Systems of N samples with the density x^exponent on (0, 1)."""
    return [draw.random(N) ** (1 / (1 + exponent)) for _ in range(count)]


@pytest.mark.parametrize(("exponent", "side"), [(0.42311, "+"), (-0.41269, "-")])
def test_the_interval_holds_the_exponent(exponent, side):
    """Nineteen times of twenty, within what forty draws allow."""
    draw, hits = np.random.default_rng(1), 0
    for _ in range(40):
        fit = finite_size_exponent({N: drawn(exponent, N, 30, draw) for N in (100, 200, 400)}, side)
        hits += fit.low <= abs(exponent) <= fit.high
    assert hits >= 34
    wide = finite_size_exponent({N: drawn(exponent, N, 400, draw) for N in (100, 400)}, side)
    assert wide.exponent == pytest.approx(abs(exponent), abs=0.06)
    assert wide.high - wide.low < fit.high - fit.low


def test_a_density_that_is_cut_off_by_n_still_shows_its_exponent():
    """A constant density below N^(-1/(1-γ)) hides γ from windows, and not from how the scale moves."""
    draw, gamma = np.random.default_rng(2), 0.41269
    samples = {
        N: [np.where(x < scale, draw.random(N) * scale, x) for x in drawn(-gamma, N, 300, draw)]
        for N in (100, 200, 400)
        for scale in [(3 / N) ** (1 / (1 - gamma))]
    }
    fit = finite_size_exponent(samples, "-")
    assert fit.low < gamma < fit.high
    assert fit.high - fit.low < 0.12
    smallest = np.sort(np.concatenate([np.sort(x)[:2] for x in samples[400]]))
    local = 1 - np.log(4) / np.log(smallest[400] / smallest[100])
    assert local < 0.2


def test_it_says_what_is_wrong():
    """One size, too few samples, an unknown side; no interval below three systems."""
    draw = np.random.default_rng(3)
    with pytest.raises(BadInput, match="at least 2"):
        finite_size_exponent({10: drawn(0, 10, 3, draw)})
    with pytest.raises(BadInput, match="fewer than 4 samples"):
        finite_size_exponent({3: drawn(0, 3, 3, draw), 10: drawn(0, 10, 3, draw)})
    with pytest.raises(BadInput, match="side"):
        finite_size_exponent({10: drawn(0, 10, 3, draw), 20: drawn(0, 20, 3, draw)}, "theta")
    assert finite_size_exponent({10: drawn(0, 10, 2, draw), 20: drawn(0, 20, 2, draw)}).low is None
