"""The network as a value: sizes, the order of its parameters, initial weights."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamharness.api import BadInput, Network


@pytest.mark.parametrize(("depth", "width", "weights"), [(2, 62, 7750), (3, 51, 7854), (5, 40, 8040), (3, 12, 444)])
def test_the_papers_networks_have_the_papers_sizes(depth, width, weights):
    """N_w = h d + (L − 1) h² + h with d = h, and N = N_w + L h + 1 with biases."""
    network = Network(inputs=width, width=width, depth=depth)
    assert network.weights == weights
    assert network.size == weights + depth * width + 1
    assert Network(inputs=width, width=width, depth=depth, bias=False).size == weights


@st.composite
def networks(draw):
    """Any shape."""
    widths = tuple(draw(st.lists(st.integers(1, 9), max_size=5)))
    return Network(inputs=draw(st.integers(1, 9)), width=widths, depth=len(widths), bias=draw(st.booleans()))


@given(network=networks())
def test_every_parameter_has_one_place(network):
    """Slices follow one another from 0 to N, each as long as its matrix or bias, and split reads them row by row."""
    w = np.arange(network.size)
    positions = []
    sizes = (network.inputs, *network.width, 1)
    for index, (W, b) in enumerate(network.split(w)):
        assert W.shape == (sizes[index + 1], sizes[index])
        assert b.shape == ((sizes[index + 1],) if network.bias else (0,))
        positions += [*W.ravel(), *b]
    assert positions == list(w)
    assert network.units == sum(network.width)


def test_split_gives_views():
    """Writing into a layer writes into w."""
    network = Network(inputs=2, width=3, depth=1)
    w = np.zeros(network.size)
    network.split(w)[0][0][1, 0] = 5.0
    assert w[2] == 5.0


def test_split_refuses_another_length():
    """The sentence has both numbers."""
    with pytest.raises(BadInput, match=r"\(4,\).*N = 13"):
        Network(inputs=2, width=3, depth=1).split(np.zeros(4))


@given(network=networks(), seed=st.integers(0, 2**32))
def test_orthogonal_weights_have_orthonormal_rows_in_square_blocks(network, seed):
    """Each block of at most as many rows as columns has orthonormal rows; biases are 0."""
    for W, b in network.split(network.initial(seed=seed)):
        rows, columns = W.shape
        for start in range(0, rows, columns):
            block = W[start : start + columns]
            assert np.abs(block @ block.T - np.eye(len(block))).max() < 1e-13
        assert not b.any()


def test_orthogonal_matrices_are_drawn_uniformly():
    """Entries of a random orthogonal matrix have mean 0 and variance 1/n, of either sign alike on the diagonal."""
    blocks = np.array([Network(inputs=4, width=4, depth=1).initial(seed=seed)[:16] for seed in range(500)])
    assert np.abs(blocks.mean(axis=0)).max() < 4 * 0.5 / np.sqrt(500)
    assert np.abs((blocks**2).mean(axis=0) - 0.25).max() < 4 * 0.25 / np.sqrt(500)


def test_normal_weights_have_variance_one_over_the_fan():
    """Scheme "normal": mean 0, variance 1/in, biases 0."""
    network = Network(inputs=50, width=80, depth=2)
    for W, b in network.split(network.initial(seed=1, scheme="normal"))[:2]:
        assert W.var() * W.shape[1] == pytest.approx(1, abs=5 * np.sqrt(2 / W.size))
        assert not b.any()


def test_initial_weights_are_the_same_bits_in_a_fresh_process():
    """Seed, scheme and shapes decide them: not the process, the order of drawing, the activation or biases."""
    network = Network(inputs=5, width=(4, 3), depth=2)
    Network().initial(seed=7)
    code = (
        "from jamharness.api import Network; network = Network(inputs=5, width=(4, 3), depth=2);"
        "print(network.initial(seed=3).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == network.initial(seed=3).tobytes().hex()
    bare = Network(inputs=5, width=(4, 3), depth=2, activation="tanh", bias=False)
    assert np.array_equal(
        bare.initial(seed=3), np.concatenate([W.ravel() for W, _ in network.split(network.initial(seed=3))])
    )
    assert not np.array_equal(network.initial(seed=3), network.initial(seed=4))


def test_an_unknown_scheme_names_the_nearest():
    """One sentence with the value and a suggestion."""
    with pytest.raises(BadInput, match=r"'ortogonal'.*did you mean 'orthogonal'"):
        Network().initial(scheme="ortogonal")


def test_all_that_is_wrong_with_a_network_is_said_at_once():
    """One sentence each."""
    with pytest.raises(BadInput) as caught:
        Network(inputs=0, width=(3, 0), depth=3, activation="rel")
    assert len(caught.value.problems) == 4
    with pytest.raises(BadInput, match="depth = -1"):
        Network(depth=-1)


def test_equal_networks_are_equal():
    """A list of widths is a tuple, and an activation has one spelling."""
    assert Network(width=[3, 4], depth=2, activation=" GELU(1) ") == Network(width=(3, 4), depth=2, activation="gelu")
    assert hash(Network()) == hash(Network())
