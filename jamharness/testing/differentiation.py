"""Systems by one formula: what a backend that brings a ``Differentiator`` derives, against closed forms.

Backends without one compute fully connected networks only; for them these tests are skipped with their own sentence.
"""

from typing import Any

import numpy as np
import pytest

from jamharness.api import (
    Array,
    DerivedProblem,
    Differentiator,
    Loss,
    Namespace,
    NotSupported,
    Output,
    Problem,
    QuadraticHinge,
    Sgd,
    State,
    generator,
)
from jamharness.testing.cases import GELU, RELU_NO_BIAS, SOFTPLUS_SHARP, Case
from jamharness.testing.compare import Comparison
from jamharness.testing.core import Suite, concerns, over, same_bits
from jamharness.testing.ridges import FUNCTIONS
from jamharness.testing.solutions import (
    BILINEAR,
    DISTANCES,
    HALF_SPACES,
    LOSSES,
    RIDGES,
    SYSTEMS,
    Solution,
    SystemCase,
)
from jamharness.testing.systems import Bilinear, Closed, HalfSpaces, along_tangent

ALLOWED = {"float64": 1e-11, "float32": 1e-5}
"""Relative to the largest entry, for what is derived."""
SHIFTS = {"some": 0.0, "all": 20.0, "none": -20.0}
"""What is added to κ so that so many of the constraints are violated."""
ALPHA = 2.5
"""The scale of ``Output``."""
NETWORKS = (RELU_NO_BIAS, GELU, SOFTPLUS_SHARP)
"""With the activations whose formulas are more than a function."""
OUTPUTS = ((HALF_SPACES, True), (BILINEAR, True), (BILINEAR, False))
"""What ``Output`` is made of, and whether it is centred."""
_BUILT: dict[tuple[str, str, str, str], DerivedProblem] = {}

over_systems = pytest.mark.parametrize("case", SYSTEMS, ids=str)
over_losses = pytest.mark.parametrize("loss", list(LOSSES))


