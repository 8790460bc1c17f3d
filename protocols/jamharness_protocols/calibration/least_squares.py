"""The cusp of least squares: a linear network's error against the number of its parameters, in closed form.

y = x·β + noise of variance σ², x ~ N(0, I): n patterns, of which all p = N features are used, |β| = 1. The risk beyond
σ² of the solution of least norm is σ² p/(n − p − 1) for p < n − 1 and |β|² (1 − n/p) + σ² n/(p − n − 1) for p > n + 1
(Hastie, Montanari, Rosset and Tibshirani, arXiv 1903.08560, §3); its variance over the noise is the part with σ², which
averaging K networks divides by K.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jamharness_numerics.statistics.cusp import peak_of
from jamharness_numerics.statistics.ensembles import ensemble_outputs, fluctuation

from jamharness.api import Array, Backend, Float64, Json, MeanSquare, Network, generator
from jamharness_protocols.calibration.rows import Calibration, Draw, Results, Row, exact_row, mean_row

PATTERNS, NOISE = 100, 0.25
"""n and σ²."""
FEATURES = (50, 70, 90, 100, 110, 130, 150)
"""p; at p = n the risk has no mean, and the curve its cusp."""
NETWORKS = 4
"""K, networks that differ by their noise alone."""
_TEST = 400
_SOURCE = "arXiv 1903.08560"
_DAMPING, _STEPS = 1e-9, 3
"""λ of a step, in units of JᵀJ whose eigenvalues are of the order of n, and how many are made from w = 0, which stay in
the span of the patterns and so end at the solution of least norm."""


def bias(features: int) -> float:
    """What no averaging takes away of the risk beyond σ²: |β|² (1 − n/p) for p > n."""
    return max(0.0, 1 - PATTERNS / features)


def variance(features: int) -> float:
    """The part of it that varies with the noise."""
    small, large = sorted((features, PATTERNS))
    return NOISE * small / (large - small - 1)


def _draws(full: bool) -> list[Draw]:
    return [{"seed": seed} for seed in range(400 if full else 60)]


def _measure(backend: Backend, draw: Mapping[str, Any]) -> Mapping[str, Json]:
    risks = [_at(backend, int(draw["seed"]), features) for features in FEATURES]
    return {name: [each[name] for each in risks] for name in risks[0]}


def _at(backend: Backend, seed: int, features: int) -> dict[str, float]:
    """The risks of one network and of the mean of K, and the variance over K, at one p."""
    random = generator("calibration", "cusp", seed, features)
    beta = random.standard_normal(features)
    beta /= np.linalg.norm(beta)
    x, x_test = (random.standard_normal((count, features)) for count in (PATTERNS, _TEST))
    noise = np.sqrt(NOISE) * random.standard_normal((NETWORKS, PATTERNS))
    network = Network(inputs=features, width=1, depth=0, activation="linear", bias=False)
    solutions = np.stack([_least_squares(backend, network, x, x @ beta + each) for each in noise])
    outputs = solutions @ x_test.T
    spread = fluctuation(outputs)
    assert spread is not None
    # For x ~ N(0, I) the risk beyond σ² is |w − β|².
    return {
        "single": float(np.mean(np.sum((solutions - beta) ** 2, axis=1))),
        "mean": float(np.sum((ensemble_outputs(solutions, NETWORKS)[0] - beta) ** 2)),
        "variance": spread**2,
    }


def _least_squares(backend: Backend, network: Network, x: Float64, targets: Float64) -> Float64:
    """The solution of least norm, by the backend's own damped steps: Δ = target − f with every label +1."""
    loss = MeanSquare(margin=0.0, offsets=tuple(targets.tolist()))
    problem = backend.problem(network, {"x": x, "y": np.ones(len(x))}, loss)
    w: Array = np.zeros(network.size)
    for _ in range(_STEPS):
        w = problem.damped_step(w, _DAMPING).w
    return np.asarray(w, dtype=np.float64)


def _rows(results: Results) -> list[Row]:
    curves = {name: np.array([values[name] for _, values in results]) for name in ("single", "mean", "variance")}
    rows = []
    for place, p in enumerate(FEATURES):
        if p == PATTERNS:
            continue
        label, values = f"risk − σ², p/n = {p / PATTERNS:g}", curves["single"][:, place]
        rows.append(mean_row("cusp", label, bias(p) + variance(p), values, _SOURCE, results))
    for p in (FEATURES[0], FEATURES[-1]):
        place, at = FEATURES.index(p), f"p/n = {p / PATTERNS:g}"
        label, truth = f"of the mean of {NETWORKS}, {at}", bias(p) + variance(p) / NETWORKS
        rows.append(mean_row("cusp", label, truth, curves["mean"][:, place], "variance/K", results))
        label, values = f"⟨(f − ⟨f⟩)²⟩, {at}", curves["variance"][:, place]
        rows.append(mean_row("cusp", label, variance(p), values, _SOURCE, results))
    peak = peak_of(curves["single"])
    top = -1.0 if peak is None else FEATURES[peak.place] / PATTERNS
    rows.append(exact_row("cusp", "place of the peak, p/n", 1.0, [top], "p = n"))
    return rows


CUSP = Calibration(
    name="cusp", about="the error of least squares against p, and that of a mean of networks", draws=_draws,
    measure=_measure, rows=_rows,
)  # fmt: skip
