"""Networks on images: counted and computed by hand, frameworks' layers against the referee, one update exactly."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jamharness_systems.layered import LayeredNetwork, ResNet18, SmallNet, Toy
from scipy.signal import correlate2d
from scipy.special import expit, log_softmax

from jamharness.agreement import agree
from jamharness.api import (
    EPSILON,
    BadInput,
    CrossEntropy,
    Linear,
    NotSupported,
    PlainLayers,
    SquaredDistance,
    generator,
)
from jamharness.plugins import load_backend

FRAMEWORKS = [
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("tensorflow", marks=pytest.mark.tensorflow),
]
PLAIN = LayeredNetwork(channels=2, side=9, class_count=3, layers="conv3x4s2p1 relu pool conv2x3 relu dense5 relu dense")
EVERY = LayeredNetwork(
    channels=2, side=6, class_count=3, layers="conv3x3p1 norm relu pool residual3 residual4s2 mean dense4 sigmoid dense"
)


def patterns(system, count=12):
    draw = generator("layered tests", system.inputs, count)
    return {"x": draw.standard_normal((count, system.inputs)), "y": draw.integers(0, system.class_count, count)}


def problem_of(name, system, count=12, loss=None):
    chosen = loss or (SquaredDistance() if system.squares else CrossEntropy())
    return load_backend(name, threads=1).problem(system, patterns(system, count), chosen)


def test_parameters_are_as_published():
    """56 890 of the small net on CIFAR-10 (arXiv 1803.06969), 11 173 962 of ResNet-18; of the toy by hand."""
    assert SmallNet(channels=3, side=32).size == 56_890
    assert SmallNet().size == (25 * 10 + 10) + (250 * 20 + 20) + (320 * 100 + 100) + (100 * 10 + 10)
    assert SmallNet().weights == SmallNet().size - 140
    assert Toy(hidden=7).size == 785 * 7 + 8 * 10
    widths = (64, 64, 128, 256, 512)
    blocks = sum(9 * a * b + 27 * b * b + 8 * b + (a * b + 2 * b if a != b else 0) for a, b in pairwise(widths))
    assert ResNet18(channels=3, side=32).size == 27 * 64 + 2 * 64 + blocks + 5130 == 11_173_962


def test_parts_of_w_follow_each_other():
    """Weights before biases, layer after layer; no bias before norm."""
    kinds = [part.kind for part in EVERY.parameters]
    assert kinds[:3] == ["weight", "gain", "shift"]
    assert list(EVERY.groups)[:2] == ["weight1", "gain2"]
    assert next(reversed(EVERY.groups.values())).stop == EVERY.size == len(EVERY.initial(0))
    assert [EVERY.initial(0)[EVERY.groups[name]].tolist() for name in ("gain2", "shift3")] == [[1.0] * 3, [0.0] * 3]


def test_initial_weights():
    """Uniform up to 1/√fan-in, or normal of that spread with biases of zero."""
    uniform, normal = (SmallNet().initial(3, scheme) for scheme in ("uniform", "normal"))
    weights, biases = SmallNet().groups["weight5"], SmallNet().groups["bias6"]
    assert 0.999 / np.sqrt(320) < np.abs(uniform[weights]).max() <= 1 / np.sqrt(320)
    assert np.std(normal[weights]) == pytest.approx(1 / np.sqrt(320), rel=0.02)
    assert np.abs(uniform[biases]).max() <= 1 / np.sqrt(320)
    np.testing.assert_array_equal(normal[biases], 0)


def own_scores(w, x):
    """``PLAIN`` by SciPy's correlations, one image and one channel after the other."""
    sizes = [(4, 2, 3, 3), (4,), (3, 4, 2, 2), (3,), (5, 3), (5,), (3, 5), (3,)]
    ends = np.cumsum([0, *map(np.prod, sizes)])
    parts = [w[a:b].reshape(size) for (a, b), size in zip(pairwise(ends), sizes, strict=True)]
    scores = []
    for image in x.reshape(-1, 2, 9, 9):
        wide = np.pad(image, ((0, 0), (1, 1), (1, 1)))
        one = np.array([sum(map(lambda c, k: correlate2d(c, k, "valid"), wide, kernel)) for kernel in parts[0]])
        one = np.maximum(one[:, ::2, ::2] + parts[1][:, None, None], 0)  # (4, 5, 5)
        pooled = one[:, :4, :4].reshape(4, 2, 2, 2, 2).max(axis=(2, 4))
        two = np.array([sum(map(lambda c, k: correlate2d(c, k, "valid"), pooled, kernel)) for kernel in parts[2]])
        flat = np.maximum(two + parts[3][:, None, None], 0).ravel()
        scores.append(parts[6] @ np.maximum(parts[4] @ flat + parts[5], 0) + parts[7])
    return np.array(scores)


