"""The closed forms against TensorFlow's own automatic differentiation of a Keras-like network written here."""

from itertools import pairwise
from math import prod, sqrt

import numpy as np
import pytest

from jamharness.api import Network, QuadraticHinge

tf = pytest.importorskip("tensorflow")
from jamharness_tensorflow.backend import TensorFlowBackend  # noqa: E402  (needs tensorflow)

pytestmark = pytest.mark.tensorflow

MARGIN = 1.3
SIGMA = {
    "relu": tf.nn.relu,
    "tanh": tf.tanh,
    "linear": tf.identity,
    "gelu(3)": lambda z: 0.5 * z * (1 + tf.math.erf(3 * z / sqrt(2))),
    "softplus(2)": lambda z: tf.math.softplus(2 * z) / 2,
}
CASES = pytest.mark.parametrize(
    ("activation", "widths", "bias"),
    [(name, widths, bias) for name in SIGMA for widths, bias in (((5,), False), ((3, 5, 2), True))]
    + [("linear", (), True), ("relu", (4, 6, 3, 4, 2), True)],
)


def network_output(sizes, bias, sigma, w, x):
    """f(x; w), reading w layer by layer in the canonical order."""
    start, a = 0, x
    for layer, (fan, out) in enumerate(pairwise(sizes)):
        W = tf.reshape(w[start : start + prod((out, fan))], (out, fan))
        start += out * fan
        a = tf.linalg.matvec(W, a)
        if bias:
            a, start = a + w[start : start + out], start + out
        if layer < len(sizes) - 2:
            a = sigma(a)
    assert start == len(w)
    return a[:, 0]


@pytest.fixture
def posed(activation, widths, bias):
    """A problem at a random w, and its margins and loss as functions that TensorFlow can differentiate."""
    network = Network(inputs=4, width=widths, depth=len(widths), activation=activation, bias=bias)
    draw = np.random.default_rng(7)
    w = network.initial(seed=1, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((25, 4)), np.where(np.arange(25) % 2, 1.0, -1.0)
    problem = TensorFlowBackend(threads=1).problem(network, x, y, loss=QuadraticHinge(margin=MARGIN))

    def outputs(at, points=x):
        return network_output((4, *widths, 1), bias, SIGMA[activation], at, tf.constant(points))

    def loss(at):
        return tf.reduce_sum(tf.square(tf.nn.relu(MARGIN - y * outputs(at)))) / (2 * len(y))

    return problem, w, outputs, loss


def jacobian(function, w):
    """∂function/∂w by a gradient tape."""
    at = tf.constant(w)
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.jacobian(value, at).numpy()


def close(actual, expected, bound):
    """Equal to a bound relative to the largest entry."""
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= bound * max(np.abs(expected).max(), 1e-300)


@CASES
def test_first_derivatives_equal_the_tapes(posed):
    """L, ∇L, J for rows in any order and repeated, and Θ are those of tf.GradientTape."""
    problem, w, outputs, loss = posed
    value, gradient = problem.loss_and_gradient(w)
    assert value == pytest.approx(float(loss(tf.constant(w))), rel=1e-13)
    close(gradient, jacobian(loss, w), 1e-12)
    rows = np.array([7, 0, 24, 7])
    slopes = jacobian(outputs, w)
    close(problem.jacobian(w, rows), -problem.y[rows, None] * slopes[rows], 1e-12)
    close(problem.tangent_kernel(w, problem.x[:3], problem.x), slopes[:3] @ slopes.T, 1e-12)


@CASES
def test_second_derivatives_equal_the_tapes(posed):
    """H0 + Hp is the Jacobian of the taped gradient, and the spectra are those that NumPy finds of it."""
    problem, w, outputs, loss = posed

    def gradient(at):
        with tf.GradientTape() as tape:
            tape.watch(at)
            value = loss(at)
        return tape.gradient(value, at)

    H = jacobian(gradient, w)
    H0, Hp = problem.hessian(w)
    close(H0 + Hp, H, 1e-10)
    J = jacobian(outputs, w)[problem.margins(w) > 0]
    first = J.T @ J / problem.patterns
    close(H0, first, 1e-12)
    for eigenvalues, matrix in zip(problem.hessian_eigenvalues(w), (H, first, H - first), strict=True):
        assert np.abs(eigenvalues - np.linalg.eigvalsh(matrix)).max() <= 1e-10 * np.abs(first).sum(axis=1).max()
