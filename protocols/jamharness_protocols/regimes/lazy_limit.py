"""Fluctuations of the lazy limit α → ∞, by the flows of initial kernels: no training, and widths in the hundreds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jamharness_numerics.statistics.bootstrap import few, interval
from jamharness_numerics.statistics.collapse import pooled_slope

from jamharness.api import Estimate, FinishedCell, Float64
from jamharness_protocols.regimes.plane import limits, seeds_of
from jamharness_protocols.regimes.settings import RegimesSettings

_NAME = "variance_slope_limit"
_RESAMPLES = 400


def log_variance(outputs: Float64, shares: Float64) -> float:
    """The logarithm of Var F over weighted networks, unbiased, mean over the test set.

    Arguments:
        outputs: (networks, M).
        shares: of each network, summing to 1; those left out at the end have none.
    """
    own = outputs[: len(shares)]
    spread = shares @ own**2 - (shares @ own) ** 2
    return float(np.log(spread.mean() / (1 - np.sum(shares**2))))


class LazyLimit:
    """Outputs of the flows of initial kernels, at the widths all of whose networks are satisfied.

    Arguments:
        settings: of the protocol.
        done: finished cells in any order.
    """

    def __init__(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> None:
        self._settings = settings
        self.outputs: dict[int, Float64] = {}
        self._errors: dict[int, float] = {}
        for width, cells in sorted(limits(done).items()):
            results = [cells[seed].result for seed in seeds_of(settings) if seed in cells]
            whole = [each for each in results if each is not None and each.values["outcome"] == "satisfied"]
            if len(whole) == settings.seeds:
                self.outputs[width] = np.array([np.asarray(each.arrays["outputs"]) for each in whole])
                self._errors[width] = float(np.mean([each.values["error"] for each in whole]))

    def slope(self, chosen: Float64) -> float:
        """Slope of ln Var F against ln h over some networks, by their places among the seeds; NaN for one width."""
        shares = np.bincount(chosen.astype(int)) / len(chosen)
        if len(self.outputs) < 2 or np.count_nonzero(shares) < 2:
            return float("nan")
        values = [log_variance(outputs, shares) for outputs in self.outputs.values()]
        return pooled_slope([(np.log(np.array(list(self.outputs), dtype=np.float64)), np.array(values))])

    def estimates(self) -> dict[str, Estimate]:
        """The slope with its interval over networks."""
        count = self._settings.seeds
        everyone = np.arange(count, dtype=np.float64)
        value = self.slope(everyone)
        if not np.isfinite(value):
            note = "fewer than two of limit_widths have all their networks satisfied"
            return {_NAME: Estimate(value=None, count=0, note=note)}
        low, high = interval(everyone, self.slope, resamples=_RESAMPLES)
        return {_NAME: Estimate(value=value, low=low, high=high, count=count, note=few(count))}

    def table(self) -> pd.DataFrame:
        """Var F by width."""
        equal = np.full(self._settings.seeds, 1 / self._settings.seeds)
        rows = []
        for width, outputs in self.outputs.items():
            size = self._settings.network_of(width).size
            rows.append({
                "width": width, "weights": size, "weights_per_pattern": size / self._settings.patterns,
                "variance": float(np.exp(log_variance(outputs, equal))), "error": self._errors[width],
            })  # fmt: skip
        return pd.DataFrame(rows, columns=["width", "weights", "weights_per_pattern", "variance", "error"])
