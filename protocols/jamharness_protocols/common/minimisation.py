"""One minimisation, the task that several protocols share: whichever asks first, it is computed once."""

from collections.abc import Sequence

from jamharness_numerics.minimise import minimise
from jamharness_numerics.minimise.check import check
from jamharness_numerics.minimise.journal import kept

from jamharness.api import Backend, Cell, CellResult, Progress
from jamharness_protocols.common.problem import problem_of, system_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Minimise the cell's problem from its initial weights.

    Returns:
        values: outcome, N_Δ, loss, certificates, counts, times; arrays: ``w`` (N,) and ``margins`` (P,) at its end.
    """
    system, problem, at = system_of(cell), problem_of(cell, backend), cell.coordinates
    w = system.initial(seed=at["seed"], scheme=at["initial"])
    with kept(cell.checkpoints) as journal:
        minimisation = minimise(problem, w, method=at["minimiser"], budget=at["budget"], say=progress)
    margins = problem.margins(minimisation.w)
    check(problem, minimisation, at["minimiser"], margins)
    return CellResult(
        values={
            "outcome": minimisation.outcome,
            "unsatisfied": minimisation.unsatisfied,
            "loss": minimisation.loss,
            "certificate": minimisation.certificate,
            "balance": minimisation.balance,
            "decline": minimisation.decline,
            "slope": minimisation.slope,
            "pinned": minimisation.pinned,
            "kinks": minimisation.kinks,
            "kinked": minimisation.kinked,
            "clarke": minimisation.clarke,
            "resting": minimisation.resting,
            "iterations": minimisation.iterations,
            "factorisations": minimisation.factorisations,
            "seconds": journal.earlier + minimisation.seconds,
            "reason": minimisation.reason,
            "weights": system.weights,
            "parameters": system.size,
        },
        arrays={"w": minimisation.w, "margins": margins},
    )
