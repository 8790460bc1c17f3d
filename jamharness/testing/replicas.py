"""Several problems of one network side by side: each replica is what it is alone."""

from typing import Any

import numpy as np
import pytest

from jamharness.api import BadInput, Problem, QuadraticHinge, State, generator
from jamharness.testing.cases import GELU, RELU, RELU_NO_BIAS, SATISFIED, TANH, Case
from jamharness.testing.core import Suite, concerns, over, same_bits
from jamharness.testing.descent import LONG, QUICK, RULES, STEPS, every_rule

COUNT = 3


class ReplicaTests(Suite):
    """Against the backend's own problems, one at a time."""

    def several(self, case: Case, dtype: str = "float64") -> tuple[list[Problem], list[np.ndarray[Any, Any]]]:
        """Problems of the case's network on other patterns each, and a w for each."""
        problems, starts = [], []
        for number in range(COUNT):
            draw = generator("conformance replicas", case.name, number)
            x, y = draw.permutation(case.x) * (1 + 0.1 * number), draw.permutation(case.y)
            loss = QuadraticHinge(margin=case.margin)
            problems.append(self.engine(dtype).problem(case.network, x, y, loss=loss))
            starts.append(case.w + 0.05 * number * draw.standard_normal(case.network.size))
        return problems, starts

    @over((RELU, RELU_NO_BIAS, TANH, GELU))
    @concerns("replicas")
    def test_replicas(self, case: Case, dtype: str) -> None:
        """Margins, L and ∇L of each replica."""
        problems, starts = self.several(case, dtype)
        together, at = problems[0].backend.replicas(problems), self.at(case, dtype)
        w = np.stack(starts)
        at.agree(
            "Δ of every replica",
            together.margins(w),
            np.stack([p.margins(s) for p, s in zip(problems, starts, strict=True)]),
        )
        alone = [problem.loss_and_gradient(start) for problem, start in zip(problems, starts, strict=True)]
        losses, gradients = together.loss_and_gradient(w)
        at.agree("L of every replica", losses, np.array([loss for loss, _ in alone]))
        at.agree("∇L of every replica", gradients, np.stack([gradient for _, gradient in alone]))

    @every_rule
    @concerns("replicas")
    def test_replicas_descend(self, rule: str) -> None:
        """Updates of each replica equal those of its problem alone, the memory included, whatever the others' steps."""
        problems, starts = self.several(TANH)
        states = [State(w=w) for w in starts]
        states[1] = problems[1].descend(states[1], 7, RULES[rule])
        after = problems[0].backend.replicas(problems).descend(states, STEPS, RULES[rule])
        at = self.at(TANH)
        for number, (problem, state, mine) in enumerate(zip(problems, states, after, strict=True)):
            alone = problem.descend(state, STEPS, RULES[rule])
            at.equal(f"step of replica {number}", mine.step, alone.step)
            at.agree(f"w of replica {number} after {STEPS} updates of {rule}", mine.w, alone.w, allowed=1e-11)
            for name, moment in alone.moments.items():
                at.agree(f"{rule}'s memory {name!r}", mine.moments[name], moment, allowed=1e-10)

    @concerns("replicas")
    def test_replicas_stop_one_by_one(self) -> None:
        """A replica whose patterns are all satisfied stays where it is while the others go on."""
        problems = [each.with_margin(0.7) for each in self.several(SATISFIED)[0]]
        states = [State(w=SATISFIED.w) for _ in problems]
        rule = QUICK["adam"]
        after = problems[0].backend.replicas(problems).descend(states, LONG, rule)
        at = self.at(SATISFIED)
        for number, (problem, mine) in enumerate(zip(problems, after, strict=True)):
            alone = problem.descend(State(w=SATISFIED.w), LONG, rule)
            at.equal(f"the number of updates of replica {number}", mine.step, alone.step)
        again = problems[0].backend.replicas(problems).descend(after, 5, rule)
        for number, (mine, later) in enumerate(zip(after, again, strict=True)):
            if not (problems[number].margins(mine.w) > 0).any():
                same_bits(self.record, f"replica {number} moves although it is satisfied", later.w, mine.w)

    @concerns("replicas")
    def test_replicas_of_different_kinds(self) -> None:
        """Problems of another network, margin or number of patterns are refused as BadInput."""
        backend, first = self.engine(), self.problem(RELU)
        for other in (
            self.problem(TANH),
            first.with_margin(2.0),
            backend.problem(RELU.network, RELU.x[:5], RELU.y[:5]),
        ):
            with pytest.raises(BadInput):
                backend.replicas([first, other])
        with pytest.raises(BadInput):
            backend.replicas([])
