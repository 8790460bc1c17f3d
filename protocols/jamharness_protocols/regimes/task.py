"""One flow at (h, α): how far w and the tangent kernel move, and how well the network and its kernels predict."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jamharness_numerics.flow import Flowed, Until, gradient_flow, gradient_flows, kernel_flow
from jamharness_systems.parametrised import PARAMETRISATIONS, ParametrisedNetwork
from jamharness_systems.parametrised_kernel import tangent_kernel

from jamharness.api import Backend, BadInput, Cell, CellResult, DerivedProblem, Float64, Loss, Output, Progress
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

    system: ParametrisedNetwork
    alpha: float
    problem: DerivedProblem
    w: Float64
    loss: Loss
    until: Until
    x: Float64
    y: Float64
    x_test: Float64
    y_test: Float64
    few: int

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
        alpha = alpha_of(system, at["scale"])
        output = Output(system=system, scale=alpha, centred=False)
        # F = α (f − f₀): what f₀ is belongs to each pattern's own margin, so that it is computed once.
        plain = backend.problem(output, {"x": x, "y": y}, cell.loss)
        offsets = y * np.asarray(plain.outputs(w, x), dtype=np.float64)
        problem = plain.restated(replace(cell.loss, offsets=tuple(offsets.tolist())))
        return cls(
            system=system, alpha=alpha, problem=problem, w=w, loss=cell.loss,
            until=Until(margin=at["stop"], gradients=at["gradients"]), x=x, y=y, x_test=x_test, y_test=y_test,
            few=min(at["kernel_tests"], len(x_test)),
        )  # fmt: skip

    def result(self, flowed: Flowed) -> CellResult:
        """What is kept of it once it has ended."""
        problem, w, end = self.problem, self.w, np.asarray(flowed.end.w, dtype=np.float64)
        before, after, truth = self._kernels(w), self._kernels(end), self.y_test[: self.few]
        outputs = np.asarray(problem.outputs(end, self.x_test) - problem.outputs(w, self.x_test), dtype=np.float64)
        ending = {"satisfied": "satisfied", "resting": "unsatisfied"}.get(flowed.ending, "undecided")
        return CellResult(
            values={
                "outcome": ending,
                "unsatisfied": flowed.unsatisfied,
                "time": flowed.end.time,
                "gradients": flowed.gradients,
                "steps": flowed.steps,
                "loss": flowed.end.loss,
                "parameters": len(w),
                "kernel_change": _change(before.train, after.train),
                "kernel_change_test": _change(before.test, after.test),
                "displacement": float(np.linalg.norm(end - w) / np.linalg.norm(w)),
                "error": _error(outputs, self.y_test),
                "initial_kernel_error": _error(self._predicted(before), truth),
                "final_kernel_error": _error(self._predicted(after), truth),
            },
            arrays={"outputs": outputs, "labels": self.y_test.astype(np.int8), "w": end},
        )

    def _kernels(self, w: Float64) -> "_Kernels":
        some = self.x_test[: self.few]
        return _Kernels(
            train=tangent_kernel(self.system, w, self.x, self.x),
            test=tangent_kernel(self.system, w, some, some),
            across=tangent_kernel(self.system, w, some, self.x),
        )

    def _predicted(self, kernels: "_Kernels") -> Float64:
        """F (n,) on test patterns of the flow of a constant kernel, F = α (f − f₀), but for a factor: Θ (y q)."""
        kernel = self.alpha**2 * kernels.train * np.outer(self.y, self.y)
        margins = self.loss.margins(np.zeros(len(self.y)))
        pulls = kernel_flow(kernel, margins, self.loss, Until(margin=self.until.margin)).pulls
        return np.asarray(kernels.across @ (self.y * pulls), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kernels:
    """Θ among the patterns (P, P), among test patterns (n, n), and between these (n, P)."""

    train: Float64
    test: Float64
    across: Float64


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
    flow = kernel_flow(kernel * np.outer(y, y), margins, cell.loss, Until(margin=at["stop"]))
    outputs = tangent_kernel(system, w, x_test, x) @ (y * flow.pulls)
    return CellResult(
        values={
            "outcome": "satisfied" if flow.ending == "satisfied" else "unsatisfied",
            "unsatisfied": int(np.count_nonzero(~cell.loss.satisfied(flow.margins))),
            "kernel": float(np.linalg.norm(kernel) / len(x)),
            "error": _error(outputs, y_test),
        },
        arrays={"outputs": outputs, "labels": y_test.astype(np.int8), "pulls": flow.pulls},
    )


def alpha_of(system: ParametrisedNetwork, scale: float) -> float:
    """What f is multiplied by so that F is that of the article's 1/√h in the last layer at a given √h α.

    Arguments:
        system: the network.
        scale: √h α.
    """
    rule = PARAMETRISATIONS[system.parametrisation]
    return float(scale * system.width ** (rule.last + rule.spread - 1))


def _change(first: Float64, last: Float64) -> float:
    """‖Θ − Θ₀‖/‖Θ₀‖ in Frobenius' norm; signs of labels and factors of α do not matter."""
    return float(np.linalg.norm(last - first) / np.linalg.norm(first))


def _error(outputs: Float64, labels: Float64) -> float:
    """The part whose sign is wrong; an output of zero is wrong, and so is one that is no number."""
    return float(np.mean(~(outputs * labels > 0)))
