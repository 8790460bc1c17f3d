"""From what was measured on parts of a data set to what all of it will give: power laws that may bend a little.

Each is a parabola in log P, with the largest part at log P = 0, and priors that say what such curves are like: without
them four parts say next to nothing about the bend, and a straight line is too sure of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bracketed_line import Posterior, bracketed_line

from jamharness.api import Float64

Priors = Mapping[int, tuple[float, float]]
THRESHOLD: Priors = {1: (0.6, 0.13), 2: (0.0, 0.03)}
"""Of log N* against log P: the digits and MNIST parity have 0.47 and 0.64, arXiv 1810.09665 has 3/4 (docs/advise.md)."""
ERROR: Priors = {1: (-0.3, 0.2), 2: (0.0, 0.04)}
"""Of the log of the test error; docs/advise.md."""
SECONDS: Priors = {1: (2.0, 0.5), 2: (0.0, 0.1)}
"""Of log seconds: P N² for each of so many steps, with N ~ P^(1/2) to P^(3/4); small problems cost their overhead."""
TIMED = 0.3
"""How far apart log seconds of equal work lie on a busy machine at least."""


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """One number for all patterns.

    Arguments:
        value: the median; None where it cannot be told.
        low, high: ends of its 95% interval.
        why: why it cannot be told; empty where it can.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str = ""


def threshold(brackets: pd.DataFrame) -> Posterior | None:
    """Log N* against log P over the largest part's; None where too few brackets have both ends.

    Arguments:
        brackets: ``patterns``, ``low`` and ``high`` in weights, NaN where an end is not known.
    """
    low, high = (brackets[name].to_numpy(dtype=float) for name in ("low", "high"))
    low = np.where(np.isnan(low), -np.inf, np.log(np.where(np.isnan(low), 1.0, low)))
    high = np.where(np.isnan(high), np.inf, np.log(np.where(np.isnan(high), 1.0, high)))
    return _curve(brackets["patterns"].to_numpy(dtype=float), low, high, THRESHOLD)


def error(patterns: Sequence[int], errors: Sequence[float], tests: int) -> Posterior | None:
    """Log test error against log P; a test set tells an error to half a pattern.

    Arguments:
        patterns: P of each measurement.
        errors: the error of each.
        tests: patterns of the test set.
    """
    given = np.asarray(errors, dtype=float)
    with np.errstate(divide="ignore"):
        low, high = np.log(np.maximum(given - 0.5 / tests, 0.0)), np.log(given + 0.5 / tests)
    return _curve(np.asarray(patterns, dtype=float), low, high, ERROR)


def seconds(patterns: Sequence[int], spent: Sequence[float]) -> Posterior | None:
    """Log seconds of one minimisation against log P.

    Arguments:
        patterns: P of each.
        spent: seconds of each.
    """
    logs = np.log(np.maximum(np.asarray(spent, dtype=float), 1e-3))
    return _curve(np.asarray(patterns, dtype=float), logs - TIMED / 2, logs + TIMED / 2, SECONDS)


def _curve(patterns: Float64, low: Float64, high: Float64, priors: Priors) -> Posterior | None:
    said = np.isfinite(low) | np.isfinite(high)
    try:
        return bracketed_line(
            np.log(patterns / patterns.max())[said], low[said], high[said], priors=priors, degree=2
        )
    except ValueError:
        return None


def at(line: Posterior, factor: float, *, mean: bool = False) -> Foretold:
    """What a line says at P = factor × the largest part's: of one draw, or of the mean over draws.

    Arguments:
        line: of logarithms.
        factor: P over the largest part's.
        mean: whether the mean is asked for.
    """
    x = float(np.log(factor))
    low, value, high = np.exp(np.quantile(line.at(x) if mean else line.single(x), [0.025, 0.5, 0.975]))
    return Foretold(value=float(value), low=float(low), high=float(high))
