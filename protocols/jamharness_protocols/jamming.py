"""The jamming point: the largest load P/N at which minimisation satisfies every pattern, seed by seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar

from jamharness.api import Backend, Cell, CellResult, Findings, FinishedCell, Network, Observable, Progress, setting
from jamharness_protocols import jamming_analysis, jamming_figures
from jamharness_protocols.search import Axis, next_value
from jamharness_protocols.settings import PAPER, Shared
from jamharness_protocols.trial import run_trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH_SCAN_PATTERNS = (100, 200, 400, 800)


@dataclass(frozen=True, kw_only=True)
class Settings(Shared):
    """Settings of the jamming protocol."""

    scan: str = setting(
        "patterns",
        help="vary P at a fixed network, or the width at fixed P",
        choices=("patterns", "width"),
        source=f"{PAPER}: N*(P) by lowering h",
    )
    patterns: int | tuple[int, ...] | None = setting(
        None,
        help="scan=patterns: the pool of patterns, whose prefixes are tried (none: highest_ratio × N_w, or all of a real data set); "
        f"scan=width: the values of P (none: {','.join(map(str, _WIDTH_SCAN_PATTERNS))})",
    )
    start_ratio: float = setting(3.0, help="P/N_w of the first trial", source=f"{PAPER}: the transition lies near 3")
    highest_ratio: float = setting(12.0, help="largest P/N_w that a scan over patterns may reach")
    resolution: float = setting(0.2, help="width in P/N_w at which a seed's bracket is narrow enough (scan=patterns)")
    growth: float = setting(1.25, help="factor between trials while one end of the bracket is missing")
    highest_width: int = setting(512, help="largest width that a scan over widths may reach")

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        found = super().problems()
        for name, value in (("start_ratio", self.start_ratio), ("highest_ratio", self.highest_ratio), ("resolution", self.resolution)):
            if not 0 < value < float("inf"):
                found.append(f"{name} = {value}: it must be a positive number, in units of P/N_w.")
        if not self.growth > 1:
            found.append(f"growth = {self.growth}: it must be above 1, as in growth=1.25.")
        for count in self.pattern_counts:
            if count < 2:
                found.append(f"patterns = {count}: at least 2 are needed, one of each class.")
            elif count % 2 and self.labels == "alternate":
                found.append(f"patterns = {count}: alternate labels need an even number; use {count - 1} or {count + 1}, or labels=random.")
        if self.scan == "patterns" and isinstance(self.patterns, tuple):
            found.append(f"patterns = {','.join(map(str, self.patterns))}: scan=patterns takes one number, the pool; use scan=width for several.")
        if self.scan == "width":
            if self.depth == 0:
                found.append("depth = 0: a linear network has no width to scan; use scan=patterns.")
            if isinstance(self.width, tuple):
                found.append(f"width = {','.join(map(str, self.width))}: scan=width varies one width for all layers; give one number.")
            if self.highest_width < 1:
                found.append(f"highest_width = {self.highest_width}: it must be at least 1.")
        return found

    @property
    def pattern_counts(self) -> tuple[int, ...]:
        """Every number of patterns that was asked for by name."""
        if self.patterns is None:
            return ()
        return self.patterns if isinstance(self.patterns, tuple) else (self.patterns,)

    @property
    def scanned_patterns(self) -> tuple[int, ...]:
        """The values of P of a scan over widths."""
        return self.pattern_counts or _WIDTH_SCAN_PATTERNS

    @property
    def scan_inputs(self) -> int:
        """The input dimension of a scan over widths, where the width is no default: 10, as on MNIST in arXiv 1809.09349."""
        return 10 if self.inputs is None else self.inputs


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search: a seed, and for a scan over widths one P; with the key by which its trials are found."""

    seed: int
    patterns: int | None
    axis: Axis


