"""The interval keeps its promise for a handful of seeds."""

import numpy as np
import pytest
from jamharness_numerics.statistics.bootstrap import RESAMPLES, estimate, expanded_level, interval, means, resampled
from scipy.stats import t as student


@pytest.mark.parametrize("kind", ["normal", "uniform", "exponential"])
def test_the_interval_of_eight_samples_covers_the_mean(kind):
    """Over 400 data sets of 8, an expanded 95% percentile interval covers the true mean 90% to 99% of the time."""
    draw = np.random.default_rng(2)
    true = {"normal": 0.0, "uniform": 0.5, "exponential": 1.0}[kind]
    data = {"normal": draw.standard_normal, "uniform": draw.random, "exponential": draw.standard_exponential}[kind](
        (400, 8)
    )
    means = resampled(8, lambda indices: data[:, indices].mean(axis=1), resamples=3000)  # (3000, 400)
    tail = expanded_level(8)
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    covered = np.mean((low < true) & (true < high))
    assert (
        (0.85 if kind == "exponential" else 0.90) <= covered <= 0.99
    )  # skewed data are covered less by any such interval


def test_the_interval_of_a_mean_is_nearly_students():
    """For many samples of a normal variable its ends are those of the t interval, within the noise of resampling."""
    data = np.random.default_rng(3).standard_normal(200)
    half = student.ppf(0.975, 199) * data.std(ddof=1) / np.sqrt(200)
    low, high = interval(data, lambda sample: float(sample.mean()))
    assert (low, high) == (pytest.approx(data.mean() - half, abs=0.02), pytest.approx(data.mean() + half, abs=0.02))


def test_the_interval_is_that_of_the_resampled_statistic():
    """Its ends are the quantiles of the statistic over 10 000 resamples, the same at every call."""
    data = np.random.default_rng(4).standard_normal(8)
    medians = resampled(8, lambda indices: float(np.median(data[indices])))
    assert len(medians) == RESAMPLES
    tail = expanded_level(8)
    expected = tuple(np.quantile(medians, [tail, 1 - tail]))
    assert interval(data, lambda sample: float(np.median(sample))) == expected


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_samples_have_no_interval(count):
    """One number says nothing about its spread."""
    assert interval(np.ones(count), lambda sample: float(sample.mean())) == (None, None)
    with pytest.raises(ValueError, match="at least 2"):
        expanded_level(count)


def test_the_level_tends_to_that_of_the_plain_interval():
    """For many samples 2.5% are cut off at each end; for few, less."""
    levels = [expanded_level(n) for n in (3, 8, 30, 100_000)]
    assert levels == sorted(levels)
    assert levels[-1] == pytest.approx(0.025, abs=1e-5)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 12])
def test_means_of_many_quantities_have_the_intervals_of_each(count):
    """Resampled at once or one by one."""
    samples = np.random.default_rng(count).standard_normal((count, 3))
    for mean, column in zip(means(samples), samples.T, strict=True):
        alone = estimate(column, np.mean)
        assert (mean.value, mean.count, mean.note) == (pytest.approx(alone.value), count, alone.note)
        assert (mean.low, mean.high) == (pytest.approx(alone.low), pytest.approx(alone.high))


@pytest.mark.parametrize("count", [3, 4, 12, 130])
def test_means_of_all_resamples_at_once_are_those_of_one_by_one(count):
    """To the bit, so that a store's estimates are computed again as they were."""
    samples = np.random.default_rng(count).standard_normal(count)
    for statistic in (np.mean, np.median):
        assert interval(samples, statistic) == interval(samples, lambda some, of=statistic: float(of(some)))
