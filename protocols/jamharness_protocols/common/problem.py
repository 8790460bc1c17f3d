"""The problem of a cell: its system, its loss and the patterns that it computes on, on a backend."""

from jamharness.api import Backend, Cell, Network, Problem


def system_of(cell: Cell) -> Network:
    """The network of a cell; every cell of these protocols has one."""
    assert cell.system is not None
    return cell.system


def margin_of(cell: Cell) -> float:
    """The margin κ of a cell's loss."""
    assert cell.loss is not None
    return cell.loss.margin


def problem_of(cell: Cell, backend: Backend) -> Problem:
    """The problem that a cell computes on: the first ``patterns`` of its data."""
    assert cell.data is not None, "the host loads the data before measure"
    x, y = cell.data.first(cell.coordinates["patterns"])
    return backend.problem(system_of(cell), x, y, loss=cell.loss)
