"""What is read off a curve: positions, heights and exponents that were put in, or nothing, with the reason."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from jamharness_protocols.generalisation.reading import Reading
from jamharness_protocols.generalisation.tables import Curve, Ensembles

WIDTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48)
WEIGHTS = np.array([100.0 * width**2 / 36 for width in WIDTHS])
CRITICAL = 100.0
"""That of width 6."""
MOST = 6


def curve(draws=10, noise=0.001, cusp=0.05, gain=0.02, seed=0):
    """A curve with a cusp at N*, an error that falls as N^(-1/2), outputs and fluctuations of known exponents."""
    random = np.random.default_rng(seed)
    relative = WEIGHTS / CRITICAL
    error = 0.1 + 0.05 * relative**-0.5 + cusp * np.exp(-8 * np.log(relative) ** 2)
    jitter = noise * random.standard_normal((draws, len(WIDTHS))) + 0.003 * random.standard_normal((draws, 1))
    output = 2 * (np.maximum(WEIGHTS - CRITICAL, 1) / CRITICAL) ** -0.8
    fluctuations = np.exp(0.01 * random.standard_normal((draws, len(WIDTHS)))) * relative**-0.25
    errors = error + jitter
    ensembles = [
        Ensembles(
            fluctuation=fluctuations[:, place],
            square=4 * fluctuations[:, place] ** 2,
            errors=errors[:, place, None] - gain * np.log(np.arange(1, MOST + 1)),
        )
        for place in range(len(WIDTHS))
    ]
    values = {
        "test_error": errors,
        "stopped_error": 0.1 + 0.05 * relative**-0.5 + jitter,
        "output": output * np.exp(0.01 * random.standard_normal((draws, 1))),
        "fluctuation": fluctuations,
    }
    return Curve(
        draws=tuple(range(draws)),
        widths=WIDTHS,
        weights=WEIGHTS,
        parameters=WEIGHTS + 10,
        values=values,
        satisfied=(WEIGHTS >= CRITICAL).astype(float),
        ensembles=ensembles,
    )


def thresholds(draws=10, low=99.0, high=101.0):
    return pd.DataFrame({"seed": range(draws), "weights_unsatisfied": low, "weights_satisfied": high})


def read(**more):
    return Reading(curve=curve(**more), thresholds=thresholds(more.get("draws", 10))).estimates()


def test_what_was_put_in_is_read():
    """The cusp at N*, the part of the variance, and all exponents, each in its interval."""
    estimates = read()
    expected = {
        "cusp_ratio": 1.0,
        "output_exponent": 0.8,
        "fluctuation_exponent": 0.25,
        "variance_share": 0.25,
    }
    for name, value in expected.items():
        assert estimates[name].value == pytest.approx(value, rel=0.05), name
        assert estimates[name].low <= value <= estimates[name].high, name
    assert estimates["cusp_height"].value == pytest.approx(0.2 / 0.118, rel=0.03)
    assert estimates["monotonic_p"].value > 0.05
    # The error at N = N* has the cusp's flank in it, so that the fall towards the limit is read steeper than its tail.
    assert estimates["asymptotic_exponent"].value > 0.5


def test_without_a_cusp_the_exponent_of_the_fall_is_that_of_its_tail():
    """1/2, from N* on."""
    estimates = read(cusp=0.0, noise=0.0005)
    assert estimates["cusp_ratio"].value is None
    assert estimates["cusp_ratio"].note.startswith("no cusp: ")
    assert estimates["cusp_height"].value is None
    assert estimates["asymptotic_exponent"].low <= 0.5 <= estimates["asymptotic_exponent"].high


def test_early_stopping_without_a_cusp_has_the_height_of_the_plain_fall():
    """0.15/0.118 at N*, where the final error has 0.2."""
    estimates = read()
    assert estimates["stopped_height"].value == pytest.approx(0.15 / 0.118, rel=0.03)
    assert estimates["stopped_height"].high < estimates["cusp_height"].low


def test_an_ensemble_is_worth_what_lowers_the_error_as_much():
    """At the first width from 1.2 N* on, 7, against width 14: read off errors that fall as log K."""
    estimate = read(noise=1e-4, gain=0.05)["ensemble_gain"]
    single = curve(noise=0.0).values["test_error"].mean(axis=0)
    target = np.interp(np.log(14), np.log(WIDTHS), single)
    assert estimate.value == pytest.approx(np.exp((single[5] - target) / 0.05), rel=0.05)
    assert estimate.low < estimate.value < estimate.high


def test_an_ensemble_that_is_too_small_or_a_width_that_does_not_help_gives_no_number():
    """Each with its reason."""
    assert "more than 6" in read(gain=0.001)["ensemble_gain"].note
    flat = curve()
    level = replace(flat, values={**flat.values, "test_error": np.full_like(flat.values["test_error"], 0.5)})
    estimates = Reading(curve=level, thresholds=thresholds()).estimates()
    assert "does not lower" in estimates["ensemble_gain"].note
    assert estimates["asymptotic_exponent"].value is None


@pytest.mark.parametrize("name", ["cusp_ratio", "output_exponent", "variance_share", "fluctuation_exponent"])
def test_without_n_star_nothing_is_read(name):
    """Brackets without an end are no threshold."""
    estimates = Reading(curve=curve(), thresholds=thresholds(high=np.nan)).estimates()
    assert estimates[name].value is None
    assert estimates[name].note


def test_the_width_of_the_brackets_widens_what_is_measured_in_units_of_n_star():
    """Ten draws that share one bracket of ±20% know N* no better than one."""
    narrow = read()["cusp_ratio"]
    wide = Reading(curve=curve(), thresholds=thresholds(low=80.0, high=120.0)).estimates()["cusp_ratio"]
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_two_draws_have_no_interval_and_no_test():
    """But a value."""
    estimates = read(draws=2)
    assert estimates["output_exponent"].value is not None
    assert estimates["output_exponent"].low is None
    assert estimates["monotonic_p"].value is None
    assert "5 draws" in estimates["monotonic_p"].note


def test_intervals_of_the_exponent_cover_it():
    """In at least 17 of 20 curves: a 95% interval fails more often once in 60 times."""
    covered = 0
    for seed in range(20):
        exponent = Reading(curve=curve(seed=seed), thresholds=thresholds())._fluctuation_exponent()
        covered += exponent.low <= 0.25 <= exponent.high
    assert covered >= 17
