"""Loads in units of each seed's own threshold: a protocol's first cells are then those that `jamming` would plan.

They are jamming's cells, measured by jamming and kept under its name, so that a run of both computes them once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from jamharness_numerics.search import Axis, bracket, next_value

from jamharness.api import ACTIVATIONS, Cell, FinishedCell, Outlook, PatternSystem, named_data, setting
from jamharness_protocols.common.search_settings import CONSTRAINTS, SearchSettings, patterns_at
from jamharness_protocols.common.settings import MINIMISATION, beyond
from jamharness_protocols.jamming.protocol import Search, outlook_of, pool_of, searches, trial
from jamharness_protocols.jamming.settings import REAL, JammingSettings

FREE = ("threshold", "relative", "smallest_gap")
"""Settings of the protocols that measure free networks near their own threshold, and nothing else uses."""


def _text(value: object) -> str:
    return ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True, kw_only=True)
class ThresholdSettings(SearchSettings):
    """A search for each seed's own threshold, with loads relative to it."""

    constraint: str = setting(
        "sphere",
        help="what is fixed of a network's weights: |w| (sphere), |w| of every layer (layers), or nothing, which has "
        "no jamming point: then minima near each seed's own threshold are measured, where there are any",
        choices=CONSTRAINTS,
        source="docs/at-jamming.md",
    )
    activation: str = setting(
        "softplus(8)",
        help=f"one of {', '.join(ACTIVATIONS)}; gelu(β) and softplus(β) take a sharpness",
        source="docs/at-jamming.md: smooth, as spectra at jamming need it; the papers have relu",
    )
    patterns: int | None = setting(
        None, help="the pool of patterns, whose prefixes are tried (none: highest_ratio × N_w)"
    )

    def problems(self) -> list[str]:
        """One sentence for each value that cannot be."""
        problems = super().problems() + beyond(patterns=self.patterns)
        if self.confined:
            problems += [
                f"{item.name} = {_text(getattr(self, item.name))}: that is for loads relative to a free network's "
                "threshold; leave it out, or measure free networks with constraint=none."
                for item in fields(self)
                if item.name in FREE and getattr(self, item.name) != item.default
            ]
        if self.free_scale:
            problems.append(
                f"system = {self.system.name}: its scale is free, so κ is no load; only jamming measures it."
            )
        if self.patterns is None and named_data(self.dataset)[0] in REAL:
            problems.append(f"patterns = none: {self.dataset} needs its pool, as in patterns=1000.")
        if self.patterns is not None and self.patterns < 2:
            problems.append(f"patterns = {self.patterns}: at least 2 are needed, one of each class.")
        elif self.patterns is not None and self.patterns % 2 and self.labels == "alternate":
            near = f"{self.patterns - 1} or {self.patterns + 1}"
            problems.append(f"patterns = {self.patterns}: alternate labels need an even number; use {near}.")
        return problems

    def unused(self) -> dict[str, str]:
        """The settings that the others leave without effect, each with the reason."""
        reasons = super().unused()
        if self.continuous:
            reason = "it is for free networks, near their own threshold"
            reasons |= {name: reason for name in FREE if hasattr(self, name)}
        return reasons

    @property
    def fixed_patterns(self) -> int:
        """P of an approach in κ: as many as were asked for, or the start ratio's; 0 where there are no patterns."""
        system = self.measured()
        if not isinstance(system, PatternSystem):
            return 0
        return self.patterns or patterns_at(self.first_ratio, system, self.labels)

    def search(self) -> JammingSettings:
        """The settings with which `jamming` makes the same search."""
        shared = {item.name: getattr(self, item.name) for item in fields(SearchSettings)}
        return JammingSettings(**shared, scan="patterns", patterns=self.patterns)

    def pool(self) -> int:
        """How many patterns each seed has; every trial takes a prefix of them."""
        return pool_of(self.search(), self.network())

    def counts(self, loads: Sequence[float], threshold: float) -> dict[int, float]:
        """The loads by P: the nearest number that the labels allow; those beyond the pool are left out.

        Arguments:
            loads: in units of the threshold.
            threshold: in patterns.
        """
        parity, pool = 2 if self.labels == "alternate" else 1, self.pool()
        counts = {max(2, parity * round(load * threshold / parity)): load for load in loads}
        return {count: load for count, load in counts.items() if count <= pool}


@dataclass(frozen=True, kw_only=True)
class OwnThresholds:
    """What the searches say so far.

    Arguments:
        cells: the next trials of searches that are not finished.
        brackets: by seed of a finished search, P of its hardest satisfied trial and of the easiest minimum beyond it.
        failed: seeds whose search is over without a bracket.
    """

    cells: Sequence[Cell]
    brackets: Mapping[int, tuple[int, int]]
    failed: tuple[int, ...]


def own_thresholds(settings: ThresholdSettings, done: Sequence[FinishedCell]) -> OwnThresholds:
    """Read each seed's own bracket off its finished trials.

    Arguments:
        settings: of the protocol that asks.
        done: its finished cells; the minimisations among them that the search asks for are its trials.
    """
    cells: list[Cell] = []
    brackets, failed = {}, []
    for search, tried, following in _traces(settings, done):
        if following is not None:
            cells.append(trial(settings.search(), search, following))
            continue
        ends = bracket(search.axis, tried)
        if ends.satisfied is None or ends.unsatisfied is None:
            failed.append(search.seed)
        else:
            brackets[search.seed] = ends.satisfied, ends.unsatisfied
    return OwnThresholds(cells=cells, brackets=brackets, failed=tuple(failed))


def outlook(settings: ThresholdSettings, done: Sequence[FinishedCell], planned: Sequence[Cell], loads: int) -> Outlook:
    """How many thresholds are known, and how many cells are still to come.

    Arguments:
        settings: of the protocol that asks.
        done: its finished cells.
        planned: its plan.
        loads: how many cells follow each threshold, each with the minimisation that it needs.
    """
    traces = _traces(settings, done)
    trials = sum(following is not None for _, _, following in traces)
    search = outlook_of([(search.axis, tried) for search, tried, _ in traces], "seeds")
    # Each search that goes on has one trial in the plan.
    own = len(planned) - trials
    measured = sum(item.cell.task != MINIMISATION for item in done)
    words = search.words if trials else f"{measured} of {measured + own} loads measured"
    most = None if search.most is None else search.most + 2 * (own + trials * loads)
    return Outlook(words=words, fewest=search.fewest + own, most=most)


def _traces(
    settings: ThresholdSettings, done: Sequence[FinishedCell]
) -> list[tuple[Search, dict[int, str], int | None]]:
    """Each search, its own trials' outcomes by value, and the value that it tries next; None when it has ended."""
    outcomes: dict[int, dict[int, str]] = {}
    for item in done:
        if item.cell.task == MINIMISATION:
            at = item.cell.coordinates
            outcome = str(item.result.values["outcome"]) if item.result else "failed"
            outcomes.setdefault(at["seed"], {})[at["patterns"]] = outcome
    return [(search, *retraced(search.axis, outcomes.get(search.seed, {}))) for search in searches(settings.search())]


def retraced(axis: Axis, outcomes: Mapping[int, str]) -> tuple[dict[int, str], int | None]:
    """The trials that a search makes of itself, and the next one; None when it has ended.

    Minimisations at loads relative to the threshold are trials of the same kind. They must not narrow the bracket that
    the loads are relative to, or they would ask for others as they finish.
    """
    tried: dict[int, str] = {}
    while (value := next_value(axis, tried)) is not None and value in outcomes:
        tried[value] = outcomes[value]
    return tried, value
