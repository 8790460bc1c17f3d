"""The jamming point: the largest load P/N at which minimisation satisfies every pattern, seed by seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness_numerics.search import Axis, bracket, next_value, trials_left

from jamharness.api import (
    Backend,
    Cell,
    CellResult,
    ComparisonPoint,
    Findings,
    FinishedCell,
    Network,
    Observable,
    Outlook,
    Progress,
)
from jamharness_protocols.common.trial import run_trial
from jamharness_protocols.jamming import analysis, figures
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
        """The next trial of every search that is not finished."""
        tried = _tried(settings, done)
        cells = []
        for search in _searches(settings):
            following = next_value(search.axis, tried.get((search.seed, search.patterns), {}))
            if following is not None:
                cells.append(_cell(settings, search, following))
        return cells

    def outlook(self, settings: JammingSettings, done: Sequence[FinishedCell]) -> Outlook:
        """How many searches have found their bracket, and how many trials the others need if they need as many."""
        tried, searches = _tried(settings, done), list(_searches(settings))
        outcomes = [tried.get((search.seed, search.patterns), {}) for search in searches]
        pairs = [(search.axis, own) for search, own in zip(searches, outcomes, strict=True)]
        over = [(axis, own) for axis, own in pairs if next_value(axis, own) is None]
        ends = [(found.satisfied, found.unsatisfied) for found in (bracket(axis, own) for axis, own in over)]
        needed = [len(own) for _, own in over]
        left = [trials_left(axis, own, needed) for axis, own in pairs]
        most = [high for _, high in left if high is not None]
        noun = "seeds" if settings.scan == "patterns" else "searches"
        return Outlook(
            words=f"{sum(None not in both for both in ends)} of {len(pairs)} {noun} bracketed",
            fewest=sum(low for low, _ in left),
            most=sum(most) if len(most) == len(left) else None,
        )

    def axis(self, settings: JammingSettings) -> Axis:
        """What a scan over patterns searches along."""
        return _pattern_axis(settings, 2 if settings.labels == "alternate" else 1)

    def comparison_points(self, settings: JammingSettings) -> Sequence[ComparisonPoint]:
        """The first seed at the load where its search starts, near the transition."""
        search = next(_searches(settings))
        return [settings.comparison_point(*_shape(settings, search, search.axis.start), search.seed)]

    def measure(self, cell: Cell, backend: Backend, progress: Progress) -> CellResult:
        """One minimisation."""
        return run_trial(cell, backend, progress)

    def analyse(self, settings: JammingSettings, done: Sequence[FinishedCell]) -> Findings:
        """Brackets per seed, and what they say together."""
        axes = {(search.seed, search.patterns): search.axis for search in _searches(settings)}
        return analysis.analyse(settings.scan, axes, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """N_Δ/N against P/N_w; for a scan over widths also N* against P."""
        return figures.draw(findings)

    def draw_comparison(self, findings: Mapping[str, Findings]) -> "Mapping[str, Figure]":
        """N_Δ/N against P/N_w, run by run."""
        return figures.draw_comparison(findings)


def _tried(settings: JammingSettings, done: Sequence[FinishedCell]) -> dict[tuple[Any, ...], dict[int, str]]:
    """Outcomes by value, search by search."""
    tried: dict[tuple[Any, ...], dict[int, str]] = {}
    for finished in done:
        place, value = _place(settings, finished.cell)
        tried.setdefault(place, {})[value] = str(finished.result.values["outcome"]) if finished.result else "failed"
    return tried


def _searches(settings: JammingSettings) -> Iterator[Search]:
    """Every seed, and every P of a scan over widths, with the axis that it is searched along."""
    parity = 2 if settings.labels == "alternate" else 1
    for seed in range(settings.seed, settings.seed + settings.seeds):
        if settings.scan == "patterns":
            yield Search(seed=seed, patterns=None, axis=_pattern_axis(settings, parity))
        else:
            for patterns in settings.scanned_patterns:
                yield Search(seed=seed, patterns=patterns, axis=_width_axis(settings, patterns))


def _pattern_axis(settings: JammingSettings, parity: int) -> Axis:
    network = settings.network()
    highest = pool_of(settings, network)
    return Axis(
        start=min(round(settings.start_ratio * network.weights), highest),
        lowest=2,
        highest=highest,
        step=parity,
        resolution=max(parity, round(settings.resolution * network.weights)),
        growth=settings.growth,
        harder_up=True,
    )


def pool_of(settings: JammingSettings, network: Network) -> int:
    """How many patterns a seed of a scan over patterns has: all its trials are prefixes of them."""
    if isinstance(settings.patterns, int):
        return settings.patterns
    return max(2, 2 * ceil(settings.highest_ratio * network.weights / 2))


def _width_axis(settings: JammingSettings, patterns: int) -> Axis:
    """Widths from 1 up, starting where P/N_w is the start ratio."""
    weights, width = patterns / settings.start_ratio, 1
    while _scan_network(settings, width).weights < weights and width < settings.highest_width:
        width += 1
    return Axis(
        start=width,
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


def _shape(settings: JammingSettings, search: Search, value: int) -> tuple[Network, int, int]:
    """The network, the patterns and their pool at one value of a search."""
    if settings.scan == "patterns":
        return settings.network(), value, pool_of(settings, settings.network())
    return _scan_network(settings, value), search.patterns or 0, max(settings.scanned_patterns)


def _cell(settings: JammingSettings, search: Search, value: int) -> Cell:
    network, patterns, pool = _shape(settings, search, value)
    ratio = patterns / network.weights
    shape = "" if settings.scan == "patterns" else f", width {value}"
    return Cell(
        protocol="jamming",
        coordinates=settings.coordinates(network, search.seed, patterns),
        dataset=settings.request(search.seed, network.inputs, pool),
        label=f"seed {search.seed}, P = {patterns}{shape}, P/N_w = {ratio:.2f}",
        cost=float(patterns) * network.size**2,
    )


def _place(settings: JammingSettings, cell: Cell) -> tuple[tuple[Any, ...], int]:
    """Which search a cell belongs to, and the value it tried."""
    at = cell.coordinates
    if settings.scan == "patterns":
        return (at["seed"], None), int(at["patterns"])  # type: ignore[arg-type]
    return (at["seed"], at["patterns"]), int(at["width"])  # type: ignore[arg-type]
