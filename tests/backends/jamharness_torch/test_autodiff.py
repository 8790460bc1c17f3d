"""Automatic differentiation of any architecture, against torch.func and the closed forms."""

import numpy as np
import pytest

from jamharness.api import Network

torch = pytest.importorskip("torch")
from jamharness_torch import autodiff  # noqa: E402  (needs torch)
from jamharness_torch.backend import TorchBackend  # noqa: E402  (needs torch)

# torch.func loads modules that still call torch.jit.script.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")]


class Residual(torch.nn.Module):
    """What has no closed form here: a convolution, a residual connection and a normalisation."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.first = torch.nn.Conv1d(1, 3, 3, dtype=torch.float64)
        self.middle = torch.nn.Linear(12, 12, dtype=torch.float64)
        self.norm = torch.nn.LayerNorm(12, dtype=torch.float64)
        self.last = torch.nn.Linear(12, 1, dtype=torch.float64)

    def forward(self, x):
        a = torch.relu(self.first(x[:, None, :])).flatten(1)
        return self.last(self.norm(a + torch.nn.functional.gelu(self.middle(a))))


def data(patterns=15, inputs=6):
    draw = np.random.default_rng(3)
    x, y = draw.standard_normal((patterns, inputs)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return torch.tensor(x), torch.tensor(y)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_another_architecture(chunk):
    """H0 + Hp and H v are those of torch.autograd by two passes back, in chunks of any size.

    torch.func.hessian is no reference here: for a layer normalisation PyTorch 2.13 finds another matrix by it than by
    finite differences.
    """
    w, outputs = autodiff.outputs_of(Residual())
    x, y = data()

    def loss(at):
        return torch.relu(1.2 - y * outputs(at, x)).square().sum() / (2 * len(y))

    H = torch.autograd.functional.hessian(loss, w)
    rows = 1.2 - y * outputs(w, x) > 0
    J = torch.func.jacrev(lambda at: outputs(at, x[rows]))(w)
    H0, Hp = autodiff.hessian_parts(outputs, w, x, y, 1.2, chunk)
    v = torch.randn(5, len(w), dtype=w.dtype, generator=torch.Generator().manual_seed(1))
    products = autodiff.hessian_vectors(outputs, w, x, y, v, 1.2, chunk)
    size = float(H.abs().max())
    assert float((H0 - J.T @ J / len(y)).abs().max()) <= 1e-13 * size
    assert float((H0 + Hp - H).abs().max()) <= 1e-13 * size
    assert torch.equal(Hp, Hp.T)
    assert float((products - v @ H).abs().max()) <= 1e-12 * size


@pytest.mark.parametrize("margin", [1.0, 1e-9], ids=["some unsatisfied", "at jamming"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_sequential_network_is_the_closed_form(activation, margin):
    """Both parts of a torch.nn.Sequential are the backend's, in the canonical order, each relative to itself.

    Near jamming, Hp is as small as Δ and has digits all the same.
    """
    network = Network(inputs=6, width=(5, 4), depth=2, activation=activation)
    rule = torch.nn.ReLU if activation == "relu" else torch.nn.Tanh
    layers = [torch.nn.Linear(fan, out, dtype=torch.float64) for out, fan in network.shapes]
    module = torch.nn.Sequential(layers[0], rule(), layers[1], rule(), layers[2])
    w = network.initial(seed=2) + 0.3 * np.random.default_rng(4).standard_normal(network.size)
    torch.nn.utils.vector_to_parameters(torch.tensor(w), module.parameters())
    at, outputs = autodiff.outputs_of(module)
    assert np.array_equal(at.numpy(), w)
    x, y = data(40)
    if margin < 1:
        y = torch.where(outputs(at, x) < 0, -1.0, 1.0)
        margin += float((y * outputs(at, x)).min().detach())
    problem = TorchBackend(threads=1).problem(network, x.numpy(), y.numpy()).with_margin(margin)
    parts = autodiff.hessian_parts(outputs, at, x, y, margin)
    for part, expected in zip(problem.hessian(w), parts, strict=True):
        assert expected.abs().max() > 0
        assert np.abs(part - expected.numpy()).max() <= 1e-6 * float(expected.abs().max())
