"""From what was measured on parts of a data set to what all of it will give: power laws that may bend a little.

Each is a parabola in log P, with the largest part at log P = 0, and priors that say what such curves are like: without
them four parts say next to nothing about the bend, and a straight line is too sure of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bracketed_line import Posterior, bracketed_power

from jamharness.api import Estimate, Float64

Priors = Mapping[int, tuple[float, float]]
THRESHOLD: Priors = {1: (0.55, 0.13), 2: (0.0, 0.03)}
"""Of log N* against log P: between those of the digits and of MNIST parity (docs/advise.md)."""
SPREAD = 0.15, 8.0
"""Of log N*, and of log errors, between draws, and how many draws it is worth: about that of MNIST parity."""
ERROR: Priors = {1: (-0.3, 0.2), 2: (0.0, 0.04)}
"""Of the log of the test error; docs/advise.md."""
SECONDS: Priors = {1: (2.0, 0.5), 2: (0.0, 0.1)}
"""Of log seconds: P N² for each of so many steps, with N ~ P^(1/2) to P^(3/4); small problems cost their overhead."""
TIMED = 1.15
"""A time is known to this factor both ways at best, on a machine that does other things too."""


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """One number for all patterns.

    Arguments:
        value: the median; NaN where it cannot be told.
        low, high: ends of its 95% interval, likewise.
        why: why it cannot be told; empty where it can.
    """

    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    why: str = ""

    @property
    def told(self) -> bool:
        """Whether there is a number."""
        return not self.why

    def unless_wider(self, most: float, why: str) -> "Foretold":
        """Itself, or why it cannot be told where the upper end is more than ``most`` times the lower one."""
        return self if self.high <= most * self.low else Foretold(why=why)

    def estimate(self, count: int) -> Estimate:
        """The same as a protocol states it.

        Arguments:
            count: draws that it rests on.
        """
        if not self.told:
            return Estimate(value=None, count=count, note=self.why)
        return Estimate(value=self.value, low=self.low, high=self.high, count=count)


NOTHING = Foretold(why="it follows from N*")


def threshold(brackets: pd.DataFrame) -> Posterior | None:
    """Log N* against log P over the largest part's; None where too few brackets have both ends.

    Arguments:
        brackets: ``patterns``, ``low`` and ``high`` in weights, NaN where an end is not known.
    """
    patterns, low, high = (brackets[name].to_numpy(dtype=float) for name in ("patterns", "low", "high"))
    return _curve(patterns, low, high, THRESHOLD)


def error(patterns: Sequence[int], errors: Sequence[float], tests: int) -> Posterior | None:
    """Log test error against log P; a test set tells an error to half a pattern.

    Arguments:
        patterns: P of each measurement.
        errors: the error of each.
        tests: patterns of the test set.
    """
    rates = np.asarray(errors, dtype=float)
    return _curve(np.asarray(patterns, dtype=float), rates - 0.5 / tests, rates + 0.5 / tests, ERROR)


def seconds(patterns: Sequence[int], spent: Sequence[float]) -> Posterior | None:
    """Log seconds of one minimisation against log P.

    Arguments:
        patterns: P of each.
        spent: seconds of each.
    """
    times = np.maximum(np.asarray(spent, dtype=float), 1e-3)
    return _curve(np.asarray(patterns, dtype=float), times / TIMED, times * TIMED, SECONDS)


def _curve(patterns: Float64, low: Float64, high: Float64, priors: Priors) -> Posterior | None:
    return bracketed_power(patterns, low, high, priors=priors, degree=2, spread=SPREAD)


def at(line: Posterior, factor: float, *, mean: bool = False) -> Foretold:
    """What a line says at P = factor × the largest part's: of one draw, or of the mean over draws.

    Arguments:
        line: of logarithms.
        factor: P over the largest part's.
        mean: whether the mean is asked for.
    """
    x = float(np.log(factor))
    return between(np.exp(line.at(x) if mean else line.single(x)))


def between(draws: Float64) -> Foretold:
    """Median and 95% interval of draws (n,)."""
    low, value, high = map(float, np.quantile(draws, [0.025, 0.5, 0.975]))
    return Foretold(value=value, low=low, high=high)
