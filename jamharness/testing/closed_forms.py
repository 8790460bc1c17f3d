"""What is known exactly, whatever computes it: storage of a linear network, stationarity, ranks, symmetries.

Sources: E2 is the zero-temperature limit of the perceptron with this loss; E3 to E6 follow from the definitions of
arXiv 1809.09349 and from the homogeneity of relu.
"""

from dataclasses import replace
from itertools import pairwise
from math import erf, exp, pi, sqrt

import numpy as np
import pytest

from jamharness.api import Array, Network, Problem, generator
from jamharness.testing.cases import CASES, FLAT, FLAT_NO_BIAS, LINEAR, RELU_FIVE, RELU_NO_BIAS, RELUS, SECOND, Case
from jamharness.testing.core import Suite, concerns, over

SIZE, DRAWS = 100, 3
"""N of the linear network of E2, and how many of them are averaged."""
SPREAD = {"N_Δ/N": 0.10, "L": 0.14, "|w|": 0.33}
"""Allowed relative distance of the average from N = ∞: four times its standard deviation at P/N = 3, where 40 draws
spread by 0.044, 0.059 and 0.144 each (their averages lie within 0.05 of N = ∞)."""


def linear_minimum(load: float) -> dict[str, float]:
    """N_Δ/N, L and |w| at the minimum of a linear network on random patterns, for N → ∞ at P/N = load > 2.

    With k > 0 from load = [(1+k²)Φ + kφ]/Φ²: N_Δ/N = load Φ, L = (k + φ/Φ)²/(2 load), |w| = 1/k.
    """

    def at(k: float) -> tuple[float, float, float]:
        Phi, phi = 0.5 * (1 + erf(k / sqrt(2))), exp(-k * k / 2) / sqrt(2 * pi)
        return ((1 + k * k) * Phi + k * phi) / Phi**2, Phi, phi

    low, high = 0.0, 10.0  # the load grows with k, from 2 at 0
    for _ in range(100):
        k = (low + high) / 2
        low, high = (k, high) if at(k)[0] < load else (low, k)
    _, Phi, phi = at(low)
    return {"N_Δ/N": load * Phi, "L": (low + phi / Phi) ** 2 / (2 * load), "|w|": 1 / low}


def minimise(problem: Problem, w: Array, tolerance: float, steps: int = 100) -> Array:
    """Damped steps until |∇L| is below a bound; λ falls after a step that is taken and rises after one that is not."""
    damping, (loss, gradient) = 1.0, problem.loss_and_gradient(w)
    for _ in range(steps):
        if np.abs(gradient).max() < tolerance:
            break
        step = problem.damped_step(w, damping)
        if step.loss <= loss:
            w, damping = step.w, max(damping / 5, 1e-6)
            loss, gradient = problem.loss_and_gradient(w)
        else:
            damping *= 4
    return w


