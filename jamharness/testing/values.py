"""The three required functions of w: outputs, margins, loss and gradient."""

import numpy as np

from jamharness.testing.cases import CASES, Case
from jamharness.testing.core import Suite, concerns, over, slope


class Values(Suite):
    """Against the referee, against each other, and against finite differences."""

    @over(CASES)
    @concerns("outputs")
    def test_outputs(self, case: Case, dtype: str) -> None:
        """f(x; w) for inputs that are not the patterns, as many as there are."""
        outputs = self.problem(case, dtype).outputs(case.w, case.probes)
        self.at(case, dtype).agree("f", outputs, case.reference.outputs(case.w, case.probes))

    @over(CASES)
    @concerns("margins")
    def test_margins(self, case: Case, dtype: str) -> None:
        """Δ_μ = κ − y_μ f(x_μ; w)."""
        self.at(case, dtype).agree("Δ", self.problem(case, dtype).margins(case.w), case.margins)

    @over(CASES)
    @concerns("loss_and_gradient")
    def test_loss_and_gradient(self, case: Case, dtype: str) -> None:
        """L and ∇L."""
        loss, gradient = self.problem(case, dtype).loss_and_gradient(case.w)
        expected_loss, expected = case.reference.loss_and_gradient(case.w)
        at = self.at(case, dtype)
        at.agree("L", loss, expected_loss)
        # The sum over patterns is as accurate as its terms, however they cancel.
        terms = np.maximum(case.margins, 0) @ np.abs(case.jacobian) / case.patterns
        at.agree("∇L", gradient, expected, scale=float(terms.max()) if dtype == "float32" else None)

    @over(CASES)
    @concerns("loss_and_gradient")
    def test_loss_of_the_margins(self, case: Case) -> None:
        """L = (1/2P) Σ max(0, Δ)² of the backend's own margins (arXiv 1809.09349 eq. 1)."""
        problem = self.problem(case)
        hinge = np.maximum(problem.margins(case.w), 0)
        expected = float(hinge @ hinge) / (2 * case.patterns)
        self.at(case).agree(
            "L", problem.loss_and_gradient(case.w)[0], expected, source="the loss of the backend's own margins"
        )

    @over(CASES)
    @concerns("loss_and_gradient")
    def test_gradient_by_differences(self, case: Case) -> None:
        """∇L is the slope of the backend's own L."""
        problem = self.problem(case)
        expected = slope(lambda w: problem.loss_and_gradient(w)[0], case.w)
        gradient = problem.loss_and_gradient(case.w)[1]
        self.at(case).agree("∇L", gradient, expected, allowed=1e-7, source="finite differences of the backend's own L")
