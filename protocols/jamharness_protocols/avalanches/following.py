"""Follow one minimisation: which patterns are unsatisfied at each record, and what changes from one to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jamharness.api import Array, Optimizer, Problem, Progress, State

Integers = NDArray[np.integer]

_SAID = 100
"""Records between two lines of progress."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Changes:
    """What happened between k + 1 records of P patterns.

    Arguments:
        learned: (k,) patterns unsatisfied before and satisfied after.
        forgotten: (k,) patterns satisfied before and unsatisfied after.
        times: (P,) how often each pattern was forgotten after having been learned.
    """

    learned: Integers
    forgotten: Integers
    times: Integers


def changes(unsatisfied: NDArray[np.bool_]) -> Changes:
    """The changes between successive records.

    Arguments:
        unsatisfied: (k + 1, P) which patterns have Δ > 0 at each record.
    """
    before, after = unsatisfied[:-1], unsatisfied[1:]
    learned, forgotten = before & ~after, after & ~before
    # A pattern that was satisfied from the start has not been learned: its first loss is no forgetting.
    ever_learned = np.logical_or.accumulate(learned, axis=0)
    return Changes(
        learned=learned.sum(axis=1),
        forgotten=forgotten.sum(axis=1),
        times=(forgotten & ever_learned).sum(axis=0),
    )


def follow(problem: Problem, w: Array, rule: Optimizer, steps: Integers, progress: Progress) -> tuple[Integers, Array]:
    """Minimise and write down all margins now and then, until every pattern is satisfied.

    Arguments:
        problem: the problem.
        w: (N,) where to start.
        rule: a first-order rule.
        steps: (k,) after how many updates to record, rising from 0.
        progress: told where it stands.

    Returns:
        The updates at which records were made (j,), j ≤ k, and the margins there (j, P).

    Raises:
        FloatingPointError: the updates diverge.
    """
    state = State(w=w)
    updates, margins = [0], [problem.margins(w)]
    for index, step in enumerate(steps[1:].tolist()):
        before = state.step
        if step == before:
            continue
        state = problem.descend(state, step - before, rule)
        if state.step > before:
            updates.append(state.step)
            margins.append(problem.margins(state.w))
        if not np.isfinite(margins[-1]).all():
            raise FloatingPointError(f"margins are not finite after {state.step} updates; lower learning_rate")
        if index % _SAID == 0:
            progress(f"update {state.step}: {int(np.count_nonzero(margins[-1] > 0))} unsatisfied")
        if state.step < step:
            break
    return np.array(updates), np.array(margins)
