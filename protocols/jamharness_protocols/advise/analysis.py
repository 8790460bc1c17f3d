"""From networks on parts of a data set to advice for all of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bracketed_line import Posterior

from jamharness.api import Estimate, Findings, FinishedCell, Float64
from jamharness_protocols.advise import foretelling
from jamharness_protocols.advise.choosing import BASE, FACTORS, chosen, enough, expected
from jamharness_protocols.advise.foretelling import NOTHING, Foretold
from jamharness_protocols.advise.settings import CENSUS, LEAST, AdviseSettings
from jamharness_protocols.advise.words import sentences
from jamharness_protocols.generalisation.cells import place_of
from jamharness_protocols.generalisation.protocol import brackets, placed
from jamharness_protocols.generalisation.settings import EVALUATION, GeneralisationSettings
from jamharness_protocols.generalisation.tables import Ensembles, ensembles_of

WIDEST = 16.0
"""The upper end of N* over the lower one beyond which N* cannot be told."""
LOOSE = 10.0, 100.0
"""Likewise of the test error and of the time."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What all patterns are expected to need and to give.

    Arguments:
        patterns, largest: P that it is for, and that of the largest part.
        inputs, tests: d, and patterns of the test set.
        critical: N*.
        exponent: x of N* ~ P^x at the largest part.
        width, weights: of the networks to train; None where N* cannot be told.
        factor: N/N* of those that it is read from.
        relative: by N/N*, the error that is expected of as many networks over theirs.
        networks, most: how many to average, and how many were at most.
        limit: the error of ever so many over that of so many.
        gain: the error of that many over the error of one.
        error, single: the test error of their mean, and of one.
        seconds: to train one.
    """

    patterns: int
    largest: int
    inputs: int
    tests: int
    critical: Foretold
    exponent: Foretold
    width: int | None = None
    weights: int | None = None
    factor: float = BASE
    relative: Mapping[float, float] = field(default_factory=dict)
    networks: int | None = None
    most: int = 0
    limit: float = 1.0
    gain: float | None = None
    error: Foretold = NOTHING
    single: Foretold = NOTHING
    seconds: Foretold = NOTHING


def census_of(done: Sequence[FinishedCell]) -> Mapping[str, Any] | None:
    """What the census counted; None while it has not."""
    for item in done:
        if item.cell.task == CENSUS and item.result is not None:
            return item.result.values
    return None


def analyse(settings: AdviseSettings, done: Sequence[FinishedCell]) -> Findings:
    """Advice, or why there is none.

    Arguments:
        settings: of the run.
        done: finished cells in any order.
    """
    counted = census_of(done)
    if counted is None:
        failed = [item.failure for item in done if item.failure]
        return _nothing(
            f"The data set could not be counted. {failed[0]}" if failed else "Nothing has been counted yet."
        )
    if not settings.sizes(counted):
        there, share = settings.all_patterns(counted), settings.share
        return _nothing(
            f"Cannot tell: {share:g} of {there} patterns are {int(share * there)}, and fewer than {LEAST} say nothing; "
            f"raise share to {min(1.0, LEAST / max(there, 1)) + 0.005:.2f} or more, or bring more patterns."
        )
    small = settings.small(counted)
    reading = _Reading(settings=settings, small=small, counted=counted, done=done)
    advice = reading.advice()
    return Findings(
        estimates=_estimates(advice, settings.seeds),
        tables={"advice": sentences(advice), "brackets": reading.brackets, "errors": reading.errors},
        arrays=reading.bands(advice),
        objection=f"Cannot tell N* of all patterns: {advice.critical.why}" if not advice.critical.told else "",
    )


def _nothing(objection: str) -> Findings:
    empty = pd.DataFrame(columns=["about", "answer", "why"])
    return Findings(estimates=_estimates(None, 0, objection), tables={"advice": empty}, objection=objection)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reading:
    settings: AdviseSettings
    small: GeneralisationSettings
    counted: Mapping[str, Any]
    done: Sequence[FinishedCell]
    curves: dict[tuple[float, int], Posterior | None] = field(default_factory=dict)

    @cached_property
    def ratio(self) -> float:
        """All patterns over those of the largest part."""
        return self.settings.all_patterns(self.counted) / max(self.small.sizes)

    @cached_property
    def brackets(self) -> pd.DataFrame:
        """One row per draw and part: where N* lies."""
        rows = []
        for (seed, patterns), (low, high, sure) in sorted(brackets(self.small, self.done).items()):
            ends = [np.nan if width is None else float(self.small.scanned(width).weights) for width in (low, high)]
            rows.append({"seed": seed, "patterns": patterns, "low": ends[0], "high": ends[1], "decided": sure})
        return pd.DataFrame(rows, columns=["seed", "patterns", "low", "high", "decided"])

    @cached_property
    def ensembles(self) -> dict[tuple[int, float], Ensembles]:
        """By P and factor, what the networks do together."""
        together = ensembles_of(self.done, list(self.small.draws), self.small.networks)
        ensembles = {}
        for patterns in self.small.sizes:
            for factor, width in placed(self.small, patterns, self.done).items():
                if (patterns, width) in together:
                    ensembles[patterns, factor] = together[patterns, width]
        return ensembles

    @cached_property
    def errors(self) -> pd.DataFrame:
        """One row per part, factor and number of networks averaged: the mean test error over draws."""
        rows = [
            {"patterns": patterns, "factor": factor, "networks": size, "test_error": float(column.mean())}
            for (patterns, factor), each in self.ensembles.items()
            for size, column in enumerate(each.errors.T, start=1)
        ]
        return pd.DataFrame(rows, columns=["patterns", "factor", "networks", "test_error"])

    @cached_property
    def line(self) -> Posterior | None:
        """Log N* against log P."""
        return foretelling.threshold(self.brackets)

    def critical(self) -> tuple[Foretold, Foretold]:
        """N* of all patterns, and the exponent at the largest part."""
        table = self.brackets
        line = foretelling.threshold(table)
        if line is None:
            if len(table) and table["low"].isna().all() and table["high"].notna().any():
                why = "the smallest network satisfies every part; ask for more patterns (share, most)"
            elif len(table) and table["high"].isna().all():
                why = "no network satisfied every pattern of a part; raise highest_width or the budget"
            else:
                why = "too few of the searches ended between two widths"
            return Foretold(why=why), Foretold(why=why)
        slope = foretelling.between(line.coefficients[:, 1])
        threshold = foretelling.at(line, self.ratio)
        why = f"its interval, {threshold.low:.3g} to {threshold.high:.3g} weights, is too wide to act on"
        return threshold.unless_wider(WIDEST, f"{why}; ask for more draws (seeds) or patterns (most)"), slope

    def advice(self) -> Advice:
        """All of it."""
        critical, exponent = self.critical()
        advice = Advice(
            patterns=self.settings.all_patterns(self.counted),
            largest=max(self.small.sizes),
            inputs=self.small.scanned(1).inputs,
            tests=int(self.counted["test"]),
            critical=critical,
            exponent=exponent,
            most=self.small.networks,
        )
        if not critical.told:
            return advice
        there = {factor: self.ensembles.get((advice.largest, factor)) for factor in FACTORS}
        curves = {factor: each.errors.mean(axis=0) for factor, each in there.items() if each is not None}
        if BASE not in curves:
            why = "not all networks of the largest part were tested"
            return replace(self._widened(advice, BASE), error=Foretold(why=why), seconds=Foretold(why=why))
        relative = expected({factor: float(curve[-1]) for factor, curve in curves.items()})
        factor = chosen(relative)
        curve = curves[factor]
        networks, limit = enough(curve)
        widened = self._widened(advice, factor)
        wider = (widened.weights or 0) / (factor * advice.critical.value)
        return replace(
            widened,
            factor=factor,
            relative={other: value / relative[factor] for other, value in relative.items()},
            networks=networks,
            limit=limit,
            gain=float(curve[networks - 1] / curve[0]) if curve[0] else 1.0,
            error=self._error(factor, networks),
            single=self._error(factor, 1),
            seconds=self._seconds(factor, wider),
        )

    def _widened(self, advice: Advice, factor: float) -> Advice:
        """With the smallest width that has ``factor`` times N* weights."""
        width = 1
        while self.small.scanned(width).weights < factor * advice.critical.value:
            width += 1
        return replace(advice, width=width, weights=self.small.scanned(width).weights)

    def _measured_errors(self, factor: float, networks: int) -> tuple[list[int], list[float]]:
        """P and the test error of every draw of every part."""
        patterns, errors = [], []
        for (size, at), each in self.ensembles.items():
            if at == factor:
                patterns += [size] * len(each.errors)
                errors += [float(value) for value in each.errors[:, networks - 1]]
        return patterns, errors

    def _error(self, factor: float, networks: int) -> Foretold:
        patterns, errors = self._measured_errors(factor, networks)
        tests = int(self.counted["test"])
        own = np.array([value for size, value in zip(patterns, errors, strict=True) if size == max(self.small.sizes)])
        if len(own) and own.mean() + 2 * np.sqrt(0.25 / (tests * len(own))) > 0.5:
            return Foretold(
                why=f"on the largest part it is {own.mean():.0%}, as by chance: these inputs do not tell the classes "
                "apart, or need more patterns to"
            )
        line = self._curve(factor, networks)
        if line is None:
            return Foretold(why="the test errors of the parts are too few, or too near zero, to follow")
        error = foretelling.at(line, self.ratio)
        return error.unless_wider(
            LOOSE[0], f"its interval, {error.low:.2%} to {error.high:.2%}, is too wide to say a number"
        )

    def _curve(self, factor: float, networks: int) -> Posterior | None:
        """Log test error against log P."""
        if (factor, networks) not in self.curves:
            patterns, errors = self._measured_errors(factor, networks)
            curve = foretelling.error(patterns, errors, int(self.counted["test"])) if patterns else None
            self.curves[factor, networks] = curve
        return self.curves[factor, networks]

    def _seconds(self, factor: float, wider: float) -> Foretold:
        """Of one minimisation at the advised width, ``wider`` times as many weights as were timed: P N² a step."""
        patterns, spent = self._measured_times(factor)
        line = foretelling.seconds(patterns, spent) if patterns else None
        if line is None:
            return Foretold(why="too few minimisations were timed")
        timed = foretelling.at(line, self.ratio, mean=True)
        seconds = replace(timed, **{end: getattr(timed, end) * wider**2 for end in ("value", "low", "high")})
        return seconds.unless_wider(
            LOOSE[1], f"its interval, {seconds.low:.2g} to {seconds.high:.2g} s, is too wide to say a number"
        )

    def _measured_times(self, factor: float) -> tuple[list[int], list[float]]:
        """P and seconds of every minimisation that was tested at one factor."""
        timed_at = {}
        for size in self.small.sizes:
            widths = placed(self.small, size, self.done)
            if factor in widths:
                timed_at[size] = widths[factor]
        timed = []
        for item in self.done:
            place = place_of(item.cell)
            if item.cell.task == EVALUATION or place is None or item.result is None:
                continue
            if timed_at.get(place[2]) == place[3]:
                timed.append((place[2], float(item.result.values["seconds"])))  # type: ignore[arg-type]
        return [patterns for patterns, _ in sorted(timed)], [spent for _, spent in sorted(timed)]

    def bands(self, advice: Advice) -> dict[str, Float64]:
        """P with median and interval of N* and of the advised networks' error, for the figure."""
        at = np.geomspace(min(self.small.sizes), advice.patterns, 40)
        bands = {}
        if self.line is not None:
            bands["threshold"] = _band(self.line, at, advice.largest)
        if advice.error.told and advice.networks is not None:
            fitted = self._curve(advice.factor, advice.networks)
            if fitted is not None:
                bands["error"] = _band(fitted, at, advice.largest)
        return bands


