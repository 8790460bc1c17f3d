"""The settings of the margins protocol."""

from dataclasses import dataclass

from jamharness.api import setting
from jamharness_protocols.common.own_threshold import ThresholdSettings


@dataclass(frozen=True, kw_only=True)
class MarginsSettings(ThresholdSettings):
    """Settings of the margins protocol."""

    seeds: int = setting(
        36,
        help="how many independent draws of data and weights",
        source="README.md: θ and γ to 0.2 at the default width; the first seeds are those of other protocols",
    )
    relative: tuple[float, ...] = setting(
        (0.9, 1.0, 1.05, 1.1, 1.2),
        help="loads in units of each seed's own threshold; the smallest with a minimum and the largest satisfied count",
        source="arXiv 1809.09349 measures the exponents near the transition; see docs/margins.md",
    )
    smallest_gap: float = setting(
        1e-3,
        help="gaps of satisfied networks up to here, in units of the margin, are left out: the minimiser's tolerance",
        source="docs/margins.md: measured",
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems()
        if not self.relative:
            problems.append("relative = : give at least one load, as in relative=0.9,1.0,1.1.")
        problems += [
            f"relative = {value:g}: each load must be a positive number, in units of the threshold."
            for value in self.relative
            if not 0 < value < float("inf")
        ]
        if not 0 <= self.smallest_gap < 1:
            problems.append(f"smallest_gap = {self.smallest_gap}: it must be at least 0 and below 1, the margin.")
        return problems
