"""Generalisation: the test error against the number of parameters, through the transition and far beyond."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jamharness_numerics.search import bracket

from jamharness.api import Cell, ComparisonPoint, Findings, FinishedCell, Observable, Outlook, Plot
from jamharness_protocols.common.own_threshold import retraced
from jamharness_protocols.generalisation import analysis, figures, plots
from jamharness_protocols.generalisation.cells import Place, outcomes, place_of
from jamharness_protocols.generalisation.observables import OBSERVABLES
from jamharness_protocols.generalisation.settings import EFFECTIVE, EVALUATION, GeneralisationSettings
from jamharness_protocols.jamming.protocol import Search, outlook_of, searches

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Generalisation:
    """Where the test error peaks, why it falls again, and what an ensemble is worth."""

    Settings = GeneralisationSettings
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {},
        "paper": {
            "dataset": "mnist", "depth": 5, "patterns": (10_000, 20_000, 50_000), "minimiser": "adam",
            "learning_rate": 1e-4, "budget": 500_000, "networks": 20,
        },
    }  # fmt: skip
    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: GeneralisationSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The next trial of every search for N*; where all of one P have ended, the networks of every width."""
        tried = {place_of(item.cell) for item in done if _is_test(settings, item.cell)}
        ranked = {place_of(item.cell) for item in done if item.cell.task == EFFECTIVE}
        cells: list[Cell] = []
        for patterns in settings.sizes:
            following = _following(settings, patterns, done)
            for search, width in following:
                cells.append(settings.trained(search.seed, 0, patterns, width))
            if following:
                continue
            for width in grid(settings, patterns, done):
                for draw in settings.draws:
                    for network in range(settings.networks):
                        place: Place = (draw, network, patterns, width)
                        if place not in tried:
                            cells.append(settings.measured(*place))
                    if settings.effective and (draw, 0, patterns, width) not in ranked:
                        cells.append(settings.counted(draw, patterns, width))
        return cells

    def outlook(self, settings: GeneralisationSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many searches have ended, and how many networks are tested."""
        per_width = settings.seeds * settings.networks
        if settings.widths is None:
            pairs = [(search.axis, tried) for search, tried, _ in _traces(settings, done)]
            searching = outlook_of(pairs, "searches")
            if searching.fewest:
                most = None
                if searching.most is not None:
                    most = searching.most + 2 * len(settings.sizes) * len(settings.factors) * per_width
                return Outlook(words=searching.words, fewest=searching.fewest, most=most)
        tests = sum(_is_test(settings, item.cell) for item in done)
        whole = sum(len(grid(settings, patterns, done)) for patterns in settings.sizes) * per_width
        left = sum(cell.task != "minimisation" for cell in self.plan(settings, done))
        return Outlook(words=f"{min(tests, whole)} of {whole} networks tested", fewest=left, most=2 * left)

    def comparison_points(self, settings: GeneralisationSettings) -> Sequence[ComparisonPoint]:
        """The first draw at the width where the search for N* starts."""
        search = next(searches(settings.search()))
        patterns = search.patterns or settings.sizes[0]
        width = settings.widths[0] if settings.widths else search.axis.start
        network = settings.scanned(width)
        return [settings.comparison_point(network, patterns, max(settings.sizes), search.seed)]

    def analyse(self, settings: GeneralisationSettings, done: Sequence[FinishedCell]) -> Findings:
        """Curves over N, the cusp, exponents and ensembles."""
        return analysis.analyse(settings, brackets(settings, done), done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Test error, outputs and ensembles against N."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)


def _is_test(settings: GeneralisationSettings, cell: Cell) -> bool:
    return cell.task != EFFECTIVE and (settings.followed or cell.task == EVALUATION)


def _traces(
    settings: GeneralisationSettings, done: Sequence[FinishedCell]
) -> list[tuple[Search, dict[int, str], int | None]]:
    """Each search for N*, its trials' outcomes by width, and the width that it tries next; None when it has ended."""
    endings = outcomes(done)
    traces = []
    for search in searches(settings.search()):
        mine = endings.get((search.seed, 0, search.patterns or 0), {})
        if settings.widths is None:
            traces.append((search, *retraced(search.axis, mine)))
        else:
            traces.append((search, {width: mine[width] for width in settings.widths if width in mine}, None))
    return traces


def _following(
    settings: GeneralisationSettings, patterns: int, done: Sequence[FinishedCell]
) -> list[tuple[Search, int]]:
    """The searches of one P that go on, each with the width that it tries next."""
    if settings.widths is not None:
        return []
    traces = _traces(settings, done)
    return [(search, width) for search, _, width in traces if search.patterns == patterns and width is not None]


def brackets(
    settings: GeneralisationSettings, done: Sequence[FinishedCell]
) -> dict[tuple[int, int], tuple[int | None, int | None, bool]]:
    """By draw and P, the largest width that stays unsatisfied, the smallest that satisfies, and whether that is sure.

    Arguments:
        settings: of the run.
        done: finished cells.
    """
    intervals = {}
    for search, tried, _ in _traces(settings, done):
        ends = bracket(search.axis, tried)
        intervals[search.seed, search.patterns or 0] = ends.unsatisfied, ends.satisfied, not ends.undecided
    return intervals


def grid(settings: GeneralisationSettings, patterns: int, done: Sequence[FinishedCell]) -> tuple[int, ...]:
    """The widths that are trained at one P: as asked, or where N is a factor times the draws' median N*.

    Empty where no search has found N*.
    """
    if settings.widths is not None:
        return tuple(sorted(set(settings.widths)))
    return tuple(sorted(set(placed(settings, patterns, done).values())))


def placed(settings: GeneralisationSettings, patterns: int, done: Sequence[FinishedCell]) -> dict[float, int]:
    """By factor, the width whose N is nearest to that times the draws' median N*; empty where no search has found N*.

    Arguments:
        settings: of the run, without widths.
        patterns: P.
        done: finished cells.
    """
    middle = [
        np.sqrt(settings.scanned(low).weights * settings.scanned(high).weights)
        for (_, size), (low, high, _) in brackets(settings, done).items()
        if size == patterns and low is not None and high is not None
    ]
    if not middle:
        return {}
    critical, widths = float(np.median(middle)), range(1, settings.highest_width + 1)
    return {factor: _nearest(settings, widths, factor * critical) for factor in settings.factors}


def _nearest(settings: GeneralisationSettings, widths: range, weights: float) -> int:
    """The width whose number of weights is nearest in ratio."""
    above = bisect_left(widths, weights, key=lambda width: settings.scanned(width).weights)
    around = [widths[place] for place in (above - 1, above) if 0 <= place < len(widths)]
    return min(around, key=lambda width: abs(np.log(settings.scanned(width).weights / weights)))
