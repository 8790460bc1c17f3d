"""First-order updates: the rules of the api step for step, in chunks, and to the first w that satisfies everything."""

from collections.abc import Mapping

import numpy as np
import pytest

from jamharness.api import Adam, Array, Fire, Flow, Minibatch, Optimizer, Sgd, State, fallbacks
from jamharness.testing.cases import RELU, SATISFIED, TANH, TANH_TALL, Case
from jamharness.testing.core import Suite, concerns, over, same_bits

RULES: Mapping[str, Optimizer] = {
    "adam": Adam(learning_rate=1e-2, decay_every=20),
    "fire": Fire(),
    "sgd": Sgd(learning_rate=0.05, momentum=0.9),
    "flow": Flow(dt=0.3),
}
every_rule = pytest.mark.parametrize("rule", list(RULES))
STEPS, LONG = 50, 500
QUICK: Mapping[str, Optimizer] = {
    "adam": Adam(learning_rate=1e-2), "fire": Fire(), "sgd": Sgd(learning_rate=0.02, momentum=0.9),
    "flow": Flow(tolerance=1e9, dt=0.3),
}  # fmt: skip
"""Rules that satisfy five patterns within 24 to 78 updates, the same number from a w that is 1e-7 off; the flow
without its bound, with which it comes nearer and nearer."""


