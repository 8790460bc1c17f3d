"""The settings of the avalanches protocol."""

from dataclasses import dataclass

from jamharness_numerics.minimise import RULES

from jamharness.api import setting
from jamharness_protocols.common.settings import PAPER, NetworkSettings, beyond


@dataclass(frozen=True, kw_only=True)
class AvalanchesSettings(NetworkSettings):
    """Settings of the avalanches protocol."""

    minimiser: str = setting(
        "adam", help="a first-order rule, whose updates can be followed", choices=tuple(RULES), source=PAPER
    )
    learning_rate: float = setting(
        1e-3, help="of adam and sgd", source="ten times that of arXiv 1809.09349, for a tenth of its updates"
    )
    budget: int | None = setting(20_000, help="updates that are followed; they end where every pattern is satisfied")
    records: int = setting(1000, help="how often the set of unsatisfied patterns is written down, evenly spaced")
    load: float = setting(2.0, help="P/N_w", source="near the transition that adam finds; see docs/margins.md")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(records=self.records)
        if not 0 < self.learning_rate < float("inf"):
            problems.append(f"learning_rate = {self.learning_rate}: it must be a positive number.")
        if not 0 < self.load < float("inf"):
            problems.append(f"load = {self.load}: it must be a positive number, in units of P/N_w.")
        elif not problems:
            problems += beyond(patterns=self.patterns)
        if self.records < 2:
            problems.append(f"records = {self.records}: changes need at least 2.")
        elif self.budget is not None and self.budget < self.records:
            problems.append(
                f"records = {self.records}: more than the {self.budget} updates; give budget or fewer of them."
            )
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if self.minimiser not in ("adam", "sgd"):
            reasons["learning_rate"] = f"{self.minimiser} has a step of its own"
        return reasons

    @property
    def patterns(self) -> int:
        """P: the nearest number to the load that the labels allow."""
        parity = 2 if self.labels == "alternate" else 1
        return max(2, parity * round(self.load * self.network().weights / parity))