@pytest.mark.parametrize("name", ["numpy", *FRAMEWORKS])
def test_the_loss_is_that_of_scipys_correlations(name):
    """Cross-entropy of a softmax, and half the squared distance from one-hot vectors."""
    w, data = 2 * PLAIN.initial(1), patterns(PLAIN)
    scores = own_scores(w, data["x"])
    expected = -log_softmax(scores, axis=1)[np.arange(12), data["y"]].mean()
    assert problem_of(name, PLAIN).loss_and_gradient(w)[0] == pytest.approx(expected, rel=1e-13)
    toy = Toy(side=4, hidden=6, class_count=3)
    w, data = toy.initial(2), patterns(toy)
    W, b, V, c = w[:96].reshape(6, 16), w[96:102], w[102:120].reshape(3, 6), w[120:]
    outputs = expit(np.maximum(data["x"] @ W.T + b, 0) @ V.T + c)
    squares = ((outputs - np.eye(3)[data["y"]]) ** 2).sum(axis=1) / 2
    problem = problem_of(name, toy)
    assert problem.loss_and_gradient(w)[0] == pytest.approx(squares.mean(), rel=1e-13)
    np.testing.assert_allclose(problem.outputs(w, data["x"]).reshape(12, 3), outputs, atol=1e-14)


def test_batch_normalisation_by_its_definition():
    """Channel by channel over images and positions; one after which a shift is all that is left."""
    system = LayeredNetwork(channels=1, side=2, class_count=2, layers="conv1x2 norm dense")
    w, x = system.initial(4), patterns(system)["x"]
    w[2:6] = [1.5, 0.5, 0.2, -0.3]
    hidden = x.reshape(12, 1, 4) * w[:2].reshape(1, 2, 1)
    hidden -= hidden.mean(axis=(0, 2), keepdims=True)
    hidden /= np.sqrt((hidden**2).mean(axis=(0, 2), keepdims=True) + EPSILON)
    hidden = hidden * w[2:4].reshape(1, 2, 1) + w[4:6].reshape(1, 2, 1)
    expected = hidden.reshape(12, 8) @ w[6:22].reshape(2, 8).T + w[22:]
    outputs = problem_of("numpy", system).outputs(w, x).reshape(12, 2)
    np.testing.assert_allclose(outputs, expected, atol=1e-13)


def test_the_referee_by_differences():
    """∇L and H v of every kind of layer."""
    problem, w = problem_of("numpy", EVERY), EVERY.initial(5)
    v = generator("direction").standard_normal((EVERY.size, 1))
    step = 1e-5
    (up, rise), (down, fall) = (problem.loss_and_gradient(w + sign * step * v[:, 0]) for sign in (1, -1))
    assert problem.loss_and_gradient(w)[1] @ v[:, 0] == pytest.approx((up - down) / (2 * step), rel=1e-7)
    np.testing.assert_allclose(problem.hessian_vector(w, v)[:, 0], (rise - fall) / (2 * step), atol=1e-6)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_layers_of_a_framework_are_those_of_the_formula(name):
    """Its own and those made of its namespace's functions, against the referee; H v through norm, too."""
    w = EVERY.initial(5)
    expected = problem_of("numpy", EVERY).loss_and_gradient(w)
    problem = problem_of(name, EVERY)
    loss_and_gradient = problem.loss_and_gradient(w)
    assert loss_and_gradient[0] == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(loss_and_gradient[1], expected[1], atol=1e-13)
    namespace = problem.differentiator.namespace
    data = patterns(EVERY)
    problem.differentiator.namespace = _Plain(namespace)
    plain = problem.differentiator.value(problem.gaps, w, problem.differentiator.arrays(EVERY.arrays(data)))
    np.testing.assert_allclose(plain, -problem_of("numpy", EVERY).margins(w), atol=1e-12)
    short = LayeredNetwork(channels=2, side=6, class_count=3, layers="conv3x3s2p1 norm relu pool dense")
    v = generator("directions").standard_normal((short.size, 2))
    products = [problem_of(each, short).hessian_vector(short.initial(1), v) for each in ("numpy", name)]
    np.testing.assert_allclose(*products, atol=1e-12)


