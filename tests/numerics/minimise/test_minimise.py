"""A minimisation ends with a verdict that can be checked without it."""

import importlib.util

import numpy as np
import pytest
from jamharness_numerics.minimise import BUDGETS, METHODS, minimise
from jamharness_numpy.backend import NumpyBackend, NumpyProblem

from jamharness.api import BadInput, DataRequest, Network, Problem, QuadraticHinge
from jamharness.datasets.random import load


def torch_backend():
    """PyTorch on one thread."""
    from jamharness_torch.backend import TorchBackend

    return TorchBackend(threads=1)


MAKERS = {"numpy": NumpyBackend}
if importlib.util.find_spec("torch"):
    MAKERS["torch"] = torch_backend
BACKENDS = pytest.mark.parametrize(
    "backend", [pytest.param(name, marks=[pytest.mark.torch] if name == "torch" else []) for name in MAKERS]
)


def pose(backend, activation, ratio, seed=0, *, width=4, depth=2, bias=True):
    """Normalised random data at a load P/N_w, and orthogonal initial weights."""
    network = Network(inputs=width, width=width, depth=depth, activation=activation, bias=bias)
    data = load(DataRequest(inputs=width, patterns=2 * round(ratio * network.weights / 2), seed=seed))
    return backend.problem(network, data.x, data.y), network.initial(seed=seed)


@BACKENDS
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "softplus(4)"])
def test_satisfied_means_no_positive_margin(backend, activation):
    """Below the transition the verdict is "satisfied", and then no margin is above zero, not even by rounding."""
    for seed in range(3):
        problem, w = pose(MAKERS[backend](), activation, 0.8, seed, width=8 if activation == "relu" else 4)
        assert problem.margins(w).max() > 0
        minimisation = minimise(problem, w)
        assert (minimisation.outcome, minimisation.unsatisfied, minimisation.loss) == ("satisfied", 0, 0.0)
        assert minimisation.certificate == 0
        assert problem.margins(minimisation.w).max() <= 0
        assert NumpyBackend().problem(problem.network, problem.x, problem.y).margins(minimisation.w).max() <= 1e-12


@BACKENDS
@pytest.mark.parametrize(
    ("activation", "width", "depth", "ratio", "at_least"),
    [("tanh", 4, 1, 8, 3), ("gelu", 3, 1, 40, 3)],
)
def test_a_smooth_minimum_is_stationary_and_stable(backend, activation, width, depth, ratio, at_least):
    """Far above the transition a verdict "minimum" has certificate and forces below 1e-8 and no negative curvature.

    Seeds whose loss has its infimum at infinite weights are undecided; none is satisfied.
    """
    outcomes = []
    for seed in range(8):
        problem, w = pose(MAKERS[backend](), activation, ratio, seed, width=width, depth=depth)
        minimisation = minimise(problem, w, budget=400)
        outcomes.append(minimisation.outcome)
        assert minimisation.unsatisfied == np.count_nonzero(problem.margins(minimisation.w) > 0)
        if minimisation.outcome == "minimum":
            assert minimisation.certificate < 1e-8
            assert minimisation.balance < 1e-8
            assert minimisation.unsatisfied > 0
            spectrum = problem.hessian_eigenvalues(minimisation.w)[0]
            assert spectrum[0] > -1e-9 * spectrum[-1]
    assert "satisfied" not in outcomes
    assert outcomes.count("minimum") >= at_least


