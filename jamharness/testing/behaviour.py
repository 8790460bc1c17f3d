"""How a problem behaves as an object: inputs untouched, results new, the same bits again, nothing stale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from jamharness.api import Adam, Array, Problem, QuadraticHinge, State, supports
from jamharness.testing.cases import GELU, LINEAR, RELU, SOFTPLUS_SHARP, TANH, Case
from jamharness.testing.core import Suite, concerns, over, same_bits


class Behaviour(Suite):
    """Statements about every method at once."""

    def results(self, case: Case, problem: Problem, w: Array, x: Array) -> Mapping[str, Array]:
        """Every array that the backend returns, by the method's name."""
        rows = np.arange(case.patterns)
        calls: dict[str, Any] = {
            "outputs": lambda: problem.outputs(w, x),
            "margins": lambda: problem.margins(w),
            "loss_and_gradient": lambda: problem.loss_and_gradient(w)[1],
            "jacobian": lambda: problem.jacobian(w, rows),
            "damped_step": lambda: problem.damped_step(w, 0.5).w,
            "descend": lambda: problem.descend(State(w=w), 3, Adam(learning_rate=1e-2)).w,
            "tangent_kernel": lambda: problem.tangent_kernel(w, x, x[:2]),
            "hessian": lambda: np.stack(problem.hessian(w)),
            "hessian_eigenvalues": lambda: np.stack(problem.hessian_eigenvalues(w)),
            "hessian_vector": lambda: problem.hessian_vector(w, np.stack([w, w[::-1]], axis=1)),
            "replicas": lambda: problem.backend.replicas([problem]).loss_and_gradient(w[np.newaxis])[1],
        }
        required, declared = {"outputs", "margins", "loss_and_gradient"}, self.spec.capabilities
        return {name: call() for name, call in calls.items() if name in required or supports(name, declared)}

    @concerns("behaviour")
    def test_inputs_are_not_modified(self, dtype: str) -> None:
        """After each call x, y and w hold what they held; arrays that are read only are accepted."""
        x, y, w = RELU.x, RELU.y, RELU.w
        problem = self.engine(dtype).problem(RELU.network, x, y, loss=QuadraticHinge(margin=RELU.margin))
        self.results(RELU, problem, w, x)
        for name, array, before in (("x", x, RELU.x), ("y", y, RELU.y), ("w", w, RELU.w)):
            same_bits(self.record, f"the caller's array {name} was modified in place ({dtype})", array, before)
            array.flags.writeable = False
        self.results(RELU, self.engine(dtype).problem(RELU.network, x, y), w, x)

    @concerns("behaviour")
    def test_results_are_new_arrays(self) -> None:
        """A caller may write into a result: it shares no memory with an input or with another call's result."""
        problem, x, w = self.problem(LINEAR), LINEAR.x, LINEAR.w
        first, second = (self.results(LINEAR, problem, w, x) for _ in range(2))
        copies = {name: array.copy() for name, array in second.items()}
        for name, array in first.items():
            for where, other in (("w", w), ("x", x), ("the result of another call", second[name])):
                assert not np.shares_memory(array, other), f"{name}: its result shares memory with {where}"
            assert array.flags.writeable, f"{name}: its result is read only"
            array[...] = np.nan
        for name, array in self.results(LINEAR, problem, w, x).items():
            same_bits(
                self.record, f"{name} changes after a caller has written into its last result", array, copies[name]
            )

    @over((TANH, RELU, GELU, SOFTPLUS_SHARP))
    @concerns("behaviour")
    def test_dtype_of_results(self, case: Case, dtype: str) -> None:
        """Whatever the dtype of w and x, results are NumPy arrays in the backend's dtype, and numbers are numbers."""
        problem = self.problem(case, dtype)
        for input_dtype in ("float64", "float32"):
            for name, array in self.results(
                case, problem, case.w.astype(input_dtype), case.x.astype(input_dtype)
            ).items():
                assert isinstance(array, np.ndarray), f"{name} returns {type(array).__name__}; it must be a NumPy array"
                assert array.dtype == dtype, (
                    f"{name} returns {array.dtype} from {input_dtype}; the backend's dtype is {dtype}"
                )
        step = problem.damped_step(case.w, 1.0)
        numbers = {
            "loss_and_gradient: L": (problem.loss_and_gradient(case.w)[0], float),
            "damped_step: L": (step.loss, float),
            "damped_step: N_Δ": (step.unsatisfied, int),
            "damped_step: the predicted decrease": (step.predicted_decrease, float),
        }
        for name, (number, kind) in numbers.items():
            assert isinstance(number, kind), f"{name} is a {type(number).__name__}; it must be a Python {kind.__name__}"

    @over((RELU, TANH))
    @concerns("behaviour")
    def test_deterministic(self, case: Case, dtype: str) -> None:
        """The same call again, and a problem built anew, give the same bits."""
        problem = self.problem(case, dtype)
        first = self.results(case, problem, case.w, case.x)
        for again, other in (("again", problem), ("by a problem built anew", self.problem(case, dtype))):
            for name, array in self.results(case, other, case.w, case.x).items():
                sentence = f"{name} gives other bits when it is called {again}, on {case.name} in {dtype}"
                same_bits(self.record, sentence, array, first[name])

    @over((RELU, TANH))
    @concerns("behaviour")
    def test_another_w(self, case: Case) -> None:
        """Results belong to the w of the call, also where the caller writes the next w into the same array."""
        problem, w = self.problem(case), case.w
        for shift in (0.0, 0.1, 0.0):
            w[:] = case.w + shift
            fresh = self.results(case, self.problem(case), case.w + shift, case.x)
            for name, array in self.results(case, problem, w, case.x).items():
                sentence = f"{name} is stale: it belongs to the last w, not to that of the call"
                same_bits(self.record, sentence, array, fresh[name])

    @concerns("behaviour")
    def test_other_patterns(self) -> None:
        """Problems on other patterns or other labels share no result."""
        backend, network = self.engine(), RELU.network
        reference, w = RELU.reference.backend, RELU.w
        data = {
            "the patterns": (RELU.x, RELU.y),
            "other labels": (RELU.x, -RELU.y),
            "other patterns": (RELU.x + 0.25, RELU.y),
            "fewer patterns": (RELU.x[:5], RELU.y[:5]),
            "the patterns once more": (RELU.x, RELU.y),
        }
        problems = {label: backend.problem(network, *arrays) for label, arrays in data.items()}
        for label, arrays in data.items():
            expected = reference.problem(network, *arrays)
            at = self.at(RELU)
            at.agree(f"Δ of {label}", problems[label].margins(w), expected.margins(w))
            at.agree(f"∇L of {label}", problems[label].loss_and_gradient(w)[1], expected.loss_and_gradient(w)[1])
            rows = np.arange(len(arrays[1]))
            at.agree(f"J of {label}", problems[label].jacobian(w, rows), expected.jacobian(w, rows))

    @concerns("behaviour")
    def test_data_are_the_problems_own(self) -> None:
        """Writing into x and y after a problem was built does not change it."""
        x, y = RELU.x, RELU.y
        problem = self.engine().problem(RELU.network, x, y, loss=QuadraticHinge(margin=RELU.margin))
        before = self.results(RELU, problem, RELU.w, RELU.x)
        x += 1.0
        y *= -1.0
        for name, array in self.results(RELU, problem, RELU.w, RELU.x).items():
            sentence = f"{name} changes after the caller wrote into x and y"
            same_bits(self.record, sentence, array, before[name])

    @concerns("behaviour")
    def test_another_dtype(self) -> None:
        """with_dtype equals a problem of a backend made in that dtype, and leaves the first as it was."""
        if "float32" not in self.dtypes or "float64" not in self.dtypes:
            pytest.skip("the backend is tested in one dtype only")
        problem = self.problem(TANH)
        before = problem.margins(TANH.w)
        other = problem.with_dtype("float32")
        same_bits(self.record, "Δ with float32", other.margins(TANH.w), self.problem(TANH, "float32").margins(TANH.w))
        assert other.margins(TANH.w).dtype == np.float32, "with_dtype('float32') computes in another dtype"
        assert problem.with_dtype("float64") is problem, "with_dtype with the same dtype makes another problem"
        same_bits(self.record, "with_dtype changes the problem it is called on", problem.margins(TANH.w), before)

    @concerns("with_activation")
    def test_another_activation(self) -> None:
        """with_activation equals a problem built with it, and leaves the first as it was."""
        problem, at = self.problem(TANH), self.at(TANH)
        before = problem.margins(TANH.w)
        for activation in ("gelu", "relu", "softplus(8)"):
            other, expected = (each.with_activation(activation) for each in (problem, TANH.reference))
            at.agree(f"Δ with {activation}", other.margins(TANH.w), expected.margins(TANH.w))
            loss_and_gradient, reference = (each.loss_and_gradient(TANH.w) for each in (other, expected))
            at.agree(f"∇L with {activation}", loss_and_gradient[1], reference[1])
            assert other.network.activation == activation, "with_activation: the network keeps its old activation"
        same_bits(self.record, "the first problem changes when it is restated", problem.margins(TANH.w), before)

    @concerns("with_margin")
    def test_another_margin(self) -> None:
        """with_margin equals a problem built with it, and leaves the first as it was."""
        problem, at = self.problem(TANH), self.at(TANH)
        before = problem.margins(TANH.w)
        for margin in (0.4, 2.5):
            other, expected = (each.with_margin(margin) for each in (problem, TANH.reference))
            at.agree(f"Δ with κ = {margin:g}", other.margins(TANH.w), expected.margins(TANH.w))
            (loss, gradient), (expected_loss, slope) = (each.loss_and_gradient(TANH.w) for each in (other, expected))
            at.agree(f"L with κ = {margin:g}", loss, expected_loss)
            at.agree(f"∇L with κ = {margin:g}", gradient, slope)
            assert other.loss.margin == margin, "with_margin: the loss keeps its old margin"
        same_bits(self.record, "the first problem changes when it is restated", problem.margins(TANH.w), before)
