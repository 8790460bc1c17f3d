"""Quasistatic driving: what is convex never gives way, and what gives way does so at the same κ whatever the steps."""

import numpy as np
import pytest
from jamharness_numerics.approach import BALANCE, STEPS, approach
from jamharness_numerics.minimise.rest import rest
from jamharness_numerics.quasistatic import compressed, filled
from jamharness_protocols.calibration.perceptrons import gaussian
from jamharness_systems.perceptron import Perceptron

from jamharness.api import QuadraticHinge
from jamharness.plugins import load_backend

MORE = 12


def perceptron(seed, *, load, margin, dimension=30):
    """The system on its first patterns, as a function of their number, and where jamming is on P of them."""
    system, patterns = Perceptron(dimension=dimension), round(load * dimension)
    x, y = gaussian("quasistatic", seed, patterns + MORE, dimension)
    backend = load_backend("numpy")

    def first(count):
        return backend.problem(system, {"x": x[:count], "y": y[:count]}, QuadraticHinge(margin=margin))

    end = approach(first(patterns), system.initial(seed))
    assert end.ending == "jammed"
    return first, patterns, end


def driven(first, patterns, end, margins):
    """From the minimum at the first κ to the last."""
    problem = first(patterns).with_margin(margins[0])
    return compressed(problem, rest(problem, end.w, STEPS, BALANCE).w, margins[1:])


CONVEX = {"load": 1.5, "margin": 0.8}
BROKEN = {"load": 4.5, "margin": -0.2}


@pytest.mark.parametrize("seed", [0, 1])
def test_a_convex_problem_never_gives_way(seed):
    """Every step is taken back to the same L, while contacts change; and each minimum is that of its κ alone."""
    first, patterns, end = perceptron(seed, **CONVEX)
    margins = end.critical + np.geomspace(1e-3, 0.5, 21)
    drive = driven(first, patterns, end, margins.tolist())
    assert drive.why == "done"
    columns = drive.columns()
    assert not columns["avalanche"].any()
    assert len(np.unique(columns["contacts"])) > 3
    problem = first(patterns).with_margin(float(margins[-1]))
    alone = rest(problem, Perceptron(dimension=30).initial(seed + 7), 2000, BALANCE)
    assert problem.loss_of(problem.margins(alone.w)) == pytest.approx(columns["loss"][-1], rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_patterns_of_a_convex_problem_may_come_in_any_order(seed):
    """One by one they lead to the κ_J, and the contacts, of all at once; κ_J falls at each that violates it."""
    first, patterns, end = perceptron(seed, **CONVEX)
    columns = filled(
        first, end.w, end.critical, np.flatnonzero(end.contacts), range(patterns + 1, patterns + MORE + 1)
    ).columns()
    whole = approach(first(patterns + MORE), Perceptron(dimension=30).initial(seed + 7))
    assert columns["margin"][-1] == pytest.approx(whole.critical, abs=1e-9)
    assert columns["contacts"][-1] == np.count_nonzero(whole.contacts)
    happened = columns["avalanche"] > 0
    assert 0 < happened.sum() < MORE
    assert (columns["drop"][happened] > 0).all()
    assert (columns["drop"][~happened] == 0).all()
    assert columns["drop"].sum() == pytest.approx(1 - columns["margin"][-1] / end.critical, rel=1e-6)
    # What was violated is a contact of the new optimum, and is not counted: the others change in parity with N_Δ − 1.
    contacts = np.concatenate([[np.count_nonzero(end.contacts)], columns["contacts"]])
    assert ((columns["size"] - np.diff(contacts) + 1)[happened] % 2 == 0).all()


def test_a_broken_landscape_gives_way_where_it_does_however_short_the_steps():
    """At κ < 0 there are avalanches, at the same κ and of the same size with twice as many steps."""
    first, patterns, end = perceptron(0, **BROKEN, dimension=50)
    margins = end.critical + np.geomspace(1e-3, 0.2, 81)
    coarse = driven(first, patterns, end, margins[::2].tolist()).columns()
    fine = driven(first, patterns, end, margins.tolist()).columns()
    happened, again = coarse["avalanche"] > 0, fine["avalanche"] > 0
    assert happened.sum() >= 2
    np.testing.assert_allclose(coarse["load"][happened] - end.critical, fine["load"][again] - end.critical, rtol=0.01)
    np.testing.assert_array_equal(coarse["size"][happened], fine["size"][again])
    assert (coarse["size"][~happened] == 0).all()
    assert (coarse["moved"][happened] > 1e-3).all()


def test_an_isostatic_system_stays_isostatic_as_patterns_come_in():
    """At κ < 0 every jamming point on the way has N contacts, so that as many open as close."""
    first, patterns, end = perceptron(1, **BROKEN)
    columns = filled(
        first, end.w, end.critical, np.flatnonzero(end.contacts), range(patterns + 1, patterns + MORE + 1)
    ).columns()
    assert (columns["contacts"] == 30).all()
    changed = columns["size"][columns["avalanche"] > 0]
    assert changed.max() > 2


def test_what_cannot_be_followed_is_said():
    """A w that is no minimum: driving does not begin, and the reason is told."""
    first, patterns, end = perceptron(0, **CONVEX)
    problem = first(patterns).with_margin(end.critical + 0.1)
    drive = compressed(problem, np.ones(30), [end.critical + 0.2])
    assert drive.steps == []
    assert drive.why.startswith("there is no minimum with L > 0 at κ = ")
