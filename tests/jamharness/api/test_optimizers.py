"""First-order rules as values: their validation, schedule and first updates by hand."""

import numpy as np
import pytest

from jamharness.api import Adam, BadInput, Fire, Flow, Sgd, State


@pytest.mark.parametrize(
    ("make", "values", "count"),
    [
        (Adam, {"learning_rate": 0}, 1),
        (Adam, {"learning_rate": float("nan")}, 1),
        (Adam, {"learning_rate": -1, "decay_every": 0, "decay_factor": 0}, 3),
        (Fire, {"dt": 0}, 1),
        (Fire, {"dt": -1, "dt_max": 0, "f_inc": 0, "f_dec": 0}, 4),
        (Sgd, {"learning_rate": -0.1}, 1),
    ],
)
def test_constants_must_be_positive(make, values, count):
    """One sentence for each, naming the optimizer and the value."""
    with pytest.raises(BadInput, match=f"{make.__name__}: .* must be a positive number") as caught:
        make(**values)
    assert len(caught.value.problems) == count


def test_the_papers_schedule():
    """1e-4, divided by 10 every 250 000 updates, never below 1e-7."""
    rule = Adam()
    steps = [0, 249_999, 250_000, 499_999, 500_000, 750_000, 1_000_000, 9_999_999]
    expected = [1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-7, 1e-7, 1e-7]
    assert [rule.rate(step) for step in steps] == pytest.approx(expected, rel=1e-12)


def test_a_rate_below_the_floor_stays():
    """The floor raises no rate."""
    assert Adam(learning_rate=1e-9).rate(10**7) == 1e-9


def test_adams_first_update_has_the_size_of_its_rate():
    """From rest every component moves by the rate against the sign of its gradient."""
    state = Adam(learning_rate=0.01).update(State(w=np.zeros(3)), np.array([2.0, -0.5, 1e-3]))
    assert state.w == pytest.approx([-0.01, 0.01, -0.01], rel=1e-4)
    assert state.step == 1


def test_sgd_with_momentum_by_hand():
    """v = m v + g, w = w − η v."""
    rule, gradient = Sgd(learning_rate=0.1, momentum=0.5), np.array([1.0])
    state = rule.update(rule.update(State(w=np.array([0.0])), gradient), gradient)
    assert (float(state.w[0]), float(state.moments["velocity"][0]), state.step) == (pytest.approx(-0.25), 1.5, 2)


def test_fire_by_hand():
    """First a free fall by dt; downhill it goes on, mixed along the force; uphill it stops and halves its time step."""
    rule = Fire(dt=0.1)
    one = rule.update(State(w=np.array([1.0])), np.array([1.0]))
    assert (float(one.w[0]), float(one.moments["velocity"][0])) == (pytest.approx(0.99), pytest.approx(-0.1))
    two = rule.update(one, np.array([1.0]))  # in one dimension mixing changes nothing
    assert (float(two.w[0]), float(two.moments["velocity"][0])) == (pytest.approx(0.97), pytest.approx(-0.2))
    uphill = rule.update(two, np.array([-1.0]))
    assert uphill.moments["control"] == pytest.approx([0.05, 0.1, 0])
    assert float(uphill.moments["velocity"][0]) == pytest.approx(0.05)


def test_fire_speeds_up_after_enough_updates_downhill():
    """After n_min updates downhill the time step grows by f_inc up to dt_max, and the mixing falls by f_alpha."""
    rule = Fire(dt=0.09)
    state = State(w=np.array([0.0]))
    for _ in range(12):  # one from rest, ten downhill, and one more
        state = rule.update(state, np.array([1.0]))
    assert state.moments["control"] == pytest.approx([0.09 * 1.1, 0.1 * 0.99, 11])
    assert rule.update(state, np.array([1.0])).moments["control"][0] == 0.1


def test_updates_leave_their_inputs_alone():
    """A state and a gradient are values."""
    for rule in (Adam(), Fire(), Sgd(momentum=0.9), Flow()):
        w, gradient = np.ones(3), np.ones(3)
        first = rule.update(State(w=w), gradient)
        moments = {name: moment.copy() for name, moment in first.moments.items()}
        rule.update(first, gradient)
        assert np.array_equal(w, np.ones(3))
        assert np.array_equal(gradient, np.ones(3))
        assert all(np.array_equal(first.moments[name], moments[name]) for name in moments)


def test_the_flow_follows_the_exact_path_of_a_quadratic():
    """ẇ = −A w has w(t) = exp(−A t) w(0); the error falls with the tolerance, and time is the sum of the kept steps."""
    rates, start = np.array([0.5, 1.0, 4.0]), np.array([1.0, -2.0, 3.0])
    errors = []
    for tolerance in (1e-2, 1e-4, 1e-6):
        state, rule = State(w=start), Flow(tolerance=tolerance)
        while "control" not in state.moments or state.moments["control"][1] < 1.0:
            state = rule.update(state, rates * state.w)
        time = state.moments["control"][1]
        errors.append(float(np.abs(state.moments["base"] - np.exp(-rates * time) * start).max()))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 2e-3


def test_a_step_that_bends_too_much_is_made_again():
    """From the same base, a tenth as long; the time does not advance."""
    rule = Flow(dt=1.0)
    first = rule.update(State(w=np.array([1.0])), np.array([3.0]))
    assert first.w == [-2.0]
    again = rule.update(first, np.array([-6.0]))
    assert again.w == pytest.approx([0.7])
    assert list(again.moments["control"]) == [pytest.approx(0.1), 0.0, 1.0]
    assert again.moments["base"] == [1.0]
