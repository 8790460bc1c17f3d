"""The problem of a cell: its system, its loss and the patterns that it computes on, on a backend."""

from jamharness.api import Backend, Cell, DerivedProblem, Network, PatternSystem, Problem, System


def system_of(cell: Cell) -> System:
    """The system of a cell; every cell of these protocols has one."""
    assert cell.system is not None
    return cell.system


def network_of(cell: Cell) -> Network:
    """The network of a cell of a protocol that knows nothing else."""
    system = system_of(cell)
    assert isinstance(system, Network)
    return system


def margin_of(cell: Cell) -> float:
    """The margin κ of a cell's loss."""
    assert cell.loss is not None
    return cell.loss.margin


def problem_of(cell: Cell, backend: Backend) -> Problem | DerivedProblem:
    """The problem that a cell computes on: the first ``patterns`` of its data, where its system has patterns."""
    system = system_of(cell)
    if not isinstance(system, PatternSystem):
        return backend.problem(system, loss=cell.loss)
    assert cell.data is not None, "the host loads the data before measure"
    x, y = cell.data.first(cell.coordinates["patterns"])
    return backend.problem(system, x, y, loss=cell.loss)


def network_problem_of(cell: Cell, backend: Backend) -> Problem:
    """The problem of a cell whose system is a network under the quadratic hinge."""
    problem = problem_of(cell, backend)
    assert isinstance(problem, Problem)
    return problem


def derived_problem_of(cell: Cell, backend: Backend) -> DerivedProblem:
    """The problem of a cell whose system has no closed forms."""
    problem = problem_of(cell, backend)
    assert isinstance(problem, DerivedProblem)
    return problem
