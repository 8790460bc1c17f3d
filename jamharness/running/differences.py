"""The difference of two estimates with its interval: seed by seed where both have samples by seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

from jamharness.api import Estimate, Findings

_NORMAL = 1.959963984540054
"""Half of a 95% interval in standard errors, for estimates that come with an interval alone."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference with its standard error.

    Arguments:
        value: the difference.
        error: its standard error.
        degrees: of freedom of Student's t; infinite for a normal distribution.
        count: pairs, or the fewer of two samples.
        paired: whether the same seeds were compared.
    """

    value: float
    error: float
    degrees: float
    count: int
    paired: bool

    def interval(self, confidence: float) -> tuple[float, float]:
        """The symmetric interval of Student's t."""
        from scipy.stats import t

        reach = float(t.ppf(0.5 + confidence / 2, self.degrees)) * self.error
        return self.value - reach, self.value + reach


def paired_difference(one: Mapping[str, float], two: Mapping[str, float], resolution: float = 0.0) -> Difference | None:
    """The mean over common seeds of first minus second; None with fewer than two.

    Arguments:
        one: samples by seed.
        two: likewise.
        resolution: the width r within which each sample is known. A sample is anywhere within it, so the difference of
            two adds a variance of r²/6 (two uniform errors) that equal middles do not show.
    """
    common = sorted(one.keys() & two.keys())
    count = len(common)
    if count < 2:
        return None
    each = [one[name] - two[name] for name in common]
    mean = sum(each) / count
    variance = sum((value - mean) ** 2 for value in each) / (count - 1)
    return Difference(
        value=mean, error=sqrt((variance + resolution**2 / 6) / count), degrees=count - 1, count=count, paired=True
    )


def independent_difference(one: Estimate, two: Estimate) -> Difference | None:
    """The difference of two estimates, with errors read off their intervals; None when one has no interval."""
    errors = []
    for each in (one, two):
        if each.value is None or each.low is None or each.high is None:
            return None
        errors.append((each.high - each.low) / (2 * _NORMAL))
    assert one.value is not None
    assert two.value is not None
    return Difference(
        value=one.value - two.value, error=sqrt(errors[0] ** 2 + errors[1] ** 2), degrees=inf,
        count=min(one.count, two.count), paired=False,
    )  # fmt: skip


def difference(name: str, first: Findings, second: Findings) -> Difference | None:
    """First minus second, over common seeds if there are two, or else from the intervals; None without either.

    Arguments:
        name: of an estimate that both have.
        first: what one run has found.
        second: what the other has found.
    """
    resolution = max(first.resolution.get(name, 0.0), second.resolution.get(name, 0.0))
    paired = paired_difference(first.samples.get(name, {}), second.samples.get(name, {}), resolution)
    return paired or independent_difference(first.estimates[name], second.estimates[name])
