"""Avalanches under quasistatic driving, of κ or of patterns one by one, from jamming on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Observable, Outlook, Plot
from jamharness_protocols.common.approaches import approach_points, approaches, approaches_outlook, jammed
from jamharness_protocols.quasistatic import analysis, figures, plots
from jamharness_protocols.quasistatic.observables import OBSERVABLES
from jamharness_protocols.quasistatic.settings import TASK, QuasistaticSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Quasistatic:
    """How often something gives way, how many contacts that exchanges, and how the largest depend on N."""

    Settings = QuasistaticSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"quick": {"seeds": 6}}
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: QuasistaticSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """Each seed's approach to jamming, then the drive of each that ended there."""
        tried = {item.cell.coordinates["seed"] for item in done if item.cell.task == TASK}
        drives = [settings.drive(item.cell) for item in jammed(done) if item.cell.coordinates["seed"] not in tried]
        return [*approaches(settings, [settings.fixed_patterns], done), *drives]

    def outlook(self, settings: QuasistaticSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many seeds are at jamming, and how many cells follow."""
        return approaches_outlook(settings, done, following=1)

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
