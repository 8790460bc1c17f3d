"""Advise: N* of all patterns of a data set, foretold from parts of it, and what to train for them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, Findings, FinishedCell, Observable, Outlook, Plot
from jamharness_protocols.advise import analysis, figures, plots
from jamharness_protocols.advise.observables import OBSERVABLES
from jamharness_protocols.advise.settings import CENSUS, AdviseSettings
from jamharness_protocols.generalisation.protocol import Generalisation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GENERALISATION = Generalisation()


class Advise:
    """What to train, how many, what it costs and what it will give."""

    Settings = AdviseSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"quick": {"seeds": 3, "networks": 3, "most": 300}}
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: AdviseSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """First what the data set holds; then, part by part, the cells of `generalisation`."""
        counted = analysis.census_of(done)
        if counted is None:
            return [] if any(item.cell.task == CENSUS for item in done) else [settings.census()]
        if not settings.sizes(counted):
            return []
        return _GENERALISATION.plan(settings.small(counted), _training_cells(done))

    def outlook(self, settings: AdviseSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How far the parts are."""
        counted = analysis.census_of(done)
        if counted is None or not settings.sizes(counted):
            return Outlook(words="counting patterns", fewest=1, most=None)
        return _GENERALISATION.outlook(settings.small(counted), _training_cells(done))

    def analyse(self, settings: AdviseSettings, done: Sequence[FinishedCell]) -> Findings:
        """Advice with intervals and reasons, or why there is none."""
        return analysis.analyse(settings, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """What was measured, and what is foretold."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)


def _training_cells(done: Sequence[FinishedCell]) -> list[FinishedCell]:
    return [item for item in done if item.cell.task != CENSUS]
