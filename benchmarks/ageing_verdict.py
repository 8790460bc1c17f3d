"""How often the verdict of ``ageing`` says "ages" of what does not, and of what does, over many groups of seeds.

python benchmarks/ageing_verdict.py [GROUPS]

Each group is six runs of SGD with minibatches drawn with replacement, followed and judged as the protocol follows and
judges. Three gradients are known in all: a random walk and a stationary well do not age; a well whose noise falls as
1/√t moves less with age, but only as D does; and a walk whose steps get shorter by themselves, while D stays, ages.
"""

import sys
from dataclasses import dataclass, replace

import numpy as np
from jamharness_protocols.ageing.analysis import verdict
from jamharness_protocols.ageing.following import follow
from jamharness_protocols.ageing.protocol import Ageing
from jamharness_protocols.ageing.seed import Run, measures
from scipy import stats

from jamharness.api import CellResult, FinishedCell, Float64, Minibatch, QuadraticHinge, Sgd, State, generator

SEEDS, SIZE, POINTS = 6, 100, 64
SETTINGS = Ageing.Settings(width=3, depth=1, budget=800, first_wait=20, waits=6, per_decade=4, seeds=SEEDS)


@dataclass
class Walk:
    """w ← w − η g with g = λ w + s(t) ξ: ξ is the mean of a minibatch of points, its mean over all of them zero.

    Arguments:
        curvature: λ.
        fading: s(t) = (1 + t/10)^(−fading), which D sees.
        slowing: η falls as (1 + t/10)^(−slowing), which D does not see.
        seed: of the points.
    """

    curvature: float = 0.0
    fading: float = 0.0
    slowing: float = 0.0
    seed: int = 0
    constraints: int = POINTS
    loss = QuadraticHinge()

    def __post_init__(self) -> None:
        draw = generator("walk", self.seed).standard_normal((POINTS, SIZE))
        self.points, self.now = (draw - draw.mean(axis=0)) / draw.std(axis=0), 0

    def loss_and_gradient(self, w: Float64) -> tuple[float, Float64]:
        """Of the mean."""
        return self.curvature / 2 * float(w @ w), self.curvature * w

    def margins(self, _w: Float64) -> Float64:
        """None."""
        return np.zeros(1)

    def batch_gradient(self, w: Float64, rows: Float64) -> Float64:
        """Of some points, at the time of the run."""
        return np.asarray(
            self.curvature * w + (1 + self.now / 10) ** -self.fading * self.points[rows].mean(axis=0)  # type: ignore[index]
        )

    def descend(self, state: State, steps: int, rule: Minibatch) -> State:
        """The updates."""
        for _ in range(steps):
            self.now = state.step
            gradient = self.batch_gradient(state.w, rule.rows(state.step, POINTS))
            state = rule.update(state, (1 + self.now / 10) ** -self.slowing * gradient)
        self.now = state.step
        return state


CASES = {
    "a random walk": (Walk(), False),
    "a stationary well": (Walk(curvature=1.0), False),
    "a walk whose noise fades, D with it": (Walk(fading=0.5), False),
    "a walk whose steps shorten, D not": (Walk(slowing=0.25), True),
}
"""By name, and whether it ages."""


def rows_of(walk: Walk, group: int) -> list[dict[str, object]]:
    """What the runs of one group say."""
    cells, rows = Ageing().plan(SETTINGS, []), []
    for cell in cells:
        seed = SEEDS * group + cell.coordinates["seed"]
        rule = Minibatch(rule=Sgd(learning_rate=0.1), batch=4, seed=seed, replacement=True)
        history = follow(
            replace(walk, seed=seed), np.zeros(SIZE), rule, 1, SETTINGS.waiting, SETTINGS.lags, (), SETTINGS.steps,
            SIZE, 20, lambda _text: None,
        )  # fmt: skip
        arrays = {name: getattr(history, name) for name in ("steps", "loss", "unsatisfied", "distance", "fourth")}
        arrays |= {name: getattr(history, name) for name in ("overlap", "noise")}
        values = {"parameters": SIZE, "patterns": POINTS, "kept": SIZE, "loss": 0.0, "unsatisfied": 0}
        item = FinishedCell(cell=cell, result=CellResult(values=values, arrays=arrays))
        rows.append(measures(Run(item=item, unit=1.0)))
    return rows


def rate(walk: Walk, groups: int) -> tuple[int, float, float]:
    """How many groups are said to age, and the 95% interval of that part (Clopper and Pearson)."""
    count = sum(verdict(rows_of(walk, group))[0].value == 1.0 for group in range(groups))
    low, high = stats.binomtest(count, groups).proportion_ci()
    return count, float(low), float(high)


def main() -> None:
    """Print a line for each case."""
    groups = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{'':<38}{'ages':>6}{'of':>6}{'part':>8}   95% interval")
    for name, (walk, ages) in CASES.items():
        count, low, high = rate(walk, groups)
        right = low <= 1.0 <= high + 1e-9 if ages else low <= 0.05
        mark = "" if right else "  WRONG"
        print(f"{name:<38}{count:>6}{groups:>6}{count / groups:>8.3f}   {low:.3f} to {high:.3f}{mark}", flush=True)


if __name__ == "__main__":
    main()
