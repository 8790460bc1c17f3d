"""The protocol contract: a pure plan, a measurement in a worker, a pure analysis."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from typing import Protocol as TypingProtocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api.backend import Backend
from jamharness.api.cells import Cell, CellResult, FinishedCell
from jamharness.api.data import DataRequest
from jamharness.api.loss import Loss
from jamharness.api.network import Network
from jamharness.api.optimizers import Optimizer
from jamharness.api.systems import System

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Observable:
    """One quantity that a protocol estimates.

    Arguments:
        unit: such as ``"P/N_w"``; empty for a pure number.
        meaning: one sentence.
        source: arXiv number and place of its definition or published value.
        comparison: how two backends are compared: ``"exact"``, ``"horizon"`` (until trajectories part) or
            ``"distribution"``.
        published: the published value as text, where there is one.
        published_for: the settings that it was published for, by name, each with the values under which it holds, as in
            ``{"dataset": ("random",)}``; it stands beside no other system's, see ``applicable``.
        equivalence: two backends count as equal when they are shown to differ by less, in the observable's unit; None
            where no such claim is made. ``equivalence_source`` says why that much.
    """

    unit: str
    meaning: str
    source: str
    comparison: str
    published: str = ""
    published_for: Mapping[str, Container[Any]] = field(default_factory=dict)
    equivalence: float | None = None
    equivalence_source: str = ""


def applicable(observable: Observable, settings: Mapping[str, Any]) -> bool:
    """Whether the published value of an observable may stand beside what was measured with these settings.

    Arguments:
        observable: with its ``published_for``.
        settings: values by name; a condition on a setting that is not among them is taken as met.
    """
    return bool(observable.published) and all(
        settings[name] in values for name, values in observable.published_for.items() if name in settings
    )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95% interval.

    Arguments:
        value: the estimate; None when nothing decided it.
        low, high: ends of the 95% interval; None when an end is not known, or a number has no interval.
        count: seeds (or samples) that it rests on.
        note: what a reader must know before quoting it.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What a protocol concludes from its cells.

    Arguments:
        estimates: by the name of the observable.
        tables: pandas tables by name.
        arrays: NumPy arrays by name.
        objection: why the question asked was not answered, in one sentence with advice; empty when it was. A run with
            an objection ends with exit code 1.
        not_applicable: whether that is because what the protocol looks at did not occur (no minimum near the
            transition, say), and not because something failed. It leaves the exit code at 0 where another protocol of
            the run has its answer.
        samples: of an estimate that rests on independent samples, each sample by its name (the seed), so that two runs
            of the same seeds can be compared pair by pair.
        resolution: how wide the interval is in which such a sample is known to lie (a bisected bracket, say); it stands
            for its middle.
        answer: the name of the table that is the answer where the question has many, such as one for each load; it is
            shown below the estimates. Columns ``NAME_low`` and ``NAME_high`` are the ends of an interval of ``NAME``.
    """

    estimates: Mapping[str, Estimate]
    tables: "Mapping[str, pd.DataFrame]"
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    objection: str = ""
    not_applicable: bool = False
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    resolution: Mapping[str, float] = field(default_factory=dict)
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """How far a protocol is, for those who wait for it.

    Arguments:
        words: in the protocol's own terms, such as ``"5 of 12 seeds bracketed"``.
        fewest, most: cells still to come, those that run and wait among them; None when nobody can tell how many.
    """

    words: str
    fewest: int
    most: int | None


@dataclass(frozen=True, kw_only=True)
class ComparisonPoint:
    """A network, its patterns and its initial weights, typical of what a protocol computes.

    Arguments:
        label: what to call it.
        network: the network.
        dataset: the data; the first ``patterns`` of them are used.
        patterns: P.
        margin: κ.
        seed: of the initial weights.
        scheme: of the initial weights.
    """

    label: str
    network: Network
    dataset: DataRequest
    patterns: int
    margin: float = 1.0
    seed: int = 0
    scheme: str = "orthogonal"


@dataclass(frozen=True, kw_only=True)
class DynamicsPoint:
    """Any system with its loss and the rule under which it moves, typical of what a protocol computes.

    Arguments:
        label: what to call it.
        system: of any class that a plugin registers.
        loss: what is lowered.
        rule: of the updates.
        dataset: the data; the first ``patterns`` of them are used. None where the system has none.
        patterns: P.
        seed: of the initial w.
        scheme: of the initial w.
        updates: how long a trajectory is worth following.
    """

    label: str
    system: System
    loss: Loss
    rule: Optimizer
    dataset: DataRequest | None = None
    patterns: int = 0
    seed: int = 0
    scheme: str | None = None
    updates: int = 1000


Progress = Callable[[str], None]
"""Called by ``measure`` now and then with one line on what it is doing."""

S = TypeVar("S")


class Protocol(TypingProtocol, Generic[S]):
    """One measurement of the physics.

    ``Settings`` is a frozen keyword-only dataclass made with ``setting``; it may define ``problems() -> list[str]``,
    one sentence for everything that is wrong with the values, and ``unused() -> Mapping[str, str]``: the settings that
    the others leave without effect, each with the reason, so that who gives one is told. ``presets`` maps names to
    settings that differ from the default. A protocol may also define
    ``comparison_points(settings) -> Sequence[ComparisonPoint | DynamicsPoint]``: where backends are compared number by
    number; ``outlook(settings, done) -> Outlook``: how far it is, where its plan does not hold all the cells that are
    still to come; ``draw_comparison(findings) -> Mapping[str, Figure]``, which draws the findings of several runs, by
    name, over each other; and ``plots(findings) -> Mapping[str, Plot]``: what a report draws in a browser in place of
    the figures of the same names.
    """

    Settings: type[S]
    observables: ClassVar[Mapping[str, Observable]]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]

    def plan(self, settings: S, done: Sequence[FinishedCell]) -> Sequence[Cell]:
        """From what is done, the cells to compute next, whether or not they run already; empty when finished. Pure.

        The order of ``done`` must not matter.
        """
        ...

    def measure(self, cell: Cell, needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
        """Compute one cell; runs in a worker process. Called only for a protocol whose spec names no tasks.

        Arguments:
            cell: with its data.
            needed: the results of the cells that ``cell.needs`` names, in that order.
            backend: computes.
            progress: called now and then with one line.
        """
        ...

    def analyse(self, settings: S, done: Sequence[FinishedCell]) -> Findings:
        """Estimates with 95% intervals, tables and arrays. Pure, and possible with cells still missing."""
        ...

    def draw(self, findings: Findings) -> "Mapping[str, Figure]":
        """Figures by name."""
        ...


def setting(default: Any = MISSING, *, help: str, source: str = "", choices: Sequence[str] = ()) -> Any:  # noqa: A002
    """One field of a ``Settings`` dataclass: its default, what it means and where the default comes from.

    Arguments:
        default: the value when nothing is given.
        help: one sentence, with the unit.
        source: where the default comes from, such as ``"arXiv 1809.09349, Methods"``.
        choices: the allowed texts, where these are few.
    """
    return dataclass_field(default=default, metadata={"help": help, "source": source, "choices": tuple(choices)})
