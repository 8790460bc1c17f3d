"""Derivatives of the margins and of the gradient: Jacobian, tangent kernel, Hessian."""

import numpy as np

from jamharness.api import Array, Float64, generator
from jamharness.testing.cases import CASES, SATISFIED, SECOND, TANH, Case
from jamharness.testing.core import Suite, concerns, over, slope


class Derivatives(Suite):
    """Against the referee, and against finite differences of what is one order lower."""

    @over(CASES)
    @concerns("jacobian")
    def test_jacobian(self, case: Case, dtype: str) -> None:
        """∂Δ/∂w of every pattern."""
        jacobian = self.problem(case, dtype).jacobian(case.w, np.arange(case.patterns))
        self.at(case, dtype).agree("J = ∂Δ/∂w", jacobian, case.jacobian)

    @concerns("jacobian")
    def test_jacobian_of_rows(self, dtype: str) -> None:
        """Rows come in the order asked for, repeated where asked for, and there may be none."""
        problem, at = self.problem(TANH, dtype), self.at(TANH, dtype)
        for rows in (np.array([16, 0, 3, 3]), np.array([5]), np.empty(0, dtype=np.int64)):
            jacobian = problem.jacobian(TANH.w, rows)
            at.agree(
                f"J of rows {rows.tolist()}", jacobian, TANH.jacobian[rows], scale=float(np.abs(TANH.jacobian).max())
            )

    @over(CASES)
    @concerns("jacobian")
    def test_jacobian_by_differences(self, case: Case) -> None:
        """J is the slope of the backend's own margins."""
        problem = self.problem(case)
        expected = slope(problem.margins, case.w)
        self.at(case).agree(
            "J = ∂Δ/∂w", problem.jacobian(case.w, np.arange(case.patterns)), expected, allowed=1e-7,
            source="finite differences of the backend's own margins",
        )  # fmt: skip

    @over(SECOND)
    @concerns("tangent_kernel")
    def test_tangent_kernel(self, case: Case, dtype: str) -> None:
        """Θ(x1, x2) = ∇f(x1) · ∇f(x2) for two sets of inputs of different size."""
        kernel = self.problem(case, dtype).tangent_kernel(case.w, case.x, case.probes)
        expected = case.reference.tangent_kernel(case.w, case.x, case.probes)
        self.at(case, dtype).agree("Θ", kernel, expected)

    @over(SECOND)
    @concerns("hessian")
    def test_hessian(self, case: Case, dtype: str) -> None:
        """H0 and Hp, each relative to the largest entry of both."""
        hessian, expected = self.problem(case, dtype).hessian(case.w), case.reference.hessian(case.w)
        size = max(float(np.abs(H).max()) for H in expected)
        for name, one, other in zip(("H0", "Hp"), hessian, expected, strict=True):
            self.at(case, dtype).agree(name, one, other, scale=size)

    @over(SECOND)
    @concerns("hessian")
    def test_hessian_by_differences(self, case: Case) -> None:
        """H0 + Hp is the slope of the backend's own ∇L; for relu, where no unit changes sign within the difference."""
        problem = self.problem(case)
        expected = slope(lambda w: problem.loss_and_gradient(w)[1], case.w)
        H0, Hp = problem.hessian(case.w)
        self.at(case).agree(
            "H0 + Hp", np.asarray(H0) + Hp, expected, allowed=1e-6, source="finite differences of the backend's own ∇L"
        )

    @over(SECOND)
    @concerns("hessian")
    def test_hessian_symmetric(self, case: Case) -> None:
        """H0 and Hp equal their transposes."""
        hessian = self.problem(case).hessian(case.w)
        size = max(float(np.abs(H).max()) for H in hessian)
        for name, H in zip(("H0", "Hp"), hessian, strict=True):
            self.at(case).agree(name, H, np.transpose(H), scale=size, source="its own transpose: it is not symmetric;")

    @over(SECOND)
    @concerns("hessian_eigenvalues")
    def test_hessian_eigenvalues(self, case: Case, dtype: str) -> None:
        """Three sorted spectra, of H, H0 and Hp, relative to the largest eigenvalue of all."""
        spectra = self.problem(case, dtype).hessian_eigenvalues(case.w)
        H0, Hp = case.reference.hessian(case.w)
        expected = [np.linalg.eigvalsh(H) for H in (H0 + Hp, H0, Hp)]
        size = max(float(np.abs(spectrum).max()) for spectrum in expected)
        for name, one, other in zip(("H", "H0", "Hp"), spectra, expected, strict=True):
            self.at(case, dtype).agree(f"sorted eigenvalues of {name}", one, other, scale=size)

    @over(SECOND)
    @concerns("hessian_vector")
    def test_hessian_vector(self, case: Case, dtype: str) -> None:
        """H v for three vectors against the referee's H0 + Hp."""
        v = _vectors(case)
        product = self.problem(case, dtype).hessian_vector(case.w, v)
        self.at(case, dtype).agree("H v", product, sum(case.reference.hessian(case.w)) @ v)

    @concerns("hessian_vector")
    def test_hessian_vector_of_one(self) -> None:
        """H v for one vector, as a column."""
        v = _vectors(TANH)[:, :1]
        product = self.problem(TANH).hessian_vector(TANH.w, v)
        self.at(TANH).agree("H v of one vector", product, sum(TANH.reference.hessian(TANH.w)) @ v)

    @over(SECOND)
    @concerns("hessian_vector")
    def test_hessian_vector_by_differences(self, case: Case) -> None:
        """H v is the slope of the backend's own ∇L along v."""
        problem, v, step = self.problem(case), _vectors(case), 1e-5

        def gradient(w: Array) -> Array:
            return problem.loss_and_gradient(w)[1]

        columns = [(gradient(case.w + step * u) - gradient(case.w - step * u)) / (2 * step) for u in v.T]
        self.at(case).agree(
            "H v", problem.hessian_vector(case.w, v), np.stack(columns, axis=1), allowed=1e-6,
            source="finite differences of the backend's own ∇L",
        )  # fmt: skip

    @concerns("jacobian")
    def test_jacobian_without_unsatisfied_patterns(self) -> None:
        """J does not depend on which patterns are unsatisfied: at N_Δ = 0 its rows are what they are."""
        jacobian = self.problem(SATISFIED).jacobian(SATISFIED.w, np.arange(SATISFIED.patterns))
        self.at(SATISFIED).agree("J = ∂Δ/∂w", jacobian, SATISFIED.jacobian)


def _vectors(case: Case) -> Float64:
    # Entries below 1/4, so that a finite difference along a column crosses no kink.
    return generator("conformance vectors", case.name).uniform(-0.25, 0.25, (case.network.size, 3))
