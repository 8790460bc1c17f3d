"""The jamming point: the largest load P/N at which minimisation satisfies every pattern, seed by seed."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness_numerics.search import Axis, bracket, next_value, trials_left

from jamharness.api import (
    Cell,
    ComparisonPoint,
    Findings,
    FinishedCell,
    Network,
    Observable,
    Outlook,
    PatternSystem,
    Plot,
)
from jamharness_protocols.common.approaches import approach_points, approaches, approaches_outlook
from jamharness_protocols.common.problem import network_of
from jamharness_protocols.jamming import analysis, approached, figures, plots
from jamharness_protocols.jamming.observables import OBSERVABLES
from jamharness_protocols.jamming.settings import JammingSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search: a seed, and for a scan over widths one P; with the key by which its trials are found."""

    seed: int
    patterns: int | None
    axis: Axis


class Jamming:
    """Where the transition lies, how wide it is, and how far N_Δ jumps."""

    Settings = JammingSettings

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {},
        "paper": {"width": 40, "depth": 5, "minimiser": "adam", "seeds": 10, "resolution": 0.1},
    }

    observables: ClassVar[Mapping[str, Observable]] = OBSERVABLES

    def plan(self, settings: JammingSettings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The next trial of every search that is not finished; an approach for every seed where κ is the load."""
        if settings.continuous:
            return approaches(settings, settings.approached_patterns, done)
        tried = _outcomes(settings, done)
        cells = []
        for search in searches(settings):
            own = tried.get((search.seed, search.patterns), {})
            following = next_value(search.axis, own)
            values = [following] if following is not None else []
            if settings.loads:
                values = [value for value in settings.design if value not in own]
            cells += [trial(settings, search, value) for value in values]
        return cells

    def outlook(self, settings: JammingSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many searches have found their bracket, and how many trials the others need if they need as many."""
        if settings.continuous:
            return approaches_outlook(settings, done, loads=len(settings.approached_patterns))
        tried = _outcomes(settings, done)
        if settings.loads:
            runs, planned = sum(map(len, tried.values())), len(settings.design) * settings.seeds
            return Outlook(words=f"{runs} of {planned} runs", fewest=planned - runs, most=planned - runs)
        pairs = [(search.axis, tried.get((search.seed, search.patterns), {})) for search in searches(settings)]
        return outlook_of(pairs, "seeds" if settings.scan == "patterns" else "searches")

    def axis(self, settings: JammingSettings) -> Axis:
        """What a scan over patterns searches along."""
        return _pattern_axis(settings, 2 if settings.labels == "alternate" else 1)

    def comparison_points(self, settings: JammingSettings) -> Sequence[ComparisonPoint]:
        """The first seed at the load where its search starts, near the transition; none for other systems."""
        if settings.approached:
            return approach_points(settings, settings.fixed_patterns)
        search = next(searches(settings))
        system, patterns, pool = _shape(settings, search, search.axis.start)
        assert isinstance(system, Network)
        return [settings.comparison_point(system, patterns, pool, search.seed)]

    def analyse(self, settings: JammingSettings, done: Sequence[FinishedCell]) -> Findings:
        """Brackets per seed, or where each came to jamming, and what they say together."""
        if settings.continuous:
            return approached.analyse(done)
        axes = {(search.seed, search.patterns): search.axis for search in searches(settings)}
        findings = analysis.analyse(settings.scan, axes, done)
        return analysis.of_a_design(findings) if settings.loads else findings

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """N_Δ/N_w against P/N_w; for a scan over widths also N* against P; of approaches L against κ, and a packing."""
        return figures.draw(findings)

    def plots(self, findings: Findings) -> Mapping[str, Plot]:
        """What the figures show, point by point, for a report in a browser."""
        return plots.plots(findings)

    def draw_comparison(self, findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
        """N_Δ/N_w against P/N_w, run by run."""
        return figures.draw_comparison(findings)


def outlook_of(pairs: Sequence[tuple[Axis, Mapping[int, str]]], noun: str) -> Outlook:
    """How far several searches are.

    Arguments:
        pairs: the axis of each, and its outcomes by value.
        noun: what they are called.
    """
    over = [(axis, tried) for axis, tried in pairs if next_value(axis, tried) is None]
    ends = [(interval.satisfied, interval.unsatisfied) for interval in (bracket(axis, tried) for axis, tried in over)]
    left = [trials_left(axis, tried, [len(own) for _, own in over]) for axis, tried in pairs]
    most = [high for _, high in left if high is not None]
    return Outlook(
        words=f"{sum(None not in both for both in ends)} of {len(pairs)} {noun} bracketed",
        fewest=sum(low for low, _ in left),
        most=sum(most) if len(most) == len(left) else None,
    )


def _outcomes(settings: JammingSettings, done: Sequence[FinishedCell]) -> dict[tuple[Any, ...], dict[int, str]]:
    """Outcomes by value, search by search."""
    tried: dict[tuple[Any, ...], dict[int, str]] = {}
    for finished in done:
        place, value = _place(settings, finished.cell)
        tried.setdefault(place, {})[value] = str(finished.result.values["outcome"]) if finished.result else "failed"
    return tried


def searches(settings: JammingSettings) -> Iterator[Search]:
    """Every seed, and every P of a scan over widths, with the axis that it is searched along."""
    parity = 2 if settings.labels == "alternate" else 1
    axes: dict[int | None, Axis]
    if settings.scan == "patterns":
        axes = {None: _pattern_axis(settings, parity)}
    else:
        axes = {patterns: _width_axis(settings, patterns) for patterns in settings.scanned_patterns}
    for seed in range(settings.seed, settings.seed + settings.seeds):
        for patterns, axis in axes.items():
            yield Search(seed=seed, patterns=patterns, axis=axis)


def _pattern_axis(settings: JammingSettings, parity: int) -> Axis:
    weights, highest = settings.patterned().weights, pool_of(settings, settings.patterned())
    return Axis(
        start=min(round(settings.first_ratio * weights), highest),
        lowest=2,
        highest=highest,
        step=parity,
        resolution=max(parity, round(settings.resolution * weights)),
        growth=settings.growth,
        harder_up=True,
    )


def pool_of(settings: JammingSettings, system: PatternSystem) -> int:
    """How many patterns a seed of a scan over patterns has: all its trials are prefixes of them."""
    if isinstance(settings.patterns, int):
        return settings.patterns
    return max(2, 2 * ceil(settings.highest_ratio * system.weights / 2))


def _width_axis(settings: JammingSettings, patterns: int) -> Axis:
    """Widths from 1 up, starting where P/N_w is the start ratio."""
    weights = patterns / settings.first_ratio
    widths = range(1, settings.highest_width + 1)
    smaller = bisect_left(widths, weights, key=lambda width: _scan_network(settings, width).weights)
    return Axis(
        start=min(smaller + 1, settings.highest_width),
        lowest=1,
        highest=settings.highest_width,
        step=1,
        resolution=1,
        growth=settings.growth,
        harder_up=False,
    )


def _scan_network(settings: JammingSettings, width: int) -> Network:
    return Network(
        inputs=settings.scan_inputs,
        width=width,
        depth=settings.depth,
        activation=settings.activation,
        bias=settings.bias,
    )


def _shape(settings: JammingSettings, search: Search, value: int) -> tuple[PatternSystem, int, int]:
    """The system, the patterns and their pool at one value of a search."""
    if settings.scan == "patterns":
        return settings.patterned(), value, pool_of(settings, settings.patterned())
    return _scan_network(settings, value), search.patterns or 0, max(settings.scanned_patterns)


def trial(settings: JammingSettings, search: Search, value: int) -> Cell:
    """The minimisation at one value of a search."""
    system, patterns, pool = _shape(settings, search, value)
    cell = settings.minimisation(system, search.seed, patterns, pool)
    return cell if settings.scan == "patterns" else replace(cell, label=f"{cell.label}, width {value}")


def _place(settings: JammingSettings, cell: Cell) -> tuple[tuple[Any, ...], int]:
    """Which search a cell belongs to, and the value it tried."""
    at = cell.coordinates
    if settings.scan == "patterns":
        return (at["seed"], None), at["patterns"]
    return (at["seed"], at["patterns"]), _width(cell)


def _width(cell: Cell) -> int:
    width = network_of(cell).width
    assert isinstance(width, int), "a scan over widths has one for all layers"
    return width
