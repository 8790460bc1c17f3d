"""Approaches to jamming: a minimum at the end and no saddle, whatever lies on the way."""

from dataclasses import dataclass

import numpy as np
import pytest
from jamharness_numerics.approach import approach, downhill
from jamharness_protocols.calibration.perceptrons import gaussian
from jamharness_systems.perceptron import Perceptron

from jamharness.api import PatternSystem, QuadraticHinge
from jamharness.plugins import load_backend


@dataclass(frozen=True, kw_only=True)
class Scaled(PatternSystem):
    """w·x with w free."""

    inputs: int = 3

    @property
    def size(self):
        return self.inputs

    def outputs(self, xp, w, x):
        return xp.matmul(x, w)


def negative(dimension, seed, load=4.5, margin=-0.2):
    """A perceptron at negative margin, isostatic at jamming, and where to start."""
    system = Perceptron(dimension=dimension)
    x, y = gaussian("negative", seed, round(load * dimension), dimension)
    problem = load_backend("numpy").problem(system, {"x": x, "y": y}, QuadraticHinge(margin=margin))
    return problem, system.initial(seed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_ends_at_a_minimum_with_as_many_contacts_as_unknowns(seed):
    """Forces balance, L is what was asked for, no direction leads down, and κ_J lies where L extrapolates to zero."""
    problem, w = negative(30, seed)
    end = approach(problem, w)
    assert end.ending == "jammed"
    assert np.count_nonzero(end.contacts) == 30
    assert end.loss < 1e-14
    assert end.balance < 1e-5
    there = problem.with_margin(end.margin)
    assert downhill(there, end.w) is None
    assert 0 < end.margin - end.critical < 1e-5
    assert end.forces.mean() == pytest.approx(1)
    closer = approach(problem, w, loss=1e-12)
    assert end.critical == pytest.approx(closer.critical, abs=1e-5)


def test_larger_systems_have_more_steps_for_a_minimum(monkeypatch):
    """Two steps are too few for 30 parameters: minima are given up. As many as parameters are enough."""
    problem, w = negative(30, 0)
    usual = approach(problem, w)
    monkeypatch.setattr("jamharness_numerics.approach.STEPS", 2)
    monkeypatch.setattr("jamharness_numerics.approach.PER_STEP", 1000)
    assert approach(problem, w, coarse=False).ending != "jammed"
    monkeypatch.setattr("jamharness_numerics.approach.PER_STEP", 1)
    enough = approach(problem, w, coarse=False)
    assert enough.ending == "jammed"
    assert enough.critical == pytest.approx(usual.critical, abs=1e-9)


def test_a_saddle_is_left():
    """No pattern but two feels the last component of w, and from zero no force moves it: at κ < 0 a direction down."""
    dimension, texts = 40, []
    x, y = gaussian("negative", 0, round(4.5 * dimension), dimension)
    x[:, -1] = 0.0
    x[:2], y[:2] = 0.0, 1.0
    x[:2, -1] = 1.0, -1.0
    system = Perceptron(dimension=dimension)
    w = system.initial(0)
    w[-1] = 0.0
    problem = load_backend("numpy").problem(system, {"x": x, "y": y}, QuadraticHinge(margin=-0.2))
    end = approach(problem, problem.retract(w), say=texts.append)
    assert any("a saddle" in text for text in texts)
    assert end.ending == "jammed"
    assert abs(end.w[-1]) > 0.1
    assert np.count_nonzero(end.contacts) == dimension
    assert end.balance < 1e-7


def test_a_start_that_is_satisfied_is_compressed_first():
    """κ rises until something touches."""
    problem, w = negative(20, 0, margin=-3.0)
    end = approach(problem, w)
    assert end.ending == "jammed"
    assert end.margin > -3.0


@pytest.mark.parametrize("margin", [-0.1, -0.3])
def test_a_load_passes_through_zero(margin):
    """Steps of κ that round to 1e-17 are loads as any other."""
    end = approach(*negative(20, 2, load=1.0, margin=margin))
    assert end.ending == "jammed"
    assert end.margin > 0


def test_an_approach_without_end_is_given_up():
    """Where the scale is free every κ is satisfied: no number is made of that."""
    system = Scaled(inputs=3)
    x = np.array([[1.0, 0.2, 0.0], [0.0, 1.0, 0.3]])
    problem = load_backend("numpy").problem(system, {"x": x, "y": np.array([1.0, -1.0])}, QuadraticHinge(margin=0.1))
    end = approach(problem, system.initial(0))
    assert end.ending in ("no minimum", "not at rest")
    assert not end.contacts.any()


def test_minima_are_told_on_the_way():
    """κ falls and L with it, a decade at a time at least."""
    texts = []
    end = approach(*negative(20, 1), say=texts.append)
    assert len([text for text in texts if text.startswith("κ = ")]) >= len(end.minima)
    assert (np.diff(end.minima[:, 0]) < 0).all()
    assert (np.diff(end.minima[:, 1]) < 0).all()
