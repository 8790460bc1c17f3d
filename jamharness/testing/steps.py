"""Levenberg–Marquardt candidates: the damped least-squares problem over the unsatisfied patterns."""

from dataclasses import astuple
from math import sqrt

import numpy as np
import pytest

from jamharness.api import Array
from jamharness.testing.cases import FLAT_NO_BIAS, RELU, RELU_TALL, SATISFIED, STEPS, TANH, TANH_TALL, Case
from jamharness.testing.core import Suite, concerns, over, same_bits

FACTORS = (0.05, 1.0, 100.0)
"""λ in units of the mean diagonal of JᵀJ. With a much smaller λ the step itself, and not its computation, would be
sensitive to rounding."""


def damping(case: Case, factor: float) -> float:
    """λ for a case."""
    J = case.jacobian[case.rows]
    return factor * float(np.sum(J * J)) / case.network.size


def expected_step(case: Case, value: float) -> Array:
    """argmin_s |Δ + J s|² + λ|s|² by NumPy's least squares on [J; √λ I] s = [−Δ; 0]."""
    J, delta, size = case.jacobian[case.rows], case.margins[case.rows], case.network.size
    stacked = np.concatenate([J, sqrt(value) * np.eye(size)])
    return np.asarray(np.linalg.lstsq(stacked, np.concatenate([-delta, np.zeros(size)]), rcond=None)[0])


class Steps(Suite):
    """Against NumPy's least squares, and against the backend's own margins at the candidate."""

    @pytest.mark.parametrize("factor", FACTORS)
    @over(STEPS)
    @concerns("damped_step")
    def test_damped_step(self, case: Case, factor: float, dtype: str) -> None:
        """The candidate w + s with (JᵀJ + λI) s = −JᵀΔ, λ not divided by P."""
        value = damping(case, factor)
        candidate = self.problem(case, dtype).damped_step(case.w, value).w
        at, s = self.at(case, dtype), expected_step(case, value)
        at.agree(f"w + s at λ = {value:.3g}", candidate, case.w + s)
        if dtype == "float64":
            # A small step hides behind w: so the step itself, whose last digits w + s has lost.
            at.agree(f"s at λ = {value:.3g}", candidate - case.w, s, allowed=1e-10)

    @pytest.mark.parametrize("factor", FACTORS)
    @over(STEPS)
    @concerns("damped_step")
    def test_damped_step_promise(self, case: Case, factor: float) -> None:
        """What a candidate says of itself: L and N_Δ at w + s, and the decrease that the linearised margins promise."""
        value, problem, at = damping(case, factor), self.problem(case), self.at(case)
        step = problem.damped_step(case.w, value)
        before = case.margins[case.rows]
        rest = before + case.jacobian[case.rows] @ expected_step(case, value)
        loss = float(before @ before) / (2 * case.patterns)
        promise = loss - float(rest @ rest) / (2 * case.patterns)
        at.agree("predicted decrease", step.predicted_decrease, promise, allowed=1e-10, scale=loss)
        after = np.maximum(problem.margins(step.w), 0)
        at.agree(
            "L(w + s)", step.loss, float(after @ after) / (2 * case.patterns), allowed=1e-11,
            scale=max(step.loss, loss), source="the loss of the backend's own margins at w + s",
        )  # fmt: skip
        at.equal("N_Δ at w + s", step.unsatisfied, int(np.count_nonzero(after)))

    @over((RELU, TANH_TALL))
    @concerns("damped_step")
    def test_damped_step_again(self, case: Case) -> None:
        """What a problem keeps between candidates changes no bit of the next, in any order of λ and w."""
        problem, w = self.problem(case), case.w
        unit = damping(case, 1.0)
        for shift, factor in ((0.0, 1.0), (0.0, 0.1), (0.0, 10.0), (0.1, 1.0), (0.0, 0.1)):
            w[:] = case.w + shift  # the caller reuses one array
            candidate, fresh = (each.damped_step(w, factor * unit) for each in (problem, self.problem(case)))
            where = f"at w + {shift:g}, λ = {factor * unit:.3g}, {case.name}"
            sentence = f"a problem used before gives another candidate {where} than a new one"
            same_bits(self.record, sentence, candidate.w, fresh.w)
            same_bits(self.record, sentence, astuple(candidate)[1:], astuple(fresh)[1:])

    @concerns("damped_step")
    def test_damped_step_satisfied(self, dtype: str) -> None:
        """At N_Δ = 0 a step stays where it is and promises nothing."""
        step, at = self.problem(SATISFIED, dtype).damped_step(SATISFIED.w, 1.0), self.at(SATISFIED, dtype)
        at.agree("w + s at N_Δ = 0", step.w, SATISFIED.w.astype(dtype), allowed=0.0, source="w")
        at.equal("L", step.loss, 0.0)
        at.equal("N_Δ", step.unsatisfied, 0)
        at.equal("predicted decrease", step.predicted_decrease, 0.0)

    @over((RELU_TALL, TANH))
    @concerns("damped_step")
    def test_damped_step_descends(self, case: Case) -> None:
        """With a large λ the step is −JᵀΔ/λ = −(P/λ) ∇L, so that the loss falls."""
        problem, value = self.problem(case), damping(case, 1e4)
        loss, gradient = problem.loss_and_gradient(case.w)
        step = problem.damped_step(case.w, value)
        expected = -case.patterns / value * np.asarray(gradient)
        self.at(case).agree("s at a large λ", step.w - case.w, expected, allowed=1e-2, source="−(P/λ) ∇L")
        assert step.loss < loss, f"damped_step: the loss rises from {loss} to {step.loss} on {case.name}"

    @pytest.mark.parametrize("tolerance", [0.0, 1e-3, 0.3])
    @over((FLAT_NO_BIAS, RELU, RELU_TALL, TANH_TALL))
    @concerns("truncated_step")
    def test_truncated_step(self, case: Case, tolerance: float) -> None:
        """|(JᵀJ + λI) s + JᵀΔ| is at most the tolerance times |JᵀΔ|, and what the candidate says of itself is true."""
        value, problem, at = damping(case, 1.0), self.problem(case), self.at(case)
        step = problem.truncated_step(case.w, value, tolerance)
        J, delta, s = case.jacobian[case.rows], case.margins[case.rows], step.w - case.w
        pull, rest = J.T @ delta, delta + J @ s
        residual = float(np.linalg.norm(J.T @ rest + value * s))
        at.agree(
            f"|(JᵀJ + λI) s + JᵀΔ| with the tolerance {tolerance:g}", residual, 0.0,
            allowed=max(tolerance, 1e-11), scale=float(np.linalg.norm(pull)), source="zero",
        )  # fmt: skip
        after, loss = np.maximum(problem.margins(step.w), 0), float(delta @ delta) / (2 * case.patterns)
        at.agree(
            "L(w + s)", step.loss, float(after @ after) / (2 * case.patterns), allowed=1e-11,
            scale=max(step.loss, loss), source="the loss of the backend's own margins at w + s",
        )  # fmt: skip
        at.equal("N_Δ at w + s", step.unsatisfied, int(np.count_nonzero(after)))
        promise = loss - float(rest @ rest) / (2 * case.patterns)
        at.agree("predicted decrease of its own s", step.predicted_decrease, promise, allowed=1e-10, scale=loss)
