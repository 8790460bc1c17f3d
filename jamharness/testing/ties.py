"""Derivatives where relu units have a preactivation of exactly zero: the slope there is 0, not a half and not 1.

It happens: biases start at zero, so a layer whose units are all off leaves the next one at z = 0, for every pattern.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from jamharness.api import Array, Float64, Network, Problem, QuadraticHinge, Sgd, State
from jamharness.testing.cases import RELU, Case, referee
from jamharness.testing.core import Suite, concerns, over
from jamharness.testing.steps import damping, expected_step


@dataclass(frozen=True, kw_only=True, eq=False)
class Tie(Case):
    """The patterns of another case, at a w where units of its relu network are at z = 0 for every pattern.

    Arguments:
        whole: all units are, behind a first layer whose weights are zero; f is the last bias. Otherwise the first unit
            of the first layer alone, and f is that of the network without it.
    """

    whole: bool

    @cached_property
    def _sample(self) -> tuple[Float64, Float64, Float64]:
        w = RELU.w
        weight, bias = self.network.slices[0]
        if self.whole:
            w[weight] = 0
            for _, hidden in self.network.slices[:-1]:
                w[hidden] = 0
        else:
            w[weight][: self.network.inputs], w[bias][0] = 0, 0
        return RELU.x, RELU.y, w

    @cached_property
    def jacobian(self) -> Float64:
        """∂Δ/∂w, (P, N)."""
        part = -self.y[:, np.newaxis] if self.whole else self._smaller.jacobian(self._rest, np.arange(self.patterns))
        return self._among_zeros(part)

    @cached_property
    def hessians(self) -> tuple[Float64, Float64]:
        """H0 and Hp, (N, N) each."""
        J = self.jacobian[self.rows]
        Hp = np.zeros((1, 1)) if self.whole else self._smaller.hessian(self._rest)[1]
        return J.T @ J / self.patterns, self._among_zeros(self._among_zeros(Hp).T)

    @cached_property
    def gradient(self) -> Float64:
        """∇L, (N,)."""
        return np.asarray(np.maximum(self.margins, 0) @ self.jacobian / self.patterns, dtype=np.float64)

    @cached_property
    def _parameters(self) -> NDArray[np.intp]:
        """The parameters that f depends on: the last bias, or all but those into and out of the unit."""
        size, (into, bias), (out, _) = self.network.size, self.network.slices[0], self.network.slices[1]
        if self.whole:
            return np.array([size - 1])
        excluded = [*range(self.network.inputs), bias.start, *range(out.start, out.stop, bias.stop - bias.start)]
        return np.setdiff1d(np.arange(into.start, size), excluded)

    def _among_zeros(self, part: Array) -> Float64:
        """Derivatives by the parameters that f depends on, among those by all: (…, N)."""
        derivatives = np.zeros((*part.shape[:-1], self.network.size))
        derivatives[..., self._parameters] = part
        return derivatives

    @property
    def _rest(self) -> Float64:
        return self.w[self._parameters]

    @cached_property
    def _smaller(self) -> Problem:
        first, *others = (out for out, _ in self.network.shapes[:-1])
        network = Network(inputs=self.network.inputs, width=(first - 1, *others), depth=self.network.depth)
        return referee().problem(network, self.x, self.y, QuadraticHinge(margin=self.margin))


TIES = tuple(
    Tie(name=name, network=RELU.network, patterns=RELU.patterns, margin=RELU.margin, whole=whole)
    for name, whole in (("relu-dead-layer", True), ("relu-unit-at-zero", False))
)


class Ties(Suite):
    """Against the network without the units whose slope is 0: all derivatives by their parameters vanish."""

    @over(TIES)
    @concerns("margins")
    def test_margins_at_a_tie(self, case: Tie, dtype: str) -> None:
        """Δ = κ − y b behind a dead layer."""
        expected = case.margin - case.y * case.w[-1] if case.whole else case.margins
        self.at(case, dtype).agree("Δ", self.problem(case, dtype).margins(case.w), expected)

    @over(TIES)
    @concerns("loss_and_gradient")
    def test_gradient_at_a_tie(self, case: Tie, dtype: str) -> None:
        """∇L with slope 0 at z = 0; automatic differentiation of max(z, 0) has ½ there, in some frameworks."""
        gradient = self.problem(case, dtype).loss_and_gradient(case.w)[1]
        self.at(case, dtype).agree("∇L at relu's kink, where its slope is 0,", gradient, case.gradient)

    @over(TIES)
    @concerns("jacobian")
    def test_jacobian_at_a_tie(self, case: Tie, dtype: str) -> None:
        """∂Δ/∂w with slope 0 at z = 0."""
        J = self.problem(case, dtype).jacobian(case.w, np.arange(case.patterns))
        self.at(case, dtype).agree("J at relu's kink, where its slope is 0,", J, case.jacobian)

    @over(TIES)
    @concerns("hessian")
    def test_hessian_at_a_tie(self, case: Tie, dtype: str) -> None:
        """H0 and Hp with slope 0 at z = 0."""
        size = float(np.abs(case.hessians[0]).max())
        for name, H, expected in zip(
            ("H0", "Hp"), self.problem(case, dtype).hessian(case.w), case.hessians, strict=True
        ):
            self.at(case, dtype).agree(f"{name} at relu's kink, where its slope is 0,", H, expected, scale=size)

    @over(TIES)
    @concerns("hessian_vector")
    def test_hessian_vector_at_a_tie(self, case: Tie, dtype: str) -> None:
        """H v with slope 0 at z = 0."""
        v = np.linspace(-1, 1, 2 * case.network.size).reshape(case.network.size, 2)
        Hv = self.problem(case, dtype).hessian_vector(case.w, v)
        self.at(case, dtype).agree("H v at relu's kink, where its slope is 0,", Hv, sum(case.hessians) @ v)

    @over(TIES)
    @concerns("tangent_kernel")
    def test_tangent_kernel_at_a_tie(self, case: Tie, dtype: str) -> None:
        """Θ with slope 0 at z = 0."""
        slopes = -case.y[:, np.newaxis] * case.jacobian
        Theta = self.problem(case, dtype).tangent_kernel(case.w, case.x, case.x)
        self.at(case, dtype).agree("Θ at relu's kink, where its slope is 0,", Theta, slopes @ slopes.T)

    @pytest.mark.parametrize("method", ["damped_step", "truncated_step"])
    @over(TIES)
    @concerns("damped_step")
    def test_step_at_a_tie(self, case: Tie, method: str) -> None:
        """A damped step with slope 0 at z = 0 leaves the parameters that f does not depend on."""
        value, problem = damping(case, 1.0), self.problem(case)
        step = (
            problem.damped_step(case.w, value) if method == "damped_step" else problem.truncated_step(case.w, value, 0)
        )
        expected = case.w + expected_step(case, value)
        self.at(case).agree("w + s at relu's kink, where its slope is 0,", step.w, expected)

    @over(TIES)
    @concerns("descend")
    def test_descend_at_a_tie(self, case: Tie) -> None:
        """One update of plain gradient descent with slope 0 at z = 0."""
        rule = Sgd(learning_rate=0.05)
        state = self.problem(case).descend(State(w=case.w), 1, rule)
        expected = case.w - 0.05 * case.gradient
        self.at(case).agree("w after one update at relu's kink, where its slope is 0,", state.w, expected)
