"""Regimes: lazy and feature learning over the (h, α) plane, with the crossover and the jamming line (1906.08034)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import (
    BadInput,
    Cell,
    ComparisonPoint,
    Findings,
    FinishedCell,
    Network,
    Observable,
    Outlook,
    Plot,
)
from jamharness_protocols.regimes import analysis, figures, plots
from jamharness_protocols.regimes.observables import OBSERVABLES
from jamharness_protocols.regimes.plane import by_place, limits, seeds_of, wanted
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
            "method": "chebyshev",
        },
    }  # fmt: skip
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The grid and the lazy limit, then places that halve the brackets of the two lines."""
        tried, seeds, limited = by_place(done), seeds_of(settings), limits(done)
        cells: list[Cell] = []
        for place in wanted(settings, done):
            missing = [seed for seed in seeds if seed not in tried.get(place, {})]
            if settings.side_by_side:
                cells += [settings.cell_together(*place)] if missing else []
            else:
                cells += [settings.cell(*place, seed) for seed in missing]
        widths = sorted(set(settings.limit_widths))
        return cells + [
            settings.cell_limit(width, seed)
            for width in widths
            for seed in seeds
            if seed not in limited.get(width, {})
        ]  # fmt: skip

    def outlook(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many places are done; at most three more on each line that is searched."""
        places = wanted(settings, done)
        finished = sum(set(seeds_of(settings)) <= set(cells) for cells in by_place(done).values())
        left = len(self.plan(settings, done))
        lines = len(settings.widths) + len(settings.jammed_at)
        words = f"{finished} of {len(places)} places of the plane"
        each = 1 if settings.side_by_side else settings.seeds
        return Outlook(words=words, fewest=left, most=left + 3 * lines * each)

    def comparison_points(self, settings: RegimesSettings) -> Sequence[ComparisonPoint]:
        """The first network that is too narrow for its patterns, under the quadratic hinge, with α = 1 and f₀ left in.

        It is the fully connected network of that shape without biases that backends have closed forms for, of the
        largest width up to the grid's own with N ≤ P/4: where all patterns are satisfied which of them are by rounding
        alone is a matter of rounding, and H0 jumps with it. None where backends do not know the activation.
        """
        widths = range(2, min(settings.widths) + 1)
        narrow = [width for width in widths if 4 * settings.network_of(width).size <= settings.patterns]
        own = settings.network_of(max(narrow, default=1))
        try:
            network = Network(
                inputs=own.inputs, width=own.width, depth=own.depth, activation=own.activation, bias=False
            )  # fmt: skip
        except BadInput:
            return []
        point = settings.comparison_point(network, settings.patterns, settings.patterns, settings.seed)
        return [replace(point, scheme=network.schemes[0])]

    def analyse(self, settings: RegimesSettings, done: Sequence[FinishedCell]) -> Findings:
        """Slopes, lines and collapses."""
        return analysis.analyse(settings, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """The phase diagram, the collapse, fluctuations and errors."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)