class Systems(Suite):
    """Against closed forms in NumPy; and fully connected networks against the backend's own."""

    def differentiator(self, dtype: str = "float64") -> Differentiator:
        """The backend's; skips the test if it has none."""
        engine = self.engine(dtype)
        try:
            return engine.differentiator()
        except NotSupported as error:
            pytest.skip(str(error))

    def derived(self, case: SystemCase, dtype: str = "float64", loss: Loss | None = None) -> DerivedProblem:
        """A case under the backend, built once in a process: frameworks that trace or compile pay for each again."""
        self.differentiator(dtype)
        key = (self.name, self.place, dtype, case.name)
        if key not in _BUILT:
            _BUILT[key] = self.engine(dtype).problem(case.system, case.data, loss=case.loss)
        return _BUILT[key] if loss is None else _BUILT[key].restated(loss)

    def on(self, case: SystemCase, dtype: str = "float64") -> Comparison:
        """Where comparisons are made, for their messages."""
        place = f"{case.name}: N = {case.system.size}, M = {case.constraints}, {dtype}"
        return Comparison(
            record=self.record, place=place, system=case.system, patterns=case.constraints, dtype=dtype,
            bounds=ALLOWED,
        )  # fmt: skip

    @over_systems
    @concerns("systems")
    def test_system_margins(self, case: SystemCase, dtype: str) -> None:
        """Δ = κ − g, and M."""
        problem, at = self.derived(case, dtype), self.on(case, dtype)
        at.agree("Δ", problem.margins(case.w), case.solution().margins)
        at.equal("M", problem.constraints, case.constraints)

    @pytest.mark.parametrize("violated", list(SHIFTS))
    @over_systems
    @concerns("systems")
    def test_system_gradient(self, case: SystemCase, violated: str, dtype: str) -> None:
        """L and ∇L, in the space around the sphere, with some of the constraints violated, with all, and with none."""
        loss = case.loss.shifted(SHIFTS[violated])
        problem, expected = self.derived(case, dtype).with_margin(loss.margin), case.solution(loss)
        at, (value, gradient) = self.on(case, dtype), problem.loss_and_gradient(case.w)
        at.agree("L", value, expected.value)
        at.agree("∇L", gradient, expected.gradient, scale=expected.terms)

    @over_systems
    @concerns("systems")
    def test_system_jacobian(self, case: SystemCase, dtype: str) -> None:
        """∂Δ/∂w of every constraint; then of rows in the order asked for, repeated where asked for, and of none."""
        problem, at, expected = self.derived(case, dtype), self.on(case, dtype), case.solution().jacobian
        at.agree("J = ∂Δ/∂w", problem.jacobian(case.w, np.arange(case.constraints)), expected)
        for rows in (np.array([case.constraints - 1, 0, 3, 3]), np.array([5]), np.empty(0, dtype=np.intp)):
            jacobian = problem.jacobian(case.w, rows)
            at.agree(f"J of rows {rows.tolist()}", jacobian, expected[rows], scale=float(np.abs(expected).max()))

    @pytest.mark.parametrize("function", list(FUNCTIONS))
    @concerns("systems")
    def test_function(self, function: str, dtype: str) -> None:
        """The gap of constraints made of one function of formulas, with its first and second derivative."""
        mine = RIDGES.data["function"] == list(FUNCTIONS).index(function)
        problem, expected, at = self.derived(RIDGES, dtype), RIDGES.solution(), self.on(RIDGES, dtype)
        margins = problem.margins(RIDGES.w)[mine]
        at.agree(f"Δ of {function}", margins, expected.margins[mine], scale=float(np.abs(expected.margins).max()))
        rows = np.flatnonzero(mine)
        at.agree(f"∇ of {function}", -problem.jacobian(RIDGES.w, rows), expected.closed.slopes[rows])
        only = problem.differentiator.bend(
            RIDGES.system.gaps, RIDGES.w, problem.data, mine.astype(dtype), np.eye(RIDGES.system.size)
        )
        at.agree(f"∇∇ of {function}", only, expected.closed.bends[rows].sum(axis=0))

    @concerns("systems")
    def test_softplus_far_from_zero(self, dtype: str) -> None:
        """log(1 + e^t), and its slope, where e^t would overflow: softplus networks lead to relu."""
        t = np.array([-1e4, -100.0, -1.0, 0.5, 100.0, 1e4])
        differentiator, at = self.differentiator(dtype), self.on(RIDGES, dtype)
        softplus = differentiator.value(_softplus, t, {})
        at.agree("softplus far from zero", softplus, np.logaddexp(0, t), scale=1.0 if dtype == "float64" else 1e4)
        slope = differentiator.pull(_softplus, t, {}, np.ones(len(t)))
        at.agree("the slope of softplus far from zero", slope, np.exp(-np.logaddexp(0, -t)))

    @over_systems
    @concerns("systems")
    def test_system_hessian(self, case: SystemCase, dtype: str) -> None:
        """H0 = ⟨ℓ″ ∇Δ∇Δᵀ⟩ and Hp = ⟨ℓ′ ∇∇Δ⟩, each relative to the largest entry of both, and their spectra."""
        problem, at = self.derived(case, dtype), self.on(case, dtype)
        expected: tuple[Array, Array] = case.solution().hessians
        size = max(float(np.abs(H).max()) for H in expected)
        for name, one, other in zip(("H0", "Hp"), problem.hessian(case.w), expected, strict=True):
            at.agree(name, one, other, scale=size)
        spectra: list[Array] = [np.linalg.eigvalsh(H) for H in (sum(expected), *expected)]
        largest = max(float(np.abs(spectrum).max()) for spectrum in spectra)
        for name, eigenvalues, other in zip(
            ("H", "H0", "Hp"), problem.hessian_eigenvalues(case.w), spectra, strict=True
        ):
            at.agree(f"sorted eigenvalues of {name}", eigenvalues, other, scale=largest)

    @over_systems
    @concerns("systems")
    def test_system_hessian_vector(self, case: SystemCase, dtype: str) -> None:
        """H v for three vectors, and for one."""
        problem, expected = self.derived(case, dtype), sum(case.solution().hessians)
        v = generator("conformance systems v", case.name).uniform(-1, 1, (case.system.size, 3))
        for vectors in (v, v[:, :1]):
            at = self.on(case, dtype)
            at.agree(f"H v of {vectors.shape[1]}", problem.hessian_vector(case.w, vectors), expected @ vectors)

    @pytest.mark.parametrize("factor", [0.05, 1.0, 100.0])
    @over_systems
    @concerns("systems")
    def test_system_damped_step(self, case: SystemCase, factor: float, dtype: str) -> None:
        """The candidate in the tangent space, taken back to the manifold, and what it says of itself."""
        problem, at, expected = self.derived(case, dtype), self.on(case, dtype), case.solution()
        value = case.damping(factor)
        step, s = problem.damped_step(case.w, value), expected.step(value)
        candidate = case.system.retract(case.w + s)
        at.agree(f"w + s, on the manifold, at λ = {value:.3g}", step.w, candidate)
        margins = case.loss.margin - case.system.closed(candidate, case.data).gaps
        after, before = np.maximum(margins, 0), expected.margins[expected.rows]
        at.agree("L at w + s", step.loss, float(after @ after) / (2 * case.constraints), scale=expected.value)
        at.equal("N_Δ at w + s", step.unsatisfied, int(np.count_nonzero(after)))
        rest = before + expected.tangent_jacobian @ s
        promise = (before @ before - rest @ rest) / (2 * case.constraints)
        at.agree("predicted decrease", step.predicted_decrease, promise, scale=expected.value)

    @over_systems
    @concerns("systems")
    def test_system_descends(self, case: SystemCase) -> None:
        """One update along the tangent part of −∇L, taken back to the manifold; none where all are satisfied."""
        problem, at, expected = self.derived(case), self.on(case), case.solution()
        state = problem.descend(State(w=case.w), 1, Sgd(learning_rate=0.05))
        gradient = along_tangent(case.system.radius, case.w, expected.gradient)
        at.agree("w after one update of sgd", state.w, case.system.retract(case.w - 0.05 * gradient))
        satisfied = problem.with_margin(case.loss.margin + SHIFTS["none"])
        at.equal("updates at N_Δ = 0", satisfied.descend(State(w=case.w), 3, Sgd(learning_rate=0.05)).step, 0)

    @over_losses
    @concerns("systems")
    def test_losses(self, loss: str, dtype: str) -> None:
        """Δ, L, ∇L, H0 and Hp under every loss, and steps where it is a sum of squares."""
        chosen = LOSSES[loss]
        problem, at = self.derived(BILINEAR, dtype, chosen), self.on(BILINEAR, dtype)
        expected, w = BILINEAR.solution(chosen), BILINEAR.w
        at.agree(f"Δ under {loss}", problem.margins(w), expected.margins)
        value, gradient = problem.loss_and_gradient(w)
        at.agree(f"L under {loss}", value, expected.value)
        at.agree(f"∇L under {loss}", gradient, expected.gradient, scale=expected.terms)
        size = max(float(np.abs(H).max()) for H in expected.hessians)
        for name, one, other in zip(("H0", "Hp"), problem.hessian(w), expected.hessians, strict=True):
            at.agree(f"{name} under {loss}", one, other, scale=size)
        if chosen.least_squares:
            damping = BILINEAR.damping(1.0, chosen)
            at.agree(f"w + s under {loss}", problem.damped_step(w, damping).w, w + expected.step(damping))

    @pytest.mark.parametrize("case", [HALF_SPACES, BILINEAR], ids=str)
    @concerns("systems")
    def test_system_outputs(self, case: SystemCase, dtype: str) -> None:
        """f(x; w) and Θ = ∇f(x1)·∇f(x2) for inputs that are not the patterns."""
        x = generator("conformance systems probes", case.name).standard_normal((4, case.data["x"].shape[1]))
        problem, at = self.derived(case, dtype), self.on(case, dtype)
        probes = case.system.closed(case.w, {"x": x, "y": np.ones(4)})
        at.agree("f", problem.outputs(case.w, x), probes.gaps)
        slopes = case.data["y"][:, None] * case.solution().closed.slopes
        at.agree("Θ", problem.tangent_kernel(case.w, x, case.data["x"]), probes.slopes @ slopes.T)

    @pytest.mark.parametrize(("case", "centred"), OUTPUTS, ids=["half-spaces-centred", "bilinear-centred", "bilinear"])
    @concerns("systems")
    def test_output(self, case: SystemCase, centred: bool, dtype: str) -> None:
        """α (f − f₀), or α f: outputs, margins, J and a step; Hp of it is α times that of f at those margins."""
        self.differentiator(dtype)
        w, origin, loss = case.w, case.system.initial(1000), case.loss
        assert isinstance(case.system, HalfSpaces | Bilinear)
        system = Output(system=case.system, scale=ALPHA, centred=centred)
        data = {**case.data, "origin": origin} if centred else case.data
        problem, at = self.engine(dtype).problem(system, data, loss=loss), self.on(case, dtype)
        here, there = (case.system.closed(each, case.data) for each in (w, origin))
        start = there.gaps if centred else np.zeros(case.constraints)
        scaled = Closed(gaps=ALPHA * (here.gaps - start), slopes=ALPHA * here.slopes, bends=ALPHA * here.bends)
        expected = Solution(system=case.system, loss=loss, w=w, closed=scaled)
        at.agree("α f", problem.outputs(w, case.data["x"]), case.data["y"] * scaled.gaps)
        at.agree("Δ of α f", problem.margins(w), expected.margins)
        at.agree("J of α f", problem.jacobian(w, np.arange(case.constraints)), expected.jacobian)
        for name, one, other in zip(("H0", "Hp"), problem.hessian(w), expected.hessians, strict=True):
            at.agree(f"{name} of α f", one, other, scale=float(np.abs(expected.hessians[0]).max()))
        step = case.system.retract(w + expected.step(1.0))
        at.agree("w + s of α f, on the manifold,", problem.damped_step(w, 1.0).w, step)

    @over(NETWORKS)
    @concerns("systems")
    def test_network_by_its_formula(self, case: Case, dtype: str) -> None:
        """What is derived from the formula of a fully connected network equals the backend's closed forms for it."""
        self.differentiator(dtype)
        engine, at, rows = self.engine(dtype), self.at(case, dtype), np.arange(case.patterns)
        closed = case.problem(engine)
        if not isinstance(closed, Problem):
            pytest.skip("the backend has no closed forms for networks: it derives them like any system")
        formula = engine.derived_problem(case.network, {"x": case.x, "y": case.y}, QuadraticHinge(margin=case.margin))
        damping = 0.1 * float(np.sum(case.jacobian**2)) / case.network.size
        pairs: dict[str, Any] = {
            "f": lambda problem: problem.outputs(case.w, case.probes),
            "Δ": lambda problem: problem.margins(case.w),
            "L": lambda problem: problem.loss_and_gradient(case.w)[0],
            "∇L": lambda problem: problem.loss_and_gradient(case.w)[1],
            "J": lambda problem: problem.jacobian(case.w, rows),
            "w + s": lambda problem: problem.damped_step(case.w, damping).w,
        }
        if closed.can("tangent_kernel"):
            pairs["Θ"] = lambda problem: problem.tangent_kernel(case.w, case.x, case.probes)
        if closed.can("hessian"):
            pairs["H0"] = lambda problem: problem.hessian(case.w)[0]
            pairs["Hp"] = lambda problem: problem.hessian(case.w)[1]
        for name, call in pairs.items():
            at.agree(
                f"{name} by its formula", call(formula), call(closed), allowed=ALLOWED[dtype],
                scale=float(np.abs(case.reference.hessian(case.w)[0]).max()) if name == "Hp" else None,
                source="the backend's closed form",
            )  # fmt: skip

    @pytest.mark.parametrize("case", [HALF_SPACES, DISTANCES, RIDGES], ids=str)
    @concerns("systems")
    def test_system_results(self, case: SystemCase, dtype: str) -> None:
        """New arrays in the backend's dtype, the same bits from a problem built anew; w and the data as they were."""
        self.differentiator(dtype)
        w, data, engine = case.w, case.data, self.engine(dtype)
        # Both are asked the same in the same order: what a compiler has seen before may change the last bit.
        first, again = (_results(engine.problem(case.system, data, loss=case.loss), w) for _ in range(2))
        for name, array in first.items():
            assert array.dtype == dtype, f"{name} returns {array.dtype}; the backend's dtype is {dtype}"
            assert not np.shares_memory(array, w), f"{name}: its result shares memory with w"
            same_bits(self.record, f"{name} of a problem built anew", again[name], array)
        for name, before, after in (("w", case.w, w), *((key, case.data[key], data[key]) for key in data)):
            same_bits(self.record, f"the caller's array {name} was modified in place", after, before)


def _softplus(xp: Namespace, w: Any, _data: Any) -> Any:
    return xp.softplus(w)


def _results(problem: DerivedProblem, w: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Every array that a derived problem returns, by the method's name."""
    H0, Hp = problem.hessian(w)
    return {
        "margins": problem.margins(w),
        "loss_and_gradient": problem.loss_and_gradient(w)[1],
        "jacobian": problem.jacobian(w, np.arange(3)),
        "damped_step": problem.damped_step(w, 1.0).w,
        "hessian: H0": H0,
        "hessian: Hp": Hp,
        "hessian_vector": problem.hessian_vector(w, np.stack([w, w[::-1]], axis=1)),
    }
