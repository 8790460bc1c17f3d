"""A model of the user's own, not fully connected: margins, J, H0 and Hp against the framework itself, and minimised."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise

from jamharness.api import BadInput, MeanSquare, Network, QuadraticHinge
from jamharness.plugins import load_backend

DRAW = np.random.default_rng(2)
X, Y = DRAW.standard_normal((12, 1, 6)), np.tile([-1.0, 1.0], 6)
DOCS = Path(__file__).parents[2] / "docs" / "own-models.md"


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def model(torch):
    torch.manual_seed(1)
    layers = (torch.nn.Conv1d(1, 2, 3), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8, 1))
    return torch.nn.Sequential(*layers).double()


def test_a_convolution_in_torch_has_torchs_own_derivatives(torch, model):
    """Of a loss that is written out here, by torch.autograd."""
    problem = load_backend("torch", threads=1).problem_of(model, None, X, Y, QuadraticHinge(margin=0.5))
    names = [name for name, _ in model.named_parameters()]

    def margins(*parts):
        out = torch.func.functional_call(model, dict(zip(names, parts, strict=True)), (torch.tensor(X),))
        return 0.5 - torch.tensor(Y) * out[:, 0]

    def loss(flat):
        sizes = [each.numel() for each in model.parameters()]
        parts = [
            part.reshape(each.shape) for part, each in zip(torch.split(flat, sizes), model.parameters(), strict=True)
        ]
        return torch.clamp(margins(*parts), min=0).square().sum() / (2 * len(Y))

    w = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    np.testing.assert_array_equal(problem.w0, w.numpy())
    delta = margins(*[each.detach() for each in model.parameters()]).numpy()
    np.testing.assert_allclose(problem.margins(problem.w0), delta, atol=1e-13)
    value, gradient = problem.loss_and_gradient(problem.w0)
    assert value == pytest.approx(float(loss(w)), abs=1e-14)
    np.testing.assert_allclose(gradient, torch.func.grad(loss)(w).numpy(), atol=1e-13)
    H0, Hp = problem.hessian(problem.w0)
    np.testing.assert_allclose(H0 + Hp, torch.func.hessian(loss)(w).numpy(), atol=1e-12)
    J = problem.jacobian(problem.w0, np.flatnonzero(delta > 0))
    np.testing.assert_allclose(H0, J.T @ J / len(Y), atol=1e-13)


def test_it_is_minimised_and_stays_as_it_was(torch, model):
    """Second order goes further than a few thousand updates of Adam; the module keeps its own parameters."""
    before = [each.detach().clone() for each in model.parameters()]
    problem = load_backend("torch", threads=1).problem_of(model, None, X, Y)
    losses = [problem.loss_and_gradient(problem.w0)[0]]
    for method in ("adam", "lm"):
        end = minimise(problem, problem.w0, method=method, budget=1000)
        assert (end.unsatisfied == 0) == (end.outcome == "satisfied")
        assert end.unsatisfied == np.count_nonzero(problem.margins(end.w) > 0)
        losses.append(end.loss)
    assert losses[2] < 0.5 * losses[1] < 0.5 * losses[0]
    assert all(torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))


def test_a_function_is_the_network_that_it_writes_out(torch):
    """f(w, x) in torch's operations, beside the closed forms of the same network."""
    network = Network(inputs=6, width=4, depth=1, activation="tanh", bias=False)
    x, w = X[:, 0], network.initial(0)

    def function(w, x):
        return torch.tanh(x @ w[:24].reshape(4, 6).T) @ w[24:]

    backend = load_backend("torch", threads=1)
    own, closed = backend.problem_of(function, w, x, Y), backend.problem(network, x, Y)
    np.testing.assert_allclose(own.margins(w), closed.margins(w), atol=1e-13)
    for one, two in zip(own.hessian(w), closed.hessian(w), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-12)
    squares = backend.problem_of(function, w, x, Y, MeanSquare())
    np.testing.assert_allclose(squares.loss_and_gradient(w)[0], np.mean((1 - Y * closed.outputs(w, x)) ** 2) / 2)


def test_labels_are_checked(model):
    """As for every pattern."""
    with pytest.raises(BadInput):
        load_backend("torch", threads=1).problem_of(model, None, X, Y + 1)


@pytest.mark.parametrize(("block", "framework"), [(0, "torch"), (1, "tensorflow")])
def test_the_ten_lines_of_the_docs_run(block, framework):
    """Each in a process of its own, as one framework lives in one."""
    pytest.importorskip(framework)
    code = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL)[block]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, check=True
    )
    assert done.stdout.split()[-2:] in (["satisfied", "0"],), done.stdout
