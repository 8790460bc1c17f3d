"""One seed driven from jamming on."""

from collections.abc import Sequence

import numpy as np
from jamharness_numerics.approach import BALANCE, STEPS, Approach, approach
from jamharness_numerics.minimise.check import check_margins
from jamharness_numerics.minimise.rest import rest
from jamharness_numerics.quasistatic import Driven, compressed, filled

from jamharness.api import Backend, Cell, CellResult, DerivedProblem, Progress
from jamharness_protocols.common.problem import derived_problem_of, system_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Bring the cell's system to jamming, and drive it.

    Returns:
        values: ``outcome`` (``"done"``, or why driving ended early or did not begin), κ_J and N_Δ where it began, N
            and N_w.
        arrays: the numbers of ``jamharness_numerics.quasistatic.DrivingStep`` by name, (k,) each.
    """
    system, problem, at = system_of(cell), derived_problem_of(cell, backend), cell.coordinates
    end = approach(problem, system.initial(at["seed"], at["initial"]), loss=at["loss"], say=progress)
    there = problem.with_margin(end.margin)
    check_margins(there, end.w, there.margins(end.w))
    driven = Driven(steps=[], why=end.ending)
    if end.ending == "jammed":
        driven = _driven(cell, problem, backend, end, progress)
    return CellResult(
        values={
            "outcome": driven.why,
            "critical_margin": end.critical,
            "contacts": int(np.count_nonzero(end.contacts)),
            "parameters": system.size,
            "weights": system.weights,
        },
        arrays=driven.columns(),
    )


def _driven(cell: Cell, problem: DerivedProblem, backend: Backend, end: Approach, progress: Progress) -> Driven:
    system, at = system_of(cell), cell.coordinates
    if at["driving"] == "margin":
        margins = end.critical + np.geomspace(at["nearest"], at["furthest"], at["steps"] + 1)
        problem = problem.with_margin(float(margins[0]))
        return compressed(problem, rest(problem, end.w, STEPS, BALANCE).w, margins[1:].tolist(), say=progress)

    def first(count: int) -> DerivedProblem:
        assert cell.data is not None, "the host loads the data before measure"
        x, y = cell.data.first(count)
        found = backend.problem(system, x, y, loss=cell.loss)
        assert isinstance(found, DerivedProblem)
        return found

    counts = range(at["patterns"] + 1, at["patterns"] + at["steps"] + 1)
    return filled(first, end, counts, loss=at["loss"], say=progress)
