"""What first-order runs do at the level of rounding."""

import numpy as np
from jamharness_numerics.minimise import minimise
from jamharness_numpy.backend import NumpyBackend

from jamharness.api import Adam, Network, State


def test_a_loss_at_rounding_level_is_pushed_to_satisfaction():
    """Adam creeps towards Δ = 0 from above and never gets there; the run ends satisfied, not undecided."""
    draw = np.random.default_rng(2)
    network = Network(inputs=4, width=4, depth=2)
    x, y = draw.standard_normal((8, 4)), np.where(np.arange(8) % 2, 1.0, -1.0)
    problem, w = NumpyBackend().problem(network, x, y), network.initial(seed=0)
    alone = problem.descend(State(w=w), 20_000, Adam())
    assert alone.step == 20_000
    assert np.any(problem.margins(alone.w) > 0)
    minimisation = minimise(problem, w, method="adam", budget=20_000)
    assert (minimisation.outcome, minimisation.unsatisfied) == ("satisfied", 0)
    assert 0 < minimisation.factorisations < 10
