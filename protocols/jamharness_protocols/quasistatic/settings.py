"""The settings of the quasistatic protocol."""

from dataclasses import dataclass, replace
from math import sqrt

from jamharness.api import Cell, PatternSystem, named_data, setting
from jamharness_protocols.common.own_threshold import ThresholdSettings
from jamharness_protocols.common.settings import beyond

DRIVINGS = ("margin", "patterns")
TASK = "quasistatic"
ABOVE = 10.0
"""Times √(2 L), the overlaps at the end of an approach: the nearest κ − κ_J at which a minimum is another than that."""


@dataclass(frozen=True, kw_only=True)
class QuasistaticSettings(ThresholdSettings):
    """Settings of the quasistatic protocol."""

    driving: str = setting(
        "margin",
        help="what is raised: κ from jamming on (margin), or the number of patterns, one by one at jamming (patterns)",
        choices=DRIVINGS,
        source="docs/quasistatic.md",
    )
    steps: int = setting(60, help="steps of κ, or patterns that come in")
    nearest: float = setting(1e-4, help="κ − κ_J where driving in κ begins")
    furthest: float = setting(
        0.03, help="κ − κ_J where it ends; steps are evenly spaced in its logarithm", source="κ_J of networks at h = 10"
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(steps=self.steps)
        if not self.approached:
            problems.append("constraint = none: a free network has no jamming point; use constraint=sphere or layers.")
        if self.confined and self.activation == "relu":
            problems.append(
                "activation = relu: its minima near jamming lie on kinks, which no Newton step follows; "
                "use a smooth one, as in activation=softplus(8)."
            )
        if self.driving == "patterns" and self.approached and not isinstance(self.measured(), PatternSystem):
            problems.append(f"driving = patterns: {self.system.name} has none; use driving=margin.")
        if self.steps < 2:
            problems.append(f"steps = {self.steps}: at least 2 are needed.")
        if not 0 < self.nearest < self.furthest < float("inf"):
            problems.append(
                f"nearest = {self.nearest}, furthest = {self.furthest}: both must be positive distances from κ_J, the "
                "first the smaller, as in nearest=1e-4 furthest=0.03."
            )
        elif self.driving == "margin" and self.nearest < (least := ABOVE * sqrt(2 * max(self.jammed, 0.0))):
            problems.append(
                f"nearest = {self.nearest:g}: at least {least:.1e}, beyond the overlaps left where L = jammed."
            )
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        reasons["both_sides"] = "driving begins at a minimum, from above"
        if self.driving == "patterns":
            reasons |= dict.fromkeys(("nearest", "furthest"), "patterns come in at jamming itself")
        return reasons

    def approach(self, seed: int, patterns: int) -> Cell:
        """As everywhere; of patterns that come in, those to come belong to its data too."""
        cell = super().approach(seed, patterns)
        if self.driving == "margin":
            return cell
        pool = patterns + self.steps
        if self.labels == "alternate" and named_data(self.dataset)[0] == "random":
            pool += pool % 2
        return replace(cell, dataset=self.request(seed, self.patterned().inputs, pool))

    def drive(self, approach: Cell) -> Cell:
        """What follows an approach that ended at jamming.

        Arguments:
            approach: of one seed.
        """
        at = {"driving": self.driving, "steps": self.steps}
        if self.driving == "margin":
            at |= {"nearest": self.nearest, "furthest": self.furthest}
        return replace(
            approach, task=TASK, coordinates={**approach.coordinates, **at}, needs=(approach,),
            label=f"{approach.label}, driven",
        )  # fmt: skip
