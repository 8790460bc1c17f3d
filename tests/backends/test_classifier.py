"""Several classes: the cross-entropy of SciPy and of PyTorch, and what is derived from it."""

import numpy as np
import pytest
from jamharness_numerics.minimise import minimise
from jamharness_systems.classifier import Classifier
from jamharness_systems.committee import Committee
from scipy.special import log_softmax

from jamharness.api import BadInput, CrossEntropy, Network, QuadraticHinge
from jamharness.plugins import load_backend

SYSTEM = Classifier(inputs=4, width=(5, 6), depth=2, activation="tanh", class_count=4)
DRAW = np.random.default_rng(3)
X, Y = DRAW.standard_normal((30, 4)), DRAW.integers(0, 4, 30)


def problem(backend, loss=None, system=SYSTEM, y=Y):
    return load_backend(backend, threads=1).problem(system, {"x": X, "y": y}, loss or CrossEntropy())


def own_scores(system, w):
    """f (P, C), layer by layer in NumPy."""
    signal, start = X, 0
    for out, inputs in ((5, 4), (6, 5), (system.class_count, 6)):
        W = w[start : start + out * inputs].reshape(out, inputs)
        b = w[start + out * inputs : start + out * inputs + out]
        start += out * (inputs + 1)
        signal = signal @ W.T + b
        signal = np.tanh(signal) if out != system.class_count else signal
    assert start == system.size
    return signal


def test_the_loss_is_the_negative_log_likelihood():
    """Of a softmax over all classes, however large the outputs."""
    for scale in (1.0, 300.0):
        w = scale * SYSTEM.initial(1)
        expected = -log_softmax(own_scores(SYSTEM, w), axis=1)[np.arange(30), Y].mean()
        loss, _ = problem("numpy").loss_and_gradient(w)
        np.testing.assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_frameworks_agree_with_the_referee(backend):
    """Loss, gradient, H0 and Hp."""
    if backend == "tensorflow":
        pytest.importorskip("tensorflow")
    w = SYSTEM.initial(2)
    one, two = problem("numpy"), problem(backend)
    np.testing.assert_allclose(one.loss_and_gradient(w)[1], two.loss_and_gradient(w)[1], atol=1e-12)
    for a, b in zip(one.hessian(w), two.hessian(w), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)


def test_the_gradient_is_torchs_own():
    """torch.nn.functional.cross_entropy, differentiated."""
    torch = pytest.importorskip("torch")
    w = torch.tensor(SYSTEM.initial(5), requires_grad=True)
    signal, start = torch.tensor(X), 0
    for out, inputs in ((5, 4), (6, 5), (4, 6)):
        W = w[start : start + out * inputs].reshape(out, inputs)
        b = w[start + out * inputs : start + out * (inputs + 1)]
        start += out * (inputs + 1)
        signal = signal @ W.T + b
        signal = torch.tanh(signal) if out != 4 else signal
    torch.nn.functional.cross_entropy(signal, torch.tensor(Y)).backward()
    np.testing.assert_allclose(problem("torch").loss_and_gradient(SYSTEM.initial(5))[1], w.grad.numpy(), atol=1e-13)


def test_with_two_classes_the_gap_is_a_difference_of_outputs():
    """A hinge on it is the quadratic hinge of y (f_1 − f_0)."""
    system = Classifier(inputs=4, width=3, depth=1, class_count=2, bias=False)
    network = Network(inputs=4, width=3, depth=1, bias=False)
    w = system.initial(0)
    difference = np.concatenate([w[:12], w[15:18] - w[12:15]])
    labels = Y % 2
    one = problem("numpy", QuadraticHinge(margin=0.5), system, labels).margins(w)
    two = load_backend("numpy", threads=1).problem(network, X, 2.0 * labels - 1, loss=QuadraticHinge(margin=0.5))
    np.testing.assert_allclose(one, two.margins(difference), atol=1e-13)


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_a_committee_of_any_number_of_violated_constraints(backend):
    """Its branches are reshaped from rows whose number a trace does not know; against the referee."""
    pytest.importorskip(backend)
    system = Committee(branches=3, inputs=6)
    x, y = DRAW.standard_normal((40, 6)), np.where(DRAW.random(40) < 0.5, -1.0, 1.0)
    one, two = (
        load_backend(name, threads=1).problem(system, {"x": x, "y": y}, QuadraticHinge(margin=0.2))
        for name in ("numpy", backend)
    )
    for seed in range(4):
        w = system.initial(seed)
        np.testing.assert_allclose(one.loss_and_gradient(w)[1], two.loss_and_gradient(w)[1], atol=1e-12)
        np.testing.assert_allclose(one.damped_step(w, 0.1).w, two.damped_step(w, 0.1).w, atol=1e-9)


def test_rows_are_those_of_the_whole():
    """Whichever constraints are asked for, and more of them than are differentiated at once."""
    draw = np.random.default_rng(4)
    x, y = draw.standard_normal((150, 4)), draw.integers(0, 4, 150)
    many = load_backend("numpy", threads=1).problem(SYSTEM, {"x": x, "y": y}, CrossEntropy())
    w, rows = SYSTEM.initial(1), np.array([1, 3, 70, 149])
    J = many.jacobian(w, np.arange(150))
    np.testing.assert_allclose(many.jacobian(w, rows), J[rows], atol=1e-14)
    for column in (0, 40, SYSTEM.size - 1):
        step = np.zeros(SYSTEM.size)
        step[column] = 1e-6
        slope = (many.margins(w + step) - many.margins(w - step)) / 2e-6
        np.testing.assert_allclose(J[:, column], slope, atol=1e-8)
    assert np.isfinite(many.hessian(w)[0]).all()


def test_it_is_minimised():
    """A few patterns of four classes are told apart: every one gets more than half of the probability."""
    few = load_backend("numpy", threads=1).problem(SYSTEM, {"x": X[:10], "y": Y[:10]}, CrossEntropy())
    end = minimise(few, SYSTEM.initial(0), budget=200)
    assert (end.outcome, end.unsatisfied) == ("satisfied", 0)


@pytest.mark.parametrize(
    ("y", "words"), [(Y + 1, "classes are whole numbers from 0 to 3"), (Y[:3], "x has shape"), (Y + 0.5, "y holds")]
)
def test_labels_are_classes(y, words):
    """And there is one for each pattern."""
    with pytest.raises(BadInput, match=words):
        problem("numpy", y=y)


def test_impossible_shapes_are_refused():
    """All at once."""
    with pytest.raises(BadInput) as caught:
        Classifier(class_count=1, depth=0)
    assert len(caught.value.problems) == 2
