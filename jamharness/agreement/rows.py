"""What a comparison of two backends says, row by row."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["agree", "differ", "too few seeds", "no claim", "not compared"]


@dataclass(frozen=True, kw_only=True)
class ExactRow:
    """One quantity at one state, against the reference.

    Arguments:
        backend, reference: who computed it.
        comparison_point, state: where, such as ``"initial"``.
        quantity: such as ``"gradient"``.
        error: the largest difference over the largest entry; None when it could not be computed.
        condition: the quantity's sensitivity to relative roundings of size eps, over its largest entry.
        units: error over (eps × condition).
        bound: the error that rounding may cause, see ``jamharness.agreement.rounding``.
        verdict: ``"agree"`` up to the bound, ``"differ"`` beyond.
        note: why there is no error.
    """

    backend: str
    reference: str
    comparison_point: str
    state: str
    quantity: str
    error: float | None
    condition: float | None
    units: float | None
    bound: float | None
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class HorizonRow:
    """One method's trajectory, against the reference's.

    Arguments:
        backend, reference: who computed it.
        comparison_point: from where.
        method: ``"adam"``, ``"fire"`` or ``"lm"``.
        updates: how many were made.
        parted: the first recorded update at which w differs by more than roundings add up to; None if it never does.
        bound: that sum after one update, in units of w.
        growth: e-foldings of the difference per update after parting; None if they never part.
        twin: the update at which the reference parts from itself, started one rounding beside: the least over draws.
        verdict: ``"agree"`` if they part no sooner than a third of that.
        note: why there is nothing to compare.
    """

    backend: str
    reference: str
    comparison_point: str
    method: str
    updates: int
    parted: int | None
    bound: float | None
    growth: float | None
    twin: int | None
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class DistributionRow:
    """One estimate of two backends over the same seeds.

    Arguments:
        protocol, observable, unit: what was estimated.
        first, second: the backends.
        values: their estimates.
        difference: first minus second; low, high: its 95% interval.
        equal_low, equal_high: its 90% interval, which the equivalence test looks at.
        equivalence: the margin within which they count as equal; None where none is claimed.
        count: pairs of seeds, or the fewer of the seeds where they are not paired.
        paired: whether seeds were compared pair by pair.
        verdict: ``"agree"``: shown to differ by less than the margin (two one-sided tests at 5%); ``"differ"``: shown
            to differ; ``"too few seeds"`` to show either; ``"no claim"``: not shown to differ, and no margin is set.
        note: what a reader must know.
    """

    protocol: str
    observable: str
    unit: str
    first: str
    second: str
    values: tuple[float | None, float | None]
    difference: float | None
    low: float | None
    high: float | None
    equal_low: float | None
    equal_high: float | None
    equivalence: float | None
    count: int
    paired: bool
    verdict: Verdict
    note: str = ""
