"""The exponent of a density that is a power law at zero, with the window in which it is measured chosen by a rule.

Near zero p(x) ∝ x^a (1 + …), and nothing says how far. A pure power law fitted where it is not rejected is biased by
what the test could not see, and its interval is too short: no interval that adapts to unseen corrections can cover
(Low, Ann. Statist. 25 (1997) 2547). So three things are done. x^a e^{cx} is fitted, which takes up the first smooth
correction. The window is the lower two fifths (by count) of the largest in which no curvature is seen beyond that.
And the interval allows for a curvature that the test misses every other time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ncx2, norm

from jamharness.api import BadInput, Float64, generator, unknown_name
from jamharness_protocols.statistics.bootstrap import RESAMPLES, expanded_level
from jamharness_protocols.statistics.goodness import kolmogorov_smirnov
from jamharness_protocols.statistics.tilted_power import maximum_likelihood, quadrature

SIDES = ("+", "-")
LEVEL = 0.3
"""A window is rejected when the score test for a curvature has a smaller p-value: far from 0.05, because what is not
seen biases. Chosen with ``KEPT`` by the coverage in docs/margins.md."""
KEPT = 0.4
"""The part of that window, by count, in which the exponent is measured: curvature is a sixth there (for a = 0)."""
SHRINK = 0.5**0.5
"""Windows are tried at counts in this ratio."""
SMALLEST, LEAST = 80, 40
"""Samples in the smallest window that is tried, and in the smallest in which an exponent is measured."""


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """An exponent with its 95% interval.

    Arguments:
        exponent: a of p(x) ~ x^a for side "+" (θ), −a for side "-" (γ); None with too few samples.
        low, high: ends of the 95% interval; None with too few samples.
        window: (lower, upper) ends in |x| of the samples that it rests on.
        goodness: p-value of a Kolmogorov–Smirnov test of the fit in the window; None with too few samples.
        count: samples in the window.
        slope: c of x^a e^{cx/upper}.
        bias: what the interval allows for curvature that was not seen, in units of the exponent.
        groups: groups that were resampled for the interval; 0 where the samples were taken as independent.
    """

    exponent: float | None
    low: float | None
    high: float | None
    window: tuple[float, float]
    goodness: float | None
    count: int
    slope: float = 0.0
    bias: float = 0.0
    groups: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Window:
    """A fit of the samples in (lower, upper]: x (k,) sorted, a, c, r = lower / upper."""

    x: Float64
    upper: float
    a: float
    c: float
    r: float

    @property
    def t(self) -> Float64:
        return np.asarray(self.x / self.upper)


def fit_power_law(
    samples: Float64,
    side: str = "+",
    groups: NDArray[Any] | None = None,
    *,
    lower: float = 0.0,
    upper: float | None = None,
) -> PowerLaw:
    """The exponent at zero of the density of the samples on one side of it.

    Arguments:
        samples: (n,) of either sign, such as margins Δ of many networks.
        side: ``"+"``: p(Δ) ~ Δ^θ for Δ > 0, the exponent is θ; ``"-"``: p(Δ) ~ (−Δ)^(−γ) for Δ < 0, it is γ.
        groups: (n,) which group (seed) each sample is of; the interval then resamples groups, as samples of one
            group may depend on each other. None: samples are independent and the interval is that of the likelihood.
        lower: samples with |Δ| up to here are left out, as where rounding or a minimiser's tolerance made them.
        upper: the end of the window where it is not to be chosen; the fit is then that of all samples up to it.

    Raises:
        BadInput: an unknown side, samples that are not finite, groups of another length, a window that is empty.
    """
    if side not in SIDES:
        raise BadInput(unknown_name("side", side, SIDES))
    x = np.asarray(samples, dtype=np.float64).ravel() * (1 if side == "+" else -1)
    if not np.isfinite(x).all():
        raise BadInput(f"{np.count_nonzero(~np.isfinite(x))} of {x.size} samples are not finite; leave them out.")
    labels = None if groups is None else np.asarray(groups).ravel()
    if labels is not None and labels.shape != x.shape:
        raise BadInput(f"groups has {labels.size} values and samples {x.size}; give one for each.")
    if lower < 0 or (upper is not None and upper <= lower):
        raise BadInput(f"window ({lower}, {upper}]: its ends must be 0 or more and in rising order.")
    kept = x > lower
    order = np.argsort(x[kept], kind="stable")
    x, labels = x[kept][order], None if labels is None else labels[kept][order]
    if upper is not None:
        found, bias = _given(x, lower, upper), 0.0
    elif len(x) > LEAST:
        found, bias = _chosen(x, lower)
    else:
        found, bias = None, 0.0
    if found is None:
        end = float(x[-1]) if len(x) else lower
        return PowerLaw(exponent=None, low=None, high=None, window=(lower, end), goodness=None, count=len(x))
    return _report(found, bias, side, lower, labels)


def windows(count: int) -> Iterator[int]:
    """The numbers of samples in the windows that are tried for so many, from the largest on."""
    inside = count - 1  # the sample at the upper end is not one of those inside
    yield inside
    while (inside := int(inside * SHRINK)) >= SMALLEST:
        yield inside


def _fit(x: Float64, inside: int, lower: float, upper: float) -> _Window:
    r = lower / upper
    t = x[:inside] / upper
    a, c = maximum_likelihood(np.array([np.log(t).mean()]), np.array([t.mean()]), r)
    return _Window(x=x[:inside], upper=upper, a=float(a[0]), c=float(c[0]), r=r)


def _given(x: Float64, lower: float, upper: float) -> _Window | None:
    inside = int(np.searchsorted(x, upper, side="right"))
    return _fit(x, inside, lower, upper) if inside >= LEAST else None


def _chosen(x: Float64, lower: float) -> tuple[_Window, float]:
    """The lower part of the largest window in which no curvature is seen, and the bias that may be left there.

    Given its upper end, an order statistic, the samples below it are independent draws from the truncated density.
    """
    for inside in windows(len(x)):
        wide = _fit(x, inside, lower, float(x[inside]))
        statistic, spread = _curvature(wide)
        if 2 * norm.sf(abs(statistic)) >= LEVEL:
            break
    narrow = min(max(int(KEPT * inside), LEAST), inside)
    found = _fit(x, narrow, lower, float(x[narrow]))
    # A curvature d t² with d √k spread equal to the test's critical value is missed every other time; in the narrow
    # window, in units of its own end, d is smaller by the square of the ratio of the ends.
    left = float(norm.isf(LEVEL / 2)) / (spread * np.sqrt(inside)) * (found.upper / wide.upper) ** 2
    return found, float(left * abs(_pull(found)))


def _residual(window: _Window) -> tuple[Float64, Float64, Float64, Float64]:
    """The quadrature's t² less what ln t and t explain of it, its weights, the coefficients, and the mean of t²."""
    at = quadrature(np.array([window.a]), np.array([window.c]), window.r)
    square, scores, weights = at.t[0] ** 2, at.scores()[0], at.weights[0]
    mean = weights @ square
    explained = np.linalg.solve(at.information()[0], scores @ (weights * (square - mean)))
    return square - mean - explained @ scores, weights, explained, np.asarray(mean)


