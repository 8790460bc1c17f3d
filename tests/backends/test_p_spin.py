"""The spherical p-spin: its covariance, its derivatives in every framework, and its relaxation."""

import numpy as np
import pytest
from jamharness_numerics.dynamics import energy_series, resummed
from jamharness_systems.p_spin import PSpin

from jamharness.api import BadInput, Langevin, Linear, Sgd, State
from jamharness.plugins import load_backend

FRAMEWORKS = [
    "numpy",
    pytest.param("torch", marks=pytest.mark.torch),
    pytest.param("tensorflow", marks=pytest.mark.tensorflow),
]


def problem_of(name, system):
    return load_backend(name, threads=1).problem(system, loss=Linear())


def explicit(system):
    """H by a sum over all tuples with the couplings as a full tensor; none stands below its diagonal."""
    tensor, rows = np.zeros((system.spins,) * system.p), iter(system.tuples.T)
    for matrix in system.arrays({}).values():
        for row in matrix:
            spins, start = next(rows), system.spins - len(row)
            tensor[(*spins, slice(start, None))] = row
            assert not np.any(row[: spins[-1] - start])
    assert next(rows, None) is None

    def energy(s):
        value = tensor
        for _ in range(system.p):
            value = value @ s
        return -float(value)

    return energy


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("p", [2, 3, 4])
def test_energy_and_forces(name, p):
    """L is the sum over tuples; its gradient and its Hessian are those of differences."""
    system = PSpin(spins=6, p=p, disorder=4)
    problem, energy, s = problem_of(name, system), explicit(system), system.initial(1)
    value, gradient = problem.loss_and_gradient(s)
    assert value == pytest.approx(energy(s), rel=1e-12)
    units, step = np.eye(6), 1e-6
    slopes = [(energy(s + step * e) - energy(s - step * e)) / (2 * step) for e in units]
    np.testing.assert_allclose(gradient, slopes, atol=1e-7)
    assert s @ gradient == pytest.approx(p * value, rel=1e-10)  # Euler: H is homogeneous
    H0, Hp = problem.hessian(s)
    np.testing.assert_array_equal(H0, 0)
    np.testing.assert_allclose(Hp @ s, (p - 1) * gradient, atol=1e-10)


def test_the_covariance_is_exact():
    """⟨H(s)H(s′)⟩ = (N/2) q^p over draws of the couplings, at a handful of spins."""
    first = PSpin(spins=4).initial(0)
    second = PSpin(spins=4).retract(first + 0.8 * PSpin(spins=4).initial(1))
    overlap = first @ second / 4
    energies = np.array(
        [[explicit(PSpin(spins=4, p=3, disorder=each))(s) for s in (first, second)] for each in range(4000)]
    )
    products = energies[:, :1] * energies
    expected, error = 2 * np.array([1.0, overlap**3]), products.std(axis=0) / np.sqrt(4000)
    assert np.all(np.abs(products.mean(axis=0) - expected) < 4 * error)
    assert abs(products[:, 1].mean() - 2 * overlap**2) > 4 * error[1]  # p = 2 would be another covariance


@pytest.mark.parametrize("name", FRAMEWORKS[1:])
@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_every_framework_takes_the_same_path(name, temperature):
    """A step of Langevin's equation agrees to rounding, a hundred to the horizon; the noise is the same."""
    system, rule = PSpin(spins=12, p=3), Langevin(temperature=temperature, dt=0.05, seed=3)
    start = State(w=system.initial(2))
    one, other = (problem_of(each, system) for each in ("numpy", name))
    for steps, allowed in ((2, 1e-13), (200, 1e-9)):
        expected, state = (problem.descend(start, steps, rule) for problem in (one, other))
        np.testing.assert_allclose(state.w, expected.w, atol=allowed)
    assert state.w @ state.w == pytest.approx(12)


def test_gradient_flow_is_of_second_order():
    """Heun's error falls as dt², and its path tends to that of Euler's method with steps a hundred times as short."""
    system = PSpin(spins=10, p=3)
    problem, w = problem_of("numpy", system), system.initial(5)
    exact = problem.descend(State(w=w), 2000, Sgd(learning_rate=0.0005)).w
    ends = [problem.descend(State(w=w), round(2 / dt), Langevin(dt=dt)).w for dt in (0.1, 0.05)]
    off = [np.abs(end - exact).max() for end in ends]
    assert off[1] < 5e-3
    steps = [problem.descend(State(w=w), round(2 / dt), Langevin(dt=dt)).w for dt in (0.025, 0.0125)]
    ratio = np.linalg.norm(ends[1] - steps[0]) / np.linalg.norm(steps[0] - steps[1])
    assert 3 < ratio < 5


def test_the_temperature_is_that_of_the_bath():
    """p = 2 in equilibrium at T = 2 has E = −1/2T: at N = 60, with a mean over time."""
    system = PSpin(spins=60, p=2)
    problem, rule, values = problem_of("torch", system), Langevin(temperature=2.0, dt=0.02, seed=1), []
    state = problem.descend(State(w=system.initial(1)), 200, rule)
    for _ in range(150):
        state = problem.descend(state, 40, rule)
        values.append(problem.loss_and_gradient(state.w)[0] / 60)
    assert np.mean(values) == pytest.approx(-0.25, abs=0.04)


@pytest.mark.torch
def test_relaxation_follows_the_series():
    """E(t) at N = 128 over six draws, at short times, against the exact series at N → ∞."""
    series = energy_series(3, 15)
    energies = np.array([_relaxed(seed) for seed in range(6)])
    for time, values in zip((0.2, 0.5), energies.T, strict=True):
        error = values.std(ddof=1) / np.sqrt(6)
        assert abs(values.mean() - resummed(series, time)[0]) < 4 * error + 0.01


def _relaxed(seed):
    system = PSpin(spins=128, p=3, disorder=seed)
    problem, rule = problem_of("torch", system), Langevin(dt=0.05)
    state, values = State(w=system.initial(seed)), []
    for steps in (8, 12):
        state = problem.descend(state, steps, rule)
        values.append(system.energy(problem.loss_and_gradient(state.w)[0]))
    return values


def test_what_cannot_be_is_refused():
    """Too few spins, too large a p, more couplings than memory; and in one sentence each."""
    for wrong, text in (
        ({"spins": 1}, "at least 2"),
        ({"p": 7}, "from 2 to 6"),
        ({"spins": 1200}, "couplings at p = 3"),
    ):
        with pytest.raises(BadInput, match=text):
            PSpin(**wrong)
    assert PSpin(spins=1000).couplings * 8 < 1.7e9
    for system in (PSpin(spins=5), PSpin(spins=30, p=4), PSpin(spins=13, p=2)):
        assert system.couplings == sum(matrix.size for matrix in system.arrays({}).values())
