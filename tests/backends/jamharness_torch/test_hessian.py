"""Both parts of the Hessian against torch.func, finite differences, and what is known exactly."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamharness.api import Network, QuadraticHinge

torch = pytest.importorskip("torch")
from jamharness_torch import autodiff, hessian, symmetric  # noqa: E402  (needs torch)
from jamharness_torch.backend import TorchBackend  # noqa: E402  (needs torch)

# torch.func loads modules that still call torch.jit.script.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")]

MODULES = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU, "linear": torch.nn.Identity}
CASES = pytest.mark.parametrize(
    ("activation", "widths", "bias", "patterns"),
    [(name, (3, 5, 2, 4), True, patterns) for name in MODULES for patterns in (25, 200)]
    + [(name, (4, 6), False, 40) for name in MODULES]
    + [("relu", (), True, 25), ("tanh", (5,), True, 25)],
)


def posed(activation, widths, bias, patterns, margin=1.3):
    """A problem at a random w."""
    network = Network(inputs=4, width=widths, depth=len(widths), activation=activation, bias=bias)
    draw = np.random.default_rng(7)
    w = network.initial(seed=1, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return TorchBackend(threads=1).problem(network, x, y, loss=QuadraticHinge(margin=margin)), w


def sequential(activation, widths, bias):
    """The same network of PyTorch's own modules."""
    layers = []
    for fan, out in pairwise((4, *widths, 1)):
        layers += [torch.nn.Linear(fan, out, bias=bias, dtype=torch.float64), MODULES[activation]()]
    return torch.nn.Sequential(*layers[:-1])


@CASES
def test_each_part_is_that_of_torch_func(activation, widths, bias, patterns):
    """H0 = JᵀJ / P and Hp = ∇∇ Σ cf at fixed c = −yΔ/P, of a torch.nn.Sequential, to 1e-10 of the largest entry."""
    problem, w = posed(activation, widths, bias, patterns)
    _, outputs = autodiff.outputs_of(sequential(activation, widths, bias))
    at, x, y = torch.tensor(w), torch.tensor(problem.x), torch.tensor(problem.y)
    delta = 1.3 - y * outputs(at, x)
    rows = delta > 0
    J = torch.func.jacrev(lambda at: outputs(at, x[rows]))(at)
    c = (-y * delta)[rows] / patterns
    second = torch.func.hessian(lambda at: c @ outputs(at, x[rows]))(at)
    expected = [(J.T @ J / patterns).numpy(), second.numpy()]
    whole = torch.func.hessian(lambda at: torch.relu(1.3 - y * outputs(at, x)).square().sum() / (2 * patterns))(at)
    H0, Hp = problem.hessian(w)
    size = np.abs(whole.numpy()).max()
    for part, other in zip((H0, Hp, H0 + Hp), (*expected, whole.numpy()), strict=True):
        assert np.abs(part - other).max() <= 1e-10 * size


@pytest.mark.parametrize("activation", ["tanh", "gelu", "gelu(4)", "softplus(3)"])
def test_the_hessian_is_the_slope_of_the_gradient(activation):
    """Central differences of ∇L of smooth networks, to 1e-6 of the largest entry."""
    problem, w = posed(activation, (4, 3, 5), True, 30, margin=2.5)
    step, H = 1e-5, sum(problem.hessian(w))
    for i, row in enumerate(H):
        shift = np.zeros_like(w)
        shift[i] = step
        up, down = (problem.loss_and_gradient(at)[1] for at in (w + shift, w - shift))
        assert np.abs((up - down) / (2 * step) - row).max() <= 1e-6 * np.abs(H).max()


