"""The settings of the spectrum protocol."""

from dataclasses import dataclass

from jamharness.api import setting
from jamharness_protocols.settings import PAPER, Shared


@dataclass(frozen=True, kw_only=True)
class SpectrumSettings(Shared):
    """Settings of the spectrum protocol."""

    threshold: float = setting(3.0, help="P/N_w at the transition, as `jamming` finds it", source=f"{PAPER}: ≈ 3")
    relative: tuple[float, ...] = setting(
        (0.7, 1.0, 1.2, 1.5),
        help="loads to minimise at, in units of the threshold: below, at and beyond the transition",
        source="arXiv 1810.09665 shows the spectrum in these three phases",
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        found = super().problems()
        if not 0 < self.threshold < float("inf"):
            found.append(f"threshold = {self.threshold}: it must be a positive number, in units of P/N_w.")
        if not self.relative:
            found.append("relative = : give at least one load, as in relative=0.7,1.0,1.3.")
        found += [
            f"relative = {value:g}: each load must be a positive number, in units of the threshold."
            for value in self.relative
            if not 0 < value < float("inf")
        ]
        return found