class _Plain:
    """A namespace without layers of its own."""

    def __init__(self, inner):
        self._inner = inner
        self.image_layers = PlainLayers(inner)

    def __getattr__(self, name):
        return getattr(self._inner, name)


UPDATES = """
import sys
import numpy as np
from jamharness.api import CrossEntropy, Minibatch, Sgd, SquaredDistance, State, generator
from jamharness.plugins import load_backend
from jamharness_systems.layered import ResNet18, SmallNet, Toy

backend, found = load_backend(sys.argv[1], threads=1), {}
for system in (Toy(hidden=20), SmallNet(channels=3, side=32), ResNet18(kernels=4, side=16)):
    name, draw = type(system).__name__, generator("updates", system.inputs)
    data = {"x": draw.standard_normal((60, system.inputs)), "y": draw.integers(0, 10, 60)}
    problem = backend.problem(system, data, SquaredDistance() if system.squares else CrossEntropy())
    rule = Minibatch(rule=Sgd(learning_rate=0.1, momentum=0.5), batch=20, seed=3)
    start = State(w=system.initial(1))
    found[name + " start"] = start.w
    found[name] = problem.descend(start, 1, rule).w
    if name == "Toy":
        found[name + " later"] = problem.descend(start, 1000, rule).w
np.savez(sys.argv[2], **found)
"""


@pytest.fixture(scope="module")
def updated(tmp_path_factory):
    """One update of each network of the paper in each framework, each in a process of its own."""
    pytest.importorskip("torch")
    pytest.importorskip("tensorflow")
    folder, updates = tmp_path_factory.mktemp("updates"), []
    for name in ("torch", "tensorflow"):
        subprocess.run(
            [sys.executable, "-c", UPDATES, name, folder / f"{name}.npz"], check=True, env=os.environ, timeout=300
        )
        updates.append(dict(np.load(folder / f"{name}.npz")))
    return updates


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["Toy", "SmallNet", "ResNet18"])
def test_one_update_agrees_exactly(updated, name):
    """The same initial bits, the same minibatch, and w to 1e-12 after it; it has moved by far more."""
    one, other = updated
    np.testing.assert_array_equal(one[f"{name} start"], other[f"{name} start"])
    np.testing.assert_allclose(one[name], other[name], atol=1e-12)
    assert np.abs(one[name] - one[f"{name} start"]).max() > 1e-4


@pytest.mark.torch
@pytest.mark.tensorflow
def test_a_thousand_updates_agree_to_the_horizon(updated):
    """Of the toy network."""
    one, other = updated
    np.testing.assert_allclose(one["Toy later"], other["Toy later"], atol=1e-9)


@pytest.mark.torch
@pytest.mark.tensorflow
@pytest.mark.slow
@pytest.mark.skipif("JAMHARNESS_FULL" not in os.environ, reason="minutes; JAMHARNESS_FULL=1 runs it")
@pytest.mark.parametrize(
    "system",
    [
        "toy(side=8,hidden=10)",
        "resnet18(side=8,kernels=2)",
        "layered(side=8,layers=conv3x10 pool relu conv2x20 relu dense)",
    ],
)
def test_a_thousand_updates_agree_in_distribution(tmp_path, system):
    """Losses of five seeds in each framework, equal to within a hundredth by two one-sided tests."""
    pytest.importorskip("torch")
    pytest.importorskip("tensorflow")
    agreement = agree(
        "ageing", backends=("torch", "tensorflow"), reference="torch", kinds=("distribution",), store=tmp_path,
        settings={
            "system": system, "dataset": "digits", "patterns": 60, "batch": 20, "learning_rate": 0.05, "momentum": 0.5,
            "budget": 1000, "seeds": 5, "waits": 3, "per_decade": 3, "noise_batches": 5,
        },
        equivalences={"loss": 0.01},
    )  # fmt: skip
    (row,) = (row for row in agreement.distribution if row.observable == "loss")
    assert (row.verdict, row.count) == ("agree", 5), row


