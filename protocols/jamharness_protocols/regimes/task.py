"""One flow at (h, α): how far w and the tangent kernel move, and how well the network and its kernels predict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jamharness_numerics.flow import Flowed, Until, gradient_flow, gradient_flows, kernel_flow
from jamharness_systems.parametrised import PARAMETRISATIONS, ParametrisedNetwork
from jamharness_systems.parametrised_kernel import tangent_kernel

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
    at = cell.coordinates
    flow = _Flow.of(cell, backend, at["seed"])
    return flow.result(gradient_flow(flow.problem, flow.w, at["method"], at["tolerance"], flow.until, say=progress))


def measure_together(cell: Cell, _needed: Sequence[CellResult], backend: Backend, progress: Progress) -> CellResult:
    """Follow the flows of all networks of a place side by side.

    Returns:
        As ``measure``, each value a list and each array with a leading axis, over ``seeds``; ``labels`` once.
    """
    at = cell.coordinates
    flows = [_Flow.of(cell, backend, seed) for seed in at["seeds"]]
    ends = gradient_flows(
        [flow.problem for flow in flows], [flow.w for flow in flows], at["method"], at["tolerance"], flows[0].until,
        say=progress,
    )  # fmt: skip
    results = [flow.result(end) for flow, end in zip(flows, ends, strict=True)]
    return CellResult(
        values={name: [each.values[name] for each in results] for name in results[0].values},
        arrays={
            "outputs": np.array([each.arrays["outputs"] for each in results]),
            "labels": results[0].arrays["labels"],
            "w": np.array([each.arrays["w"] for each in results]),
        },
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Flow:
    """A flow before it begins."""

    problem: DerivedProblem
    tested: DerivedProblem
    w: Float64
    loss: Loss
    until: Until
    x_test: Float64
    y_test: Float64

    @classmethod
    def of(cls, cell: Cell, backend: Backend, seed: int) -> "_Flow":
        at, system = cell.coordinates, system_of(cell)
        assert isinstance(system, ParametrisedNetwork)
        assert cell.data is not None, "the host loads the data before measure"
        assert cell.loss is not None
        x, y = cell.data.first(at["patterns"])
        x_test, y_test = cell.data.x_test[: at["tests"]], cell.data.y_test[: at["tests"]]
        if not len(x_test):
            raise BadInput("The data set has no test set: raise test_fraction, or take another one.")
        w = system.initial(seed)
        output = Output(system=system, scale=alpha_of(system, at["scale"]), centred=False)
        few = min(at["kernel_tests"], len(x_test))
        tested = backend.problem(output, {"x": x_test[:few], "y": np.ones(few)}, cell.loss)
        # F = α (f − f₀): what f₀ is belongs to each pattern's own margin, so that it is computed once.
        offsets = y * np.asarray(tested.outputs(w, x), dtype=np.float64)
        problem = backend.problem(output, {"x": x, "y": y}, replace(cell.loss, offsets=tuple(offsets.tolist())))
        until = Until(margin=at["stop"], gradients=at["gradients"])
        return cls(problem=problem, tested=tested, w=w, loss=cell.loss, until=until, x_test=x_test, y_test=y_test)

    def result(self, found: Flowed) -> CellResult:
        """What is kept of it once it has ended."""
        problem, tested, w, end = self.problem, self.tested, self.w, found.end.w
        before, after, few = _jacobians(problem, tested, w), _jacobians(problem, tested, end), tested.constraints
        start, truth = problem.margins(w), self.y_test[:few]
        outputs = np.asarray(problem.outputs(end, self.x_test) - problem.outputs(w, self.x_test), dtype=np.float64)
        ending = {"satisfied": "satisfied", "resting": "unsatisfied"}.get(found.ending, "undecided")
        return CellResult(
            values={
                "outcome": ending,
                "unsatisfied": found.unsatisfied,
                "time": found.end.time,
                "gradients": found.gradients,
                "steps": found.steps,
                "loss": found.end.loss,
                "parameters": len(w),
                "kernel_change": _change(before[0], after[0]),
                "kernel_change_test": _change(before[1], after[1]),
                "displacement": float(np.linalg.norm(end - w) / np.linalg.norm(w)),
                "error": _error(outputs, self.y_test),
                "initial_kernel_error": _error(_predicted(before, start, self.loss, self.until), truth),
                "final_kernel_error": _error(_predicted(after, start, self.loss, self.until), truth),
            },
            arrays={"outputs": outputs, "labels": self.y_test.astype(np.int8), "w": end},
        )


def measure_limit(cell: Cell, _needed: Sequence[CellResult], _backend: Backend, _progress: Progress) -> CellResult:
    """The lazy limit α → ∞ of one network: the flow of its initial kernel, layer by layer in NumPy at any width.

    Returns:
        values: how it ended, N_Δ, ‖Θ₀‖/P, and the test error. arrays: ``outputs`` F (M,) on the test set with its
        ``labels``, and ``pulls`` q (P,): F moves by Σ_μ Θ(x, x_μ) y_μ q_μ.
    """
    at, system = cell.coordinates, system_of(cell)
    assert isinstance(system, ParametrisedNetwork)
    assert cell.data is not None
    assert cell.loss is not None
    x, y = cell.data.first(at["patterns"])
    x_test, y_test = cell.data.x_test[: at["tests"]], cell.data.y_test[: at["tests"]]
    w = system.initial(at["seed"])
    kernel = tangent_kernel(system, w, x, x)
    margins = cell.loss.margins(np.zeros(len(x)))
    found = kernel_flow(kernel * np.outer(y, y), margins, cell.loss, Until(margin=at["stop"]))
    outputs = tangent_kernel(system, w, x_test, x) @ (y * found.pulls)
    return CellResult(
        values={
            "outcome": "satisfied" if found.ending == "satisfied" else "unsatisfied",
            "unsatisfied": int(np.count_nonzero(~cell.loss.satisfied(found.margins))),
            "kernel": float(np.linalg.norm(kernel) / len(x)),
            "error": _error(outputs, y_test),
        },
        arrays={"outputs": outputs, "labels": y_test.astype(np.int8), "pulls": found.pulls},
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
