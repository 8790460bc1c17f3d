"""The closed forms against PyTorch's own automatic differentiation of a network written here."""

from math import prod, sqrt

import numpy as np
import pytest

from jamharness.api import Network, QuadraticHinge

torch = pytest.importorskip("torch")
from jamharness_torch.backend import TorchBackend  # noqa: E402  (needs torch)
from torch.nn import functional  # noqa: E402  (needs torch)

# torch.func loads modules that still call torch.jit.script.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")]

MARGIN = 1.3
SIGMA = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "linear": lambda z: z,
    "gelu(3)": lambda z: 0.5 * z * (1 + torch.erf(3 * z / sqrt(2))),
    "softplus(2)": lambda z: functional.softplus(z, beta=2.0, threshold=1e9),
}
CASES = pytest.mark.parametrize(
    ("activation", "widths", "bias"),
    [(name, widths, bias) for name in SIGMA for widths in ((), (5,), (4, 6), (3, 5, 2, 4)) for bias in (True, False)],
)


def network_output(sizes, bias, sigma, w, x):
    """f(x; w) from functional.linear, reading w layer by layer in the canonical order."""
    start, a = 0, x
    for layer in range(len(sizes) - 1):
        shape = (sizes[layer + 1], sizes[layer])
        W = w[start : start + prod(shape)].reshape(shape)
        start += prod(shape)
        b = None
        if bias:
            b, start = w[start : start + shape[0]], start + shape[0]
        a = functional.linear(a, W, b)
        if layer < len(sizes) - 2:
            a = sigma(a)
    assert start == len(w)
    return a[:, 0]


@pytest.fixture
def posed(activation, widths, bias):
    """A problem at a random w, and its margins and loss as functions that PyTorch can differentiate."""
    network = Network(inputs=4, width=widths, depth=len(widths), activation=activation, bias=bias)
    draw = np.random.default_rng(7)
    w = network.initial(seed=1, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((25, 4)), np.where(np.arange(25) % 2, 1.0, -1.0)
    problem = TorchBackend(threads=1).problem(network, x, y, loss=QuadraticHinge(margin=MARGIN))
    X, Y = torch.tensor(x), torch.tensor(y)

    def outputs(at, points=X):
        return network_output((4, *widths, 1), bias, SIGMA[activation], at, points)

    def margins(at):
        return MARGIN - Y * outputs(at)

    def loss(at):
        return functional.relu(margins(at)).square().sum() / (2 * len(Y))

    return problem, w, torch.tensor(w), outputs, margins, loss


def close(actual, expected, bound):
    """Equal to a bound relative to the largest entry."""
    expected = expected.detach().numpy()
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= bound * max(np.abs(expected).max(), 1e-300)


@CASES
def test_loss_and_gradient_equal_autograd(posed):
    """L and ∇L are those that torch.autograd gives."""
    problem, w, at, _, _, loss = posed
    at.requires_grad_()
    expected = loss(at)
    expected.backward()
    value, gradient = problem.loss_and_gradient(w)
    assert value == pytest.approx(float(expected.detach()), rel=1e-13)
    close(gradient, at.grad, 1e-12)


@CASES
def test_the_jacobian_equals_torch_func(posed):
    """∂Δ/∂w is that of torch.func.jacrev, for rows in any order and repeated."""
    problem, w, at, _, margins, _ = posed
    rows = np.array([7, 0, 24, 7])
    close(problem.jacobian(w, rows), torch.func.jacrev(margins)(at)[rows], 1e-12)


@CASES
def test_the_hessian_equals_torch_func(posed):
    """H0 + Hp is torch.func.hessian of L; for relu both leave the kinks out."""
    problem, w, at, _, _, loss = posed
    H0, Hp = problem.hessian(w)
    close(H0 + Hp, torch.func.hessian(loss)(at), 1e-10)


@CASES
def test_eigenvalues_are_those_of_the_hessian(posed):
    """Three sorted spectra, of H, H0 and Hp, as NumPy finds them."""
    problem, w, at, _, margins, loss = posed
    H = torch.func.hessian(loss)(at).numpy()
    J = torch.func.jacrev(margins)(at)[margins(at) > 0].numpy()
    H0 = J.T @ J / problem.patterns
    for eigenvalues, matrix in zip(problem.hessian_eigenvalues(w), (H, H0, H - H0), strict=True):
        expected = np.linalg.eigvalsh(matrix)
        assert np.abs(eigenvalues - expected).max() <= 1e-10 * np.abs(H0).sum(axis=1).max()


@CASES
def test_the_tangent_kernel_is_j_times_j_transposed(posed):
    """Θ(x1, x2) = ∇f(x1) · ∇f(x2), with gradients from torch.func.jacrev."""
    problem, w, at, outputs, _, _ = posed
    draw = np.random.default_rng(3)
    one, two = draw.standard_normal((3, 4)), draw.standard_normal((5, 4))
    jacobians = [torch.func.jacrev(outputs)(at, torch.tensor(points)) for points in (one, two)]
    close(problem.tangent_kernel(w, one, two), jacobians[0] @ jacobians[1].T, 1e-12)
