"""Quasistatic driving: a system at rest follows its load, and an avalanche is what does not come back.

The load is κ, or the number of patterns. Driven in κ, each step is taken back: where the minimum that it left is found
again the step was elastic, however many contacts changed on the way; where another is, something gave way between, and
the size of the avalanche is the number of contacts in which the two differ at the same κ. Patterns that come in one by
one are driven at jamming itself: each that violates κ_J, by however much, brings the system to another jamming point,
and the size of that rearrangement is the number of contacts exchanged. It is no instability: convex problems have them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from jamharness.api import Array, CellResult, Checkpoints, DerivedProblem, Float64, Json
from jamharness_numerics.approach import BALANCE, LOSS, approach, drift, steps_for
from jamharness_numerics.minimise.outcome import OptimizeResult, silent
from jamharness_numerics.minimise.rest import balance_of, rest

RETURNED = 1e-6
"""Of L: what comes back to it so nearly was elastic. Forces on the way balance to 1e-7, and L is quadratic in that."""
HALVED = 5
"""How often a step that does not come back is halved: a step may be long enough to pass over to another minimum, and
what gives way does so however short it is."""
DONE = "done"


@dataclass(frozen=True, kw_only=True)
class DrivingStep:
    """What happened in one step.

    Arguments:
        load: κ after it, or the number of patterns.
        margin: κ, or κ_J once the pattern is in.
        loss: L; 0 at jamming.
        contacts: N_Δ.
        avalanche: whether something gave way, or a pattern that came in violated κ_J.
        size: contacts that this exchanged; 0 where there was none, or only w and L changed.
        drop: the part of L that it took, or by how much κ_J fell over the |κ_J| at which driving began.
        moved: |Δw| of it over |w|.
    """

    load: float
    margin: float
    loss: float
    contacts: int
    avalanche: bool = False
    size: int = 0
    drop: float = 0.0
    moved: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Driven:
    """A drive.

    Arguments:
        steps: as far as it went.
        why: ``"done"``, or why it ended early.
    """

    steps: Sequence[DrivingStep]
    why: str

    def columns(self) -> dict[str, Float64]:
        """The numbers of the steps by name, (k,) each."""
        rows = [asdict(step) for step in self.steps]
        return {item.name: np.array([row[item.name] for row in rows], dtype=np.float64) for item in fields(DrivingStep)}


def compressed(
    problem: DerivedProblem,
    w: Array,
    margins: Sequence[float],
    *,
    say: Callable[[str], None] = silent,
    checkpoints: Checkpoints | None = None,
) -> Driven:
    """Raise κ step by step, and take each step back to see what was irreversible.

    A step that does not come back is done again in halves, down to a part of 2^−``HALVED``; so there are more steps
    than margins.

    Arguments:
        problem: the system at the κ of the minimum where it begins.
        w: (N,) that minimum.
        margins: κ at the ends of steps, rising.
        say: told of every avalanche.
        checkpoints: where a state is kept between two steps.
    """
    if not (balance_of(problem, w) <= BALANCE and problem.loss_of(problem.margins(w)) > 0):
        return Driven(steps=[], why=f"there is no minimum with L > 0 at κ = {problem.loss.margin:.6g}, where it begins")
    steps: list[DrivingStep] = []
    targets = [(margin, 0) for margin in reversed(margins)]
    last = None if checkpoints is None else checkpoints.last()
    if last is not None:
        values: Any = last.values
        steps, targets = _steps_of(last), [(margin, halved) for margin, halved in values["targets"]]
        problem, w = problem.with_margin(values["margin"]), last.arrays["w"]
    while targets:
        if checkpoints is not None:
            left: Json = [[margin, halved] for margin, halved in targets]
            checkpoints.keep(partial(_state, steps, w, {"margin": problem.loss.margin, "targets": left}))
        margin, halved = targets.pop()
        step, end = _there_and_back(problem, w, margin)
        if (step is None or step.avalanche) and halved < HALVED:
            targets += [(margin, halved + 1), ((problem.loss.margin + margin) / 2, halved + 1)]
            continue
        if step is None:
            return Driven(steps=steps, why=f"no minimum was reached at κ = {margin:.6g}, or on the way back from there")
        if step.avalanche:
            say(f"κ = {margin:.6g}: an avalanche of {step.size} contacts takes {step.drop:.2g} of L")
        steps.append(step)
        problem, w = problem.with_margin(margin), end
    return Driven(steps=steps, why=DONE)


def filled(
    problem_of: Callable[[int], DerivedProblem],
    w: Array,
    critical: float,
    contacts: Array,
    counts: range,
    *,
    loss: float = LOSS,
    say: Callable[[str], None] = silent,
    checkpoints: Checkpoints | None = None,
) -> Driven:
    """Add patterns one by one to a system at jamming, and bring it to jamming again after each that violates κ_J.

    Arguments:
        problem_of: the system on the first so many patterns, at any margin.
        w: (N,) at jamming on one pattern less than the first of ``counts``.
        critical: κ_J there.
        contacts: (n,) which patterns its contacts are.
        counts: how many patterns there are in each step, one more than in the last.
        loss: L at which each approach to jamming ends.
        say: told of every avalanche.
        checkpoints: where a state is kept between two steps.
    """
    closed, begun = frozenset(contacts.tolist()), abs(critical) or 1.0
    steps: list[DrivingStep] = []
    last = None if checkpoints is None else checkpoints.last()
    if last is not None:
        values: Any = last.values
        steps, w, critical, closed = _steps_of(last), last.arrays["w"], values["critical"], frozenset(values["closed"])
    for count in counts[len(steps) :]:
        if checkpoints is not None:
            checkpoints.keep(partial(_state, steps, w, {"critical": critical, "closed": sorted(closed)}))
        problem = problem_of(count).with_margin(critical)
        step = DrivingStep(load=count, margin=critical, loss=0.0, contacts=len(closed))
        # The new pattern alone tells: at κ_J the others have no overlap but of the approach's rounding.
        if problem.margins(w)[-1] > np.sqrt(2 * loss * count):
            end = approach(problem, w, loss=loss, coarse=False)
            if end.ending != "jammed":
                return Driven(steps=steps, why=f"with pattern {count} it was not brought to jamming: {end.ending}")
            before, closed = closed, frozenset(np.flatnonzero(end.contacts).tolist())
            size, fall = len((before ^ closed) - {count - 1}), critical - end.critical
            step = replace(
                step, margin=end.critical, contacts=len(closed), avalanche=True, size=size, drop=fall / begun,
                moved=_distance(w, end.w),
            )  # fmt: skip
            say(f"pattern {count}: κ_J falls by {fall:.2g} to {end.critical:.6g}, {size} contacts exchanged")
            w, critical = end.w, end.critical
        steps.append(step)
    return Driven(steps=steps, why=DONE)


def _state(steps: Sequence[DrivingStep], w: Array, values: Mapping[str, Json]) -> CellResult:
    """The steps so far, and what the next one depends on."""
    return CellResult(values=values, arrays={"w": w, **Driven(steps=steps, why="").columns()})


def _steps_of(state: CellResult) -> list[DrivingStep]:
    """The steps in ``_state``."""
    columns: list[list[Any]] = [state.arrays[item.name].tolist() for item in fields(DrivingStep)]
    return [
        DrivingStep(
            load=load, margin=margin, loss=loss, contacts=round(contacts), avalanche=bool(avalanche), size=round(size),
            drop=drop, moved=moved,
        )
        for load, margin, loss, contacts, avalanche, size, drop, moved in zip(*columns, strict=True)
    ]  # fmt: skip


def _there_and_back(problem: DerivedProblem, w: Array, margin: float) -> tuple[DrivingStep | None, Array]:
    """A step to another κ with what did not come back of it, and w there; None where a minimum is not reached."""
    further = problem.with_margin(margin)
    ahead = _follow(problem, w, margin)
    back = None if ahead is None else _follow(further, ahead.w, problem.loss.margin)
    if ahead is None or back is None:
        return None, w
    here, before, after = further.margins(ahead.w), problem.margins(w), problem.margins(back.w)
    step = DrivingStep(load=margin, margin=margin, loss=further.loss_of(here), contacts=int(np.count_nonzero(here > 0)))
    drop = 1 - problem.loss_of(after) / problem.loss_of(before)
    if not abs(drop) <= RETURNED:
        size = int(np.count_nonzero((before > 0) != (after > 0)))
        step = replace(step, avalanche=True, size=size, drop=drop, moved=_distance(w, back.w))
    return step, ahead.w


def _follow(problem: DerivedProblem, w: Array, margin: float) -> OptimizeResult | None:
    """The minimum at another κ, from where the contacts as they are put it; None where none is reached."""
    there = problem.with_margin(margin)
    direction, near = drift(problem, w)
    nearby = there.retract(w + (margin - problem.loss.margin) * direction)
    end = rest(there, nearby, steps_for(there), BALANCE, near=near)
    return end if end.balance is not None and end.balance <= BALANCE else None


def _distance(w: Array, other: Array) -> float:
    return float(np.linalg.norm(other - w) / np.linalg.norm(w))
