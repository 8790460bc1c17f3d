"""The spectrum protocol: counts that rounding cannot change, and estimates over minima."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jamharness_numerics.spectra import asymmetry, count
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.spectrum.protocol import Spectrum
from jamharness_protocols.spectrum.task import MATRICES

from jamharness.api import Network, generator

PROTOCOL = Spectrum()
SMALL = Spectrum.Settings(
    constraint="none", activation="relu", width=3, depth=1, seeds=2, threshold=3.0, relative=(0.3, 4.0)
)


def test_signs_of_a_known_spectrum():
    """Zeros may be anything below the threshold; the gap is the ratio across it."""
    spectrum = np.array([-2.0, -1e-3, -1e-17, 0.0, 3e-17, 1e-2, 1.0])
    counts = count(spectrum, [spectrum])
    assert (counts.negative, counts.zero, counts.positive) == (2, 3, 2)
    assert counts.gap == pytest.approx(1e-3 / 3e-17)
    assert counts.clear
    assert count(np.zeros(4), [np.zeros(4)]).zero == 4
    blurred = count(np.array([1.0, 8e-15, 2e-15]), [np.array([1.0])])
    assert not blurred.clear


def test_asymmetry_of_known_spectra():
    """0 for a mirrored spectrum, 2 for one sign, none for no spectrum; invariant under scale and reflection."""
    assert asymmetry(np.array([-3.0, -1.0, 0.0, 1.0, 3.0])) == 0
    assert asymmetry(np.array([1.0, 2.0, 5.0])) == 2
    assert asymmetry(np.zeros(3)) is None
    spectrum = np.array([-1.0, 0.5, 0.5])
    assert asymmetry(spectrum) == pytest.approx(1.0)
    assert asymmetry(7 * spectrum) == asymmetry(np.sort(-spectrum))


@pytest.mark.parametrize(("activation", "symmetric"), [("relu", True), ("tanh", False)])
def test_one_hidden_layer_of_relu_has_a_symmetric_second_part(activation, symmetric):
    """Hp couples the two layers alone: with w_1 → −w_1 in its eigenvectors λ → −λ. tanh couples each with itself."""
    network = Network(inputs=4, width=5, depth=1, activation=activation)
    draw = generator("mirror", 0)
    problem = NumpyBackend().problem(network, draw.standard_normal((60, 4)), np.tile([-1.0, 1.0], 30))
    deviation = asymmetry(problem.hessian_eigenvalues(network.initial(seed=0))[2])
    assert (deviation < 1e-12) == symmetric


@settings(max_examples=25, deadline=None)
@given(size=st.integers(2, 40), rank=st.integers(0, 40), seed=st.integers(0, 10**6), scale=st.floats(1e-8, 1e8))
def test_the_rank_of_a_random_product_is_found(size, rank, seed, scale):
    """A = scale · (B Bᵀ − C Cᵀ) with separated parts has the inertia that was put in."""
    rank = min(rank, size)
    draw = generator("inertia", seed)
    Q, _ = np.linalg.qr(draw.standard_normal((size, size)))
    values = np.zeros(size)
    values[:rank] = draw.uniform(0.1, 1.0, rank) * np.where(draw.random(rank) < 0.5, -1, 1)
    A = scale * (Q * values) @ Q.T
    spectrum = np.linalg.eigvalsh((A + A.T) / 2)
    counts = count(spectrum, [spectrum])
    assert (counts.negative, counts.positive) == (int((values < 0).sum()), int((values > 0).sum()))
    assert counts.zero == size - rank


@pytest.mark.torch
@pytest.mark.tensorflow
@settings(max_examples=15, deadline=None)
@given(
    width=st.integers(1, 6), depth=st.integers(0, 3), load=st.floats(0.5, 6.0), seed=st.integers(0, 1000),
    activation=st.sampled_from(["relu", "tanh"]), bias=st.booleans(),
)  # fmt: skip
def test_frameworks_count_alike(width, depth, load, seed, activation, bias):
    """N_−, N_0 and N_+ of H, H0 and Hp; eigenvalues to 1e-12 of the largest norm."""
    from jamharness.plugins import load_backend

    network = Network(inputs=4, width=width, depth=depth, activation=activation, bias=bias)
    draw = generator("alike", seed)
    patterns = max(2, round(load * network.weights))
    x, y = draw.standard_normal((patterns, 4)), np.where(draw.random(patterns) < 0.5, -1.0, 1.0)
    w = network.initial(seed=seed, scheme="normal")
    by_framework = {}
    for name in ("numpy", "torch", "tensorflow"):
        spectra = load_backend(name, threads=1).problem(network, x, y).hessian_eigenvalues(w)
        signs = [count(s, spectra if i == 0 else [s]) for i, s in enumerate(spectra)]
        by_framework[name] = spectra, [(each.negative, each.zero, each.positive) for each in signs]
    norm = max(float(np.abs(s).max()) for s in by_framework["numpy"][0])
    for name in ("torch", "tensorflow"):
        assert by_framework[name][1] == by_framework["numpy"][1]
        for mine, theirs in zip(by_framework[name][0], by_framework["numpy"][0], strict=True):
            assert float(np.abs(mine - theirs).max()) <= 1e-12 * norm


def test_a_small_run_from_end_to_end(carry_out):
    """Satisfied runs have H = 0; minima have counts that add up to N, and estimates are declared observables."""
    done = carry_out(PROTOCOL, SMALL)
    own = [item for item in done if item.cell.task == "spectrum"]
    assert len(own) == len(done) / 2 == 4
    for item in own:
        values, size = item.result.values, item.result.values["parameters"]
        for name in MATRICES:
            assert values[f"negative_{name}"] + values[f"zero_{name}"] + values[f"positive_{name}"] == size
            assert item.result.arrays[name].shape == (size,)
        if values["outcome"] == "satisfied":
            assert values["zero_H"] == size
        assert values["negative_H0"] == 0
    findings = PROTOCOL.analyse(SMALL, done)
    assert set(findings.estimates) == set(Spectrum.observables)
    assert findings.estimates["minima"].value > 0
    assert 0 <= findings.estimates["c0"].value < 0.6
    assert set(PROTOCOL.draw(findings)) == {"spectra"}
    assert findings.objection == ""
    phases = findings.tables["phases"]
    assert list(phases["relative"]) == [0.3, 4.0]
    assert int(phases["minima"].sum()) == findings.estimates["minima"].value
    arrested = sum(item.result.values["outcome"] == "arrested" for item in own)
    assert phases["runs"].sum() == phases["minima"].sum() + phases["satisfied"].sum() + arrested


def test_without_a_minimum_there_is_an_objection(carry_out):
    """Loads that are all satisfied measure nothing, and the sentence says what to do."""
    chosen = replace(SMALL, relative=(0.3,), seeds=1)
    findings = PROTOCOL.analyse(chosen, carry_out(PROTOCOL, chosen))
    assert "relative=1.2,1.5" in findings.objection
    assert findings.estimates["c0"].value is None


def test_a_linear_network_has_no_second_part(carry_out):
    """Hp = 0 and H = H0 at depth 0."""
    chosen = Spectrum.Settings(
        constraint="none", activation="relu", width=6, depth=0, inputs=6, seeds=1, threshold=3.0, relative=(1.0,)
    )
    _, item = carry_out(PROTOCOL, chosen)
    assert item.result.values["zero_Hp"] == item.result.values["parameters"]
    assert np.array_equal(item.result.arrays["H"], item.result.arrays["H0"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": 0.0}, "threshold = 0.0"),
        ({"relative": ()}, "relative = "),
        ({"relative": (1.0, -2.0)}, "relative = -2"),
        ({"relative": (1.0, 4.5)}, "relative = 4.5: that load is P/N_w = 13.5, beyond highest_ratio = 12"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value."""
    problems = replace(SMALL, **change).problems()
    assert len(problems) == 1
    assert problems[0].startswith(words)


def test_the_plan_is_pure_and_reaches_every_load():
    """One cell for each seed and load, P even, the same again."""
    cells = PROTOCOL.plan(SMALL, [])
    assert cells == PROTOCOL.plan(SMALL, [])
    assert len(cells) == 4
    assert all(cell.coordinates["patterns"] % 2 == 0 for cell in cells)
