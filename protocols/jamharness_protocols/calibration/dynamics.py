"""Dynamics whose course is known: SGD on a quadratic, and the spherical p-spin after a quench."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from jamharness_numerics.dynamics import (
    energy_series,
    mode_coupling,
    quadratic_distance,
    resummed,
    two_spin_correlation,
    two_spin_energy,
)
from jamharness_systems.p_spin import PSpin

from jamharness.api import (
    Backend,
    Data,
    Json,
    Langevin,
    Linear,
    Minibatch,
    Namespace,
    Sgd,
    State,
    System,
    generator,
)
from jamharness_protocols.ageing.following import follow
from jamharness_protocols.calibration.rows import (
    Calibration,
    Draw,
    Results,
    Row,
    exact_row,
    extrapolated_row,
    mean_row,
)


@dataclass(frozen=True, kw_only=True)
class Springs(System):
    """L = (λ/2M) Σ_μ |w − x_μ|²: minibatch gradients differ by λ times a mean of x, whatever w is.

    Arguments:
        springs: N.
        curvature: λ.
    """

    along: ClassVar[tuple[str, ...]] = ("x",)
    springs: int
    curvature: float

    @property
    def size(self) -> int:
        """N."""
        return self.springs

    def gaps(self, xp: Namespace, w: Any, data: Data) -> Any:
        """−(λ/2)|w − x_μ|²."""
        apart = data["x"] - w
        return -0.5 * self.curvature * xp.sum(apart * apart, axis=1)

    def load(self, constraints: int, margin: float) -> float:  # noqa: ARG002  (it has none)
        """0."""
        return 0.0


RATE, CURVATURE, BATCH, WAITED = 0.2, 0.5, 4, 60
LAGS = (1, 4, 16, 64)


def _quadratic_draws(full: bool) -> list[Draw]:
    return [{"seed": seed} for seed in range(200 if full else 48)]


def _quadratic(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    springs, points = 400, 32
    x = generator("calibration", "springs", draw["seed"]).standard_normal((points, springs))
    x = (x - x.mean(axis=0)) / x.std(axis=0)  # the variance of a minibatch's gradient is λ²/B exactly
    problem = backend.problem(Springs(springs=springs, curvature=CURVATURE), {"x": x}, Linear())
    rule = Minibatch(rule=Sgd(learning_rate=RATE), batch=BATCH, seed=draw["seed"], replacement=True)
    end = WAITED + LAGS[-1]
    history = follow(problem, np.zeros(springs), rule, 1, (WAITED,), LAGS, (), end, springs, 2, lambda _text: None)
    return {str(lag): float(value) for lag, value in zip(LAGS, history.distance[0], strict=True)}


def _quadratic_rows(results: Results) -> list[Row]:
    truth = quadratic_distance(np.array(LAGS), RATE, CURVATURE, CURVATURE**2 / BATCH)
    rows = []
    for lag, exact in zip(LAGS, truth, strict=True):
        label = f"Δ(t_w, t_w+t) of SGD on a quadratic, t = {lag}"
        values = [values[str(lag)] for _, values in results]
        rows.append(mean_row("quadratic", label, float(exact), values, "closed form, stationary", results))
    return rows


QUADRATIC = Calibration(
    name="quadratic", about="displacements of SGD on a quadratic", draws=_quadratic_draws, measure=_quadratic,
    rows=_quadratic_rows,
)  # fmt: skip

_TERMS = 21


def _equation_draws(_full: bool) -> list[Draw]:
    return [{"p": 2}, {"p": 3}]


def _equations(_backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    if draw["p"] == 2:
        solution = mode_coupling(2, 0.0, 100.0, tolerance=1e-6)
        late = solution.times >= 1e-3
        times = solution.times[late][:, None]
        exact = two_spin_correlation(times, times * solution.fractions)
        return {
            "correlation": float(np.abs(solution.correlation[late] - exact).max()),
            "energy": float(np.abs(solution.energy - two_spin_energy(solution.times)).max()),
        }
    solution = mode_coupling(3, 0.0, 1.0, tolerance=1e-6)
    series, doubt = resummed(energy_series(3, _TERMS), 0.5)
    return {"series": float(solution.energy_at(np.array(0.5))) - series, "doubt": doubt}


def _equation_rows(results: Results) -> list[Row]:
    two, three = (next(values for draw, values in results if draw["p"] == p) for p in (2, 3))
    exact, series = "Cugliandolo and Dean 1995", f"{_TERMS} terms, their Padé approximant"
    return [
        exact_row("equations", "C of p = 2 up to t = 100, error", 0.0, [two["correlation"]], exact, 1e-6),
        exact_row("equations", "E of p = 2 up to t = 100, error", 0.0, [two["energy"]], exact, 1e-6),
        exact_row("equations", "E(0.5) of p = 3 less the series", 0.0, [three["series"]], series, 1e-6),
    ]


EQUATIONS = Calibration(
    name="equations", about="the p-spin's equations of motion, integrated", draws=_equation_draws, measure=_equations,
    rows=_equation_rows,
)  # fmt: skip

TIMES = (0.5, 1.0, 2.0)
STEP = 0.05
"""Heun's error at that step is below 2e-3 at all of these times (docs/ageing.md), a tenth of the intervals."""


def _glass_draws(full: bool) -> list[Draw]:
    sizes = {16: 600, 32: 600, 64: 300, 128: 150, 256: 40} if full else {16: 200, 32: 160, 64: 60}
    return [{"spins": spins, "seed": seed} for spins, count in sizes.items() for seed in range(count)]


def _glass(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    system = PSpin(spins=draw["spins"], p=3, disorder=draw["seed"])
    problem, rule = backend.problem(system, loss=Linear()), Langevin(dt=STEP)
    state = State(w=system.initial(draw["seed"]))
    values = {}
    for time in TIMES:
        state = problem.descend(state, 2 * round(time / STEP) - state.step, rule)
        values[str(time)] = system.energy(float(problem.loss_and_gradient(state.w)[0]))
    return values


@lru_cache(maxsize=1)
def _at_infinity() -> tuple[float, ...]:
    """E(t) of the integrated equations."""
    solution = mode_coupling(3, 0.0, TIMES[-1], tolerance=1e-5)
    return tuple(solution.energy_at(np.array(TIMES)).tolist())


def _glass_rows(results: Results) -> list[Row]:
    sizes = np.array([int(draw["spins"]) for draw, _ in results], dtype=np.float64)  # type: ignore[arg-type]
    rows = []
    for time, exact in zip(TIMES, _at_infinity(), strict=True):
        energies = np.array([values[str(time)] for _, values in results])
        label = f"E({time:g}) of the 3-spin, N → ∞"
        rows.append(extrapolated_row("glass", label, exact, sizes, energies, "mode_coupling, error 1e-5", results))
    return rows


GLASS = Calibration(
    name="glass", about="the energy of a glass after a quench", draws=_glass_draws, measure=_glass, rows=_glass_rows
)