def _band(line: Posterior, at: Float64, largest: int) -> Float64:
    ends = np.array(
        [[forecast.value, forecast.low, forecast.high] for forecast in (foretelling.at(line, p / largest) for p in at)]
    )
    return np.column_stack([at, ends])


def _estimates(advice: Advice | None, draws: int, why: str = "") -> dict[str, Estimate]:
    if advice is None:
        nothing = Estimate(value=None, count=0, note=why)
        return dict.fromkeys(("critical_weights", "width", "networks", "test_error", "seconds"), nothing)
    forecasts = {
        "critical_weights": advice.critical,
        "exponent": advice.exponent,
        "test_error": advice.error,
        "single_error": advice.single,
        "seconds": advice.seconds,
    }
    estimates = {name: each.estimate(draws) for name, each in forecasts.items()}
    for name, number in (("width", advice.width), ("weights", advice.weights), ("networks", advice.networks)):
        note = "" if number is not None else advice.critical.why or advice.error.why
        value = None if number is None else float(number)
        estimates[name] = Estimate(value=value, count=draws, note=note)
    for name, number in (
        ("patterns", advice.patterns),
        ("largest_part", advice.largest),
        ("inputs", advice.inputs),
    ):
        estimates[name] = Estimate(value=float(number), count=draws)
    return estimates
