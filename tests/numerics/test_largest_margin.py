"""The largest margin from the satisfied side, against the approach from above, closed forms and finite differences."""

import numpy as np
import pytest
from jamharness_numerics.approach import approach
from jamharness_numerics.approach_kinked import SHARPNESSES, approach_kinked
from jamharness_numerics.contact_newton import Held, SmoothContacts, conditions, multipliers
from jamharness_numerics.kinked import Branch, no_kinks
from jamharness_numerics.largest_margin import gaps_of, largest_margin
from jamharness_protocols.calibration.perceptrons import gaussian
from jamharness_systems.perceptron import Perceptron
from scipy.optimize import linprog, nnls

from jamharness.api import Network, QuadraticHinge, Spherical
from jamharness.plugins import load_backend

BACKEND = load_backend("numpy")


def network_problem(activation="softplus(8)", seed=0, layers=False, width=4, depth=2, patterns=None):
    """A network at fixed |w| at as many patterns as weights, and where to start."""
    network = Network(inputs=width, width=width, depth=depth, activation=activation)
    system = Spherical(network=network, layers=layers)
    draw = np.random.default_rng(seed)
    count = patterns or network.weights
    data = {"x": draw.standard_normal((count, width)), "y": np.tile([-1.0, 1.0], count // 2)}
    return BACKEND.problem(system, data, QuadraticHinge(margin=1.0)), system.initial(seed)


def test_a_convex_perceptron_has_the_margin_of_the_support_vector_machine():
    """At κ ≥ 0 the largest margin is that of the smallest |v| with y x·v ≥ 1, a convex program solved by SciPy."""
    N, P = 8, 12
    x, y = gaussian("below", 3, P, N)
    problem = BACKEND.problem(Perceptron(dimension=N), {"x": x, "y": y}, QuadraticHinge(margin=0.5))
    rows = y[:, None] * x
    # Least distance programming by non-negative least squares (Lawson and Hanson, Solving Least Squares Problems, §23).
    system, right = np.vstack([rows.T, np.ones(P)]), np.append(np.zeros(N), 1.0)
    residual = system @ nnls(system, right)[0] - right
    smallest = -residual[:N] / residual[N]
    assert np.min(rows @ smallest) == pytest.approx(1, abs=1e-9)
    top = largest_margin(problem, Perceptron(dimension=N).initial(0))
    assert top.why == "converged"
    # At |w| = √N the gaps are y x·w/√N, so the largest smallest one is 1/|v|.
    assert top.margin == pytest.approx(1 / np.linalg.norm(smallest), rel=1e-9)
    assert top.forces.sum() == pytest.approx(1)
    assert top.balance < 1e-9
    assert top.margin == pytest.approx(gaps_of(problem, top.w).min(), abs=1e-15)


@pytest.mark.parametrize("layers", [False, True])
@pytest.mark.parametrize("activation", ["softplus(8)", "tanh", "gelu"])
def test_both_sides_of_a_network_meet(activation, layers):
    """κ_J, contacts and forces by decompression and from a displaced w: two methods without a common part."""
    problem, w = network_problem(activation, layers=layers)
    above = approach(problem, w)
    assert above.ending == "jammed"
    displaced = problem.retract(above.w + 1e-5 * np.random.default_rng(1).standard_normal(len(w)))
    below = largest_margin(problem, displaced, radius=1e-4)
    assert below.why == "converged"
    assert below.margin == pytest.approx(above.critical, abs=1e-9)
    assert below.balance < 1e-8
    assert below.curvature > 0
    np.testing.assert_array_equal(below.forces > 0, above.contacts)
    forces = above.forces / above.forces.sum()
    assert np.abs(below.forces[above.contacts] - forces).max() < 1e-2 * forces.max()
    for part, radius in problem.spheres:
        assert np.linalg.norm(below.w[part]) == pytest.approx(radius, rel=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_relu_at_jamming_is_a_local_maximum_with_kinks(seed):
    """No direction raises the smallest gap, to first order along and across kinks; small steps all lower it."""
    problem, w = network_problem("relu", seed=seed, width=5, patterns=80)
    end = approach_kinked(problem, w)
    assert end.ending == "jammed"
    assert end.loss < 1e-20
    assert end.kinks > 0
    assert end.balance < 1e-9
    assert (end.forces > 0).all()
    gaps = gaps_of(problem, end.w)
    assert gaps.min() == pytest.approx(end.critical, abs=1e-14)
    assert gaps[end.contacts].max() - end.critical < 1e-10
    draw = np.random.default_rng(seed)
    for size in (1e-3, 1e-5):
        for _ in range(200):
            moved = problem.retract(end.w + size * draw.standard_normal(len(w)))
            assert gaps_of(problem, moved).min() < end.critical
    # A linear program over directional derivatives, which are those of gaps a short way on, cannot rise either.
    step = 1e-7
    directions = draw.standard_normal((300, len(w)))
    slopes = [
        gaps_of(problem, problem.retract(end.w + step * d))[end.contacts].min() - end.critical for d in directions
    ]
    assert max(slopes) < 0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_sharpest_softplus_leaves_little_to_climb(seed):
    """From there relu's own maximum is a few programs away, and within 1/β in κ."""
    problem, w = network_problem("relu", seed=seed, width=5, patterns=80)
    lines: list[str] = []
    end = approach_kinked(problem, w, say=lines.append)
    assert end.ending == "jammed"
    assert sum(line.startswith("program") for line in lines) <= 30
    assert end.critical == pytest.approx(end.minima[-1, 0], abs=1 / SHARPNESSES[-1])


def test_without_kinks_relu_would_stop_too_early():
    """The same program on a smooth model of each gap alone does not see the branches: its end is no maximum."""
    problem, w = network_problem("relu", seed=0, width=5, patterns=80)
    end = approach_kinked(problem, w)
    contacts = np.flatnonzero(end.contacts)
    J = -problem.jacobian(end.w, contacts)
    unit = end.w / np.linalg.norm(end.w)
    rows = np.column_stack([-J, np.ones(len(J))])
    answer = linprog(
        np.r_[np.zeros(len(w)), -1.0], A_ub=rows, b_ub=np.zeros(len(J)), A_eq=np.r_[unit, 0.0][None, :], b_eq=[0.0],
        bounds=[(-1, 1)] * len(w) + [(None, None)],
    )  # fmt: skip
    assert answer.x[-1] > 1e-3, "one branch of each contact promises a rise"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_branches_are_what_finite_differences_say(depth):
    """Gaps, gradients, preactivations and their slopes on a fixed branch; on w's own they are those of the network."""
    problem, w = network_problem("relu", depth=depth, width=3, patterns=6)
    network, x, y = problem.system.network, problem.given["x"], problem.given["y"]
    branch = Branch.at(network, x, y, w)
    np.testing.assert_allclose(branch.gaps(w), gaps_of(problem, w), atol=1e-14)
    np.testing.assert_allclose(branch.jacobian(w), -problem.jacobian(w, np.arange(6)), atol=1e-13)
    kinks = branch.kinks(w, 10.0)
    assert len(kinks) > 0
    assert (kinks.weights < 0).all()
    np.testing.assert_allclose(branch.preactivations(w, kinks), kinks.preactivations, atol=1e-14)
    units, step = np.eye(len(w)), 1e-6
    ends = [(w + step * e, w - step * e) for e in units]
    slopes = [(branch.preactivations(a, kinks) - branch.preactivations(b, kinks)) / (2 * step) for a, b in ends]
    np.testing.assert_allclose(kinks.slopes, np.array(slopes).T, atol=1e-8)
    np.testing.assert_allclose(branch.slopes(w, kinks), kinks.slopes, atol=1e-13)
    draw = np.random.default_rng(0)
    forces, pulls = draw.random(6), draw.standard_normal(len(kinks))

    def pulled(end):
        return forces @ branch.jacobian(end) + pulls @ branch.slopes(end, kinks)

    differences = [(pulled(a) - pulled(b)) / (2 * step) for a, b in ends]
    np.testing.assert_allclose(branch.second(w, forces, kinks, pulls), differences, atol=1e-8)
    # a is what a unit's output is worth: its gap changes by a z when it is switched.
    for which in range(len(kinks)):
        other = Branch(network, branch.x, branch.y, [np.array(part) for part in branch.states], branch.held)
        layer, unit, pattern = kinks.layers[which], kinks.units[which], kinks.patterns[which]
        other.states[layer][pattern, unit] = 1 - other.states[layer][pattern, unit]
        sign = 1 - 2 * kinks.states[which]
        change = (other.gaps(w) - branch.gaps(w))[pattern]
        assert change == pytest.approx(sign * kinks.weights[which] * kinks.preactivations[which], abs=1e-12)


def test_split_branches_hold_every_state_of_near_kinks():
    """Of each pattern the smallest of its branches is relu's own gap: near kinks of the later layer are concave."""
    problem, w = network_problem("relu", depth=2)
    network, x, y = problem.system.network, problem.given["x"], problem.given["y"]
    whole = Branch.at(network, x, y, w)
    branch, origin = whole.split(w, 0.02)
    assert len(origin) > len(y)
    smallest = np.full(len(y), np.inf)
    np.minimum.at(smallest, origin, branch.gaps(w))
    np.testing.assert_allclose(smallest, gaps_of(problem, w), atol=1e-13)
    held = [int(part[row].sum()) for part in branch.held[1:] for row in range(len(origin))]
    counts = np.bincount(origin)
    assert all(counts[origin[row]] == 2 ** held[row] for row in range(len(origin)))


def test_conditions_at_a_known_maximum():
    """Second derivatives are those of the loss there, and Newton's step leads back from a displaced w."""
    problem, w = network_problem("tanh")
    above = approach(problem, w)
    rows = np.flatnonzero(above.contacts)
    contacts, none = SmoothContacts(problem, rows), no_kinks(len(w))
    guess = Held(contacts=contacts, forces=above.forces / above.forces.sum(), kinks=none, pulls=np.zeros(0))
    held = multipliers(problem, guess, above.w)
    at = conditions(problem, held, above.w)
    assert at.balance < 1e-6
    assert at.curvature > 0
    # Its second derivative is Hp of the loss there, whose slopes are the forces.
    there = problem.with_margin(above.margin)
    Hp = there.hessian(above.w)[1]
    slopes = there.loss.slope(there.margins(above.w))
    nu = -above.w @ (held.forces @ contacts.jacobian(above.w)) / np.linalg.norm(above.w) ** 2
    expected = -Hp * len(slopes) / slopes.sum() + nu * np.eye(len(w))
    np.testing.assert_allclose(at.second, expected, atol=2e-4 * np.abs(expected).max())
    moved = problem.retract(above.w + 1e-4 * np.random.default_rng(0).standard_normal(len(w)))
    step = conditions(problem, held, moved).step
    assert np.linalg.norm(moved + step - above.w) < 0.05 * np.linalg.norm(moved - above.w)
