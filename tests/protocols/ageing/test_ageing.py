"""The ageing protocol: a follower that changes nothing, verdicts on systems that age and that do not, refusals."""

import io
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jamharness_numerics.dynamics.ageing import Curves, slope_with_age
from jamharness_numpy.backend import NumpyBackend
from jamharness_protocols.ageing.analysis import verdict
from jamharness_protocols.ageing.following import follow, gradient_noise
from jamharness_protocols.ageing.protocol import Ageing
from jamharness_systems.p_spin import PSpin
from jamharness_systems.packing import Unwrapped
from jamharness_systems.spheres import Spheres

from jamharness.api import (
    Cell,
    CellResult,
    FinishedCell,
    Langevin,
    Minibatch,
    Network,
    QuadraticHinge,
    Sgd,
    State,
    SystemChoice,
    generator,
)

PROTOCOL = Ageing()
SMALL = Ageing.Settings(width=4, depth=1, seeds=3, budget=400, load=3.0, learning_rate=0.1, batch=10)
GLASS = replace(SMALL, system=SystemChoice("p_spin", PSpin(spins=10)), first_wait=5, energy_times=(1.0, 5.0))
PACKING = replace(SMALL, system=SystemChoice("spheres", Spheres(particles=12, reference=0.95)), dt=0.5, flat_steps=10)
NETWORK = Network(inputs=3, width=4, depth=1, activation="tanh")


def silent(_text):
    pass


def small_problem():
    draw = generator("ageing tests")
    x, y = draw.standard_normal((20, 3)), np.tile([-1.0, 1.0], 10)
    return NumpyBackend().problem(NETWORK, x, y, QuadraticHinge())


def test_following_does_not_change_the_path():
    """Δ and its fourth moment are those between two states of one uninterrupted run."""
    problem, rule = small_problem(), Minibatch(rule=Sgd(learning_rate=0.1, momentum=0.5), batch=4, seed=1)
    start = NETWORK.initial(2)
    history = follow(problem, start, rule, 1, (3, 10), (1, 5, 40), (7,), 30, 10_000, 2, silent)
    states = {step: problem.descend(State(w=start), step, rule).w for step in (3, 4, 8, 10, 11, 15)}
    for row, wait in enumerate((3, 10)):
        for column, lag in enumerate((1, 5)):
            moved = states[wait + lag] - states[wait]
            assert history.distance[row, column] == pytest.approx(np.mean(moved**2), rel=1e-12)
            assert history.fourth[row, column] == pytest.approx(np.mean(moved**4), rel=1e-12)
            a, b = states[wait], states[wait + lag]
            assert history.overlap[row, column] == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), rel=1e-12)
    assert np.isnan(history.distance[:, 2]).all()  # beyond the end
    assert history.steps.tolist() == [0, 3, 4, 7, 8, 10, 11, 15, 30]
    assert history.loss[3] == problem.loss_and_gradient(problem.descend(State(w=start), 7, rule).w)[0]
    assert history.kept == NETWORK.size


def test_a_random_part_of_the_components_has_the_mean_of_all():
    """Within its standard error, and it is said how many were kept."""
    start, rule = generator("kept").standard_normal(4000), Langevin(dt=0.1)

    class Free:
        """ẇ = −w: every component decays by itself."""

        loss = QuadraticHinge()

        def loss_and_gradient(self, w):
            return float(w @ w) / 2, w

        def margins(self, _w):
            return np.zeros(1)

        def descend(self, state, steps, optimizer):
            for _ in range(steps):
                state = optimizer.update(state, state.w)
            return state

    part, whole = (follow(Free(), start, rule, 2, (1,), (5,), (), 10, count, 0, silent) for count in (500, 4000))
    error = np.sqrt((part.fourth[0, 0] - part.distance[0, 0] ** 2) / 500)
    assert (part.kept, whole.kept) == (500, 4000)
    assert abs(part.distance[0, 0] - whole.distance[0, 0]) < 3 * error
    assert part.distance[0, 0] != whole.distance[0, 0]
    shrunk = 1 - 0.1 + 0.005  # of a step of Heun's method
    assert whole.distance[0, 0] == pytest.approx(np.mean(start**2) * shrunk**2 * (1 - shrunk**5) ** 2, rel=1e-10)


