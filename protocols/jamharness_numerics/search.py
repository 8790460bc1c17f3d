"""Find where satisfied turns into unsatisfied along one integer axis, one trial at a time, from what has been tried."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2

UNSATISFIED = ("minimum", "arrested", "diverging")
"""Outcomes that end a bracket from the hard side."""
PATIENCE = 3
"""Undecided values beyond the hardest satisfied one after which harder ones are not tried: they take the longest, and
would be undecided too."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The values that a search may try.

    Arguments:
        start: the first value.
        lowest, highest: the ends.
        step: values are multiples of it.
        resolution: the search ends when the bracket is no wider.
        growth: factor between values while one end of the bracket is missing.
        harder_up: whether larger values are harder to satisfy (patterns) or easier (units).
    """

    start: int
    lowest: int
    highest: int
    step: int
    resolution: int
    growth: float
    harder_up: bool

    def rounded(self, value: float) -> int:
        """The nearest multiple of the step within the ends."""
        return min(max(self.step * round(value / self.step), self.lowest), self.highest)


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """What the trials say about the threshold.

    Satisfiability is monotone along the axis (a subset of satisfied patterns is satisfied by the same w), so the
    hardest satisfied value is one end. The other is the easiest run beyond it that ended in a minimum, or whose loss
    hardly falls, or has levelled off while its weights grow: the end of one descent, and no proof that none satisfies
    it. Undecided trials are neither.

    Arguments:
        satisfied: the hardest value that was satisfied; None when none was.
        unsatisfied: the easiest value beyond it that ended unsatisfied (``UNSATISFIED``); None when none did.
        undecided: undecided values between the two.
    """

    satisfied: int | None
    unsatisfied: int | None
    undecided: tuple[int, ...]


def bracket(axis: Axis, tried: Mapping[int, str]) -> Bracket:
    """Read the bracket off the outcomes by value."""
    sign = 1 if axis.harder_up else -1
    satisfied = [sign * v for v, outcome in tried.items() if outcome == "satisfied"]
    low = max(satisfied, default=None)
    beyond = [sign * v for v, outcome in tried.items() if outcome in UNSATISFIED and (low is None or sign * v > low)]
    high = min(beyond, default=None)
    between = sorted(
        sign * v
        for v, outcome in tried.items()
        if outcome not in ("satisfied", *UNSATISFIED)
        and (low is None or sign * v > low)
        and (high is None or sign * v < high)
    )
    return Bracket(
        satisfied=None if low is None else sign * low,
        unsatisfied=None if high is None else sign * high,
        undecided=tuple(sign * v for v in between),
    )


def next_value(axis: Axis, tried: Mapping[int, str]) -> int | None:
    """The value to try next; None when the bracket is narrow enough or nothing is left to try.

    Without one end the search moves towards it by ``growth``, and stops beyond the hardest satisfied value after
    ``PATIENCE`` undecided ones; with both it halves the widest untried gap next to an
    end, so that undecided values are closed in from both sides.
    """
    if not tried:
        return axis.rounded(axis.start)
    ends = bracket(axis, tried)
    if ends.satisfied is None:
        return _outward(axis, tried, easier=True)
    if ends.unsatisfied is None:
        if len(ends.undecided) >= PATIENCE:
            return None
        return _outward(axis, tried, easier=False)
    values = sorted({ends.satisfied, ends.unsatisfied, *ends.undecided})
    gaps = [(values[0], values[1])] if len(values) == 2 else [(values[0], values[1]), (values[-2], values[-1])]
    low, high = max(gaps, key=lambda gap: gap[1] - gap[0])
    if high - low <= axis.resolution:
        return None
    middle = axis.rounded((low + high) / 2)
    return middle if middle not in tried and low < middle < high else None


def trials_left(axis: Axis, tried: Mapping[int, str], needed: Sequence[int]) -> tuple[int, int | None]:
    """The fewest and the most trials that a search still needs, as far as one can tell.

    With both ends and nothing undecided between them the bracket is halved so and so often; before that, a search is
    taken to need as many trials as others did.

    Arguments:
        axis: what is searched along.
        tried: outcomes by value.
        needed: how many trials each finished search took.
    """
    if next_value(axis, tried) is None:
        return 0, 0
    ends = bracket(axis, tried)
    if ends.satisfied is None or ends.unsatisfied is None or ends.undecided:
        if not needed:
            return 1, None
        return max(1, min(needed) - len(tried)), max(1, max(needed) - len(tried))
    gap, resolution = abs(ends.unsatisfied - ends.satisfied), max(axis.resolution, axis.step)
    most = max(1, ceil(log2(max(gap / resolution, 1))))
    # Rounding to multiples of the step may spare a trial, or cost one.
    return max(1, most - 1), most + (axis.step > 1)


def _outward(axis: Axis, tried: Mapping[int, str], *, easier: bool) -> int | None:
    if easier == axis.harder_up:
        edge = min(tried)
        value = min(axis.rounded(edge / axis.growth), edge - axis.step)
    else:
        edge = max(tried)
        value = max(axis.rounded(edge * axis.growth), edge + axis.step)
    value = min(max(value, axis.lowest), axis.highest)
    return value if value not in tried else None
