"""A minimisation that is tested on its way: when its test error is least, and what it is at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jamharness_numerics.minimise import RULES, minimise
from jamharness_numerics.minimise.check import check
from jamharness_numerics.minimise.first_order import CHUNK
from jamharness_numerics.minimise.states import packed_state, state_from
from numpy.typing import NDArray

from jamharness.api import Adam, Array, Backend, Cell, CellResult, Json, Optimizer, Progress, Sgd, State
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
    way = _Way(cell, problem)
    last = None if cell.checkpoints is None else cell.checkpoints.last()
    if last is None:
        state = State(w=system.initial(at["seed"], at["initial"]))
        outputs, margins = way.look(0, state.w)
    else:
        state = state_from(last)
        outputs, margins = way.go_on(state, last.arrays["records"])
    for step in _log_spaced(at["budget"], at["records"]):
        if step <= state.step:
            continue
        while state.step < step:
            if cell.checkpoints is not None:
                cell.checkpoints.keep(partial(way.state, state))
            before = state.step
            state = problem.descend(state, min(CHUNK, step - before), rule)
            if state.step == before:
                break
        if state.step == way.records[-1]:
            break
        outputs, margins = way.look(state.step, state.w)
        if not np.isfinite(margins).all():
            raise FloatingPointError(f"margins are not finite after {state.step} updates; lower learning_rate")
        progress(f"update {state.step}: {way.left[-1]} unsatisfied, test error {way.errors[-1]:.3f}")
        if problem.loss.finite_range and not way.left[-1]:
            break
    unsatisfied = way.left[-1]
    beyond = counts(unsatisfied, 0, system.size)
    loss, _ = problem.loss_and_gradient(state.w)
    ending = {
        "outcome": "minimum" if beyond else "undecided" if unsatisfied else "satisfied", "unsatisfied": unsatisfied,
        "loss": float(loss), "updates": state.step,
    }  # fmt: skip
    return way.result(ending, state.w, outputs, margins)


def _second_order(cell: Cell, backend: Backend, progress: Progress) -> CellResult:
    """The shared minimisation, tested at log-spaced steps."""
    system, problem, at = system_of(cell), network_problem_of(cell, backend), cell.coordinates
    way = _Way(cell, problem)
    watched: Any = Followed(problem, [0, *_log_spaced(at["budget"], at["records"])], way.look)
    start = system.initial(at["seed"], at["initial"])
    minimisation = minimise(watched, start, method=at["minimiser"], budget=at["budget"], say=progress)
    outputs, margins = way.look(minimisation.iterations, minimisation.w)
    check(problem, minimisation, at["minimiser"], margins)
    ending = {
        "outcome": minimisation.outcome, "unsatisfied": minimisation.unsatisfied, "loss": minimisation.loss,
        "updates": minimisation.iterations, "seconds": minimisation.seconds,
    }  # fmt: skip
    return way.result(ending, minimisation.w, outputs, margins)


class _Way:
    """What is seen of a minimisation at its records.

    Arguments:
        cell: the cell.
        problem: that is minimised.
    """

    def __init__(self, cell: Cell, problem: Any) -> None:
        self._cell, self._problem = cell, problem
        self.records: list[int] = []
        self.errors: list[float] = []
        self.left: list[int] = []

    def look(self, step: int, w: Array) -> tuple[NDArray[Any], Array]:
        """Test w after so many updates: outputs on the test set (M,) and margins (P,)."""
        outputs, margins = self._observe(w)
        self.records.append(step)
        self.errors.append(test_error(self._cell, outputs))
        self.left.append(int(np.count_nonzero(~self._problem.loss.satisfied(margins))))
        return outputs, margins

    def state(self, state: State) -> CellResult:
        """What ``go_on`` takes.

        Arguments:
            state: of the updates, at the last record or beyond.
        """
        updates = packed_state(state, {})
        records = np.array([self.records, self.errors, self.left], dtype=np.float64)
        return CellResult(values=updates.values, arrays={**updates.arrays, "records": records})

    def go_on(self, state: State, records: Array) -> tuple[NDArray[Any], Array]:
        """Take up the records of an earlier process; what ``look`` would return where its updates stood."""
        self.records, self.left = ([round(number) for number in row.tolist()] for row in (records[0], records[2]))
        self.errors = records[1].tolist()
        return self._observe(state.w)

    def _observe(self, w: Array) -> tuple[NDArray[Any], Array]:
        return tested(self._cell, self._problem, w), self._problem.margins(w)

    def result(self, ending: Mapping[str, Json], w: Array, outputs: NDArray[Any], margins: Array) -> CellResult:
        """How it ended, with the least test error of all records."""
        best = int(np.argmin(self.errors))
        return CellResult(
            values={
                **ending,
                "weights": system_of(self._cell).weights,
                "parameters": len(w),
                **values_of(self._cell, outputs, margins),
                "stopped_error": self.errors[best],
                "stopping": self.records[best],
            },
            arrays={
                "w": w,
                "outputs": outputs,
                "labels": labels(self._cell),
                "records": np.array(self.records),
                "errors": np.array(self.errors),
                "unsatisfied": np.array(self.left),
            },
        )


def _log_spaced(budget: int, records: int) -> list[int]:
    """Updates after which to test, rising and different, the last of them the budget."""
    return sorted({round(float(step)) for step in np.geomspace(1, budget, records)})


def _rule(name: str, learning_rate: float) -> Optimizer:
    rule = RULES[name]
    return replace(rule, learning_rate=learning_rate) if isinstance(rule, Adam | Sgd) else rule
