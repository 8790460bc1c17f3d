"""Avalanches: how the set of unsatisfied patterns changes along training, and how often patterns are forgotten."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Observable, Plot
from jamharness_protocols.avalanches import analysis, figures, plots
from jamharness_protocols.avalanches.observables import OBSERVABLES
from jamharness_protocols.avalanches.settings import AvalanchesSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Avalanches:
    """Sizes of the changes between records, and how often patterns are learned and forgotten again."""

    Settings = AvalanchesSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 4},
        "paper": {"width": 40, "depth": 5, "learning_rate": 1e-4, "budget": 2_000_000, "records": 20_000, "load": 3.0},
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: AvalanchesSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """One cell for each seed that has not been followed."""
        tried = {item.cell.coordinates["seed"] for item in done}
        network, patterns = settings.network(), settings.patterns
        return [
            Cell(
                task="avalanches",
                system=network,
                loss=settings.hinge(),
                coordinates={
                    **settings.coordinates(network, seed, patterns),
                    "learning_rate": settings.learning_rate,
                    "records": settings.records,
                },
                dataset=settings.request(seed, network.inputs, patterns),
                label=f"seed {seed}, P = {patterns}",
            )
            for seed in range(settings.seed, settings.seed + settings.seeds)
            if seed not in tried
        ]

    def comparison_points(self, settings: AvalanchesSettings) -> Sequence[ComparisonPoint]:
        """The first seed."""
        return [settings.comparison_point(settings.network(), settings.patterns, settings.patterns, settings.seed)]

    def analyse(self, settings: AvalanchesSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over seeds, the table of seeds, sizes and times of all of them."""
        return analysis.analyse(settings.load, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """How often a change is larger than a size; how often patterns are forgotten."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)