def _curvature(window: _Window) -> tuple[float, float]:
    """The score statistic of t², standard normal without curvature, and the deviation of one sample's score."""
    residual, weights, _, mean = _residual(window)
    spread = float(np.sqrt(weights @ residual**2))
    return float(((window.t**2).mean() - mean) * np.sqrt(len(window.x)) / spread), spread


def _pull(window: _Window) -> float:
    """By how much a small curvature, p ∝ t^a e^{ct + dt²}, moves the estimate of a, per unit of d."""
    return float(_residual(window)[2][0])


def _report(found: _Window, bias: float, side: str, lower: float, labels: NDArray[Any] | None) -> PowerLaw:
    at = quadrature(np.array([found.a]), np.array([found.c]), found.r)
    error = float(np.sqrt(np.linalg.inv(at.information()[0])[0, 0] / len(found.x)))
    members = None if labels is None else labels[: len(found.x)]
    names: Sequence[Any] = () if members is None else sorted(set(members.tolist()))
    if len(names) > 1:
        draws = _resampled(found, np.asarray(members), names)
        tail = expanded_level(len(names))
        ends = np.quantile(draws, [tail, 1 - tail])
        error = float(ends[1] - ends[0]) / (2 * float(norm.isf(0.025)))
    else:
        ends = found.a + norm.isf(0.025) * error * np.array([-1.0, 1.0])
    # The quantile of |N(b, 1)| in place of that of |N(0, 1)|: Armstrong and Kolesár, arXiv 1511.06028, §2.
    wider = float(np.sqrt(ncx2.ppf(0.95, 1, (bias / error) ** 2)) / norm.isf(0.025)) if bias else 1.0
    low, high = found.a + wider * (ends - found.a)
    sign = 1.0 if side == "+" else -1.0
    return PowerLaw(
        exponent=sign * found.a,
        low=float(low if side == "+" else -high),
        high=float(high if side == "+" else -low),
        window=(lower, found.upper),
        goodness=kolmogorov_smirnov(found.t, found.a, found.c, found.r),
        count=len(found.x),
        slope=found.c,
        bias=bias,
        groups=len(names) if len(names) > 1 else 0,
    )


def _resampled(window: _Window, members: NDArray[Any], names: Sequence[Any]) -> Float64:
    """Estimates of a over draws of groups with replacement, in the same window."""
    index = np.searchsorted(np.array(names), members)
    t = window.t
    sums = np.stack(
        [np.bincount(index, weights=each, minlength=len(names)) for each in (np.log(t), t, np.ones(len(t)))]
    )
    draws = generator("bootstrap", len(names)).integers(0, len(names), size=(RESAMPLES, len(names)))
    log_t, total, count = sums[:, draws].sum(axis=-1)
    return np.concatenate([
        maximum_likelihood(log_t[at] / count[at], total[at] / count[at], window.r)[0]
        for at in np.array_split(np.arange(RESAMPLES), 20)
    ])  # fmt: skip