def test_the_noise_of_the_gradient():
    """D is the variance over all minibatches; without minibatches there is none."""
    problem, w = small_problem(), NETWORK.initial(1)
    rows = np.array([problem.batch_gradient(w, np.array([index])) for index in range(20)])
    expected = rows.var(axis=0, ddof=1).mean() / 4 * (1 - 4 / 20)
    noise = gradient_noise(problem, w, Minibatch(batch=4), 4000)
    assert noise == pytest.approx(expected, rel=0.1)
    few = np.mean([gradient_noise(problem, w, Minibatch(batch=4, seed=seed), 5) for seed in range(400)])
    assert few == pytest.approx(expected / (1 - 4 / 20), rel=0.1)  # one epoch: batches have no pattern in common
    assert gradient_noise(problem, w, Minibatch(batch=20), 10) == 0.0
    assert np.isnan(gradient_noise(problem, w, Langevin(), 10))


def test_a_run_that_diverges_fails_with_advice():
    """And is no number."""
    rule = Minibatch(rule=Sgd(learning_rate=1e300), batch=4)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="lower learning_rate"):
        follow(small_problem(), NETWORK.initial(2), rule, 1, (3,), (1, 5), (), 30, 100, 2, silent)


@pytest.mark.parametrize("settings", [SMALL, GLASS, PACKING], ids=["network", "glass", "packing"])
def test_a_small_run_from_end_to_end(carry_out, settings):
    """One cell for each seed, then none; estimates are declared; figures draw."""
    assert settings.problems() == []
    assert all(
        point.updates == settings.steps * (1 if settings is SMALL else 2)
        for point in PROTOCOL.comparison_points(settings)
    )
    cells = PROTOCOL.plan(settings, [])
    assert [cell.coordinates["seed"] for cell in cells] == [0, 1, 2]
    done = carry_out(PROTOCOL, settings)
    assert PROTOCOL.plan(settings, done) == []
    findings = PROTOCOL.analyse(settings, done)
    assert set(findings.estimates) <= set(Ageing.observables)
    assert findings.estimates["loss"].count == 3
    assert len(findings.tables["seeds"]) == 3
    curves, history = findings.tables["curves"], findings.tables["history"]
    if settings is GLASS:  # |w|² = N, so that Δ = 2 (1 − q) in every run
        assert "unsatisfied" not in history
        runs = [item.result.arrays for item in done]
        np.testing.assert_allclose(
            *np.array([(run["distance"], 2 - 2 * run["overlap"]) for run in runs]).swapaxes(0, 1)
        )
    else:
        assert history["unsatisfied"].iloc[-1] == pytest.approx(findings.estimates["unsatisfied"].value)
    assert history["loss"].iloc[-1] == pytest.approx(findings.estimates["loss"].value)
    assert curves["participation"].between(0, 1).all()
    last = curves[curves["waiting"] == curves["waiting"].max()].iloc[-1]
    assert last["overlap"] == pytest.approx(findings.estimates["overlap"].value)
    assert ("energy" in findings.estimates) == (settings is GLASS)
    for figure in (PROTOCOL.draw(findings) | PROTOCOL.draw_comparison({"one": findings, "two": findings})).values():
        figure.savefig(io.BytesIO(), format="png")


def test_a_packing_moves_through_the_walls_of_its_box():
    """Δ is how far its particles have come, where w in the box jumps by 1; forces and energies are the same."""
    packing, rule = Spheres(particles=16, reference=0.95), Langevin(dt=0.5)
    start = packing.initial(1)
    problem = NumpyBackend().problem(Unwrapped(inside=packing))
    history = follow(problem, start, rule, 2, (5,), (100,), (), 110, 100, 0, silent)
    states = [NumpyBackend().problem(packing).descend(State(w=start), 2 * step, rule).w for step in (5, 105)]
    apart = states[1] - states[0]
    assert np.abs(apart).max() > 0.9
    apart -= np.rint(apart)
    assert history.distance[0, 0] == pytest.approx(np.mean(apart**2), rel=1e-9)
    assert np.sqrt(history.distance[0, 0]) < 0.1
    assert (
        history.loss[-1]
        == NumpyBackend().problem(packing).loss_and_gradient(problem.descend(State(w=start), 220, rule).w)[0]
    )


def test_each_seed_of_a_glass_has_its_own_couplings_and_each_size_its_cells():
    """Twelve cells for three seeds at four sizes."""
    cells = PROTOCOL.plan(replace(GLASS, sizes=(6, 8, 12, 16)), [])
    assert len(cells) == 12
    assert {(cell.system.spins, cell.system.disorder) for cell in cells} == {
        (size, seed) for size in (6, 8, 12, 16) for seed in range(3)
    }


