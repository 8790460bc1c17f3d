"""The distribution of the margins Δ at the jamming transition, from both sides: the exponents θ and γ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Json, Observable, Outlook, Plot
from jamharness_protocols.common.approaches import approach_points, approaches, approaches_outlook
from jamharness_protocols.common.own_threshold import outlook, own_thresholds
from jamharness_protocols.margins import analysis, approached, figures, plots
from jamharness_protocols.margins.observables import OBSERVABLES
from jamharness_protocols.margins.settings import MarginsSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Margins:
    """θ and γ by maximum likelihood, how good the fits are, and how they depend on the window."""

    Settings = MarginsSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"seeds": 6},
        "paper": {
            "width": 40,
            "depth": 5,
            "seeds": 10,
            "minimiser": "adam",
            "constraint": "none",
            "activation": "relu",
        },
    }
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: MarginsSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """Each seed's search for its threshold, then every load that has not been tried."""
        if settings.approached:
            return approaches(settings, [settings.fixed_patterns], done)
        tried = {_place(item.cell) for item in done if item.cell.task == "margins"}
        thresholds = own_thresholds(settings, done)
        cells = [cell for seed, ends in thresholds.brackets.items() for cell in _cells(settings, seed, sum(ends) / 2)]
        return [*thresholds.cells, *(cell for cell in cells if _place(cell) not in tried)]

    def outlook(self, settings: MarginsSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many seeds' thresholds are known, and how many cells follow."""
        if settings.approached:
            return approaches_outlook(settings, done)
        return outlook(settings, done, self.plan(settings, done), len(settings.relative))

    def comparison_points(self, settings: MarginsSettings) -> Sequence[ComparisonPoint]:
        """The first seed at 3 N_w, before its threshold is known; none for other systems."""
        if settings.approached:
            return approach_points(settings, settings.fixed_patterns)
        network = settings.network()
        patterns = max(settings.counts((1.0,), 3.0 * network.weights), default=2)
        return [settings.comparison_point(network, patterns, settings.pool(), settings.seed)]

    def analyse(self, settings: MarginsSettings, done: Sequence[FinishedCell]) -> Findings:
        """Exponents with intervals over seeds, the fits, and the exponents window by window and load by load."""
        if settings.approached:
            return approached.analyse(done)
        own = [item for item in done if item.cell.task == "margins"]
        return analysis.analyse(settings, own)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Cumulative distributions with their fits; exponents against the window."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)


def _place(cell: Cell) -> tuple[Json, Json]:
    return cell.coordinates["seed"], cell.coordinates["patterns"]


def _cells(settings: MarginsSettings, seed: int, threshold: float) -> Iterator[Cell]:
    network = settings.network()
    for patterns, value in settings.counts(settings.relative, threshold).items():
        minimisation = settings.minimisation(network, seed, patterns, settings.pool())
        yield Cell(
            task="margins",
            system=network,
            loss=minimisation.loss,
            coordinates={"seed": seed, "patterns": patterns, "relative": value},
            dataset=minimisation.dataset,
            needs=(minimisation,),
            label=f"seed {seed}, P = {patterns}, {value:g} of the threshold",
            cost=minimisation.cost,
        )