class ClosedForms(Suite):
    """E2 to E6."""

    @concerns("closed forms")
    @pytest.mark.parametrize("load", [3, 4])
    def test_linear_minimum(self, load: int) -> None:
        """E2: without bias, on Gaussian patterns, the minimum at P/N = 3 and 4 has the known N_Δ/N, L and |w|."""
        network, patterns = Network(inputs=SIZE, depth=0, bias=False), load * SIZE
        minima: list[tuple[float, float, float]] = []
        for draw in range(DRAWS):
            rng = generator("conformance linear", load, draw)
            x, y = rng.standard_normal((patterns, SIZE)), np.where(rng.random(patterns) < 0.5, -1.0, 1.0)
            problem = self.engine().problem(network, x, y)
            w = minimise(problem, np.zeros(SIZE), 1e-9)
            broken = np.count_nonzero(problem.margins(w) > 0)
            minima.append((broken / SIZE, problem.loss_and_gradient(w)[0], float(np.linalg.norm(w))))
        for (name, expected), mean in zip(linear_minimum(load).items(), np.mean(minima, axis=0), strict=True):
            at = replace(self.at(FLAT), place=f"linear network: {DRAWS} draws of N = {SIZE}, P/N = {load}, float64")
            source = "its value for N → ∞"
            at.agree(f"{name} at the minimum", mean, expected, allowed=SPREAD[name], source=source)

    @concerns("closed forms")
    @over((FLAT, LINEAR))
    def test_stationarity_at_a_minimum(self, case: Case) -> None:
        """E3: at a minimum Σ_{Δ>0} Δ(κ − Δ) = 0 and Σ_{Δ>0} yΔ = 0, with biases in the last layer."""
        problem = self.problem(case)
        margins = problem.margins(minimise(problem, case.w, 1e-11))
        broken = margins > 0
        delta = margins[broken]
        size, at = float(delta @ delta), self.at(case)
        assert size > 1e-3, "closed forms: no unsatisfied pattern is left, which these patterns do not allow"
        at.agree("Σ Δ(κ − Δ) at a minimum", float(delta @ (case.margin - delta)), 0.0, allowed=1e-7, scale=size)
        at.agree("Σ yΔ at a minimum", float(case.y[broken] @ delta), 0.0, allowed=1e-7, scale=size)

    @concerns("closed forms")
    @over(CASES)
    def test_gradient_of_the_last_layer(self, case: Case) -> None:
        """E3 at any w: w_out · ∂L/∂w_out = −(1/P) Σ_{Δ>0} Δ(κ − Δ), since f is linear in the last layer."""
        problem = self.problem(case)
        hinge, gradient = np.maximum(problem.margins(case.w), 0), problem.loss_and_gradient(case.w)[1]
        weight, bias = case.network.slices[-1]
        last = slice(weight.start, bias.stop)
        expected = -float(hinge @ (case.margin - hinge)) / case.patterns
        size = float(hinge @ (case.margin + hinge)) / case.patterns
        self.at(case).agree(
            "w_out · ∂L/∂w_out", float(case.w[last] @ gradient[last]), expected, scale=size,
            source="−(1/P) Σ Δ(κ − Δ) of the backend's own margins",
        )  # fmt: skip

    @concerns("hessian")
    @over(SECOND)
    def test_first_part_of_the_hessian(self, case: Case) -> None:
        """E4: tr H0 = (1/P) Σ |∇f|² over unsatisfied patterns, H0 ≥ 0, rank H0 ≤ N_Δ."""
        H0 = np.asarray(self.problem(case).hessian(case.w)[0], dtype=np.float64)
        at, J = self.at(case), case.jacobian[case.rows]
        at.agree("tr H0", float(np.trace(H0)), float(np.sum(J * J)) / case.patterns, source="(1/P) Σ |∇f|²")
        spectrum = np.linalg.eigvalsh((H0 + H0.T) / 2)
        level = 1e-12 * float(np.abs(spectrum).max(initial=0.0))
        rank, most = int(np.count_nonzero(np.abs(spectrum) > level)), min(len(case.rows), case.network.size)
        assert rank <= most, f"hessian: H0 has rank {rank} on {case.name}; it is at most {most} = min(N_Δ, N)"
        assert spectrum[0] >= -level, f"hessian: H0 has the negative eigenvalue {spectrum[0]:.3g} on {case.name}"

    @concerns("hessian")
    @over((FLAT, FLAT_NO_BIAS))
    def test_no_second_part_without_layers(self, case: Case) -> None:
        """E4: Hp = 0, exactly, for a linear function of w."""
        self.at(case).agree("Hp", self.problem(case).hessian(case.w)[1], np.zeros((case.network.size,) * 2))

    @concerns("closed forms")
    @over(RELUS)
    def test_balance_of_relu_units(self, case: Case) -> None:
        """E5: gradient flow conserves |w_in|² + b² − |w_out|² of a unit: w_in·g_in + b g_b = w_out·g_out."""
        gradient = self.problem(case).loss_and_gradient(case.w)[1]
        parts = zip(case.network.split(case.w), case.network.split(np.asarray(gradient)), strict=True)
        coming, going = [], []
        for ((W, b), (gW, gb)), ((V, _), (gV, _)) in pairwise(parts):
            coming.append((W * gW).sum(axis=1) + (b * gb if len(b) else 0.0))
            going.append((V * gV).sum(axis=0))
        into, out = np.concatenate(coming), np.concatenate(going)
        size = float(np.abs(case.w).max() * np.abs(gradient).max())
        self.at(case).agree("w_in·g_in + b g_b of every unit", into, out, scale=size, source="w_out·g_out")

    @concerns("jacobian")
    @over((RELU_NO_BIAS, RELU_FIVE))
    def test_homogeneity_of_relu(self, case: Case) -> None:
        """E6: without biases w · ∇f = (L + 1) f for every pattern, f having degree L + 1 in w."""
        problem = self.problem(case)
        slopes = -case.y[:, None] * problem.jacobian(case.w, np.arange(case.patterns))
        expected = (case.network.depth + 1) * np.asarray(problem.outputs(case.w, case.x))
        size = float((np.abs(slopes) @ np.abs(case.w)).max())
        self.at(case).agree("w · ∇f", slopes @ case.w, expected, scale=size, source="(L + 1) f")