class Descent(Suite):
    """Against the NumPy rules of ``jamharness.api`` with the referee's gradients."""

    @every_rule
    @over((RELU, TANH, TANH_TALL))
    @concerns("descend")
    def test_descend(self, case: Case, rule: str) -> None:
        """50 updates equal the rule of the api, the memory included; Adam's rate drops at steps 20 and 40."""
        optimizer, at = RULES[rule], self.at(case)
        expected = fallbacks.descend(case.reference, State(w=case.w), STEPS, optimizer)
        state = self.problem(case).descend(State(w=case.w), STEPS, optimizer)
        at.equal("step", state.step, expected.step)
        at.agree(f"w after {STEPS} updates of {rule}", state.w, expected.w, allowed=1e-11)
        assert state.moments.keys() == expected.moments.keys(), (
            f"descend: the memory of {rule} has the arrays {sorted(state.moments)}; it must have "
            f"{sorted(expected.moments)}, so that another backend can continue"
        )
        for name, moment in expected.moments.items():
            at.agree(f"{rule}'s memory {name!r}", state.moments[name], moment, allowed=1e-10)

    @every_rule
    @concerns("descend")
    def test_descend_one_update(self, rule: str) -> None:
        """The first update alone: where a correction of the start is forgotten, it shows."""
        state = self.problem(TANH).descend(State(w=TANH.w), 1, RULES[rule])
        expected = fallbacks.descend(TANH.reference, State(w=TANH.w), 1, RULES[rule])
        moved, expected_move = state.w - TANH.w, expected.w - TANH.w
        self.at(TANH).agree(f"the first update of {rule}", moved, expected_move, allowed=1e-10)

    @every_rule
    @over((RELU, TANH))
    @concerns("descend")
    def test_descend_in_chunks(self, case: Case, rule: str) -> None:
        """Updates in chunks of any length give the same bits as updates at once."""
        problem = self.problem(case)
        whole = problem.descend(State(w=case.w), STEPS, RULES[rule])
        state = State(w=case.w)
        for steps in (1, 18, 0, 21, 10):
            state = problem.descend(state, steps, RULES[rule])
        self.at(case).equal("step after updates in chunks", state.step, whole.step)
        sentence = f"{STEPS} updates of {rule} in chunks end elsewhere than at once, on {case.name}"
        same_bits(self.record, sentence, state.w, whole.w)
        for name in whole.moments:
            same_bits(self.record, f"{sentence} (its memory {name!r})", state.moments[name], whole.moments[name])

    @every_rule
    @concerns("descend")
    def test_descend_stops(self, rule: str) -> None:
        """Descent stops, before an update, at the first w that satisfies every pattern."""
        case, optimizer = SATISFIED, QUICK[rule]
        problem, reference = (each.with_margin(0.7) for each in (self.problem(case), case.reference))
        expected = fallbacks.descend(reference, State(w=case.w), LONG, optimizer)
        at = self.at(case)
        assert 1 < expected.step < LONG, "the case of this test is not as it should be"
        state = problem.descend(State(w=case.w), LONG, optimizer)
        at.equal(f"the number of updates of {rule} until N_Δ = 0", state.step, expected.step)
        at.equal("N_Δ where it stopped", int(np.count_nonzero(np.asarray(problem.margins(state.w)) > 0)), 0)
        again = problem.descend(state, 10, optimizer)
        at.equal("the number of updates after the last pattern is satisfied", again.step - state.step, 0)
        same_bits(self.record, "w moves although every pattern is satisfied", again.w, state.w)

    @over((RELU, TANH))
    @concerns("descend")
    def test_descend_by_minibatches(self, case: Case) -> None:
        """The gradient of some patterns, one of them twice; and 30 updates by minibatches, in chunks, with momentum."""
        rows, at = np.array([0, 2, 2]), self.at(case)
        alone = fallbacks.batch_gradient(case.reference, case.w, rows)
        at.agree("∇L of a minibatch", self.problem(case).batch_gradient(case.w, rows), alone)
        rule = Minibatch(rule=Sgd(learning_rate=0.05, momentum=0.5), batch=3, seed=1)
        expected, state = fallbacks.descend(case.reference, State(w=case.w), 30, rule), State(w=case.w)
        for steps in (1, 17, 12):
            state = self.problem(case).descend(state, steps, rule)
        at.equal("step after 30 minibatches", state.step, 30)
        at.agree("w after 30 minibatches", state.w, expected.w, allowed=1e-11)

    @concerns("descend")
    def test_descend_counts_on(self) -> None:
        """The number of a state's step decides the rate: Adam's schedule goes on where a state stands."""
        rule = Adam(learning_rate=1e-2, decay_every=20)
        moments: dict[str, Array] = {"first": np.full(TANH.network.size, 1e-2), "second": np.full_like(TANH.w, 1e-4)}
        start = State(w=TANH.w, step=38, moments=moments)
        state = self.problem(TANH).descend(start, 5, rule)
        expected = fallbacks.descend(TANH.reference, start, 5, rule)
        self.at(TANH).equal("step after five updates from step 38", state.step, 43)
        self.at(TANH).agree("w five updates after step 38", state.w, expected.w, allowed=1e-12)

    @every_rule
    @concerns("descend")
    def test_descend_leaves_the_state(self, rule: str) -> None:
        """The state that is handed in keeps its arrays, and none of them is handed back."""
        problem = self.problem(RELU)
        state = problem.descend(State(w=RELU.w), 3, RULES[rule])
        copies = {"w": np.array(state.w), **{name: np.array(moment) for name, moment in state.moments.items()}}
        for steps in (0, 5):
            after = problem.descend(state, steps, RULES[rule])
            arrays = {"w": state.w, **state.moments}
            for name, array in arrays.items():
                same_bits(self.record, f"descend has modified the array {name!r} of its state", array, copies[name])
            assert not np.shares_memory(after.w, state.w), "descend: the new w shares memory with the state's"

    @every_rule
    @concerns("descend")
    def test_descend_of_nothing(self, rule: str, dtype: str) -> None:
        """Without an update, or without an unsatisfied pattern, w stays."""
        for case, steps in ((RELU, 0), (SATISFIED, 5)):
            state = self.problem(case, dtype).descend(State(w=case.w.astype(dtype), step=3), steps, RULES[rule])
            self.at(case, dtype).equal("step", state.step, 3)
            same_bits(self.record, f"w moves without an update, on {case.name}", state.w, case.w.astype(dtype))

    @every_rule
    @concerns("descend")
    def test_descend_dtype(self, rule: str) -> None:
        """In float32 w stays float32, and ten updates follow the rule to the digits that float32 has."""
        state = self.problem(TANH, "float32").descend(State(w=TANH.w), 10, RULES[rule])
        expected = fallbacks.descend(TANH.reference, State(w=TANH.w), 10, RULES[rule])
        assert state.w.dtype == np.float32, f"descend: w has dtype {state.w.dtype} under a float32 backend"
        self.at(TANH, "float32").agree(f"w after 10 updates of {rule}", state.w, expected.w)
