"""Backends compared at points where a system moves under a rule: right ones agree, wrong ones are seen."""

from concurrent.futures import Future
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from jamharness_numpy.backend import NumpyBackend
from jamharness_systems.layered import LayeredNetwork
from jamharness_systems.p_spin import PSpin

from jamharness.agreement import updates
from jamharness.agreement.dynamics import PreparedDynamics, compare_exactly, compare_trajectories
from jamharness.agreement.updates import MovingPoint
from jamharness.api import BadInput, CrossEntropy, DynamicsPoint, Langevin, Linear, Minibatch, Sgd, generator

GLASS, NETWORK = PSpin(spins=10), LayeredNetwork(side=4, class_count=3, layers="conv3x2p1 norm relu pool dense")
DECLARED = {
    "glass": DynamicsPoint(
        label="glass", system=GLASS, loss=Linear(), rule=Langevin(temperature=0.4, dt=0.05, seed=1), updates=200
    ),
    "network": DynamicsPoint(
        label="network", system=NETWORK, loss=CrossEntropy(), patterns=30, updates=60,
        rule=Minibatch(rule=Sgd(learning_rate=0.1, momentum=0.5), batch=10, seed=2),
    ),
}  # fmt: skip


@dataclass
class Here:
    """A worker that computes where it is."""

    target: SimpleNamespace

    def submit(self, function, *args):
        reply = Future()
        reply.set_result(function(self.target, *args))
        return reply


class Wrong(NumpyBackend):
    """Its gradients are too long by a part in 10⁹."""

    name = "wrong"

    def problem(self, *args, **named):
        problem = super().problem(*args, **named)
        gradient, part = problem.loss_and_gradient, problem.batch_gradient

        def longer(w):
            loss, slope = gradient(w)
            return loss, slope * (1 + 1e-9)

        problem.loss_and_gradient = longer
        problem.batch_gradient = lambda w, rows: part(w, rows) * (1 + 1e-9)
        return problem


@pytest.fixture
def worker(monkeypatch):
    """A worker of a backend that is given."""
    backends = {}
    monkeypatch.setattr(updates, "backend_of", lambda target: backends[target.name])

    def of(backend, dtype="float64"):
        backends[backend.name] = backend
        return Here(SimpleNamespace(name=backend.name, dtype=dtype))

    return of


def prepared(name):
    declared, draw = DECLARED[name], generator("dynamics tests")
    x = y = None
    if declared.patterns:
        x, y = draw.standard_normal((30, declared.system.inputs)), draw.integers(0, 3, 30)
    point = MovingPoint(
        system=declared.system, loss=declared.loss, rule=declared.rule, x=x, y=y, w=declared.system.initial(3)
    )
    return PreparedDynamics(declared=declared, point=point)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["glass", "network"])
def test_right_and_wrong(name, worker):
    """PyTorch agrees with the referee in every quantity and to the horizon; gradients wrong by 1e-9 do neither."""
    from jamharness_torch.backend import TorchBackend

    where, referee, failures = prepared(name), worker(NumpyBackend()), {}
    others = {"torch": worker(TorchBackend(threads=1)), "wrong": worker(Wrong())}
    rows = compare_exactly(where, "numpy", referee, others, failures)
    assert not failures
    quantities = {"loss", "margins", "gradient", "first update", "Hessian times a vector"}
    quantities |= {"gradient of a minibatch"} if name == "network" else set()
    assert {row.quantity for row in rows} == quantities
    assert len({row.state for row in rows}) == 2
    assert all(row.verdict == "agree" for row in rows if row.backend == "torch")
    assert all(row.bound < 2e-12 for row in rows)
    wrong_quantities = {row.quantity for row in rows if row.backend == "wrong" and row.verdict == "differ"}
    assert {"gradient", "first update"} <= wrong_quantities
    assert not wrong_quantities & {"loss", "margins", "Hessian times a vector"}
    trajectories, (path,) = compare_trajectories(where, "numpy", referee, others, failures, 1000)
    assert {row.backend: row.verdict for row in trajectories} == {"torch": "agree", "wrong": "differ"}
    assert {row.method for row in trajectories} == {"langevin" if name == "glass" else "sgd"}
    assert path.updates[-1] == where.declared.updates
    assert set(path.apart) == {"torch", "wrong", "reference, one rounding beside"}


def test_another_rule_is_seen(worker):
    """A path with a momentum of its own parts at the second update, when there is something to remember."""
    where, failures = prepared("network"), {}

    class Forgetful(NumpyBackend):
        name = "forgetful"

        def problem(self, *args, **named):
            problem = super().problem(*args, **named)
            descend = problem.descend
            problem.descend = lambda state, steps, rule: descend(
                state, steps, replace(rule, rule=replace(rule.rule, momentum=0.0))
            )
            return problem

    others = {"forgetful": worker(Forgetful())}
    ((row,), _) = compare_trajectories(where, "numpy", worker(NumpyBackend()), others, failures, 20)
    assert (row.verdict, row.parted) == ("differ", 2)


def test_bounds_follow_the_dtype(worker):
    """Rounded to single precision a gradient is within the bound of single precision, and beyond that of double."""

    class Rounded(NumpyBackend):
        name = "rounded"

        def problem(self, *args, **named):
            problem = super().problem(*args, **named)
            gradient = problem.loss_and_gradient
            problem.loss_and_gradient = lambda w: (gradient(w)[0], gradient(w)[1].astype(np.float32).astype(float))
            return problem

    where, referee = prepared("glass"), worker(NumpyBackend())
    for dtype, expected in (("float64", "differ"), ("float32", "agree")):
        rows = compare_exactly(where, "numpy", referee, {"rounded": worker(Rounded(), dtype)}, {})
        assert {row.verdict for row in rows if row.quantity == "gradient"} == {expected}


def test_a_reference_that_takes_hours_is_refused():
    """In a sentence that says what else to give."""
    declared = replace(DECLARED["glass"], system=PSpin(spins=400, p=2))
    with pytest.raises(BadInput, match=r"N = 400 .*--reference"):
        PreparedDynamics.of(declared, "numpy", None, None)
    assert PreparedDynamics.of(declared, "torch", None, None).point.w.shape == (400,)
