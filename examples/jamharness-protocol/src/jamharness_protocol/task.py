"""The measurement: one draw of patterns, minimised once. It runs in a worker."""

from jamharness_numerics.minimise import minimise

from jamharness.api import CellResult


def measure(cell, _needed, backend, progress):
    """How the minimisation of the cell's problem ends.

    Arguments:
        cell: with its data, and the seed of its initial weights among the coordinates.
        _needed: the results of the cells that it needs: none.
        backend: computes.
        progress: told now and then where it stands.
    """
    problem = backend.problem(cell.system, cell.data.x, cell.data.y, loss=cell.loss)
    end = minimise(problem, cell.system.initial(cell.coordinates["seed"]), say=progress)
    values = {"outcome": end.outcome, "unsatisfied": end.unsatisfied, "loss": end.loss, "iterations": end.iterations}
    return CellResult(values=values, arrays={"w": end.w})
