"""The settings of the spectrum protocol."""

from dataclasses import dataclass

from jamharness.api import setting
from jamharness_protocols.own_threshold import Located


@dataclass(frozen=True, kw_only=True)
class SpectrumSettings(Located):
    """Settings of the spectrum protocol."""

    threshold: float | None = setting(
        None, help="P/N_w at the transition, the same for every seed; none: each seed's own, searched as `jamming` does"
    )
    relative: tuple[float, ...] = setting(
        (0.7, 1.0, 1.2, 1.5),
        help="loads to minimise at, in units of the threshold: below, at and beyond the transition",
        source="arXiv 1810.09665 shows the spectrum in these three phases",
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        found = super().problems()
        if self.threshold is not None and not 0 < self.threshold < float("inf"):
            found.append(f"threshold = {self.threshold}: it must be a positive number, in units of P/N_w.")
        elif self.threshold is not None and self.patterns is None and self.relative:
            reach = self.threshold * max(self.relative)
            if self.highest_ratio < reach < float("inf"):
                found.append(
                    f"relative = {max(self.relative):g}: that load is P/N_w = {reach:g}, "
                    f"beyond highest_ratio = {self.highest_ratio:g}; raise it."
                )
        if not self.relative:
            found.append("relative = : give at least one load, as in relative=0.7,1.0,1.3.")
        found += [
            f"relative = {value:g}: each load must be a positive number, in units of the threshold."
            for value in self.relative
            if not 0 < value < float("inf")
        ]
        return found
