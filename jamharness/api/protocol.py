"""The protocol contract: a pure plan, a measurement in a worker, a pure analysis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from typing import Protocol as TypingProtocol

import numpy as np
from numpy.typing import NDArray

from jamharness.api.backend import Backend
from jamharness.api.cells import Cell, CellResult, FinishedCell
from jamharness.api.data import DataRequest
from jamharness.api.network import Network

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
        equivalence: two backends count as equal when they are shown to differ by less, in the observable's unit; None
            where no such claim is made. ``equivalence_source`` says why that much.
    """

    unit: str
    meaning: str
    source: str
    comparison: str
    published: str = ""
    equivalence: float | None = None
    equivalence_source: str = ""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95% interval.

    Arguments:
        value: the estimate; None when nothing decided it.
        low, high: ends of the 95% interval; None when an end is not known.
        count: seeds (or samples) that it rests on.
        note: what a reader must know before quoting it.
    """

    value: float | None
    low: float | None
    high: float | None
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
        samples: of an estimate that rests on independent samples, each sample by its name (the seed), so that two runs
            of the same seeds can be compared pair by pair.
        resolution: how wide the interval is in which such a sample is known to lie (a bisected bracket, say); it stands
            for its middle.
    """

    estimates: Mapping[str, Estimate]
    tables: "Mapping[str, pd.DataFrame]"
    arrays: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    objection: str = ""
    samples: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    resolution: Mapping[str, float] = field(default_factory=dict)


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


Progress = Callable[[str], None]
"""Called by ``measure`` now and then with one line on what it is doing."""

S = TypeVar("S")


class Protocol(TypingProtocol, Generic[S]):
    """One measurement of the physics.

    ``Settings`` is a frozen keyword-only dataclass made with ``setting``; it may define ``problems() -> list[str]``,
    one sentence for everything that is wrong with the values. ``presets`` maps names to settings that differ from the
    default. A protocol may also define ``comparison_points(settings) -> Sequence[ComparisonPoint]``: where backends
    are compared number by number.
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
