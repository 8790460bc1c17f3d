"""Avalanches under quasistatic driving, of κ or of patterns one by one, from jamming on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Observable, Plot
from jamharness_protocols.common.approaches import approach_points
from jamharness_protocols.quasistatic import analysis, figures, plots
from jamharness_protocols.quasistatic.observables import OBSERVABLES
from jamharness_protocols.quasistatic.settings import QuasistaticSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Quasistatic:
    """How often something gives way, how many contacts that exchanges, and how the largest depend on N."""

    Settings = QuasistaticSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"quick": {"seeds": 6}}
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: QuasistaticSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """One cell for each seed that has not been driven."""
        tried = {item.cell.coordinates["seed"] for item in done}
        seeds = range(settings.seed, settings.seed + settings.seeds)
        return [settings.cell(seed) for seed in seeds if seed not in tried]

    def comparison_points(self, settings: QuasistaticSettings) -> Sequence[ComparisonPoint]:
        """The first seed before its approach; none for other systems than networks."""
        return approach_points(settings, settings.fixed_patterns)

    def analyse(self, _settings: QuasistaticSettings, done: Sequence[FinishedCell]) -> Findings:
        """Estimates over seeds, the table of seeds, and every step of all of them."""
        return analysis.analyse(done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """How often an avalanche is larger than a size, and where on the way they were."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)