def finished(settings, seed, distance, noise, loss=None, system=None):
    """A cell with a history that is made up."""
    cell = next(cell for cell in PROTOCOL.plan(settings, []) if cell.coordinates["seed"] == seed)
    steps = np.geomspace(1, settings.steps, 30)
    arrays = {
        "steps": steps, "loss": np.ones(30) if loss is None else loss(steps * settings.unit),
        "unsatisfied": np.zeros(30), "distance": distance, "fourth": 3 * distance**2,
        "overlap": 1 - distance / 2, "noise": noise,
    }  # fmt: skip
    values = {"parameters": 21, "weights": 16, "patterns": 48, "kept": 21, "loss": 0.1, "unsatisfied": 5}
    cell = replace(cell, system=system) if system else cell
    return FinishedCell(cell=cell, result=CellResult(values=values, arrays=arrays))


def made(function, noise=lambda wait: 1.0, seeds=6, spread=0.05):
    """Findings of curves that are given, with a factor of its own for each seed."""
    settings = replace(SMALL, seeds=seeds, budget=20_000)
    waiting, lags = (np.array(each, dtype=float) for each in (settings.waiting, settings.lags))
    done = []
    for seed in range(seeds):
        draw = generator("made", seed)
        factor = np.exp(spread * draw.standard_normal((len(waiting), 1)))
        done.append(
            finished(settings, seed, factor * function(waiting[:, None], lags), noise(waiting) * np.ones(len(waiting)))
        )
    return PROTOCOL.analyse(settings, done)


def test_the_verdict():
    """Ageing curves age; stationary ones do not; nor do those that are slower only as their noise is smaller."""
    ages = made(lambda wait, t: t / (t + wait))
    assert (ages.estimates["ages"].value, ages.objection) == (1.0, "")
    assert ages.estimates["ages_p"].value < 1e-4
    assert ages.estimates["ageing_exponent"].value == pytest.approx(1.0, abs=0.1)
    still = made(lambda wait, t: 0 * wait + t / (t + 50))
    assert still.estimates["ages"].value == 0.0
    assert still.estimates["ages_p"].value > 0.05
    assert still.estimates["t1"].value is None
    assert "departs" in still.estimates["t1"].note
    fading = made(lambda wait, t: t / wait, noise=lambda wait: 1 / wait)
    assert fading.estimates["ages"].value == 0.0
    assert fading.estimates["ageing_slope"].value == pytest.approx(-1.0, abs=0.1)
    assert fading.estimates["unexplained_slope"].value == pytest.approx(0.0, abs=0.1)
    louder = made(lambda wait, t: 0 * wait + t, noise=lambda wait: wait)
    assert louder.estimates["ages"].value == 0.0
    assert louder.estimates["unexplained_slope"].value == pytest.approx(-1.0, abs=0.1)
    assert fading.estimates["collapse_diffusion"].value < 0.2
    assert fading.estimates["diffusion_exponent"].value == pytest.approx(1.0, abs=1e-6)
    assert fading.estimates["participation"].value == pytest.approx(1 / 3)


def test_p_values_of_systems_that_do_not_age_are_uniform():
    """Over stationary runs that are made up, as many are below .05 and below .5 as chance has it."""
    waiting, lags, p_values = np.geomspace(10, 100, 5), np.geomspace(1, 100, 10), []
    for number in range(1000):
        factors = np.exp(0.3 * generator("uniform", number).standard_normal((4, 5, 1)))
        runs = [Curves(waiting=waiting, lags=lags, distance=factor * lags) for factor in factors]
        slopes = [slope_with_age(curves) for curves in runs]
        rows = [{"ageing_slope": slope, "unexplained_slope": None, "at_rest": 0} for slope in slopes]
        p_values.append(verdict(rows)[1].value)
    for part in (0.05, 0.5):
        assert np.mean(np.array(p_values) < part) == pytest.approx(part, abs=4 * np.sqrt(part * (1 - part) / 1000))


def test_the_verdict_on_walks_that_are_followed():
    """Random walks age as seldom as chance has it, and walks whose steps shorten while D stays do in every group."""
    module = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "ageing_verdict.py"))
    aged = {name: module["rate"](module["CASES"][name][0], 6)[0] for name in list(module["CASES"])[::3]}
    assert aged["a random walk"] <= 2
    assert aged["a walk whose steps shorten, D not"] == 6