class Jamming:
    """Where the transition lies, how wide it is, and how far N_Δ jumps."""

    Settings = Settings

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {},
        "paper": {"width": 40, "depth": 5, "minimiser": "adam", "seeds": 10, "resolution": 0.1},
    }

    observables: ClassVar[Mapping[str, Observable]] = {
        "critical_ratio": Observable(
            unit="P/N_w", meaning="mean over seeds of the load at the jamming point", source=PAPER, comparison="distribution", published="≈ 3"
        ),
        "critical_ratio_parameters": Observable(
            unit="P/N", meaning="the same load per parameter, biases included", source=PAPER, comparison="distribution"
        ),
        "transition_width": Observable(
            unit="P/N_w", meaning="standard deviation of the load at the jamming point over seeds", source=PAPER, comparison="distribution"
        ),
        "jump_smallest": Observable(
            unit="N_Δ/N", meaning="least unsatisfied at the first minimum beyond each seed's threshold", source=PAPER,
            comparison="distribution", published="> 0.5",
        ),
        "jump_median": Observable(
            unit="N_Δ/N", meaning="median unsatisfied at the first minimum beyond each seed's threshold", source=PAPER,
            comparison="distribution", published="≈ 0.75",
        ),
        "scaling_exponent": Observable(
            unit="", meaning="x of N* ~ P^x, N* in weights", source="arXiv 1810.09665", comparison="distribution", published="3/4 on MNIST parity"
        ),
        "satisfied": Observable(unit="runs", meaning="runs that ended with N_Δ = 0", source="", comparison="distribution"),
        "minimum": Observable(unit="runs", meaning="runs that ended in a minimum", source="", comparison="distribution"),
        "undecided": Observable(unit="runs", meaning="runs that were not decided, or failed", source="", comparison="distribution"),
    }  # fmt: skip

    def plan(self, settings: Settings, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """The next trial of every search that is not finished."""
        tried: dict[tuple[Any, ...], dict[int, str]] = {}
        for finished in done:
            place, value = _place(settings, finished.cell)
            outcome = str(finished.result.values["outcome"]) if finished.result else "failed"
            tried.setdefault(place, {})[value] = outcome
        cells = []
        for search in _searches(settings):
            value = next_value(search.axis, tried.get((search.seed, search.patterns), {}))
            if value is not None:
                cells.append(_cell(settings, search, value))
        return cells

    def measure(self, cell: Cell, backend: Backend, progress: Progress) -> CellResult:
        """One minimisation."""
        return run_trial(cell, backend, progress)

    def analyse(self, settings: Settings, done: Sequence[FinishedCell]) -> Findings:
        """Brackets per seed, and what they say together."""
        axes = {(search.seed, search.patterns): search.axis for search in _searches(settings)}
        return jamming_analysis.analyse(settings.scan, axes, done)

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """N_Δ/N against P/N_w; for a scan over widths also N* against P."""
        return jamming_figures.draw(findings)


def _searches(settings: Settings) -> Iterator[Search]:
    """Every seed, and every P of a scan over widths, with the axis that it is searched along."""
    parity = 2 if settings.labels == "alternate" else 1
    for seed in range(settings.seed, settings.seed + settings.seeds):
        if settings.scan == "patterns":
            yield Search(seed=seed, patterns=None, axis=_pattern_axis(settings, parity))
        else:
            for patterns in settings.scanned_patterns:
                yield Search(seed=seed, patterns=patterns, axis=_width_axis(settings, patterns))


def _pattern_axis(settings: Settings, parity: int) -> Axis:
    network = settings.network()
    highest = _pool(settings, network)
    return Axis(
        start=min(round(settings.start_ratio * network.weights), highest),
        lowest=2,
        highest=highest,
        step=parity,
        resolution=max(parity, round(settings.resolution * network.weights)),
        growth=settings.growth,
        harder_up=True,
    )


def _pool(settings: Settings, network: Network) -> int:
    """How many patterns a seed of a scan over patterns has: all its trials are prefixes of them."""
    if isinstance(settings.patterns, int):
        return settings.patterns
    return max(2, 2 * ceil(settings.highest_ratio * network.weights / 2))


def _width_axis(settings: Settings, patterns: int) -> Axis:
    """Widths from 1 up, starting where P/N_w is the start ratio."""
    weights, width = patterns / settings.start_ratio, 1
    while _scan_network(settings, width).weights < weights and width < settings.highest_width:
        width += 1
    return Axis(
        start=width, lowest=1, highest=settings.highest_width, step=1, resolution=1, growth=settings.growth, harder_up=False
    )


def _scan_network(settings: Settings, width: int) -> Network:
    return Network(inputs=settings.scan_inputs, width=width, depth=settings.depth, activation=settings.activation, bias=settings.bias)


def _cell(settings: Settings, search: Search, value: int) -> Cell:
    if settings.scan == "patterns":
        network, patterns, pool = settings.network(), value, _pool(settings, settings.network())
    else:
        network, patterns, pool = _scan_network(settings, value), search.patterns or 0, max(settings.scanned_patterns)
    ratio = patterns / network.weights
    shape = "" if settings.scan == "patterns" else f", width {value}"
    return Cell(
        protocol="jamming",
        coordinates=settings.coordinates(network, search.seed, patterns),
        dataset=settings.request(search.seed, network.inputs, pool),
        label=f"seed {search.seed}, P = {patterns}{shape}, P/N_w = {ratio:.2f}",
        cost=float(patterns) * network.size**2,
    )


def _place(settings: Settings, cell: Cell) -> tuple[tuple[Any, ...], int]:
    """Which search a cell belongs to, and the value it tried."""
    at = cell.coordinates
    if settings.scan == "patterns":
        return (at["seed"], None), int(at["patterns"])  # type: ignore[arg-type]
    return (at["seed"], at["patterns"]), int(at["width"])  # type: ignore[arg-type]
