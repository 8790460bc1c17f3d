"""Automatic differentiation of any architecture in TensorFlow, the closed forms, and the blocks of both."""

from itertools import pairwise

import numpy as np
import pytest

from jamharness.api import Network, QuadraticHinge

tf = pytest.importorskip("tensorflow")
from jamharness_tensorflow import autodiff, problem, symmetric  # noqa: E402  (needs tensorflow)
from jamharness_tensorflow.backend import TensorFlowBackend  # noqa: E402  (needs tensorflow)
from jamharness_tensorflow.program import program  # noqa: E402  (needs tensorflow)

pytestmark = pytest.mark.tensorflow
SIGMA = {"relu": tf.nn.relu, "tanh": tf.tanh}
CASES = pytest.mark.parametrize(
    ("activation", "widths", "patterns"), [("relu", (3, 5, 4), 25), ("tanh", (4, 6), 150), ("relu", (), 12)]
)


def posed(activation, widths, patterns):
    """A problem at a random w."""
    network = Network(inputs=4, width=widths, depth=len(widths), activation=activation)
    draw = np.random.default_rng(7)
    w = network.initial(seed=1, scheme="normal") + 0.3 * draw.standard_normal(network.size)
    x, y = draw.standard_normal((patterns, 4)), np.where(np.arange(patterns) % 2, 1.0, -1.0)
    return TensorFlowBackend(threads=1).problem(network, x, y, loss=QuadraticHinge(margin=1.3)), w


def outputs_of(widths, activation):
    """f(w, x) of the same network, reading w layer by layer."""

    def outputs(w, x):
        start, a, sizes = 0, x, (4, *widths, 1)
        for layer, (fan, out) in enumerate(pairwise(sizes)):
            W, b = tf.reshape(w[start : start + out * fan], (out, fan)), w[start + out * fan : start + out * (fan + 1)]
            a, start = tf.matmul(a, W, transpose_b=True) + b, start + out * (fan + 1)
            if layer < len(widths):
                a = SIGMA[activation](a)
        return a[:, 0]

    return outputs


@CASES
@pytest.mark.parametrize("chunk", [7, 1000])
def test_each_part_by_automatic_differentiation(activation, widths, patterns, chunk):
    """H0, Hp and H v by forward over reverse mode are the closed forms, to 1e-12 of the largest entry of H."""
    posed_here, w = posed(activation, widths, patterns)
    H0, Hp = posed_here.hessian(w)
    size = np.abs(H0 + Hp).max()
    data = outputs_of(widths, activation), tf.constant(w), tf.constant(posed_here.x), tf.constant(posed_here.y)
    for part, expected in zip(autodiff.hessian_parts(*data, 1.3, chunk), (H0, Hp), strict=True):
        assert np.abs(part.numpy() - expected).max() <= 1e-12 * size
    v = np.random.default_rng(2).standard_normal((9, len(w)))
    products = autodiff.hessian_vectors(*data, tf.constant(v), 1.3, chunk)
    assert np.abs(products.numpy() - v @ (H0 + Hp)).max() <= 1e-11 * size
    assert np.abs(products.numpy() - posed_here.hessian_vector(w, v.T).T).max() <= 1e-11 * size


@CASES
def test_what_is_known_of_the_parts(activation, widths, patterns):
    """Exact symmetry; tr H0 = (1/P) Σ |∇f|²; rank H0 ≤ min(N_Δ, rank J); Hp = 0 without layers (E4)."""
    posed_here, w = posed(activation, widths, patterns)
    H0, Hp = posed_here.hessian(w)
    assert np.array_equal(H0, H0.T)
    assert np.array_equal(Hp, Hp.T)
    J = posed_here.jacobian(w, np.flatnonzero(posed_here.margins(w) > 0))
    assert np.trace(H0) == pytest.approx(np.sum(J**2) / patterns, rel=1e-13)
    assert np.linalg.matrix_rank(H0, hermitian=True) <= min(len(J), np.linalg.matrix_rank(J))
    assert np.count_nonzero(posed_here.hessian_eigenvalues(w)[1] == 0) >= len(w) - len(J)
    if not widths:
        assert not Hp.any()


@CASES
def test_blocks_make_no_difference(activation, widths, patterns, monkeypatch):
    """Blocks of 8 patterns and panels of 5 rows give what one piece gives, but for the order of sums."""
    posed_here, w = posed(activation, widths, patterns)
    whole = [*posed_here.hessian(w), *posed_here.hessian_eigenvalues(w)]
    monkeypatch.setattr(problem, "_ROWS", 8)
    monkeypatch.setattr(symmetric, "SIDE", 5)
    program.cache_clear()  # traced with the other side
    again, _ = posed(activation, widths, patterns)
    program.cache_clear()
    for array, expected in zip([*again.hessian(w), *again.hessian_eigenvalues(w)], whole, strict=True):
        assert np.abs(array - expected).max() <= 1e-13 * np.abs(whole[2]).max()
