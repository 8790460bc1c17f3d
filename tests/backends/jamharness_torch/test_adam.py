"""First-order updates step for step: as PyTorch's own optimizer makes them, and as the api's rules do."""

from itertools import pairwise

import numpy as np
import pytest

from jamharness.api import Adam, DataRequest, Fire, Network, Sgd, State, fallbacks
from jamharness.datasets.random import load

torch = pytest.importorskip("torch")
from jamharness_torch.backend import TorchBackend  # noqa: E402  (needs torch)

pytestmark = pytest.mark.torch

PAPER = Network(inputs=12, width=12, depth=3, activation="relu")
SMALL = Network(inputs=5, width=6, depth=2, activation="relu")
RULES = pytest.mark.parametrize(
    "rule",
    [Adam(learning_rate=1e-2, decay_every=60), Fire(), Sgd(learning_rate=0.05, momentum=0.9)],
    ids=["adam", "fire", "sgd"],
)


def pose(network, patterns, seed=0):
    """Normalised random data, as in the papers, and the papers' initial weights."""
    data = load(DataRequest(inputs=network.inputs, patterns=patterns, seed=seed))
    return TorchBackend(threads=1).problem(network, data.x, data.y), network.initial(seed=seed)


class Plain(torch.nn.Module):
    """What a PyTorch user writes: linear layers with relu between them."""

    def __init__(self, network, w):
        super().__init__()
        sizes = [network.inputs, *[network.width] * network.depth, 1]
        self.layers = torch.nn.ModuleList(torch.nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes))
        with torch.no_grad():
            for layer, (W, b) in zip(self.layers, network.split(w), strict=True):
                layer.weight.copy_(torch.tensor(W))
                layer.bias.copy_(torch.tensor(b))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x).squeeze(1)

    def flat(self):
        return np.concatenate([p.detach().numpy().ravel() for layer in self.layers for p in (layer.weight, layer.bias)])


def plain_adam(network, problem, w, steps, *, drop_every=None):
    """A loop of torch.optim.Adam on an nn.Module; the rate is divided by 10 every ``drop_every`` steps."""
    model = Plain(network, w)
    x, y = torch.tensor(problem.x), torch.tensor(problem.y)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    for step in range(steps):
        if drop_every and step and step % drop_every == 0:
            for group in optimizer.param_groups:
                group["lr"] /= 10
        optimizer.zero_grad()
        loss = torch.relu(1 - y * model(x)).square().sum() / (2 * len(y))
        loss.backward()
        optimizer.step()
    return model.flat()


def relative(actual, expected):
    """The largest difference over the largest entry."""
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def test_a_thousand_updates_equal_plain_torch_adam():
    """From the same w the first 1000 updates equal torch.optim.Adam on an nn.Module to 1e-12 relative in float64."""
    problem, w = pose(PAPER, 1000)
    state = problem.descend(State(w=w), 1000, Adam())
    assert state.step == 1000
    assert relative(state.w, plain_adam(PAPER, problem, w, 1000)) < 1e-12
    assert relative(state.w, w) > 1e-3  # it moved


def test_the_rate_drops_as_a_torch_loop_divides_it():
    """With decay_every=300 the updates equal a loop that divides the rate at steps 300, 600 and 900."""
    problem, w = pose(PAPER, 1000)
    state = problem.descend(State(w=w), 1000, Adam(decay_every=300))
    assert relative(state.w, plain_adam(PAPER, problem, w, 1000, drop_every=300)) < 1e-12
    assert relative(state.w, plain_adam(PAPER, problem, w, 1000)) > 1e-6  # the drop is seen


@RULES
def test_chunks_equal_one_call_exactly(rule):
    """Updates in chunks of any length give the same bits as updates at once."""
    problem, w = pose(SMALL, 300)
    whole = problem.descend(State(w=w), 200, rule)
    state = State(w=w)
    for steps in (1, 59, 0, 100, 40):
        state = problem.descend(state, steps, rule)
    assert state.step == whole.step == 200
    assert np.array_equal(state.w, whole.w)
    assert state.moments.keys() == whole.moments.keys()
    assert all(np.array_equal(state.moments[name], whole.moments[name]) for name in whole.moments)


@RULES
def test_updates_equal_the_rule_of_the_api(rule):
    """200 updates on the device equal the NumPy rule with the same gradients to 1e-10, moments included."""
    problem, w = pose(SMALL, 300)
    state, expected = problem.descend(State(w=w), 200, rule), fallbacks.descend(problem, State(w=w), 200, rule)
    assert state.step == expected.step == 200
    assert relative(state.w, expected.w) < 1e-10
    assert state.moments.keys() == expected.moments.keys()
    assert all(relative(state.moments[name], expected.moments[name]) < 1e-8 for name in state.moments)


@pytest.mark.parametrize(
    "rule", [Adam(learning_rate=1e-2), Fire(), Sgd(learning_rate=0.05, momentum=0.9)], ids=["adam", "fire", "sgd"]
)
def test_descent_stops_at_the_first_w_that_satisfies_every_pattern(rule):
    """The state is that of the first w with N_Δ = 0, and no update is made from there."""
    problem, w = pose(SMALL, 20)
    state = problem.descend(State(w=w), 5000, rule)
    assert 0 < state.step < 5000
    assert problem.margins(state.w).max() <= 0
    assert problem.margins(problem.descend(State(w=w), state.step - 1, rule).w).max() > 0
    again = problem.descend(state, 10, rule)
    assert again.step == state.step
    assert np.array_equal(again.w, state.w)
