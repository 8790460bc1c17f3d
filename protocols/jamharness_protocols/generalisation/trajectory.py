"""A minimisation that is tested on its way: when its test error is least, and what it is at the end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jamharness_numerics.minimise import RULES, minimise
from jamharness_numerics.minimise.check import check
from numpy.typing import NDArray

from jamharness.api import Adam, Array, Backend, Cell, CellResult, Optimizer, Progress, Sgd, State
from jamharness_protocols.common.problem import network_problem_of, problem_of, system_of
from jamharness_protocols.common.unsatisfied import counts
from jamharness_protocols.generalisation.followed import Followed
from jamharness_protocols.generalisation.task import labels, test_error, tested, values_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Minimise until every pattern is satisfied or the budget is spent, testing at each record.

    A second-order minimisation ends with its own verdict. One of first order counts as unsatisfied (``minimum``) with
    N_Δ > 0.1 N at its end, as in arXiv 1809.09349, and as undecided with fewer.

    Returns:
        values: outcome, errors and the size of the output at the end; the least test error of all records
        (``stopped_error``) and after how many updates it was (``stopping``). Arrays: ``w`` (N,), ``outputs`` (M,) of
        the end, ``labels`` (M,) of the test set, ``records`` (k,) updates, ``errors`` (k,) on the test set and
        ``unsatisfied`` (k,) on the way.

    Raises:
        FloatingPointError: the updates diverge.
    """
    if cell.coordinates["minimiser"] not in RULES:
        return _second_order(cell, backend, progress)
    system, problem, at = system_of(cell), problem_of(cell, backend), cell.coordinates
    rule = _rule(at["minimiser"], at["learning_rate"])
    state = State(w=system.initial(at["seed"], at["initial"]))
    outputs, margins = tested(cell, problem, state.w), problem.margins(state.w)
    records, errors, left = [0], [test_error(cell, outputs)], [_violated(problem, margins)]
    for step in _log_spaced(at["budget"], at["records"]):
        before = state.step
        state = problem.descend(state, step - before, rule)
        if state.step == before:
            break
        outputs, margins = tested(cell, problem, state.w), problem.margins(state.w)
        if not np.isfinite(margins).all():
            raise FloatingPointError(f"margins are not finite after {state.step} updates; lower learning_rate")
        records.append(state.step)
        errors.append(test_error(cell, outputs))
        left.append(_violated(problem, margins))
        progress(f"update {state.step}: {left[-1]} unsatisfied, test error {errors[-1]:.3f}")
        if problem.loss.finite_range and not left[-1]:
            break
    best = int(np.argmin(errors))
    unsatisfied = left[-1]
    beyond = counts(unsatisfied, 0, system.size)
    loss, _ = problem.loss_and_gradient(state.w)
    return CellResult(
        values={
            "outcome": "minimum" if beyond else "undecided" if unsatisfied else "satisfied",
            "unsatisfied": unsatisfied,
            "loss": float(loss),
            "updates": state.step,
            "weights": system.weights,
            "parameters": system.size,
            **values_of(cell, outputs, margins),
            "stopped_error": errors[best],
            "stopping": records[best],
        },
        arrays={
            "w": state.w,
            "outputs": outputs,
            "labels": labels(cell),
            "records": np.array(records),
            "errors": np.array(errors),
            "unsatisfied": np.array(left),
        },
    )


def _second_order(cell: Cell, backend: Backend, progress: Progress) -> CellResult:
    """The shared minimisation, tested at log-spaced steps."""
    system, problem, at = system_of(cell), network_problem_of(cell, backend), cell.coordinates
    records: list[int] = []
    errors: list[float] = []
    left: list[int] = []

    def look(step: int, w: Array) -> None:
        records.append(step)
        errors.append(test_error(cell, tested(cell, problem, w)))
        left.append(_violated(problem, problem.margins(w)))

    steps = [0, *_log_spaced(at["budget"], at["records"])]
    watched: Any = Followed(problem, steps, look)
    start = system.initial(at["seed"], at["initial"])
    found = minimise(watched, start, method=at["minimiser"], budget=at["budget"], say=progress)
    outputs, margins = tested(cell, problem, found.w), problem.margins(found.w)
    check(problem, found, at["minimiser"], margins)
    records.append(found.iterations)
    errors.append(test_error(cell, outputs))
    left.append(found.unsatisfied)
    best = int(np.argmin(errors))
    return CellResult(
        values={
            "outcome": found.outcome,
            "unsatisfied": found.unsatisfied,
            "loss": found.loss,
            "updates": found.iterations,
            "weights": system.weights,
            "parameters": system.size,
            **values_of(cell, outputs, margins),
            "stopped_error": errors[best],
            "stopping": records[best],
            "seconds": found.seconds,
        },
        arrays={
            "w": found.w,
            "outputs": outputs,
            "labels": labels(cell),
            "records": np.array(records),
            "errors": np.array(errors),
            "unsatisfied": np.array(left),
        },
    )


def _violated(problem: Any, margins: NDArray[np.floating]) -> int:
    return int(np.count_nonzero(~problem.loss.satisfied(margins)))


def _log_spaced(budget: int, records: int) -> list[int]:
    """Updates after which to test, rising and different, the last of them the budget."""
    return sorted({round(float(step)) for step in np.geomspace(1, budget, records)})


def _rule(name: str, learning_rate: float) -> Optimizer:
    rule = RULES[name]
    return replace(rule, learning_rate=learning_rate) if isinstance(rule, Adam | Sgd) else rule