def test_what_rests_does_not_age():
    """Every pattern satisfied, and no noise: the verdict is no, and says why; too few runs have none."""
    rest = made(lambda wait, t: np.where(wait < 100, t, 0.0))
    assert rest.estimates["ages"].value == 0.0
    assert "come to rest" in rest.estimates["ages"].note
    few = made(lambda wait, t: t / (t + wait), seeds=2)
    assert few.estimates["ages"].value is None
    assert "3 are needed" in few.objection


@pytest.mark.parametrize("spins", [(20,), (20, 40)])
def test_the_energy_and_the_threshold(spins):
    """E = −1.1 + t^(−2/3)/2 + 3/N in every run: −1.1 where there are sizes, and its own limit at one."""
    settings = replace(GLASS, sizes=spins, seeds=3, budget=2000)
    done = []
    for size in spins:
        for seed in range(3):
            jitter = 1e-4 * generator("energies", size, seed).standard_normal()
            shape = (len(settings.waiting), len(settings.lags))
            done.append(
                finished(
                    settings,
                    seed,
                    np.ones(shape),
                    np.full(shape[0], np.nan),
                    lambda t, size=size, jitter=jitter: -1.1 + t ** (-2 / 3) / 2 + 3 / size + jitter,
                    PSpin(spins=size, disorder=seed),
                )
            )
    findings = PROTOCOL.analyse(settings, done)
    estimate = findings.estimates["threshold_energy"]
    assert estimate.value == pytest.approx(-1.1 if len(spins) == 2 else -1.1 + 3 / 20, abs=1e-3)
    assert estimate.low < estimate.value < estimate.high
    assert "2/3 is assumed" in estimate.note
    hot = PROTOCOL.analyse(replace(settings, temperature=0.5), done)
    assert hot.estimates["threshold_energy"].value is None


def test_a_stationary_network_does_not_age(carry_out):
    """Linear regression by SGD, long after its relaxation, is stationary; early it is not."""
    settings = replace(
        SMALL, depth=0, loss="mean_square", load=10.0, learning_rate=0.3, seeds=5, budget=4000, first_wait=40
    )
    findings = PROTOCOL.analyse(settings, carry_out(PROTOCOL, settings))
    assert findings.estimates["ages"].value == 0.0
    assert abs(findings.estimates["diffusion_exponent"].value) < 0.3


def test_a_failed_cell_is_a_row_with_its_reason():
    """And there is an objection."""
    cell = PROTOCOL.plan(SMALL, [])[0]
    findings = PROTOCOL.analyse(SMALL, [FinishedCell(cell=cell, failure="out of memory")])
    assert findings.tables["seeds"]["reason"].tolist() == ["out of memory"]
    assert findings.estimates["ages"].value is None
    assert findings.objection
    assert PROTOCOL.draw(findings) == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rate": 0.0}, "learning_rate = 0.0"),
        ({"momentum": 1.0}, "momentum = 1.0"),
        ({"batch": 0}, "batch = 0"),
        ({"waits": 2}, "waits = 2"),
        ({"waits": 51}, "waits = 51"),
        ({"load": -1.0}, "load = -1.0"),
        ({"temperature": -1.0}, "temperature = -1.0"),
        ({"budget": 100}, "budget = 100"),
        ({"sizes": (8, 16)}, "sizes = 8,16"),
        ({"system": SystemChoice("spheres", Spheres()), "minimiser": "sgd"}, "minimiser = sgd"),
        ({"system": SystemChoice("p_spin", PSpin()), "flat_steps": 20}, "flat_steps = 20"),
        ({"system": SystemChoice("p_spin", PSpin()), "minimiser": "sgd"}, "minimiser = sgd"),
        ({"system": SystemChoice("p_spin", PSpin()), "sizes": (8, 3000)}, "spins = 3000"),
    ],
)
def test_wrong_settings_are_sentences(change, words):
    """Each names the value."""
    problems = replace(SMALL, **change).problems()
    assert any(text.startswith(words) for text in problems), problems


def test_a_glass_has_nothing_to_satisfy():
    """The protocols that search for a transition refuse it in a sentence."""
    from jamharness_protocols.jamming.protocol import Jamming

    problems = Jamming.Settings(system=SystemChoice("p_spin", PSpin())).problems()
    assert any("nothing to satisfy" in text for text in problems)


def test_cells_are_values():
    """Two plans of one request are equal, so that nothing is measured twice."""
    one, other = (PROTOCOL.plan(GLASS, []) for _ in range(2))
    assert one == other
    assert all(isinstance(cell, Cell) for cell in one)
