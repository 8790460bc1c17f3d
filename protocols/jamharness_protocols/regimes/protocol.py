"""Regimes: lazy and feature learning over the (h, α) plane, with the crossover and the jamming line (1906.08034)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Cell, Findings, FinishedCell, Observable, Outlook, Plot
from jamharness_protocols.regimes import analysis, figures, plots
from jamharness_protocols.regimes.observables import OBSERVABLES
from jamharness_protocols.regimes.plane import by_place, seeds_of, wanted
from jamharness_protocols.regimes.settings import RegimesSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Regimes:
    """Where learning is lazy, where it learns features, and where it cannot satisfy its patterns."""

    Settings = RegimesSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"widths": (8, 16), "scales": (0.1, 10.0, 1000.0), "seeds": 3, "patterns": 60},
        "paper": {
            "dataset": "mnist", "depth": 5, "patterns": 10_000, "widths": (10, 30, 100, 300, 1000), "seeds": 10,
            "scales": (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1e3, 1e4), "highest_width": 3000, "budget": 1_000_000,
        },
    }  # fmt: skip
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The grid, then places that halve the brackets of the two lines."""
        tried = by_place(done)
        return [
            settings.cell(*place, seed)
            for place in wanted(settings, done)
            for seed in seeds_of(settings)
            if seed not in tried.get(place, {})
        ]

    def outlook(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many places are done; at most three more on each line that is searched."""
        places = wanted(settings, done)
        known = sum(set(seeds_of(settings)) <= set(cells) for cells in by_place(done).values())
        left = len(self.plan(settings, done))
        lines = len(settings.widths) + len(settings.jammed_at)
        words = f"{known} of {len(places)} places of the plane"
        return Outlook(words=words, fewest=left, most=left + 3 * lines * settings.seeds)

    def analyse(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Findings:
        """Slopes, lines and collapses."""
        return analysis.analyse(settings, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """The phase diagram, the collapse, fluctuations and errors."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)