@BACKENDS
def test_relu_is_arrested_where_it_has_settled_only(backend):
    """Far above the transition: net force below 1e-3 of its parts, L down by less than 10%, and yet no minimum."""
    for seed in range(2):
        problem, w = pose(MAKERS[backend](), "relu", 6, seed, width=3)
        minimisation = minimise(problem, w)
        assert minimisation.outcome == "arrested"
        assert minimisation.balance < 1e-3
        assert minimisation.decline < 0.1
        assert minimisation.resting > 1e-6
        assert minimisation.unsatisfied == np.count_nonzero(problem.margins(minimisation.w) > 0) > 0
        assert minimisation.loss == pytest.approx(problem.loss_and_gradient(minimisation.w)[0], rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("method", METHODS)
def test_too_small_a_budget_is_undecided_and_says_what_to_do(method, activation):
    """Three steps decide nothing: the outcome is "undecided", and the reason names a larger budget."""
    problem, w = pose(NumpyBackend(), activation, 3.0)
    minimisation = minimise(problem, w, method=method, budget=3)
    assert minimisation.outcome == "undecided"
    assert "budget=12" in minimisation.reason
    assert minimisation.iterations <= 3


@pytest.mark.parametrize("method", METHODS)
def test_every_method_satisfies_an_easy_problem(method):
    """Few patterns are satisfied by the second-order method and by both first-order ones."""
    problem, w = pose(NumpyBackend(), "relu", 0.3, seed=1, width=8)
    minimisation = minimise(problem, w, method=method, budget=40_000)
    assert minimisation.outcome == "satisfied"
    assert problem.margins(minimisation.w).max() <= 0


def test_a_start_that_satisfies_every_pattern_is_kept():
    """Nothing is to be done where N_Δ = 0 already."""
    problem, w = pose(NumpyBackend(), "tanh", 0.5)
    solved = minimise(problem, w).w
    again = minimise(problem.with_margin(0.5), solved, method="adam")
    assert (again.outcome, again.iterations) == ("satisfied", 0)
    assert np.array_equal(again.w, solved)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@BACKENDS
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("value", [np.nan, 1e200, 1e308])
def test_a_loss_that_is_not_finite_is_an_outcome(backend, method, activation, value):
    """NaN or overflowing weights end in a verdict, never in an exception, and never in a wrong one."""
    problem, w = pose(MAKERS[backend](), activation, 2.0)
    minimisation = minimise(problem, w * value, method=method, budget=50)
    if not np.all(np.isfinite(problem.margins(minimisation.w))):
        assert minimisation.outcome == "undecided"
        assert "NaN or infinite" in minimisation.reason
    assert minimisation.outcome != "minimum" or np.isfinite(minimisation.loss)


def test_an_unknown_method_names_the_nearest():
    """One sentence with the value and the nearest valid name."""
    problem, w = pose(NumpyBackend(), "relu", 1.0)
    with pytest.raises(BadInput, match=r"'adm'.*did you mean 'adam'"):
        minimise(problem, w, method="adm")


@pytest.mark.parametrize("budget", [0, -5])
def test_a_budget_below_one_is_refused(budget):
    """One sentence with the value and the default."""
    problem, w = pose(NumpyBackend(), "relu", 1.0)
    with pytest.raises(BadInput, match=f"budget = {budget}:.*{BUDGETS['fire']}"):
        minimise(problem, w, method="fire", budget=budget)


@BACKENDS
@pytest.mark.parametrize("method", METHODS)
def test_the_start_is_not_modified(backend, method):
    """w holds what it held, and the result shares no memory with it."""
    problem, w = pose(MAKERS[backend](), "relu", 2.0)
    before = w.copy()
    minimisation = minimise(problem, w, method=method, budget=30)
    assert np.array_equal(w, before)
    assert not np.shares_memory(minimisation.w, w)


@BACKENDS
def test_the_same_start_gives_the_same_end(backend):
    """Two minimisations give the same bits, and what is said on the way does not matter."""
    problem, w = pose(MAKERS[backend](), "relu", 2.0)
    lines = []
    first, second = minimise(problem, w, budget=300), minimise(problem, w, budget=300, say=lines.append)
    assert np.array_equal(first.w, second.w)
    assert (first.outcome, first.iterations) == (second.outcome, second.iterations)
    assert lines


class GradientsOnly(NumpyProblem):
    """The referee without second derivatives."""

    hessian = Problem.hessian
    hessian_eigenvalues = Problem.hessian_eigenvalues
    hessian_vector = Problem.hessian_vector


class ProductsOnly(NumpyProblem):
    """The referee with H v: H is made of it by the api."""

    hessian = Problem.hessian
    hessian_eigenvalues = Problem.hessian_eigenvalues
    products = 0

    def hessian_vector(self, w, v):
        ProductsOnly.products += 1
        return super().hessian_vector(w, v)


class WithoutHessian(NumpyBackend):
    """The referee without a Hessian of its own."""

    kind = GradientsOnly
    capabilities = frozenset({"jacobian", "tangent_kernel"})

    def problem(self, network, x, y, loss=None):
        return self.kind(self, network, x, y, loss or QuadraticHinge())


class WithProducts(WithoutHessian):
    """The referee with H v alone."""

    kind = ProductsOnly
    capabilities = frozenset({"jacobian", "tangent_kernel", "hessian_vector"})


def test_a_hessian_that_is_derived_counts_as_there():
    """A backend with H v and no H comes to rest where one with H does: the same verdict, by Newton's method."""
    ends = []
    for backend in (NumpyBackend(), WithProducts()):
        problem, w = pose(backend, "relu", 6.0, width=3, depth=1)
        ends.append(minimise(problem, w))
    assert [end.outcome for end in ends] == ["arrested", "arrested"]
    assert ends[1].loss == pytest.approx(ends[0].loss, rel=1e-6)
    assert ProductsOnly.products > 10, "no step of Newton's was made"


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_backend_without_a_hessian_gets_a_verdict_too(activation):
    """Below the transition it is "satisfied"; above, the search ends within its budget and claims no satisfaction."""
    problem, w = pose(WithoutHessian(), activation, 0.8, width=8)
    assert minimise(problem, w).outcome == "satisfied"
    problem, w = pose(WithoutHessian(), activation, 8.0, width=3)
    minimisation = minimise(problem, w, budget=300)
    assert minimisation.outcome in ("minimum", "arrested", "undecided")
    assert minimisation.balance is not None
    assert minimisation.iterations <= 300
    assert minimisation.outcome == "undecided" or minimisation.balance < 1e-3


def test_a_linear_minimum_without_a_hessian_is_the_same():
    """At depth 0 the loss is convex: the verdict and the loss do not depend on second derivatives."""
    minimisations = []
    for backend in (NumpyBackend(), WithoutHessian()):
        problem, w = pose(backend, "linear", 6.0, width=10, depth=0)
        minimisations.append(minimise(problem, w))
    assert [one.outcome for one in minimisations] == ["minimum", "minimum"]
    assert minimisations[0].loss == pytest.approx(minimisations[1].loss, rel=1e-10)