def test_blocks_change_nothing_but_where_patterns_are_coupled():
    """250 patterns are three blocks: L is the mean over patterns; with norm, each block has its own statistics."""
    single = problem_of("numpy", PLAIN, 250)
    w, rows = PLAIN.initial(0), np.arange(250)
    whole = PLAIN.gaps(single.differentiator.namespace, w, single.data)
    np.testing.assert_allclose(single.margins(w), -whole, atol=1e-13)
    parts = [single.batch_gradient(w, rows[start : start + 50]) for start in range(0, 250, 50)]
    np.testing.assert_allclose(single.loss_and_gradient(w)[1], np.mean(parts, axis=0), atol=1e-14)
    coupled = LayeredNetwork(channels=1, side=4, class_count=3, layers="conv3x2 norm relu dense")
    problem, w = problem_of("numpy", coupled, 250), coupled.initial(0)
    blocks = [
        coupled.gaps(problem.differentiator.namespace, w, problem._part(rows[start : start + 100]))
        for start in (0, 100, 200)
    ]
    np.testing.assert_allclose(problem.margins(w), -np.concatenate(blocks), atol=1e-14)
    assert np.abs(problem.margins(w) + coupled.gaps(problem.differentiator.namespace, w, problem.data)).max() > 1e-3
    with pytest.raises(NotSupported, match="no gradient of its own"):
        problem.jacobian(w, rows[:3])
    with pytest.raises(NotSupported, match="no gradient of its own"):
        problem.tangent_kernel(w, problem.data["x"][:2], problem.data["x"][2:4])
    margins, gradient = problem.margins_and_gradient(w)
    np.testing.assert_array_equal(margins, problem.margins(w))
    s, v = 1e-5, generator("layered tests", "direction").standard_normal(coupled.size)
    slope = (problem.loss_and_gradient(w + s * v)[0] - problem.loss_and_gradient(w - s * v)[0]) / (2 * s)
    assert gradient @ v == pytest.approx(slope, rel=1e-6)
    w, linear = PLAIN.initial(0), single.restated(Linear())
    J = single.jacobian(w, rows[:5])
    np.testing.assert_allclose(J.mean(axis=0), linear.batch_gradient(w, rows[:5]), atol=1e-14)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_what_is_satisfied_under_the_mean_square_is_classified(seed, classes):
    """Below 1/4 the own output is the largest; 1/4 is reached where two share it."""
    draw = np.random.default_rng(seed)
    outputs = draw.random(classes) ** draw.integers(1, 6)
    delta = ((outputs - np.eye(classes)[0]) ** 2).sum(keepdims=True) / 2
    if SquaredDistance().satisfied(delta)[0]:
        assert outputs.argmax() == 0
    tie = ((np.array([0.5, 0.5]) - np.eye(2)[0]) ** 2).sum(keepdims=True) / 2
    assert not SquaredDistance().satisfied(tie)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layers": "conv5x10 pol dense"}, "'pol' is no layer"),
        ({"layers": "conv5x10 pool relu"}, "the last of them must be dense"),
        ({"layers": "dense100 relu dense12"}, "the last of them must be dense"),
        ({"layers": "dense5 conv3x3 dense"}, "conv takes images"),
        ({"layers": "conv40x3 dense"}, "conv40x3 does not fit on 28×28"),
        ({"layers": "conv0x3 dense"}, "at least 1"),
        ({"layers": "pool30 dense"}, "pool30 does not fit"),
        ({"layers": "sigmoid dense"}, "sigmoid stands after a dense layer"),
        ({"layers": ""}, "the last of them must be dense"),
        ({"class_count": 1}, "class_count = 1"),
        ({"channels": 0, "side": -1}, "channels = 0"),
    ],
)
def test_impossible_networks_are_refused(arguments, words):
    """In a sentence each, all at once."""
    with pytest.raises(BadInput) as caught:
        LayeredNetwork(**arguments)
    assert any(words in text for text in caught.value.problems), json.dumps(caught.value.problems)
    assert len(caught.value.problems) == len(arguments)


@pytest.mark.parametrize(
    ("system", "arguments", "words"), [(Toy, {"hidden": 0}, "hidden = 0"), (ResNet18, {"kernels": 0}, "kernels = 0")]
)
def test_a_size_of_zero_is_refused(system, arguments, words):
    """With its value."""
    with pytest.raises(BadInput, match=words):
        system(**arguments)