@CASES
def test_what_is_known_of_the_parts(activation, widths, bias, patterns):
    """Exact symmetry; tr H0 = (1/P) Σ |∇f|²; rank H0 ≤ min(N_Δ, rank J); Hp = 0 without layers (E4)."""
    problem, w = posed(activation, widths, bias, patterns)
    H0, Hp = problem.hessian(w)
    assert np.array_equal(H0, H0.T)
    assert np.array_equal(Hp, Hp.T)
    J = problem.jacobian(w, np.flatnonzero(problem.margins(w) > 0))
    assert np.trace(H0) == pytest.approx(np.sum(J**2) / patterns, rel=1e-13)
    assert np.linalg.matrix_rank(H0, hermitian=True) <= min(len(J), np.linalg.matrix_rank(J))
    if not widths:
        assert not Hp.any()


@CASES
def test_blocks_make_no_difference(activation, widths, bias, patterns, monkeypatch):
    """Blocks of 3 patterns and panels of 5 rows give what one piece gives, but for the order of sums."""
    problem, w = posed(activation, widths, bias, patterns)
    whole = [*problem.hessian(w), *problem.hessian_eigenvalues(w)]
    monkeypatch.setattr(hessian, "_ROWS", 3)
    monkeypatch.setattr(symmetric, "SIDE", 5)
    for array, expected in zip([*problem.hessian(w), *problem.hessian_eigenvalues(w)], whole, strict=True):
        assert np.abs(array - expected).max() <= 1e-13 * np.abs(whole[2]).max()


@given(widths=st.lists(st.integers(1, 6), max_size=4), patterns=st.integers(1, 40))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_euler_for_the_second_part(widths, patterns):
    """Without biases a relu network is homogeneous of degree L + 1 in w, so that ∇∇f w = L ∇f and Hp w = L ∇L."""
    problem, w = posed("relu", tuple(widths), False, patterns)
    _, Hp = problem.hessian(w)
    gradient = problem.loss_and_gradient(w)[1]
    size = (np.abs(Hp) @ np.abs(w)).max() + np.abs(gradient).max()
    assert np.abs(Hp @ w - len(widths) * gradient).max() <= 1e-13 * size


@pytest.mark.parametrize("patterns", [20, 400], ids=["n below N", "n above N"])
def test_the_spectrum_of_the_first_part(patterns):
    """By the Gram matrix of n patterns or by H0 itself: the squared singular values of J over P, and zeros."""
    problem, w = posed("relu", (6, 5), True, patterns)
    J = problem.jacobian(w, np.flatnonzero(problem.margins(w) > 0))
    values = np.linalg.svd(J, compute_uv=False) ** 2 / patterns
    expected = np.sort(np.concatenate([values, np.zeros(max(0, len(w) - len(J)))]))
    eigenvalues = problem.hessian_eigenvalues(w)[1]
    assert eigenvalues.shape == w.shape
    assert np.abs(eigenvalues - expected).max() <= 1e-13 * expected.max()
    assert np.count_nonzero(eigenvalues == 0) >= len(w) - len(J)


@pytest.mark.parametrize("activation", ["relu", "softplus(8)"])
def test_a_product_with_a_vector_of_float32(activation):
    """Rounded to that, at the patterns that are unsatisfied in float64, of which float32 would lose one."""
    network = Network(inputs=6, width=5, depth=2, activation=activation)
    x, y = np.random.default_rng(0).standard_normal((40, 6)), np.where(np.arange(40) % 2, 1.0, -1.0)
    w = network.initial(0)
    backend = TorchBackend(threads=1)
    outputs = y * backend.problem(network, x, y).outputs(w, x)
    problem = backend.problem(network, x, y, QuadraticHinge(margin=float(np.sort(outputs)[-5]) + 1e-9))
    assert np.count_nonzero(np.abs(problem.margins(w)) < 1e-8) == 1
    v = np.random.default_rng(1).standard_normal((network.size, 3))
    whole, rounded = problem.hessian_vector(w, v), problem.hessian_vector(w, v.astype(np.float32))
    assert rounded.dtype == np.float64
    assert 0 < np.abs(rounded - whole).max() < 1e-5 * np.abs(whole).max()
    assert np.array_equal(problem.hessian_vector(w, v), whole)
