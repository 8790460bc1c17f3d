"""One minimisation as a cell: build the problem, minimise, record everything that a reader may ask for."""

from jamharness_numerics.minimise import minimise

from jamharness.api import Backend, Cell, CellResult, Network, Problem, Progress, QuadraticHinge


def problem_of(cell: Cell, backend: Backend) -> Problem:
    """The problem that the cell's coordinates describe, on the cell's data."""
    at = cell.coordinates
    width = at["width"]
    network = Network(
        inputs=int(at["inputs"]),  # type: ignore[arg-type]
        width=tuple(width) if isinstance(width, list | tuple) else int(width),  # type: ignore[arg-type]
        depth=int(at["depth"]),  # type: ignore[arg-type]
        activation=str(at["activation"]),
        bias=bool(at["bias"]),
    )
    assert cell.data is not None, "the host loads the data before measure"
    patterns = int(at["patterns"])  # type: ignore[arg-type]
    x, y = cell.data.first(patterns)
    return backend.problem(network, x, y, loss=QuadraticHinge(margin=float(at["margin"])))  # type: ignore[arg-type]


def run_trial(cell: Cell, backend: Backend, progress: Progress) -> CellResult:
    """Minimise the problem that the cell's coordinates describe, on the cell's data.

    Returns:
        values: outcome, N_Δ, loss, certificates, counts, times; arrays: ``w`` (N,) and ``margins`` (P,) at its end.
    """
    at, problem = cell.coordinates, problem_of(cell, backend)
    network = problem.network
    w = network.initial(seed=int(at["seed"]), scheme=str(at["initial"]))  # type: ignore[arg-type]
    found = minimise(problem, w, method=str(at["minimiser"]), budget=int(at["budget"]), say=progress)  # type: ignore[arg-type]
    return CellResult(
        values={
            "outcome": found.outcome,
            "unsatisfied": found.unsatisfied,
            "loss": found.loss,
            "certificate": found.certificate,
            "balance": found.balance,
            "decline": found.decline,
            "slope": found.slope,
            "pinned": found.pinned,
            "kinks": found.kinks,
            "kinked": found.kinked,
            "clarke": found.clarke,
            "resting": found.resting,
            "iterations": found.iterations,
            "factorisations": found.factorisations,
            "seconds": found.seconds,
            "reason": found.reason,
            "weights": network.weights,
            "parameters": network.size,
        },
        arrays={"w": found.w, "margins": problem.margins(found.w)},
    )
