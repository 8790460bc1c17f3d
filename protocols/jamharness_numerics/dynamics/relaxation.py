"""How an energy tends to its limit: the exponent of its excess, and how much that still changes."""

from dataclasses import dataclass

import numpy as np

from jamharness.api import Float64


@dataclass(frozen=True, kw_only=True)
class Relaxation:
    """E(t) − E_∞ ~ t^(−ν) over a window.

    Arguments:
        exponent: ν by least squares of logarithms.
        low, high: the smallest and the largest local exponent within the window, widened by what the error of the
            energies does to them: where they differ, corrections to the power law have not died out.
        window: the first and the last time.
    """

    exponent: float
    low: float
    high: float
    window: tuple[float, float]


def relaxation(times: Float64, energies: Float64, limit: float, error: float) -> Relaxation:
    """The exponent over the times given.

    Arguments:
        times: (n,) rising, at least 3.
        energies: E there (n,), above the limit.
        limit: E_∞.
        error: of the energies.

    Raises:
        ValueError: too few times, or energies that are not above the limit by more than their error.
    """
    excess = energies - limit
    if len(times) < 3 or not np.all(excess > 2 * error):
        raise ValueError("an exponent needs three energies or more, all above the limit by more than their error")
    x, y = np.log(times), np.log(excess)
    local = -np.gradient(y, x)
    # Neighbouring energies share most of their error; that it may change sign between them is the worst case.
    doubt = 2 * error / float(excess.min()) / float(x[-1] - x[0])
    return Relaxation(
        exponent=-float(np.polyfit(x, y, 1)[0]),
        low=float(local.min()) - doubt,
        high=float(local.max()) + doubt,
        window=(float(times[0]), float(times[-1])),
    )
