"""The settings of the spectrum protocol."""

from dataclasses import dataclass
from typing import Any

from jamharness_numerics.spectra.lanczos import most_vectors, too_much

from jamharness.api import System, setting
from jamharness_protocols.common.own_threshold import ThresholdSettings

METHODS = ("auto", "exact", "lanczos")
EXACT = 10_000
"""The largest N of the exact method where the choice is automatic: its three N × N matrices take 2.2 GiB."""


@dataclass(frozen=True, kw_only=True)
class SpectrumSettings(ThresholdSettings):
    """Settings of the spectrum protocol."""

    threshold: float | None = setting(
        None, help="P/N_w at the transition, the same for every seed; none: each seed's own, searched as `jamming` does"
    )
    relative: tuple[float, ...] = setting(
        (0.7, 1.0, 1.2, 1.5),
        help="loads to minimise at, in units of the threshold: below, at and beyond the transition",
        source="arXiv 1810.09665 shows the spectrum in these three phases",
    )
    compressions: tuple[float, ...] = setting(
        (0.0, 0.01, 0.1),
        help="other systems than fully_connected: κ − κ_J at which to minimise, in place of the loads above",
        source="at jamming, and where contacts are a tenth of a percent to ten percent of a diameter deep",
    )
    method: str = setting(
        "auto",
        help=f"exact: every eigenvalue of H, H0 and Hp; lanczos: H from its products; auto: exact up to N = {EXACT}",
        choices=METHODS,
    )
    probes: int = setting(4, help="lanczos: random vectors; errors fall as 1/√(probes N)", source="docs/spectrum.md")
    steps: int = setting(96, help="lanczos: products for each; resolves ‖H‖/steps", source="docs/spectrum.md")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems()
        if self.threshold is not None and not 0 < self.threshold < float("inf"):
            problems.append(f"threshold = {self.threshold}: it must be a positive number, in units of P/N_w.")
        elif self.threshold is not None and self.patterns is None and self.relative:
            reach = self.threshold * max(self.relative)
            if self.highest_ratio < reach < float("inf"):
                problems.append(
                    f"relative = {max(self.relative):g}: that load is P/N_w = {reach:g}, "
                    f"beyond highest_ratio = {self.highest_ratio:g}; raise it."
                )
        if not self.relative:
            problems.append("relative = : give at least one load, as in relative=0.7,1.0,1.3.")
        problems += [
            f"relative = {value:g}: each load must be a positive number, in units of the threshold."
            for value in self.relative
            if not 0 < value < float("inf")
        ]
        if not self.compressions:
            problems.append("compressions = : give at least one κ − κ_J, as in compressions=0,0.01.")
        problems += [
            f"compressions = {value:g}: κ − κ_J must lie between −1 and 1; below 0 all is satisfied."
            for value in self.compressions
            if not abs(value) <= 1
        ]
        if self.probes < 1:
            problems.append(f"probes = {self.probes}: Lanczos needs at least 1 random vector.")
        if self.steps < 2:
            problems.append(f"steps = {self.steps}: Lanczos needs at least 2 steps.")
        if not problems and self.lanczos(self.measured()) and self.steps > most_vectors(self.measured().size):
            problems.append(too_much(self.measured().size, self.steps))
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if not self.continuous:
            reasons["compressions"] = "free networks are measured at the loads of relative"
            if self.threshold is not None:
                reasons |= dict.fromkeys(("start_ratio", "resolution", "growth"), "threshold is given and not searched")
        if not self.lanczos(self.measured()):
            reasons |= dict.fromkeys(("probes", "steps"), "every eigenvalue is computed; Lanczos is method=lanczos")
        return reasons

    def lanczos(self, system: System) -> dict[str, Any]:
        """The coordinates of a cell whose spectrum Lanczos estimates; empty where it is exact."""
        if self.method == "exact" or (self.method == "auto" and system.size <= EXACT):
            return {}
        return {"method": "lanczos", "probes": self.probes, "steps": self.steps}
