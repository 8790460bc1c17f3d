"""What one curve over N says: the cusp, its height, exponents, and what ensembles are worth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import LEAST, estimate, few, interval
from jamharness_numerics.statistics.cusp import Peak, peak_of, rises, summit
from jamharness_numerics.statistics.decay import decay, decay_to_a_limit
from jamharness_numerics.statistics.ensembles import worth

from jamharness.api import Estimate, Float64, generator
from jamharness_protocols.generalisation.tables import Curve

PLATEAU = 4.0
"""N/N* from which on the mean test error is the plateau that the cusp's height is measured against."""
NEAR, FAR = 1.1, 4.0
"""N/N* between which √⟨f²⟩ ~ (N − N*)^(−x) is fitted: nearer, the width of the bracket is as large as N − N*."""
WIDE, DECADE = 2.0, 4.0
"""N/N* from which on fluctuations are fitted, and the least ratio of the largest N to the smallest."""
RESAMPLES = 2000
"""Of the draws, for what is fitted to each: the ends of an interval are then off by a twentieth of its half."""
BEYOND = 1.2
"""N/N* of the first width that counts as just beyond the transition."""
UNKNOWN = "N* is not known, or no width lies beyond it"
"""The note of an estimate that asks for networks beyond N*."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What one curve says.

    Arguments:
        curve: of one P.
        thresholds: the brackets of its draws.
    """

    curve: Curve
    thresholds: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """All but N* itself."""
        peak = peak_of(self.errors) if len(self.errors) > 1 else None
        seen = peak is not None and peak.stands_out
        why = self._no_cusp(peak)
        estimates = {
            "cusp_ratio": self._cusp_ratio() if seen and self._any_bracket else no_value(why or UNKNOWN),
            "cusp_height": self._height("test_error", peak) if seen and self._any_bracket else no_value(why or UNKNOWN),
        }
        if "stopped_error" in self.curve.values:
            height = self._height("stopped_error", peak) if seen and self._any_bracket else no_value(why or UNKNOWN)
            estimates["stopped_height"] = height
            estimates["stopped_p"] = _falls(self.curve.values["stopped_error"])
        estimates["monotonic_p"] = self._monotonic(peak if seen else None)
        estimates["output_exponent"] = self._output_exponent()
        estimates["fluctuation_exponent"] = self._fluctuation_exponent()
        estimates["asymptotic_exponent"] = self._asymptotic(peak if seen else None)
        return estimates | self._ensembles()

    @property
    def errors(self) -> Float64:
        """Test errors, (draws, widths)."""
        return self.curve.values["test_error"]

    @property
    def _any_bracket(self) -> bool:
        return bool(np.isfinite(self._ends).all(axis=1).any())

    @cached_property
    def _ends(self) -> Float64:
        """The bracket of N* of each draw of the curve, (n, 2)."""
        table = self.thresholds.set_index("seed").reindex(self.curve.draws)
        return table[["weights_unsatisfied", "weights_satisfied"]].to_numpy(dtype=float)

    def _critical(self, some: "np.ndarray | None" = None) -> float:
        """N*: the mean of the brackets' middles over all draws, or over some, each then anywhere in its bracket."""
        ends = self._ends if some is None else self._ends[some]
        ends = ends[np.isfinite(ends).all(axis=1)]
        if not len(ends):
            return float("nan")
        if some is None:
            return float(ends.mean())
        # The draws share one grid of widths: what it hides does not average out, so one place in the bracket for all.
        part = _part(tuple(some.tolist()))
        return float((ends[:, 0] + part * (ends[:, 1] - ends[:, 0])).mean())

    def _over_draws(self, statistic: Callable[[Float64, float], float], values: Float64) -> Estimate:
        """A statistic of curves (n, m) and N*, with an interval over draws that knows the width of the brackets."""
        count = len(values)
        value = statistic(values, self._critical())
        if not np.isfinite(value):
            return no_value("")
        low, high = None, None
        if count >= LEAST:
            low, high = interval(
                np.arange(count, dtype=np.float64),
                lambda some: statistic(values[some.astype(int)], self._critical(some.astype(int))),
                resamples=RESAMPLES,
            )
        ends = (None if end is None or np.isnan(end) else end for end in (low, high))
        return Estimate(value=value, low=next(ends), high=next(ends), count=count, note=few(count))

    @staticmethod
    def _no_cusp(peak: Peak | None) -> str:
        if peak is None:
            return "no cusp: the mean test error has no peak between its ends"
        return "" if peak.stands_out else f"no cusp: no peak stands out of its error (p = {peak.p:.2g})"

    def _cusp_ratio(self) -> Estimate:
        """Its ends are half way to the neighbouring widths, as the peak is known to lie between these."""
        weights = self.curve.weights
        halves = np.sqrt(weights[1:] * weights[:-1])

        def end(side: int) -> Callable[[Float64, float], float]:
            def ratio(errors: Float64, critical: float) -> float:
                there = summit(errors.mean(axis=0))
                return float("nan") if there is None else float(halves[there[0] + side]) / critical

            return ratio

        there = summit(self.errors.mean(axis=0))
        assert there is not None
        value = float(weights[there[0]]) / self._critical()
        below, above = (self._over_draws(end(side), self.errors) for side in (-1, 0))
        return Estimate(value=value, low=below.low, high=above.high, count=below.count, note=below.note)

    def _height(self, name: str, peak: Peak | None) -> Estimate:
        assert peak is not None
        far = self.curve.weights >= PLATEAU * self._critical()
        if not far.any():
            return no_value(f"no width has {PLATEAU:g} N* or more weights")
        return self._over_draws(
            lambda values, _: float(values[:, peak.place].mean() / values[:, far].mean()), self.curve.values[name]
        )

    def _monotonic(self, peak: Peak | None) -> Estimate:
        start = self._start(peak)
        if start is None:
            return no_value(UNKNOWN)
        return _falls(self.errors[:, start:])

    def _start(self, peak: Peak | None) -> int | None:
        """Where the curve beyond the cusp begins; beyond N* where no cusp is seen."""
        if peak is not None:
            return peak.place
        beyond = np.flatnonzero(self.curve.weights >= self._critical())
        return int(beyond[0]) if beyond.size else None

    def _output_exponent(self) -> Estimate:
        weights, values = self.curve.weights, self.curve.values["output"]
        critical = self._critical()
        near = (weights >= NEAR * critical) & (weights <= FAR * critical)
        if near.sum() < 3:
            return no_value(
                f"needs 3 widths between {NEAR:g} and {FAR:g} N*, as more patterns or other factors would give"
            )
        exponent = self._over_draws(lambda some, at: decay(weights[near] - at, some[:, near].mean(axis=0)), values)
        return _or_reason(exponent, "the output vanishes, or a width is as near as N* is known")

    def _fluctuation_exponent(self) -> Estimate:
        if self.curve.ensembles[0].errors.shape[1] < 2:
            return no_value("needs networks=2 or more")
        weights, values = self.curve.weights, self.curve.values["fluctuation"]
        far = weights >= WIDE * self._critical()
        if far.sum() < 3 or weights[far].max() < DECADE * weights[far].min():
            return no_value(f"needs 3 widths from {WIDE:g} N* on, over a factor of {DECADE:g} in N")
        exponent = self._over_draws(lambda some, _: decay(weights[far], some[:, far].mean(axis=0)), values)
        return _or_reason(exponent, "the outputs do not fluctuate")

    def _asymptotic(self, peak: Peak | None) -> Estimate:
        start = self._start(peak)
        weights = self.curve.weights[0 if start is None else start :]
        if start is None or len(weights) < 4 or weights[-1] < 2 * DECADE * weights[0]:
            return no_value(f"needs 4 widths beyond the cusp or N*, over a factor of {2 * DECADE:g} in N")
        exponent = self._over_draws(
            lambda some, _: decay_to_a_limit(weights, some[:, start:].mean(axis=0))[0], self.errors
        )
        lost = "the error does not fall as a power towards a limit within what was measured"
        if exponent.value is None:
            return _or_reason(exponent, lost)
        draws = generator("asymptotic", len(self.errors)).integers(0, len(self.errors), size=(200, len(self.errors)))
        fits = [decay_to_a_limit(weights, self.errors[some, start:].mean(axis=0))[0] for some in draws]
        undefined = float(np.mean(np.isnan(fits)))
        return no_value(f"{lost} in {undefined:.0%} of resamples") if undefined > 0.05 else exponent

    def _ensembles(self) -> dict[str, Estimate]:
        """What is read just beyond N*, where ensembles are worth most."""
        names = ("variance_share", "ensemble_gain", "single_error", "ensemble_error")
        beyond = np.flatnonzero(self.curve.weights >= BEYOND * self._critical())
        widest = {"widest_error": estimate(self.errors[:, -1], np.mean)}
        if not beyond.size:
            return dict.fromkeys(names, no_value(UNKNOWN)) | widest
        at = int(beyond[0])
        together = self.curve.ensembles[at]
        single = estimate(together.errors[:, 0], np.mean)
        if together.errors.shape[1] < 2:
            alone = no_value("needs networks=2 or more")
            return dict.fromkeys(names, alone) | {"single_error": single} | widest
        pairs = np.stack([together.fluctuation**2, together.square], axis=1)
        return {
            "variance_share": self._over_draws(lambda some, _: float(some[:, 0].sum() / some[:, 1].sum()), pairs),
            "ensemble_gain": self._gain(at),
            "single_error": single,
            "ensemble_error": estimate(together.errors[:, -1], np.mean),
        } | widest

    def _gain(self, at: int) -> Estimate:
        """The K whose mean output at this width errs as one network of twice the width does."""
        curve, together = self.curve, self.curve.ensembles[at]
        twice = 2 * curve.widths[at]
        if twice > curve.widths[-1]:
            return no_value(f"needs networks of width {twice} or more, twice that of {curve.widths[at]} just beyond N*")
        both = np.concatenate([together.errors, self.errors], axis=1)
        most = together.errors.shape[1]

        def gain(values: Float64, _: float) -> float:
            mean = values.mean(axis=0)
            target = float(np.interp(np.log(twice), np.log(curve.widths), mean[most:]))
            size = worth(mean[:most], target)
            if size is None:
                return 1.0 if mean[0] <= target else float("inf")
            return size

        value = gain(both, 0.0)
        if np.isinf(value):
            return no_value(f"more than {most}: averaging that many does not reach the error at twice the width")
        if value == 1.0:
            return no_value("twice the width does not lower the test error there")
        networks = self._over_draws(gain, both)
        if networks.high is not None and np.isinf(networks.high):
            note = f"the interval has no upper end: it lies beyond the {most} networks"
            return Estimate(value=networks.value, low=networks.low, high=None, count=networks.count, note=note)
        return networks


def _falls(errors: Float64) -> Estimate:
    """The p-value of the hypothesis that a mean curve never rises, from draws of it (n, m)."""
    count, widths = errors.shape
    p = rises(errors)
    if p is None:
        return no_value(f"a test needs 5 draws and 2 widths beyond; there are {count} and {widths}")
    note = f"over {widths} widths; with {count} draws no p is below {2.0**-count:.2g}"
    return Estimate(value=p, count=count, note=note)


@lru_cache(maxsize=1 << 15)
def _part(draws: tuple[int, ...]) -> float:
    """The same place in the bracket for the same resample, in [0, 1): every estimate resamples the same draws."""
    return float(generator("bracket", list(draws)).random())


def no_value(note: str) -> Estimate:
    """No number, and why."""
    return Estimate(value=None, count=0, note=note)


def _or_reason(exponent: Estimate, why: str) -> Estimate:
    """An estimate, or why there is none."""
    return no_value(why) if exponent.value is None else exponent
