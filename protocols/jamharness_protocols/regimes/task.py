"""One flow at (h, α): how far w and the tangent kernel move, and how well the network and its kernels predict."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jamharness_numerics.flow import Until, gradient_flow, kernel_flow
from jamharness_systems.parametrised import PARAMETRISATIONS, ParametrisedNetwork

from jamharness.api import Array, Backend, BadInput, Cell, CellResult, DerivedProblem, Float64, Loss, Output, Progress
from jamharness_protocols.common.problem import system_of


def measure(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Follow one flow.

    Returns:
        values: how it ended (``satisfied``, ``unsatisfied`` where L came to rest, or ``undecided``), N_Δ, the time of
        ẇ = −∇L, gradients, ‖ΔΘ‖/‖Θ₀‖ on the training set and on test patterns, ‖Δw‖/‖w₀‖, and errors on the test set of
        the network and, on fewer patterns, of its initial and of its final kernel. arrays: ``outputs`` F (M,) on the
        test set, its ``labels``, and ``w``.
    """
    at, system = cell.coordinates, system_of(cell)
    assert isinstance(system, ParametrisedNetwork)
    assert cell.data is not None, "the host loads the data before measure"
    assert cell.loss is not None
    x, y = cell.data.first(at["patterns"])
    x_test, y_test = cell.data.x_test[: at["tests"]], cell.data.y_test[: at["tests"]]
    if not len(x_test):
        raise BadInput("The data set has no test set: raise test_fraction, or take another one.")
    w = system.initial(at["seed"])
    output = Output(system=system, scale=alpha_of(system, at["scale"]), centred=False)
    few = min(at["kernel_tests"], len(x_test))
    tested = backend.problem(output, {"x": x_test[:few], "y": np.ones(few)}, cell.loss)
    # F = α (f − f₀): what f₀ is belongs to each pattern's own margin, so that it is computed once.
    offsets = y * np.asarray(tested.outputs(w, x), dtype=np.float64)
    problem = backend.problem(output, {"x": x, "y": y}, replace(cell.loss, offsets=tuple(offsets.tolist())))
    until = Until(margin=at["stop"], gradients=at["gradients"])
    before = _jacobians(problem, tested, w)
    found = gradient_flow(problem, w, at["method"], at["tolerance"], until, say=progress)
    end = found.end.w
    after = _jacobians(problem, tested, end)
    start = problem.margins(w)
    outputs = np.asarray(problem.outputs(end, x_test) - problem.outputs(w, x_test), dtype=np.float64)
    ending = {"satisfied": "satisfied", "resting": "unsatisfied"}.get(found.ending, "undecided")
    return CellResult(
        values={
            "outcome": ending,
            "unsatisfied": found.unsatisfied,
            "time": found.end.time,
            "gradients": found.gradients,
            "steps": found.steps,
            "loss": found.end.loss,
            "parameters": system.size,
            "kernel_change": _change(before[0], after[0]),
            "kernel_change_test": _change(before[1], after[1]),
            "displacement": float(np.linalg.norm(end - w) / np.linalg.norm(w)),
            "error": _error(outputs, y_test),
            "initial_kernel_error": _error(_predicted(before, start, cell.loss, until), y_test[:few]),
            "final_kernel_error": _error(_predicted(after, start, cell.loss, until), y_test[:few]),
        },
        arrays={"outputs": outputs, "labels": y_test.astype(np.int8), "w": end},
    )


def alpha_of(system: ParametrisedNetwork, scale: float) -> float:
    """What f is multiplied by so that F is that of the article's 1/√h in the last layer at a given √h α.

    Arguments:
        system: the network.
        scale: √h α.
    """
    rule = PARAMETRISATIONS[system.parametrisation]
    return float(scale * system.width ** (rule.last + rule.spread - 1))


def _jacobians(problem: DerivedProblem, tested: DerivedProblem, w: Array) -> tuple[Array, Array]:
    """∂Δ/∂w on the training set and −∂F/∂w on test patterns."""
    return problem.jacobian(w, np.arange(problem.constraints)), tested.jacobian(w, np.arange(tested.constraints))


def _change(before: Array, after: Array) -> float:
    """‖Θ − Θ₀‖/‖Θ₀‖ in Frobenius' norm, from Jacobians; signs of labels and factors of α do not matter."""
    first, last = before @ before.T, after @ after.T
    return float(np.linalg.norm(last - first) / np.linalg.norm(first))


def _predicted(jacobians: tuple[Array, Array], margins: Array, loss: Loss, until: Until) -> Float64:
    """F (n,) on test patterns of the flow of a constant kernel: (−∂F)(∂Δ)ᵀ q."""
    train, test = jacobians
    pulls = kernel_flow(train @ train.T, margins, loss, Until(margin=until.margin)).pulls
    return np.asarray(test @ (train.T @ pulls), dtype=np.float64)


def _error(outputs: Float64, labels: Float64) -> float:
    """The part whose sign is wrong; an output of zero is wrong, and so is one that is no number."""
    return float(np.mean(~(outputs * labels > 0)))
